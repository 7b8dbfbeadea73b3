"""Ways of charging the sessions of a site with the fleet engine: as they come, or all foreseen.

Each gives a schedule [sessions, slots] Wh and how often it solved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np

from charging_sessions import (
    DAY,
    HOURS,
    PUBLISHED,
    ROUNDING_WH,
    STEP_S,
    Outlook,
    Sessions,
)
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.solve import solve_by_levels

OPTIONS = Options(gap=1e-5)
WHOLE = Options(gap=1e-5, method="reference")
"""Where one limit binds in hundreds of slots and cars are few, one programme is solved sooner."""
SOON = 10_000.0
"""What a slot later costs where cars are to charge as soon as they can [µ¤/kWh]."""


class Planned(NamedTuple):
    """Schedules [cars, slots] Wh, the solution to begin the next one from, and how many solves."""

    energy_wh: Floats
    solution: Solution
    solves: int


class Answer(msgspec.Struct, frozen=True):
    """A schedule [sessions, slots] Wh, and how many solves it took."""

    energy_wh: Floats
    solves: int


def at_once(sessions: Sessions) -> Answer:
    """Every car at full power from its arrival on, whatever the limit of the site."""
    slot = np.arange(sessions.slots)
    there = np.clip(slot - sessions.arrive[:, None], 0, None) * sessions.power_w * HOURS
    had = np.minimum(there, sessions.energy_wh[:, None])
    energy = np.diff(had, axis=1, append=sessions.energy_wh[:, None].astype(np.float64))
    return Answer(energy, 0)


def fleet_at(sessions: Sessions, rows: Ints, left_wh: Floats, now: int, limit_w: float) -> Fleet:
    """The cars ``rows`` from slot ``now`` on, with what they still lack [rows], in one zone."""
    begin = np.maximum(sessions.arrive[rows] - now, 0)
    leave = sessions.leave[rows] - now
    most = sessions.power_w * HOURS * (leave - begin)
    return Fleet(
        slots=int(leave.max()),
        step_s=STEP_S,
        zones=Zones(np.array([-1]), limit_w),
        one_way=OneWay(
            zone=np.zeros(len(rows), np.int64),
            arrive=begin,
            leave=leave,
            energy_wh=np.minimum(left_wh, most),
            power_w=sessions.power_w,
        ),
    )


def planned(
    fleet: Fleet, price: Floats, wish_wh: Floats, last: Solution | None = None, passed: int = 0
) -> Planned:
    """Plan the cars of a fleet, beginning from an answer that is ``passed`` slots old.

    Where the limit does not let all of them have what they ask for, they have as much of it as
    the limit lets through, first of what is no wish, and that at least cost.
    """
    if last is None or passed > fleet.slots:
        last, passed = None, 0
    found = solve(fleet, Prices(price), OPTIONS, last, passed)
    if found.missed:
        return as_much_as_fits(fleet, price, wish_wh, found)
    return Planned(found.schedules().one_way_wh, found, 1)


def as_much_as_fits(fleet: Fleet, price: Floats, wish_wh: Floats, first: Solution) -> Planned:
    """Plan cars that cannot all have what they ask for, needs before wishes before cost."""
    solves = 1

    def counted(*inputs: Any) -> Solution:
        nonlocal solves
        solves += 1
        return solve(*inputs)

    needs = Needs(wish_wh=wish_wh)
    levels = solve_by_levels(fleet, Prices(price), needs, WHOLE, solver=counted)
    return Planned(levels.schedules().one_way_wh, first, solves)


def foresighted(sessions: Sessions, limit_w: float, outlook: Outlook) -> Answer:
    """All sessions and prices known from the beginning."""
    rows = np.arange(len(sessions.arrive))
    fleet = fleet_at(sessions, rows, sessions.energy_wh.astype(np.float64), 0, limit_w)
    price = outlook.foreseen(fleet.slots)
    found = solve(fleet, Prices(price), WHOLE)
    if not found.missed:
        return Answer(found.schedules().one_way_wh, 1)
    plan = as_much_as_fits(fleet, price, np.zeros(len(rows)), found)
    return Answer(plan.energy_wh, plan.solves)


def rolling(
    sessions: Sessions,
    limit_w: float,
    outlook: Outlook,
    expected: Sessions | None = None,
    soon: bool = False,
) -> Answer:
    """Solve again when cars arrive or prices are published, for the cars that are there.

    Each solve begins from the last answer. Cars ``expected`` within a day are planned for, too:
    what they will ask for counts as a wish, behind the needs of cars that have come. With ``soon``
    cars charge as soon as they can, whatever the price.
    """
    cars, count = _joined(sessions, expected), len(sessions.arrive)
    energy = np.zeros((len(cars.arrive), sessions.slots))
    times = events(sessions)
    last, before, solves = None, 0, 0
    for now, until in zip(times, [*times[1:], sessions.slots], strict=True):
        left = cars.energy_wh - energy.sum(axis=1)
        rows = _known(cars, count, now, left)
        came = rows < count
        if not came.any():
            continue
        fleet = fleet_at(cars, rows, left[rows], now, limit_w)
        price = outlook.seen(now, fleet.slots) + soon * SOON * np.arange(fleet.slots)
        found = planned(fleet, price, np.where(came, 0.0, left[rows]), last, now - before)
        end = min(until, now + fleet.slots)
        energy[rows[came], now:end] = found.energy_wh[came, : end - now]
        last, before, solves = found.solution, now, solves + found.solves
    return Answer(energy[:count], solves)


def events(sessions: Sessions) -> list[int]:
    """Slots in which there is something new: cars arrive, or prices of the next day are known."""
    published = np.arange(PUBLISHED, sessions.slots, DAY)
    return [int(slot) for slot in np.union1d(sessions.arrive, published)]


def _joined(sessions: Sessions, expected: Sessions | None) -> Sessions:
    """The cars that will come, and after them those that are expected."""
    if expected is None:
        return sessions
    return Sessions(
        np.concatenate([sessions.arrive, expected.arrive]),
        np.concatenate([sessions.leave, expected.leave]),
        np.concatenate([sessions.energy_wh, expected.energy_wh]),
        sessions.power_w,
    )


def _known(cars: Sessions, count: int, now: int, left_wh: Floats) -> Ints:
    """Rows of cars that are there and lack something, and of those expected within a day."""
    there = (cars.arrive <= now) & (now < cars.leave) & (left_wh > ROUNDING_WH)
    soon = (now < cars.arrive) & (cars.arrive <= now + DAY)
    row = np.arange(len(cars.arrive))
    return np.flatnonzero(np.where(row < count, there, soon))
