"""Answer requests of the grid: divide them over what is in force, or refuse them with every fault.

No solve is waited for: set-points of the window change at once, and the next solve makes up what
was moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.ground import planned_from
from gridpact.scheduling.activation.lasting import left_alone
from gridpact.scheduling.activation.messages import (
    ActivationFault,
    ActivationIssued,
    ActivationRefused,
    ActivationRequested,
)
from gridpact.scheduling.activation.planned import Division, Planned, divide, set_points
from gridpact.scheduling.activation.split import Rule
from gridpact.scheduling.needs.spelling import listed, nearest
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State

MOST_W = 10**9
"""More than any zone has; larger requests are taken for slips of the pen."""
LONGEST_S = 7 * 86_400
"""Longer than any schedule reaches."""


class Divided(NamedTuple):
    """A request divided over the set-points in force, and what these are."""

    window: Slots
    direction: Direction
    asked_wh: int
    planned: Planned
    division: Division


def divided(
    places: Places, state: State, message: ActivationRequested, now: int
) -> Divided | tuple[ActivationFault, ...]:
    """Divide a request over the set-points in force; every fault where it cannot be."""
    step = places.community.step_s
    faults = [*_parties(places, message), *_amounts(message), *_times(places, message, now)]
    if faults:
        return tuple(faults)
    window = Slots(message.begin, step, message.lasts_s // step)
    planned = planned_from(places, state, window.start)
    if planned is None or planned.slots.count < window.count:
        return (_unplanned(places, state, planned, window),)
    alone = left_alone(places.community, state, window).any(axis=1)
    planned = msgspec.structs.replace(planned, out=planned.out | alone)
    direction = Direction.UP if message.power_w > 0 else Direction.DOWN
    asked = (abs(message.power_w) * step + 1800) // 3600
    within = zones_within(places, message.zones)
    division = divide(planned, within, direction, asked, window.count, Rule(message.rule))
    return Divided(window, direction, asked, planned, division)


def issued(message: ActivationRequested, found: Divided, name: str) -> ActivationIssued:
    """Say who gives what under an activation's name."""
    division, count = found.division, found.window.count
    charge, discharge, curtail = set_points(found.planned, division, found.direction, count)
    return ActivationIssued(
        id=name,
        by=message.by,
        zones=message.zones,
        power_w=message.power_w,
        rule=message.rule,
        window=found.window,
        asked_wh=found.asked_wh,
        missing_wh=division.missing_wh,
        given_wh=division.given_wh,
        solar_wh=division.solar_wh,
        marginal_micro_per_kwh=division.marginal_cost,
        cost_nano=division.cost_nano,
        charge_wh=charge,
        discharge_wh=discharge,
        curtail_wh=curtail,
    )


def refused(message: ActivationRequested, faults: tuple[ActivationFault, ...]) -> ActivationRefused:
    """Refuse a request."""
    return ActivationRefused(by=message.by, zones=message.zones, begin=message.begin, faults=faults)


def zones_within(places: Places, names: Sequence[str]) -> Bools:
    """Mark zones and all zones below them [zones]."""
    below = places.directory.below(names)
    return np.array([name in below for name in places.community.zones.ids], np.bool_)


def _parties(places: Places, message: ActivationRequested) -> list[ActivationFault]:
    """Only operators activate, and zones must exist and be named once."""
    found, operators = [], sorted(places.directory.operators)
    if message.by not in operators:
        problem = f"{message.by[:80]!r} is no operator of the grid"
        found.append(ActivationFault("by", problem, f"name one of {listed(operators)}"))
    known = places.community.zones.ids
    if not message.zones:
        found.append(ActivationFault("zones", "no zone is named", f"name one of {listed(known)}"))
    for place, name in enumerate(message.zones):
        where = f"zones[{place}]"
        if name not in known:
            near = nearest(name, known)
            fix = f"write {near}" if near else f"name one of {listed(known)}"
            found.append(ActivationFault(where, f"there is no zone {name[:80]!r}", fix))
        elif name in message.zones[:place]:
            found.append(ActivationFault(where, f"zone {name} is named twice", "name it once"))
    return found


def _amounts(message: ActivationRequested) -> list[ActivationFault]:
    found = []
    if message.power_w == 0:
        found.append(ActivationFault("power_w", "nothing is asked", "ask for some power"))
    elif abs(message.power_w) > MOST_W:
        problem = f"{abs(message.power_w) / 1000:,.0f} kW is more than any zone has"
        found.append(ActivationFault("power_w", problem, "give the power in kW"))
    if message.rule not in list(Rule):
        fix = f"write {' or '.join(Rule)}"
        found.append(ActivationFault("rule", f"there is no rule {message.rule[:80]!r}", fix))
    return found


def _clock(places: Places) -> Callable[[int], str]:
    """Write instants [s since the epoch] by the community's clock."""
    zone = ZoneInfo(places.timezone)
    return lambda at: datetime.fromtimestamp(at, zone).isoformat(timespec="minutes")


def _times(places: Places, message: ActivationRequested, now: int) -> list[ActivationFault]:
    """Set-points are those of whole slots, and of slots that have not begun."""
    step, clock = places.step_s, _clock(places)
    found, minutes = [], f"{step // 60} minutes"
    if message.begin % step:
        fix = f"begin at {clock(message.begin // step * step + step)}"
        problem = f"{clock(message.begin)} is not the start of a slot of {minutes}"
        found.append(ActivationFault("begin", problem, fix))
    elif message.begin <= now:
        fix = f"begin at {clock(now // step * step + step)} or later"
        problem = f"the slot of {clock(message.begin)} has begun"
        found.append(ActivationFault("begin", problem, fix))
    if message.lasts_s <= 0 or message.lasts_s % step:
        problem = f"{message.lasts_s / 60:g} minutes are not whole slots of {minutes}"
        found.append(ActivationFault("lasts_s", problem, f"write a multiple of {minutes}"))
    elif message.lasts_s > LONGEST_S:
        problem = f"{message.lasts_s / 3600:,.0f} hours are longer than any schedule reaches"
        found.append(ActivationFault("lasts_s", problem, "ask for a few hours, and again later"))
    return found


def _unplanned(
    places: Places, state: State, planned: Planned | None, window: Slots
) -> ActivationFault:
    """Say why nothing can be divided in a window."""
    clock = _clock(places)
    if state.operation is None:
        problem = "this run makes no schedules between sessions, so nothing would be made up"
        return ActivationFault("", problem, "add operation to its scenario: docs/operation.md")
    if planned is None:
        problem = f"no schedule is in force at {clock(window.start)}"
        return ActivationFault("begin", problem, "begin where one is, or wait until one is made")
    problem = f"schedules in force end at {clock(planned.slots.end)}"
    return ActivationFault("lasts_s", problem, "end it there, or wait until the next is made")
