"""Needs as members of a conflict: who comes first, and which of them count as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.explanation.model import Member
from gridpact.scheduling.explanation.scope import zones_of_row
from gridpact.scheduling.fleet.columns import TABLES, Fleet, per_slot
from gridpact.scheduling.fleet.solution import Schedules, Solution
from gridpact.scheduling.fleet.tree import below
from gridpact.scheduling.needs.binding.model import Bound
from gridpact.scheduling.needs.model import (
    Comfort,
    EnergyWithin,
    HotWater,
    Need,
    PowerCap,
    Run,
    StateOfCharge,
    kind_of,
)
from gridpact.scheduling.priorities.levels import Level

FEW = 32
"""So many needs are looked at one by one."""
HEAVIEST = 8
"""So many of like needs that matter most are tried in place of all of them."""


def burdens(bound: Bound, solution: Solution) -> dict[tuple[str, int], float]:
    """Energy that assets take while limits are missed, weighted by the witness prices [Wh].

    Prices are counted in those of what is missed, so that a Wh that makes another Wh go missing
    counts as one. By table and row; those that add nothing are left out.
    """
    by_zone = _zone_prices(bound.fleet, solution) / solution.penalty
    schedules, found = solution.schedules(), {}
    for at, name in enumerate(TABLES):
        table, rows = getattr(bound.fleet, name), schedules.rows[at]
        if table is None or not len(rows):
            continue
        prices = (
            by_zone[np.asarray(table.zone)[rows]] + _own_prices(bound.fleet, solution, name)[rows]
        )
        weighted = (prices * _net(schedules, name)).sum(axis=1)
        found.update(
            {(name, int(row)): float(one) for row, one in zip(rows, weighted, strict=True) if one}
        )
    return found


def _net(schedules: Schedules, table: str) -> Floats:
    """Net energy of a table's assets [assets, slots] Wh."""
    by_table = {
        "one_way": schedules.one_way_wh,
        "storage": schedules.charge_wh - schedules.discharge_wh,
        "curtailable": -schedules.output_wh,
        "runs": schedules.runs_wh,
        "generators": -np.abs(schedules.generators_wh),
    }
    return by_table[table]


def _zone_prices(fleet: Fleet, solution: Solution) -> Floats:
    """What limits add to the price of energy in each zone [zones, slots] µ¤/kWh."""
    parent, prices = np.asarray(fleet.zones.parent), solution.prices
    own = prices.imports - prices.exports
    total = np.zeros(own.shape)
    for zone in np.flatnonzero(own.any(axis=1)).tolist():
        total[below(parent, zone)] += own[zone]
    for row, price in _row_prices(solution):
        if fleet.portfolio is not None and _by_zone(fleet, row):
            slots = slice(int(fleet.portfolio.first[row]), int(fleet.portfolio.end[row]))
            total[zones_of_row(fleet, row), slots] += price
    return total


def _row_prices(solution: Solution) -> list[tuple[int, float]]:
    price = solution.prices.upper - solution.prices.lower
    return [(row, float(price[row])) for row in np.flatnonzero(price).tolist()]


def _by_zone(fleet: Fleet, row: int) -> bool:
    portfolio = fleet.portfolio
    return portfolio is not None and bool(
        np.any(np.asarray(portfolio.zone_set) == portfolio.set_of_row[row])
    )


def _own_prices(fleet: Fleet, solution: Solution, name: str) -> Floats:
    """What portfolio rows about single assets add [assets, slots] µ¤/kWh."""
    total = np.zeros((len(getattr(fleet, name).zone), fleet.slots))
    portfolio = fleet.portfolio
    for row, price in _row_prices(solution) if portfolio is not None else ():
        if portfolio is None or _by_zone(fleet, row):
            continue
        named = (np.asarray(portfolio.asset_set) == portfolio.set_of_row[row]) & (
            np.asarray(portfolio.asset_table) == TABLES.index(name)
        )
        slots = slice(int(portfolio.first[row]), int(portfolio.end[row]))
        total[np.asarray(portfolio.asset)[named], slots] += price
    return total


def pressing(needs: Sequence[Need], bound: Bound, solution: Solution) -> dict[str, float]:
    """Price of each limit of a zone where it is the tightest, summed over slots, by need [µ¤/kWh].

    Limits without a price are left out.
    """
    caps, zones = {one.id: one for one in needs if isinstance(one, PowerCap)}, bound.fleet.zones
    found: dict[str, float] = {}
    for one in bound.origins:
        if one.table != "zones" or one.need not in caps:
            continue
        imports = one.column == "import_limit_w"
        price = solution.prices.imports if imports else solution.prices.exports
        limit = per_slot(getattr(zones, one.column), len(zones.parent), bound.fleet.slots)
        tight = limit[one.row, one.first : one.end] == caps[one.need].most_w
        own = float(price[one.row, one.first : one.end][tight].sum())
        if own > 0:
            found[one.need] = found.get(one.need, 0.0) + own
    return found


def in_order(
    needs: Sequence[Need],
    bound: Bound,
    weight: dict[tuple[str, int], float],
    limits: dict[str, float] | None = None,
) -> list[Need]:
    """Later levels first, as they had better give; of one level, what weighs most first.

    ``limits`` are weights of limits of zones by need.
    """
    own = dict(limits or {})
    for place, name in {((one.table, one.row), one.need) for one in bound.origins}:
        own[name] = own.get(name, 0.0) + weight.get(place, 0.0)
    return sorted(needs, key=lambda need: (-need.level, -own.get(need.id, 0.0), need.id))


def merged(needs: Sequence[Need]) -> list[Member]:
    """Take like needs of assets together where there are many; limits stay alone."""
    if len(needs) <= FEW:
        return [Member((need,)) for need in needs]
    groups: dict[object, list[Need]] = {}
    for need in needs:
        groups.setdefault(_likeness(need), []).append(need)
    return [Member(tuple(group)) for group in groups.values()]


def _likeness(need: Need) -> object:
    """What needs have in common that count as one: kind, level and time."""
    if need.level not in (Level.NEEDS, Level.WISHES):
        return need.id
    match need:
        case StateOfCharge(at=at) | HotWater(at=at):
            return kind_of(need), need.level, at
        case Run(window=window) | EnergyWithin(window=window) | Comfort(window=window):
            return kind_of(need), need.level, window
    return need.id


def heaviest(member: Member) -> Member:
    """The needs of a member that weigh most; they come first in it."""
    return Member(member.needs[:HEAVIEST])
