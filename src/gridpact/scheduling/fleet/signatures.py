"""Which sets of the portfolio assets are in: those in the same sets share a signature."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio
from gridpact.scheduling.fleet.tree import below


def signatures_of(fleet: Fleet) -> tuple[Bools, dict[str, Ints]]:
    """Which sets signatures are in [signatures, sets], and the signature of each asset by table."""
    tables = {name: getattr(fleet, name) for name in TABLES if getattr(fleet, name) is not None}
    portfolio = fleet.portfolio
    if portfolio is None or not len(portfolio.set_of_row):
        return np.zeros((1, 0), np.bool_), {
            name: np.zeros(len(table.zone), np.int64) for name, table in tables.items()
        }
    within = zone_sets(fleet, portfolio)
    rows = [
        _memberships(portfolio, within[np.asarray(table.zone)], TABLES.index(name))
        for name, table in tables.items()
    ]
    packed = np.packbits(np.concatenate([within[:0], *rows]), axis=1)
    unique, inverse = np.unique(packed, axis=0, return_inverse=True)
    member = np.unpackbits(unique, axis=1, count=within.shape[1]).astype(np.bool_)
    ends = np.cumsum([0, *(len(one) for one in rows)])
    inverse = inverse.ravel()
    return member, {name: inverse[ends[at] : ends[at + 1]] for at, name in enumerate(tables)}


def zone_sets(fleet: Fleet, portfolio: Portfolio) -> Bools:
    """Which sets a zone is in, by itself or below another [zones, sets]."""
    named = (portfolio.set_of_row, portfolio.zone_set, portfolio.asset_set)
    sets = max(int(one.max(initial=-1)) for one in named) + 1
    inside = np.zeros((len(fleet.zones.parent), sets), np.bool_)
    for zone, own in zip(portfolio.zone.tolist(), portfolio.zone_set.tolist(), strict=True):
        inside[below(fleet.zones.parent, zone), own] = True
    return inside


def _memberships(portfolio: Portfolio, by_zone: Bools, table: int) -> Bools:
    """Which sets assets of one table are in, by their zone or by themselves [assets, sets]."""
    member = by_zone.copy()
    own = portfolio.asset_table == table
    member[portfolio.asset[own], portfolio.asset_set[own]] = True
    return member
