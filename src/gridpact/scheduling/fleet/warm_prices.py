"""Prices of limits to begin a warm start at: those of the last bound, moved to what is now.

Where all prices grow alike, those of limits grow with them. Where a slot becomes dearer than that,
a limit that had a price there gives way by as much: assets see what they saw. Where a slot without
a price becomes cheaper than what assets see in priced slots near it, they would now meet there: the
limit begins at the difference.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.limits import SIGN
from gridpact.scheduling.fleet.match import Match, shifted
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.portfolio_master import CouplingPrices
from gridpact.scheduling.fleet.prepare import Case, Duals, coupling_prices

MOST_GROWTH = 2.0
"""Prices of limits are not begun at more than so many times what they were."""
NEAR = 4
"""How many slots away a priced slot tells what assets see, where a limit had no price."""

TINY = 1e-12
"""Average price [¤/kWh] below which energy counts as free."""


class Earlier(msgspec.Struct, frozen=True):
    """An earlier answer, what is found of it again, and how many slots have passed since."""

    last: Mixture
    found: Match
    passed: int


class Start(msgspec.Struct, frozen=True):
    """Prices of limits to begin at, and by how much energy changed its price apart from all.

    ``apart`` is the most of any slot, as a part of what energy cost on average.
    """

    best: Duals
    apart: float


def prices_now(earlier: Earlier, case: Case, fleet: Fleet) -> Start:
    """Prices of all limits there are now, from those of the last bound."""
    cost, more = _dearer(earlier, case)
    dearer, growth = _apart(cost, more)
    were = _coupling_prices(earlier, case, fleet)
    were = CouplingPrices(were.rows * growth, were.zones * growth)
    coupling = _rows_absorb(case, were, dearer)
    cells, lead = _cell_prices(earlier, case) * growth, case.groups.first[:-1]
    before, now = (coupling_prices(case, one).of(case.groups, lead) for one in (were, coupling))
    tariff = case.groups.tariff[lead]
    rest, seen = dearer[tariff] + now - before, cost[tariff] * growth + before
    absorbed = [
        _absorbed(sign * rest, sign * seen, cells[:, kind], case.most[:, kind])
        for kind, sign in enumerate(SIGN[: cells.shape[1]])
    ]
    apart = float(np.abs(dearer).max(initial=0.0) / max(np.abs(cost).mean(), TINY))
    return Start(Duals(np.ascontiguousarray(np.stack(absorbed, axis=1)), coupling), apart)


def _absorbed(dearer: Floats, seen: Floats, prices: Floats, most: Floats) -> Floats:
    """Prices of limits [cells, slots] once energy is ``dearer``, in the direction of the limit.

    ``seen`` is what energy cost before with all that couples cells, by the same sign.
    """
    wanted = np.maximum(prices - dearer, 0.0)
    cheaper = np.isfinite(most) & (prices <= 0) & (dearer < 0)
    for cell in np.flatnonzero((prices > 0).any(axis=1) & cheaper.any(axis=1)).tolist():
        priced, slot = np.flatnonzero(prices[cell] > 0), np.flatnonzero(cheaper[cell])
        level = np.interp(slot, priced, (seen[cell] + prices[cell])[priced])
        above = np.maximum(seen[cell, slot] - level, 0.0)
        far = np.abs(slot[:, None] - priced).min(axis=1) > NEAR
        above[far] = np.inf
        wanted[cell, slot] = np.maximum(-dearer[cell, slot] - above, 0.0)
    return np.where((prices > 0) | cheaper, wanted, 0.0)


def _dearer(earlier: Earlier, case: Case) -> tuple[Floats, Floats]:
    """What energy cost, and what it costs more now [tariffs, slots]; no more in new slots."""
    old = earlier.last.engine.case.buy
    tariff = np.minimum(np.arange(len(case.buy)), len(old) - 1)
    before = shifted(old[tariff], earlier.passed, case.buy)
    return before, np.asarray(case.buy - before)


def _apart(before: Floats, dearer: Floats) -> tuple[Floats, float]:
    """What is dearer apart from prices that all rise or grow alike, and by what they grow.

    Where most prices are as they were, those that changed did so by themselves.
    """
    if np.median(np.abs(dearer)) == 0.0:
        return dearer, 1.0
    spread = before - before.mean()
    size = float(np.sum(spread * spread))
    grown = float(np.sum(spread * dearer)) / size if size > 0 else 0.0
    growth = min(max(1.0 + grown, 0.0), MOST_GROWTH)
    return np.asarray(dearer - dearer.mean() - (growth - 1.0) * spread), growth


def _rows_absorb(case: Case, prices: CouplingPrices, dearer: Floats) -> CouplingPrices:
    """Let rows of the portfolio that have a price take up what energy costs more on average."""
    rows = case.coupling.rows
    total = np.zeros(dearer.shape[1] + 1)
    np.cumsum(dearer.mean(axis=0), out=total[1:])
    mean = (total[rows.end] - total[rows.first]) / (rows.end - rows.first)
    absorbed = np.maximum(prices.rows - rows.sign * mean, 0.0)
    return CouplingPrices(np.where(prices.rows > 0, absorbed, 0.0), prices.zones)


def _cell_prices(earlier: Earlier, case: Case) -> Floats:
    """Prices that cells' limits had, of what are limits now [cells, kinds, slots]."""
    prices: Floats = np.zeros(case.most.shape)
    was: Floats = earlier.last.engine.best.cells
    own = np.flatnonzero(earlier.found.cell >= 0)
    for kind in range(min(prices.shape[1], was.shape[1])):
        later = shifted(was[earlier.found.cell[own], kind], earlier.passed, prices[own, kind])
        prices[own, kind] = np.where(np.isfinite(case.most[own, kind]), later, 0.0)
    return prices


def _coupling_prices(earlier: Earlier, case: Case, fleet: Fleet) -> CouplingPrices:
    """Prices that limits between cells had, of what are limits now."""
    last, passed = earlier.last, earlier.passed
    old, best = last.engine.case, last.engine.best.coupling
    was = dict(zip(_rows(old, last.fleet, passed), best.rows.tolist(), strict=True))
    rows = [was.get(row, 0.0) for row in _rows(case, fleet, 0)]
    zones = np.zeros(case.coupling.most.shape)
    for at, zone in enumerate(case.upper):
        if zone in old.upper:
            zones[at] = shifted(best.zones[old.upper.index(zone)], passed, zones[at])
    zones[~np.isfinite(case.coupling.most)] = 0.0
    return CouplingPrices(np.array(rows, np.float64), zones)


def _rows(case: Case, fleet: Fleet, passed: int) -> list[tuple[int, float, int, int]]:
    """What tells rows of the portfolio from each other: set, side, and slots from now on."""
    if fleet.portfolio is None:
        return []
    rows = case.coupling.rows
    own = np.asarray(fleet.portfolio.set_of_row)[rows.row]
    first, end = np.maximum(rows.first - passed, 0), rows.end - passed
    columns = (own.tolist(), rows.sign.tolist(), first.tolist(), end.tolist())
    return list(zip(*columns, strict=True))
