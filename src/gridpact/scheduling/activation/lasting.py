"""What activations that last hold of the plans in force: set-points, and starts of appliances."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.activation.holding import Held, hold_runs, no_longer
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.diaries.holds import Hold
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.state import State


def lasting(state: State, horizon: Slots) -> tuple[Active, ...]:
    """Activations that touch a horizon."""
    known = state.activations.active if state.activations else ()
    return tuple(one for one in no_longer(known, horizon.start) if one.window.start < horizon.end)


def held_over(
    community: Community, state: State, active: tuple[Active, ...], horizon: Slots
) -> Held:
    """Set-points in force of the activated zones while each activation lasts.

    Storage that does not follow its set-points, or is not there, is free to be planned anew. So is
    storage that its owner left to itself, unless an activation counts on it.
    """
    storage, members = community.storage, community.members
    home_zone = members.zone
    on = np.zeros((len(storage.ids), horizon.count), np.bool_)
    plants = np.zeros((len(members.ids), horizon.count), np.bool_)
    alone = left_alone(community, state, horizon)
    for one in active:
        here, _ = overlap(horizon, one.window)
        asked = np.isin(home_zone, one.zones)
        counted = (one.given_wh > 0)[:, None] | ~alone[:, here]
        on[:, here] |= asked[storage.member][:, None] & counted
        plants[asked, here] = True
    on &= ~left_out(state)[:, None]
    charge, discharge, curtail = _set_points(community, state, horizon)
    return Held(on, charge * on, discharge * on, curtail * plants)


def left_out(state: State) -> Bools:
    """Storage that is not counted on [assets]: it refused, is not heard of, or is not there."""
    if state.operation is None:
        return np.zeros(len(state.state_wh), np.bool_)
    return np.asarray(state.operation.untrusted | state.operation.missing)


def left_alone(community: Community, state: State, slots: Slots) -> Bools:
    """Storage whose owner declined its entries, so that it is left to itself [assets, slots]."""
    count = len(community.storage.ids)
    if state.decided is None:
        return np.zeros((count, slots.count), np.bool_)
    codes, _ = state.decided.over(slots, count + len(community.runs.ids))
    return np.asarray(codes[:count] == Hold.PLAIN)


def with_runs(
    community: Community, state: State, active: tuple[Active, ...], stated: NeedsStated
) -> NeedsStated:
    """Let no appliance of the activated zones move into or out of an activation."""
    horizon, item = stated.window, at(state.plans, stated.window.start)
    if item is None:
        return stated
    skipped = (horizon.start - item.window.start) // horizon.step
    planned = np.where(item.plan.run_start >= 0, item.plan.run_start - skipped, -1)
    windows = stated.run_earliest, stated.run_latest
    zone = community.members.zone[community.runs.member]
    for one in active:
        end = min(one.window.end - horizon.start, horizon.end - horizon.start) // horizon.step
        windows = hold_runs(windows, planned, np.isin(zone, one.zones), end)
    return msgspec.structs.replace(stated, run_earliest=windows[0], run_latest=windows[1])


def _set_points(community: Community, state: State, horizon: Slots) -> tuple[Ints, Ints, Ints]:
    """Charge, discharge [assets, slots] and curtailment [members, slots] in force; 0 elsewhere."""
    rows = (len(community.storage.ids), len(community.storage.ids), len(community.members.ids))
    laid = tuple(np.zeros((count, horizon.count), np.int64) for count in rows)
    for item in state.plans:
        here, there = overlap(horizon, item.window)
        plan = item.plan
        for into, values in zip(
            laid, (plan.charge_wh, plan.discharge_wh, plan.curtail_wh), strict=True
        ):
            into[:, here] = values[:, there]
    return laid[0], laid[1], laid[2]
