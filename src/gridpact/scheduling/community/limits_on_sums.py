"""Sums over slots in a community's fleet: what one storage may do in all, and several together.

Bounds of what is stored come before limits on sums of the same storage: where both cannot be, the
sum is as little above its limit as a plan allows. Net energy is a row of the portfolio, which gives
way as limits of zones do. Limits are kept by what rounding to whole Wh may add.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.bounds import TOUCH, add_storage, least
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import UNBOUNDED, Fleet, Storage
from gridpact.scheduling.fleet.storage_faults import unreachable
from gridpact.scheduling.problem import Problem, Sum
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.sums import MARGIN_WH, prices_of, rounding_wh

FIRST = 1e4
"""How much more it costs to miss a bound of the state than to exceed a sum by as much."""
OVER_WH = 1e-6
"""A sum that must be exceeded by less is not."""


def with_sums(case: Case, rows: Ints, fleet: Fleet) -> Fleet:
    """Return a fleet with the sums of a problem; ``rows`` are the assets of its storage."""
    problem = case.problem
    portfolio = with_rows(None, _shared(problem, rows))
    fleet = replace(fleet, portfolio=portfolio)
    own = [one for one in problem.sums if one.kind != "net" and one.storage[0] in rows]
    if fleet.storage is None or not own:
        return fleet
    limited = _limited(problem, rows, fleet.storage, own)
    stuck, _ = unreachable(limited, fleet)
    for name in ("throughput_wh", "budget"):
        getattr(limited, name)[stuck] = UNBOUNDED
    return replace(fleet, storage=limited)


def totals(problem: Problem, rows: Ints) -> list[Sum]:
    """Return the sums that are rows of the portfolio, in their order."""
    net = (one for one in problem.sums if one.kind == "net")
    return [one for one in net if one.zones or np.isin(one.storage, rows).any()]


def _shared(problem: Problem, rows: Ints) -> list[Row]:
    found = []
    for one in totals(problem, rows):
        row, traded = _row(problem, rows, one), traded_wh(problem, one)
        found.append(row._replace(lower_wh=row.lower_wh - traded, upper_wh=row.upper_wh - traded))
    return found


def _row(problem: Problem, rows: Ints, one: Sum) -> Row:
    lower = -UNBOUNDED if one.lower is None else float(one.lower)
    upper = UNBOUNDED if one.upper is None else float(one.upper)
    if one.end - one.first > 1 or len(one.storage) != 1:
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


def _limited(problem: Problem, rows: Ints, table: Storage, own: Sequence[Sum]) -> Storage:
    shape = (len(rows), problem.slots.count)
    columns = {"throughput_wh": np.full(shape, UNBOUNDED), "budget": np.full(shape, UNBOUNDED)}
    price, place = np.zeros(shape), {row: at for at, row in enumerate(rows.tolist())}
    for one, most in zip(own, _kept_limits(problem, own), strict=True):
        at = place[one.storage[0]]
        name, units = ("budget", 1000.0) if one.kind == "cost" else ("throughput_wh", 1.0)
        if one.kind == "cost":
            price[at, one.first : one.end] = prices_of(problem, one)
        limit = columns[name][at]
        limit[one.end - 1] = min(limit[one.end - 1], most / units)
    return replace(table, **columns, budget_price=price)


def _kept_limits(problem: Problem, own: Sequence[Sum]) -> list[float]:
    """Limits on sums of single storage that can be kept beside its bounds."""
    tight = [max((one.upper or 0) - _spare(problem, one), 0.0) for one in own]
    excess = _excess(problem, own, tight).tolist()
    return [limit + more for limit, more in zip(tight, excess, strict=True)]


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
    for at, one in enumerate(totals(problem, rows)):
        for zone in (each for each in one.zones if each < len(found)):
            found[zone, one.first : one.end] += upper[at] - lower[at]
    return found
