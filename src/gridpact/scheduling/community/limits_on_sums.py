"""Sums over slots in a community's fleet: what one storage may do in all, and several together.

Bounds of what is stored come before limits on sums of the same storage: where both cannot be, the
sum is as little above its limit as a plan allows. Net energy is a row of the portfolio. Limits are
kept by what rounding to whole Wh may add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.bounds import TOUCH, add_storage, least
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import UNBOUNDED, Fleet, Storage
from gridpact.scheduling.fleet.storage_faults import unreachable
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Problem, Sum
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.sums import MARGIN_WH, of_homes, prices_of, rounding_wh

FIRST = 1e4
"""How much more it costs to miss a bound of the state than to exceed a sum by as much."""
OVER_WH = 1e-6
"""A sum that must be exceeded by less is not."""


class Beyond(NamedTuple):
    """By how much sums go beyond their bounds, by row of the problem's: [Wh], [nano-¤] for costs.

    Of a sum of one storage that is not in it, as much as the bounds of its state ask for; one that
    is a wish is in it, or left out.
    """

    lower: Mapping[int, float] = {}
    upper: Mapping[int, float] = {}


NOWHERE = Beyond()


def with_sums(case: Case, rows: Ints, fleet: Fleet, beyond: Beyond = NOWHERE) -> Fleet:
    """Return a fleet with the sums of a problem; ``rows`` are the assets of its storage."""
    problem = case.problem
    fleet = replace(fleet, portfolio=with_rows(None, [*_shared(problem, rows, beyond)]))
    own = [
        at for at, one in enumerate(problem.sums) if one.kind != "net" and one.storage[0] in rows
    ]
    if fleet.storage is None or not own:
        return fleet
    needed = [at for at in own if problem.sums[at].level is not Level.WISHES]
    limits = {**_kept_limits(problem, needed), **_given_limits(problem, own, beyond)}
    limited = _limited(problem, rows, fleet.storage, limits)
    stuck, _ = unreachable(limited, fleet)
    for name in ("throughput_wh", "budget"):
        getattr(limited, name)[stuck] = UNBOUNDED
    return replace(fleet, storage=limited)


def totals(problem: Problem, rows: Ints) -> list[int]:
    """Return which sums are rows of the portfolio, in their order."""
    net = ((at, one) for at, one in enumerate(problem.sums) if one.kind == "net")
    return [at for at, one in net if one.zones or np.isin(one.storage, rows).any()]


def _shared(problem: Problem, rows: Ints, beyond: Beyond) -> Iterator[Row]:
    for at in totals(problem, rows):
        one = problem.sums[at]
        row, traded = row_of(problem, rows, one), traded_wh(problem, one)
        lower = row.lower_wh - beyond.lower.get(at, 0.0) - traded
        upper = row.upper_wh + beyond.upper.get(at, 0.0) - traded
        yield row._replace(lower_wh=lower, upper_wh=upper)


def row_of(problem: Problem, rows: Ints, one: Sum) -> Row:
    """A sum of net energy as a row of the portfolio, its bounds kept by what rounding may add.

    Nothing is added to what homes take in one slot: that is rounded as limits of zones are.
    """
    lower = -UNBOUNDED if one.lower is None else float(one.lower)
    upper = UNBOUNDED if one.upper is None else float(one.upper)
    if not of_homes(one) and (one.end - one.first > 1 or len(one.storage) != 1):
        spare = rounding_wh(problem, one)
        if upper - lower > 2 * spare:
            lower, upper = lower + spare, upper - spare
    members = np.flatnonzero(np.isin(rows, one.storage))
    assets = (("storage", members),) if members.size else ()
    return Row(one.zones, assets, one.first, one.end, lower, upper)


def traded_wh(problem: Problem, one: Sum) -> int:
    """Energy bought already by homes of a sum that are named alone: their zones leave it out."""
    first = len(problem.zones.parent)
    homes = [zone - first for zone in one.zones if zone >= first]
    return int(problem.position_wh[homes, one.first : one.end].sum())


def _limited(problem: Problem, rows: Ints, table: Storage, limits: Mapping[int, float]) -> Storage:
    shape = (len(rows), problem.slots.count)
    columns = {"throughput_wh": np.full(shape, UNBOUNDED), "budget": np.full(shape, UNBOUNDED)}
    price, place = np.zeros(shape), {row: at for at, row in enumerate(rows.tolist())}
    for row, most in limits.items():
        one = problem.sums[row]
        at = place[one.storage[0]]
        name, units = ("budget", 1000.0) if one.kind == "cost" else ("throughput_wh", 1.0)
        if one.kind == "cost":
            price[at, one.first : one.end] = prices_of(problem, one)
        limit = columns[name][at]
        limit[one.end - 1] = min(limit[one.end - 1], most / units)
    return replace(table, **columns, budget_price=price)


def _kept_limits(problem: Problem, rows: Sequence[int]) -> dict[int, float]:
    """Limits on sums of single storage that can be kept beside its bounds, by row."""
    if not rows:
        return {}
    own = [problem.sums[row] for row in rows]
    tight = [tight_limit(problem, one) for one in own]
    excess = _excess(problem, own, tight).tolist()
    return {row: limit + more for row, limit, more in zip(rows, tight, excess, strict=True)}


def _given_limits(problem: Problem, rows: Sequence[int], beyond: Beyond) -> dict[int, float]:
    """Limits on sums of single storage of which it is said how far they are exceeded, by row."""
    said = [row for row in rows if row in beyond.upper]
    return {row: tight_limit(problem, problem.sums[row]) + beyond.upper[row] for row in said}


def tight_limit(problem: Problem, one: Sum) -> float:
    """Limit on a sum of one storage that is kept whatever rounding adds, never below 0."""
    return max((one.upper or 0) - _spare(problem, one), 0.0)


def _spare(problem: Problem, one: Sum) -> float:
    """What rounding may add to a sum: so much energy, moved from slots to others."""
    if one.kind == "discharge":
        return MARGIN_WH
    price = prices_of(problem, one)
    return float(MARGIN_WH * (np.abs(np.diff(price)).sum() + price[-1]))


def _excess(problem: Problem, own: Sequence[Sum], most: Sequence[float]) -> Floats:
    """What sums must be above these limits, so that bounds of the state can be kept [sums]."""
    storage, programme = problem.storage, Programme()
    rows = np.unique([one.storage[0] for one in own])
    columns = add_storage(programme, storage, rows)
    over = programme.columns(np.zeros(len(own)), np.inf)
    scales = np.ones(len(own))
    for at, one in enumerate(own):
        row = int(np.searchsorted(rows, one.storage[0]))
        energy = columns.charge if one.kind == "cost" else columns.discharge
        weight = np.ones(one.end - one.first)
        if one.kind == "cost":
            price = prices_of(problem, one).astype(np.float64)
            scales[at] = max(price.max(), 1.0)
            weight = price / scales[at]
        limit = programme.rows(-np.inf, np.array([most[at] / scales[at]]))
        programme.entries(limit, energy[row, one.first : one.end], weight)
        programme.entries(limit, over[at : at + 1], -1.0)
    both = np.concatenate([columns.missed.ravel(), over])
    cost = np.concatenate([np.full(columns.missed.size, FIRST), np.ones(len(own))])
    found = least(programme, both, cost)[over]
    return np.where(found > OVER_WH, (found + TOUCH) * scales * (1 + TOUCH), 0.0)


def zone_prices(problem: Problem, rows: Ints, added: tuple[Floats, Floats]) -> Floats:
    """What rows of the portfolio add to prices of energy in zones [zones, slots] µ¤/kWh.

    ``added`` are the prices of their lower and upper bounds.
    """
    found = np.zeros((len(problem.zones.parent), problem.slots.count))
    lower, upper = added
    for at, row in enumerate(totals(problem, rows)):
        one = problem.sums[row]
        for zone in (each for each in one.zones if each < len(found)):
            found[zone, one.first : one.end] += upper[at] - lower[at]
    return found
