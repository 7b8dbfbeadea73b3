"""Shared limits: homes whose own plans break one are planned together under all of its limits.

Limits give way only where they must: first the total energy above limits is least, then the cost.
Needs of storage go before limits, because a bound of its state may be a physical one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import (
    Case,
    Draft,
    homes_in,
    net_energy,
    subtree,
    zone_sums,
)
from gridpact.scheduling.exclusive import both_ways, widen
from gridpact.scheduling.home_model import HomeBlock, add_homes, read
from gridpact.scheduling.optimiser import Answer, Optimiser
from gridpact.scheduling.programme import Programme

OVER = 1e-4
"""Wh above a limit in a slot that count as numerical noise."""
ROOM = 1.0
"""Wh over all slots by which the energy above limits may exceed the least: less than rounding."""
PENALTY = 1000
"""Energy above a limit costs this many times the highest price; checked against the least."""
SCARCE = 10
"""The zone price shown is at most this many times the highest price, also where a limit gives."""


class Limits(msgspec.Struct, frozen=True):
    """Limit rows of a joint programme: [rows] zone, slot, +1 import or −1 export; row, column."""

    zone: Ints
    slot: Ints
    sign: Ints
    row: Ints
    above: Ints


def exceeded(case: Case, net: Floats) -> Floats:
    """Energy above limits, Wh [2, zones, slots]: import, export; 0 where there is no limit."""
    zones = case.problem.zones
    sums = zone_sums(case, net)
    over = np.stack([sums - zones.import_limit_wh, -sums - zones.export_limit_wh])
    limited = np.stack([zones.import_limit_wh >= 0, zones.export_limit_wh >= 0])
    return np.asarray(np.where(limited, np.maximum(over, 0), 0))


def coordinate(case: Case, draft: Draft, optimiser: Optimiser) -> None:
    """Plan together, zone by zone, what breaks limits when planned apart.

    A topmost broken zone is planned with all below it. Where that pushes a zone above over its
    limit, that one follows, so the last plan of each home is optimal under all its limits.
    """
    done = np.zeros(len(case.zone_depth), np.bool_)
    while True:
        over = exceeded(case, net_energy(case, draft)).max(axis=(0, 2), initial=0)
        broken = (over > OVER) & ~done
        if not broken.any():
            return
        top = int(np.argmin(np.where(broken, case.zone_depth, len(broken))))
        done |= subtree(case, top)
        _plan_zone(case, top, draft, optimiser)


def _plan_zone(case: Case, top: int, draft: Draft, optimiser: Optimiser) -> None:
    """Plan the homes of a zone and of all below it together, in place."""
    inside = subtree(case, top)
    export = case.problem.zones.export_limit_wh[inside] >= 0
    pinned = np.asarray(export.any(axis=0))
    homes = _movable(case, np.flatnonzero(homes_in(case, inside)), pinned)
    fixed = _fixed(case, draft, homes)
    modes = np.zeros((len(case.storages.of(homes)), case.shape[1]), np.bool_)
    while True:
        programme = Programme()
        block = add_homes(programme, case, homes, pinned, modes)
        limits = _add_limits(programme, case, inside, block, fixed)
        answer = _least_above(programme, limits, optimiser)
        read(case, block, answer.values, draft)
        left = both_ways(case, draft, homes, pinned)
        if not left.any():
            break
        modes = widen(case, homes, modes, left)
    worth = np.minimum(-answer.row_dual[limits.row], SCARCE * _highest_price(case)) * limits.sign
    draft.zone_price[inside] = 0
    np.add.at(draft.zone_price, (limits.zone, limits.slot), worth)


def _movable(case: Case, homes: Ints, pinned: Bools) -> Ints:
    """Homes that can change anything in a joint plan; the others' net energy is given."""
    problem = case.problem
    cheapest = np.minimum(problem.import_price[homes], problem.export_price[homes])
    curtails = np.any((problem.pv_wh[homes] > 0) & ((cheapest < 0) | pinned), axis=1)
    moves = (case.storages.count() + case.runs.count())[homes] > 0
    return np.asarray(homes[moves | curtails])


def _fixed(case: Case, draft: Draft, homes: Ints) -> Floats:
    """Zones' net energy [zones, slots] when these homes keep to their positions."""
    net = net_energy(case, draft)
    net[homes] = case.problem.position_wh[homes]
    return zone_sums(case, net)


def _highest_price(case: Case) -> int:
    prices = (case.problem.import_price, case.problem.export_price)
    return max(1, *(int(np.abs(price).max(initial=0)) for price in prices))


def _add_limits(
    programme: Programme, case: Case, inside: Bools, block: HomeBlock, fixed: Floats
) -> Limits:
    """Add a row for each limited slot of each zone: ± net − above ≤ limit."""
    zones = case.problem.zones
    member = np.zeros((len(inside), len(block.homes)), np.bool_)
    for below in np.flatnonzero(inside):
        member[below] = homes_in(case, subtree(case, int(below)))[block.homes]
    parts = []
    for sign, limit in ((1, zones.import_limit_wh), (-1, zones.export_limit_wh)):
        zone, slot = np.nonzero((limit >= 0) & inside[:, None])
        right = limit[zone, slot] - sign * fixed[zone, slot]
        row = programme.rows(-np.inf, right)
        above = programme.columns(0, np.full(len(row), np.inf), PENALTY * _highest_price(case))
        programme.entries(row, above, -1)
        at, home = np.nonzero(member[zone])
        programme.entries(row[at], block.bought[home, slot[at]], sign)
        programme.entries(row[at], block.sold[home, slot[at]], -sign)
        parts.append((zone, slot, np.full(len(row), sign), row, above))
    return Limits(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _least_above(programme: Programme, limits: Limits, optimiser: Optimiser) -> Answer:
    """Solve; where limits give way, make sure that they do by no more than they must."""
    arrays = programme.arrays()
    answer = optimiser.minimise(arrays)
    above = answer.values[limits.above].sum()
    if above <= OVER:
        return answer
    cost = np.zeros(len(arrays.cost))
    cost[limits.above] = penalty = arrays.cost[limits.above].max()
    only = msgspec.structs.replace(arrays, cost=cost)
    for least in (optimiser.relaxed, optimiser.minimise):  # the cheaper bound first
        most = least(only).objective / penalty + ROOM
        if above <= most:
            return answer
    total = programme.rows(-np.inf, np.array([most]))
    programme.entries(total, limits.above, 1)
    return optimiser.minimise(programme.arrays())
