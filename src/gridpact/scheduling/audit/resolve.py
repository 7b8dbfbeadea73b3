"""Solve zones again on their own with HiGHS, at the prices an answer gives for shared limits.

At any prices of limits, what every zone would at least pay, less the limits at their prices, bounds
the least cost from below. An answer that claims a bound must give prices that prove it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.audit.assets import rows_in
from gridpact.scheduling.audit.report import Resolved
from gridpact.scheduling.audit.shared import Sums, chain, named_alone, zone_values
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Prices, Zones
from gridpact.scheduling.fleet.solution import LimitPrices
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import optimum


class PricedZone(msgspec.Struct, frozen=True):
    """A zone on its own: its assets, prices with those of limits, and what single assets pay."""

    zone: int
    fleet: Fleet
    prices: Prices
    signals: dict[str, Floats]


def priced_zone(sums: Sums, prices: Prices, limits: LimitPrices, zone: int) -> PricedZone:
    """Cut one zone out of a fleet and put prices where its limits were."""
    fleet = sums.fleet
    shape = sums.own.shape
    extra = _zone_signal(sums, limits, zone)
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64), shape)[zone] + extra
    given = prices.buy if prices.sell is None else prices.sell
    sell = np.broadcast_to(np.asarray(given, np.float64), shape)[zone] + extra
    tables = {}
    signals = {}
    for name in TABLES:
        rows = rows_in(fleet, name, np.array([zone]))
        if len(rows):
            tables[name] = _cut(getattr(fleet, name), rows)
            signals[name] = _asset_signals(sums, limits, name, rows)
    own_load = zone_values(fleet.zones.load_wh, *shape)[zone : zone + 1]
    zones = Zones(np.array([-1]), load_wh=own_load)
    empty = Fleet(slots=fleet.slots, step_s=fleet.step_s, zones=zones)
    alone = msgspec.structs.replace(empty, **tables)
    return PricedZone(zone, alone, Prices(buy[None], sell[None]), signals)


def _cut(table: msgspec.Struct, rows: Ints) -> msgspec.Struct:
    """Some rows of a table, all in zone 0."""
    columns = {
        name: np.asarray(getattr(table, name))[rows]
        for name in table.__struct_fields__
        if np.ndim(getattr(table, name))
    }
    columns["zone"] = np.zeros(len(rows), np.int64)
    return msgspec.structs.replace(table, **columns)


def _zone_signal(sums: Sums, limits: LimitPrices, zone: int) -> Floats:
    """What a zone's own net energy pays on top of its prices [slots] µ¤/kWh."""
    fleet, extra = sums.fleet, np.zeros(sums.fleet.slots)
    for above in chain(np.asarray(fleet.zones.parent), zone):
        extra += limits.imports[above] - limits.exports[above]
    portfolio = fleet.portfolio
    for row in range(0 if portfolio is None else len(portfolio.set_of_row)):
        if portfolio is not None and sums.sets[int(portfolio.set_of_row[row])][zone]:
            window = slice(int(portfolio.first[row]), int(portfolio.end[row]))
            extra[window] += limits.upper[row] - limits.lower[row]
    return extra


def _asset_signals(sums: Sums, limits: LimitPrices, name: str, rows: Ints) -> Floats:
    """What assets pay besides, for rows of the portfolio they are named in [rows, slots] ¤/kWh."""
    portfolio, extra = sums.fleet.portfolio, np.zeros((len(rows), sums.fleet.slots))
    for row in range(0 if portfolio is None else len(portfolio.set_of_row)):
        if portfolio is not None:
            number = int(portfolio.set_of_row[row])
            alone = named_alone(sums.fleet, portfolio, number, sums.sets[number], name)[rows]
            window = slice(int(portfolio.first[row]), int(portfolio.end[row]))
            extra[alone, window] += (limits.upper[row] - limits.lower[row]) * 1e-6
    return extra


def resolve(
    priced: PricedZone, scheduled: tuple[dict[str, Floats], float], search: Search
) -> Resolved:
    """Solve a zone again; ``scheduled`` is what its assets take and what they cost besides."""
    found = optimum(priced.fleet, priced.prices, np.inf, search, priced.signals)
    if found is None:
        raise RuntimeError(f"zone {priced.zone} cannot be scheduled even without limits")
    taken, cost = scheduled
    net = zone_values(priced.fleet.zones.load_wh, 1, priced.fleet.slots)[0]
    for name, energy in taken.items():
        net = net + energy.sum(axis=0)
        cost += float((priced.signals[name] * 1e6 * energy).sum())
    buy, sell = np.asarray(priced.prices.buy)[0], np.asarray(priced.prices.sell)[0]
    cost += float(np.where(net > 0, buy * net, sell * net).sum())
    least = (found.optimum.bound + found.model.constant) * 1e9
    return Resolved(priced.zone, least, cost)


def limits_at_their_prices(sums: Sums, limits: LimitPrices) -> float:
    """Every limit times its price [nano-¤], which a bound deducts."""
    fleet, shape = sums.fleet, sums.own.shape
    paid = 0.0
    for price, values in (
        (limits.imports, fleet.zones.import_limit_w),
        (limits.exports, fleet.zones.export_limit_w),
    ):
        limit = zone_values(values, *shape) * fleet.hours
        paid += float((price[price > 0] * limit[price > 0]).sum())
    portfolio = fleet.portfolio
    if portfolio is None:
        return paid
    upper = np.asarray(portfolio.upper_wh, np.float64)
    lower = np.asarray(portfolio.lower_wh, np.float64)
    paid += float((limits.upper[limits.upper > 0] * upper[limits.upper > 0]).sum())
    return paid - float((limits.lower[limits.lower > 0] * lower[limits.lower > 0]).sum())
