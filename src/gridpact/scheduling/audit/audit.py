"""Audit an answer: every limit of every asset, shared limits, the cost, and the bound it claims.

The checks are plain and share no code with the engine: they read the fleet's columns and the
answer's schedules, and say where these do not fit together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.scheduling.audit.assets import check_assets
from gridpact.scheduling.audit.report import Breaches, Report, Resolved
from gridpact.scheduling.audit.resolve import (
    limits_at_their_prices,
    priced_zone,
    resolve,
)
from gridpact.scheduling.audit.shared import Sums, check_limits, energy_cost
from gridpact.scheduling.audit.slack import AMOUNT_NANO, EXACT
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Prices
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import optimum

TOGETHER = 20_000
"""Assets whose schedules are held in memory at once, one zone at least."""
SMALL = 5_000
"""Assets times slots up to which a whole fleet may be solved again."""
UNPROVEN = "prices do not prove the bound claimed"


def audit(
    fleet: Fleet,
    solution: Solution,
    prices: Prices,
    sample: int | None = None,
    seed: int = 0,
) -> Report:
    """Check an answer.

    ``sample`` zones with assets, drawn by ``seed`` (None: all), are solved again with HiGHS at the
    answer's prices of limits. Their part of the gap must fit into the gap claimed; with all of them
    the bound itself is proven anew.
    """
    breaches, sums, checked = Breaches(), Sums(fleet), 0
    for zones in _portions(fleet):
        for taken in check_assets(breaches, fleet, zones, solution.schedules(zones)):
            sums.add(taken)
            checked += len(taken.rows)
    missing = check_limits(breaches, sums, solution)
    cost, touch = _check_cost(breaches, sums, solution, prices, missing)
    chosen = _sample(fleet, sample, seed)
    resolved = _resolve(sums, solution, prices, chosen)
    whole = len(chosen) == len(_with_assets(fleet))
    proven = _proven(sums, solution, prices, resolved) if whole else None
    _check_bound(breaches, solution, resolved, proven, touch)
    doubtful = any(one.what == UNPROVEN for one in breaches.found)
    if doubtful and _holds_whole(fleet, solution, prices):
        breaches.found = [one for one in breaches.found if one.what != UNPROVEN]
    return Report(
        assets=checked,
        slots=fleet.slots,
        cost_nano=cost,
        claimed_cost_nano=solution.upper_nano,
        claimed_bound_nano=solution.lower_nano,
        proven_nano=proven,
        resolved=resolved,
        breaches=tuple(breaches.found),
    )


def _assets_of_zones(fleet: Fleet) -> Ints:
    """Number of assets of every zone itself."""
    count = np.zeros(len(fleet.zones.parent), np.int64)
    for name in TABLES:
        table = getattr(fleet, name)
        if table is not None:
            count += np.bincount(np.asarray(table.zone), minlength=len(count))
    return count


def _with_assets(fleet: Fleet) -> Ints:
    return np.flatnonzero(_assets_of_zones(fleet))


def _portions(fleet: Fleet) -> Iterator[Ints]:
    """Zones in portions of few enough assets to hold their schedules at once."""
    count = _assets_of_zones(fleet)
    portion: list[int] = []
    held = 0
    for zone in np.flatnonzero(count).tolist():
        if portion and held + count[zone] > TOGETHER:
            yield np.array(portion, np.int64)
            portion, held = [], 0
        portion.append(zone)
        held += int(count[zone])
    if portion:
        yield np.array(portion, np.int64)


def _check_cost(
    breaches: Breaches, sums: Sums, solution: Solution, prices: Prices, missing_wh: float
) -> tuple[float, float]:
    """Schedules cost what is claimed, or less where that may be of mixed plans.

    Return their cost, and what rounding may come to: a part of all amounts without their signs,
    as these may nearly cancel.
    """
    paid, missed = energy_cost(sums, prices), solution.penalty * missing_wh
    cost = float(paid.sum() + sums.cost.sum()) + missed
    touch = AMOUNT_NANO + EXACT * float(np.abs(paid).sum() + np.abs(sums.cost).sum() + missed)
    spared = sums.slack.spared_nano(prices)
    if spared:
        said = sum(one.missing_wh for one in solution.missed)
        spared += max(solution.penalty * said - missed, 0.0)
    if not -touch <= solution.upper_nano - cost <= touch + spared:
        by = cost - solution.upper_nano
        breaches.add("costs something else than claimed", ("", -1, -1), by, "nano-¤")
    return cost, touch


def _equal(one: float, other: float) -> float:
    return AMOUNT_NANO + EXACT * max(abs(one), abs(other))


def _sample(fleet: Fleet, sample: int | None, seed: int) -> Ints:
    zones = _with_assets(fleet)
    if sample is None or sample >= len(zones):
        return zones
    return np.sort(stream(seed, "audit", "zones").choice(zones, sample, replace=False))


def _resolve(sums: Sums, solution: Solution, prices: Prices, zones: Ints) -> tuple[Resolved, ...]:
    """Solve zones again and cost their schedules at the same prices."""
    again = []
    for zone in zones.tolist():
        priced = priced_zone(sums, prices, solution.prices, zone)
        own = np.array([zone])
        taken = check_assets(Breaches(), sums.fleet, own, solution.schedules(own))
        energy = {one.name: one.energy for one in taken}
        cost = sum(float(one.cost.sum()) for one in taken)
        again.append(resolve(priced, (energy, cost), Search()))
    return tuple(again)


def _proven(
    sums: Sums, solution: Solution, prices: Prices, resolved: tuple[Resolved, ...]
) -> float:
    """Bound that all zones prove together [nano-¤]: their least costs, less limits at prices."""
    least = sum(one.least_nano for one in resolved)
    done = {one.zone for one in resolved}
    for zone in range(len(sums.own)):
        if zone not in done:  # fixed load alone
            priced = priced_zone(sums, prices, solution.prices, zone)
            load, shown = sums.own[zone], priced.prices
            buy, sell = np.asarray(shown.buy)[0], np.asarray(shown.sell)[0]
            least += float(np.where(load > 0, buy * load, sell * load).sum())
    return least - limits_at_their_prices(sums, solution.prices)


def _check_bound(
    breaches: Breaches,
    solution: Solution,
    resolved: tuple[Resolved, ...],
    proven: float | None,
    touch: float,
) -> None:
    """The bound claimed follows from the prices, and no zone does better than its least."""
    for one in resolved:
        if one.least_nano > one.cost_nano + _equal(one.least_nano, one.cost_nano):
            by = one.least_nano - one.cost_nano
            breaches.add("costs less than it can", ("zones", one.zone, -1), by, "nano-¤")
    apart = sum(one.cost_nano - one.least_nano for one in resolved)
    lacking = apart - (solution.upper_nano - solution.lower_nano)
    if proven is not None:
        lacking = max(lacking, solution.lower_nano - proven)
    if lacking > touch:
        breaches.add(UNPROVEN, ("", -1, -1), lacking, "nano-¤")
    if solution.lower_nano > solution.upper_nano + touch:
        by = solution.lower_nano - solution.upper_nano
        breaches.add("bound above the cost", ("", -1, -1), by, "nano-¤")


def _holds_whole(fleet: Fleet, solution: Solution, prices: Prices) -> bool:
    """Whether the bound lies below the least cost of a small fleet, solved again as a whole.

    What a search through whole numbers proves need not follow from prices.
    """
    if int(_assets_of_zones(fleet).sum()) * fleet.slots > SMALL:
        return False
    found = optimum(fleet, prices, solution.penalty * 1e-6, Search())
    if found is None:
        return False
    least = found.cost * 1e9
    return solution.lower_nano <= least + _equal(least, solution.lower_nano)
