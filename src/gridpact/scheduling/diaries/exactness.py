"""Until when storage is told its power exactly, for what its plan just keeps.

A dead-band lets power be off for a while. Where a bound is met with less room than that takes,
every change up to then is told: bounds of the state that owners ask for, caps below the rated
power, limits of zones, sums over slots, and what owners or activations hold. What is only physical,
such as an empty battery, needs no care: a device goes as near as it can.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.registry.model import Community
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.diaries.derivation import Rated
from gridpact.scheduling.diaries.following import RULE
from gridpact.scheduling.posing import Posed
from gridpact.scheduling.problem import Plan, Problem, Sum
from gridpact.scheduling.sums import Flows, comes_to, homes_below, prices_of


def exact_until(community: Community, posed: Posed, plan: Plan) -> Ints:
    """Return in how many slots from the first on each storage is told its power exactly [storage].

    ``plan`` is that of the problem posed.
    """
    problem, storage = posed.problem, community.storage
    hours = problem.slots.step / 3600
    band = RULE.deadband(Rated(storage.charge_w, storage.discharge_w))
    room = np.ceil(band * hours).astype(np.int64)
    found = _by_state(problem, plan, room) | _by_limits(problem, plan, room)
    rated = np.floor(np.stack([storage.charge_w, storage.discharge_w]) * hours)
    flows = (plan.charge_wh, plan.discharge_wh)
    most = (problem.storage.charge_max_wh, problem.storage.discharge_max_wh)
    for flow, cap, full in zip(flows, most, rated, strict=True):
        found |= (flow > 0) & (cap < full[:, None]) & (flow >= cap - room[:, None])
    for one in problem.sums:
        rows = _counted(problem, one)
        if _nearly_met(problem, one, plan, 2 * int(room[rows].sum())):
            found[rows, one.first : one.end] = True
    if posed.held is not None:
        found |= posed.held.storage
    slots = np.arange(1, found.shape[1] + 1)
    return np.asarray((found * slots).max(axis=1, initial=0), np.int64)


def _by_state(problem: Problem, plan: Plan, room: Ints) -> Bools:
    """Slots after which a state that is asked for has no room [storage, slots]."""
    table = problem.storage
    step = np.maximum(table.efficiency_in, 1 / table.efficiency_out)
    near = (np.ceil(room * step).astype(np.int64) + state_tolerance(table))[:, None]
    lo, hi = table.lo_wh, table.hi_wh
    if problem.wished is not None:
        lo, hi = np.maximum(lo, problem.wished.lo_wh), np.minimum(hi, problem.wished.hi_wh)
    drawn = (table.draw_wh > 0).any(axis=1, keepdims=True)
    least = drawn | (lo > lo.min(axis=1, keepdims=True, initial=2**62))
    most = hi < hi.max(axis=1, keepdims=True, initial=0)
    low, high = plan.state_wh <= lo + near, plan.state_wh >= hi - near
    return np.asarray((least & low) | (most & high))


def _by_limits(problem: Problem, plan: Plan, room: Ints) -> Bools:
    """Slots in which a limit between storage and the grid has no room [storage, slots]."""
    zones = problem.zones
    found = np.zeros(plan.charge_wh.shape, np.bool_)
    for zone in range(len(zones.parent)):
        inside = homes_below(zones, (zone,))
        rows = inside[problem.storage.home]
        net, left = plan.net_wh[inside].sum(axis=0), int(room[rows].sum())
        for flow, limit in ((net, zones.import_limit_wh), (-net, zones.export_limit_wh)):
            found[rows] |= (limit[zone] >= 0) & (flow >= limit[zone] - left)
    return found


def _counted(problem: Problem, one: Sum) -> Ints:
    inside = homes_below(problem.zones, one.zones)[problem.storage.home]
    return np.array(sorted({*one.storage, *np.flatnonzero(inside).tolist()}), np.int64)


def _nearly_met(problem: Problem, one: Sum, plan: Plan, room: int) -> bool:
    """Whether a sum has less room than so many Wh, or what they cost at most."""
    if one.kind == "cost":
        room *= int(prices_of(problem, one).max(initial=0))
    total = comes_to(problem, one, Flows(plan.charge_wh, plan.discharge_wh, plan.net_wh))
    low = one.lower is not None and total <= one.lower + room
    return low or (one.upper is not None and total >= one.upper - room)
