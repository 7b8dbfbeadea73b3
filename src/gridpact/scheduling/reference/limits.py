"""Net energy of zones, what it costs, and the limits that assets share.

A limit holds strictly, or (where a penalty is given) may be missed: a column takes up what is
missed, at the penalty. Energies kWh, prices ¤/kWh.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices, per_slot
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw


class Nets(msgspec.Struct, frozen=True):
    """Columns [zones, slots]: net energy of a zone's own assets and load, and with all below.

    They are the same ones where no zone lies below.
    """

    own: Ints
    net: Ints


class Limit(msgspec.Struct, frozen=True):
    """Limits of one kind: ``place`` [limits, 1 or 2] says which (zone and slot, or row).

    ``row`` and ``over`` [limits] are their rows and the columns of what is missed, -1 where none
    may be; ``sign`` is +1 for upper bounds and -1 for lower ones.
    """

    kind: str
    place: Ints
    row: Ints
    over: Ints
    sign: float


def add_nets(programme: Programme, fleet: Fleet, draws: Iterable[Draw]) -> Nets:
    """Add net energy, within bounds that follow from those of the assets."""
    zones, slots = len(fleet.zones.parent), fleet.slots
    load = np.array(per_slot(fleet.zones.load_wh, zones, slots)) / 1000
    low, high = load.copy(), load.copy()
    lower, upper = programme.bounds()
    for draw in draws:
        at = (_zone(fleet, draw), draw.slot)
        ends = np.sort([draw.factor * lower[draw.column], draw.factor * upper[draw.column]], axis=0)
        np.add.at(low, at, ends[0])
        np.add.at(high, at, ends[1])
    parent, order = np.asarray(fleet.zones.parent), _leaves_first(fleet.zones.parent)
    own = programme.columns(low, high)
    for zone in order:
        if parent[zone] >= 0:
            low[parent[zone]] += low[zone]
            high[parent[zone]] += high[zone]
    row = programme.rows(load, load)  # own = load + assets
    programme.entries(row, own)
    for draw in draws:
        programme.entries(row[_zone(fleet, draw), draw.slot], draw.column, -draw.factor)
    return Nets(own, _with_below(programme, parent, own, (low, high)))


def _with_below(
    programme: Programme, parent: Ints, own: Ints, bounds: tuple[Floats, Floats]
) -> Ints:
    """Add net energy of zones with those below, within ``bounds`` [zones, slots]."""
    below = np.flatnonzero(parent >= 0)
    above = np.unique(parent[below])
    net = own.copy()
    net[above] = programme.columns(bounds[0][above], bounds[1][above])
    row = np.full(own.shape, -1)
    row[above] = programme.rows(np.zeros((len(above), own.shape[1])), 0.0)
    programme.entries(row[above], net[above])  # net = own + net of the zones below
    programme.entries(row[above], own[above], -1.0)
    programme.entries(row[parent[below]], net[below], -1.0)
    return net


def _zone(fleet: Fleet, draw: Draw) -> Ints:
    return np.asarray(getattr(fleet, draw.table).zone)[draw.asset]


def _leaves_first(parent: Ints) -> list[int]:
    """Zones in an order in which every zone comes before its parent."""
    depth = np.zeros(len(parent), np.int64)
    above = np.asarray(parent)
    while np.any(above >= 0):
        depth += above >= 0
        above = np.where(above >= 0, np.asarray(parent)[above], -1)
    return [int(zone) for zone in np.argsort(-depth, kind="stable")]


def add_costs(programme: Programme, prices: Prices, own: Ints) -> None:
    """Charge zones for their net energy; where buying and selling prices differ, as a meter does.

    What is bought and sold are then two columns; where selling earns more than buying costs, a
    binary column forbids both at once.
    """
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64) * 1e-6, own.shape)
    given = prices.buy if prices.sell is None else prices.sell
    sell = np.broadcast_to(np.asarray(given, np.float64) * 1e-6, own.shape)
    low, high = (bound[own] for bound in programme.bounds())
    both = (buy != sell) & (low < 0) & (high > 0)
    programme.charge(own[~both], np.where(high <= 0, sell, buy)[~both])
    bought = programme.columns(0.0, high[both], buy[both])
    sold = programme.columns(0.0, -low[both], -sell[both])
    row = programme.rows(np.zeros(len(bought)), 0.0)
    programme.entries(row, own[both])
    programme.entries(row, bought, -1.0)
    programme.entries(row, sold)
    gain = sell[both] > buy[both]
    buys = programme.columns(0.0, np.ones(int(gain.sum())), whole=True)
    for column, most, sign in ((bought, high[both], -1.0), (sold, -low[both], 1.0)):
        row = programme.rows(np.full(len(buys), -np.inf), most[gain] if sign > 0 else 0.0)
        programme.entries(row, column[gain])
        programme.entries(row, buys, sign * most[gain])


def add_zone_limits(
    programme: Programme, fleet: Fleet, net: Ints, penalty: float
) -> tuple[Limit, Limit]:
    """Add import and export limits; an infinite penalty makes them strict.

    Those that nothing could exceed are left out.
    """
    limits = []
    low, high = (end[net] for end in programme.bounds())
    for kind, values, sign in (
        ("import", fleet.zones.import_limit_w, 1.0),
        ("export", fleet.zones.export_limit_w, -1.0),
    ):
        most = per_slot(values, *net.shape) * (fleet.hours / 1000)
        above = (high if sign > 0 else -low) - most
        place = np.argwhere(above > 0)
        at = tuple(place.T)
        row = programme.rows(np.full(len(place), -np.inf), most[at])
        programme.entries(row, net[at], sign)
        over = _missing(programme, row, above[at], penalty)
        limits.append(Limit(kind, place, row, over, sign))
    return limits[0], limits[1]


def _missing(programme: Programme, row: Ints, worst: Floats, penalty: float) -> Ints:
    """Add columns of what is missed of rows ``energy ≤ bound``, at most ``worst``."""
    if not np.isfinite(penalty):
        return np.full(len(row), -1)
    over = programme.columns(0.0, worst, penalty)
    programme.entries(row, over, -1.0)
    return over


def add_portfolio(
    programme: Programme, fleet: Fleet, own: Ints, draws: tuple[Draw, ...], penalty: float
) -> tuple[Limit, ...]:
    """Add the portfolio's rows, upper bounds and lower ones."""
    portfolio = fleet.portfolio
    if portfolio is None or not len(portfolio.set_of_row):
        return ()
    total = _set_energy(programme, fleet, portfolio, own, draws)
    low, high = (end[total] for end in programme.bounds())
    limits = []
    for kind, values, sign in (
        ("upper", portfolio.upper_wh, 1.0),
        ("lower", portfolio.lower_wh, -1.0),
    ):
        bound = sign * np.asarray(values, np.float64) / 1000
        place = np.flatnonzero(np.isfinite(bound))
        row = programme.rows(np.full(len(place), -np.inf), bound[place])
        programme.entries(row, total[place], sign)
        worst = np.maximum((high if sign > 0 else -low)[place] - bound[place], 0.0)
        over = _missing(programme, row, worst, penalty)
        limits.append(Limit(kind, place[:, None], row, over, sign))
    return tuple(limits)


def _set_energy(
    programme: Programme, fleet: Fleet, portfolio: Portfolio, own: Ints, draws: tuple[Draw, ...]
) -> Ints:
    """Add a column for the net energy of every row's set within its slots [rows]."""
    rows = len(portfolio.set_of_row)
    lower, upper = programme.bounds()
    reach = np.abs([lower, upper]).max(axis=0)
    at, column, factor = _members(fleet, portfolio, own, draws)
    most = np.bincount(at, weights=np.abs(factor) * reach[column], minlength=rows)
    total = programme.columns(-most, most)
    row = programme.rows(np.zeros(rows), 0.0)
    programme.entries(row, total)
    programme.entries(row[at], column, -factor)
    return total


def _members(
    fleet: Fleet, portfolio: Portfolio, own: Ints, draws: tuple[Draw, ...]
) -> tuple[Ints, Ints, Floats]:
    """Row, column and factor of everything the rows' sets take; what is in twice counts once."""
    at, columns, factors = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for row, number in enumerate(np.asarray(portfolio.set_of_row).tolist()):
        slots = slice(int(portfolio.first[row]), int(portfolio.end[row]))
        inside = _zones_of_set(fleet, portfolio, number)
        parts = [(own[inside, slots].ravel(), 1.0)]
        for draw in draws:
            named = _assets_of_set(fleet, portfolio, number, draw.table)
            alone = named & ~inside[np.asarray(getattr(fleet, draw.table).zone)]
            kept = alone[draw.asset] & (draw.slot >= slots.start) & (draw.slot < slots.stop)
            parts.append((draw.column[kept], draw.factor[kept]))
        for column, factor in parts:
            columns.append(column)
            factors.append(np.broadcast_to(factor, column.shape))
            at.append(np.full(len(column), row))
    return np.concatenate(at), np.concatenate(columns), np.concatenate(factors)


def _zones_of_set(fleet: Fleet, portfolio: Portfolio, number: int) -> Bools:
    """Mark zones that are in a set, by themselves or below one that is [zones]."""
    parent = np.asarray(fleet.zones.parent)
    inside = np.zeros(len(parent), np.bool_)
    inside[np.asarray(portfolio.zone)[np.asarray(portfolio.zone_set) == number]] = True
    for zone in reversed(_leaves_first(parent)):
        inside[zone] |= parent[zone] >= 0 and inside[parent[zone]]
    return inside


def _assets_of_set(fleet: Fleet, portfolio: Portfolio, number: int, table: str) -> Bools:
    """Mark assets of a table that are named in a set [assets]."""
    named = np.zeros(len(getattr(fleet, table).zone), np.bool_)
    own = (np.asarray(portfolio.asset_set) == number) & (
        np.asarray(portfolio.asset_table) == TABLES.index(table)
    )
    named[np.asarray(portfolio.asset)[own]] = True
    return named
