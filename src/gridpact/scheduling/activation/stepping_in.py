"""Others step in where storage that gives in an activation refuses, is silent, or is gone.

What it gives is missing in the slots that are left. It is divided at once over the set-points in
force of all others, as a request is, without waiting for a solve. Storage that is lost goes back to
what it was to do before, so that nothing is given twice should it follow again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.desk import Divided
from gridpact.scheduling.activation.ground import planned_from
from gridpact.scheduling.activation.lasting import left_alone, left_out
from gridpact.scheduling.activation.messages import ActivationIssued
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.activation.planned import Planned, divide, set_points
from gridpact.scheduling.activation.split import Rule
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import State


class SteppedIn(NamedTuple):
    """What others give instead, and the activation as it goes on."""

    issued: ActivationIssued
    active: Active


def step_in(places: Places, state: State, active: Active, begin: int) -> SteppedIn | None:
    """Divide what lost storage gives of an activation over others, from ``begin`` on.

    None where nobody who gives is lost, where no slot is left, or where no schedule is in force.
    """
    window = _left(active.window, begin)
    lost = left_out(state) & (active.given_wh > 0)
    if not lost.any() or not window.count:
        return None
    planned = planned_from(places, state, window.start)
    if planned is None or planned.slots.count < window.count:
        return None
    direction = Direction.UP if active.up else Direction.DOWN
    gone = np.where(lost, active.given_wh, 0)
    planned = _taken_back(planned, int(direction) * gone, window.count)
    alone = left_alone(places.community, state, window).any(axis=1)
    within = np.isin(np.arange(len(places.community.zones.ids)), active.zones)
    division = divide(
        replace(planned, out=planned.out | alone),
        within,
        direction,
        int(gone.sum()),
        window.count,
        Rule(active.rule),
    )
    found = Divided(window, direction, int(gone.sum()), planned, division)
    goes_on = replace(
        active,
        given_wh=active.given_wh - gone + division.given_wh,
        steps=active.steps + 1,
    )
    return SteppedIn(_issued(places, goes_on, found, lost), goes_on)


def _left(window: Slots, begin: int) -> Slots:
    """Slots of a window that begin no earlier than an instant."""
    start = max(window.start, begin)
    return Slots(start, window.step, max(window.end - start, 0) // window.step)


def _taken_back(planned: Planned, moved_wh: Ints, slots: int) -> Planned:
    """Set-points without what an activation moved [assets] Wh, in the first slots.

    No more than owners leave by now: who is gone charges nothing.
    """
    during = slice(0, slots)
    net = (planned.charge_wh - planned.discharge_wh)[:, during]
    back = np.clip(
        net + moved_wh[:, None],
        -planned.discharge_max_wh[:, during],
        planned.charge_max_wh[:, during],
    )
    back = np.where(moved_wh[:, None] != 0, back, net)
    charge, discharge = planned.charge_wh.copy(), planned.discharge_wh.copy()
    charge[:, during], discharge[:, during] = np.maximum(back, 0), np.maximum(-back, 0)
    by_member = planned.net_wh.copy()
    np.add.at(by_member[:, during], planned.storage.member, back - net)
    return replace(planned, charge_wh=charge, discharge_wh=discharge, net_wh=by_member)


def _issued(places: Places, active: Active, found: Divided, lost: Bools) -> ActivationIssued:
    division, ids, step = found.division, places.community.storage.ids, found.window.step
    points = set_points(found.planned, division, found.direction, found.window.count)
    return ActivationIssued(
        id=f"{active.id}.{active.steps}",
        by=active.by,
        zones=active.asked,
        power_w=int(found.direction) * found.asked_wh * 3600 // step,
        rule=active.rule,
        window=found.window,
        asked_wh=found.asked_wh,
        missing_wh=division.missing_wh,
        given_wh=division.given_wh,
        solar_wh=division.solar_wh,
        marginal_micro_per_kwh=division.marginal_cost,
        cost_nano=division.cost_nano,
        charge_wh=points[0],
        discharge_wh=points[1],
        curtail_wh=points[2],
        instead_of=tuple(ids[row] for row in np.flatnonzero(lost).tolist()),
    )
