"""How much prices move assets: of energy, of limits on the way to the grid, of shared limits.

A *pull* is the fall of a price from the slot before [µ¤/kWh]: positive moves an asset to more net
power. The first slot is compared with the mean of the horizon.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.diaries.profiles import places_of
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices
from gridpact.scheduling.fleet.solution import LimitPrices
from gridpact.scheduling.fleet.tree import below

NEGLIGIBLE = 1e-3
"""Prices of limits are found to some precision; a smaller move [µ¤/kWh] is none."""


class Pull(NamedTuple):
    """The strongest pull of each entry [entries], and the zone or row it comes from, −1: none."""

    pull: Floats
    which: Ints


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Prices that a schedule answers, and where each asset is.

    ``bought`` and ``sold`` [zones, slots] are prices of energy, ``limits`` [zones, slots] what each
    zone's own limits add to them, ``parent`` [zones] the tree of zones, ``zone`` [assets] where
    assets are. ``rows`` [rows] is what each row of the portfolio adds for its members in the slots
    ``row_first ≤ slot < row_end``, ``members`` [rows] of [assets] who they are.
    """

    bought: Floats
    sold: Floats
    limits: Floats
    parent: Ints
    zone: Ints
    rows: Floats
    row_first: Ints
    row_end: Ints
    members: tuple[Bools, ...]

    def energy_pull(self, row: Ints, slot: Ints, supplies: Bools) -> Floats:
        """Pull of the price of energy, sold or bought, on assets in slots [entries]."""
        zone = self.zone[row]
        bought, sold = fall(self.bought)[zone, slot], fall(self.sold)[zone, slot]
        return np.where(supplies, sold, bought)


def signals_of(fleet: Fleet, prices: Prices, limits: LimitPrices, zone: Ints) -> Signals:
    """Collect the prices of a solve. ``zone`` [assets] is by row of diaries."""
    shape = (len(fleet.zones.parent), fleet.slots)
    sold = prices.buy if prices.sell is None else prices.sell
    portfolio = fleet.portfolio
    nothing = np.zeros(0, np.int64)
    return Signals(
        bought=np.broadcast_to(np.asarray(prices.buy, np.float64), shape),
        sold=np.broadcast_to(np.asarray(sold, np.float64), shape),
        limits=np.broadcast_to(limits.imports - limits.exports, shape),
        parent=np.asarray(fleet.zones.parent, np.int64),
        zone=zone,
        rows=limits.upper - limits.lower,
        row_first=nothing if portfolio is None else np.asarray(portfolio.first),
        row_end=nothing if portfolio is None else np.asarray(portfolio.end),
        members=() if portfolio is None else _members(portfolio, fleet, zone),
    )


def _members(portfolio: Portfolio, fleet: Fleet, zone: Ints) -> tuple[Bools, ...]:
    """Mark the assets of every row's set [rows] of [assets]; rows of one set share an array."""
    first = places_of(fleet).first
    offset = np.array([first[name] for name in TABLES], np.int64)
    sets: dict[int, Bools] = {}
    for one in np.unique(portfolio.set_of_row).tolist():
        inside = np.zeros(len(fleet.zones.parent), np.bool_)
        for top in portfolio.zone[portfolio.zone_set == one].tolist():
            inside |= below(np.asarray(fleet.zones.parent), top)
        members = inside[zone]
        own = portfolio.asset_set == one
        members[offset[portfolio.asset_table[own]] + portfolio.asset[own]] = True
        sets[one] = members
    return tuple(sets[one] for one in portfolio.set_of_row.tolist())


def fall(price: Floats) -> Floats:
    """How far a price [..., slots] has fallen since the slot before, or below the mean at first."""
    before = np.concatenate([price.mean(axis=-1, keepdims=True), price[..., :-1]], axis=-1)
    return np.asarray(before - price)


def zone_pull(signals: Signals, row: Ints, slot: Ints, way: Ints) -> Pull:
    """Return the strongest pull, the way of each entry, of a limit between it and the grid."""
    fallen = fall(signals.limits)
    at = signals.zone[row]
    pull, which = np.full(len(row), NEGLIGIBLE), np.full(len(row), -1)
    while np.any(at >= 0):
        here = np.where(at >= 0, way * fallen[at, slot], 0.0)
        stronger = here > pull
        pull, which = np.where(stronger, here, pull), np.where(stronger, at, which)
        at = np.where(at >= 0, signals.parent[at], -1)
    return Pull(np.where(which >= 0, pull, 0.0), which)


def shared_pull(signals: Signals, row: Ints, slot: Ints, way: Ints) -> Pull:
    """Return the strongest pull, the way of each entry, of a row of the portfolio it is in."""
    pull, which = np.full(len(row), NEGLIGIBLE), np.full(len(row), -1)
    by_slot = np.argsort(slot, kind="stable")
    ordered, slots = slot[by_slot], signals.bought.shape[-1]
    for number in np.flatnonzero(np.abs(signals.rows) > NEGLIGIBLE).tolist():
        first, end = int(signals.row_first[number]), int(signals.row_end[number])
        price = np.where((np.arange(slots) >= first) & (np.arange(slots) < end), 1.0, 0.0)
        fallen = fall(price * signals.rows[number])
        for moved in np.flatnonzero(fallen).tolist():
            low, high = np.searchsorted(ordered, (moved, moved + 1))
            entries = by_slot[low:high]
            here = way[entries] * fallen[moved] * signals.members[number][row[entries]]
            wins = entries[here > pull[entries]]
            pull[wins], which[wins] = np.abs(fallen[moved]), number
    return Pull(np.where(which >= 0, pull, 0.0), which)
