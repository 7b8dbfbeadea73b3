"""Part of the grid in which a conflict lies: the zones it is about, and the fleet cut to them.

What is left out takes limits and assets away that lie elsewhere, so that what clashes in a part
clashes in the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices, Zones, rows_of
from gridpact.scheduling.fleet.solution import Missed
from gridpact.scheduling.fleet.tree import below
from gridpact.scheduling.needs.binding.model import Bound, Origin, Site
from gridpact.scheduling.needs.model import Assets, Need
from gridpact.scheduling.priorities.needs import Needs, StorageNeed


def scopes(fleet: Fleet, missed: Sequence[Missed]) -> Iterator[Bools]:
    """Yield parts that miss limits [zones], the smaller first: zones with all below them."""
    found: dict[bytes, Bools] = {}
    for one in missed:
        if one.kind in ("import", "export"):
            inside = below(np.asarray(fleet.zones.parent), one.row)
        else:
            inside = zones_of_row(fleet, one.row)
        found[inside.tobytes()] = inside
    yield from sorted(found.values(), key=lambda inside: int(inside.sum()))


def zones_of_row(fleet: Fleet, row: int) -> Bools:
    """Mark the zones that a portfolio row is about, with all below them [zones]."""
    portfolio, parent = fleet.portfolio, np.asarray(fleet.zones.parent)
    inside = np.zeros(len(parent), np.bool_)
    if portfolio is None:
        return inside
    own = portfolio.set_of_row[row]
    zones = set(np.asarray(portfolio.zone)[np.asarray(portfolio.zone_set) == own].tolist())
    for at in np.flatnonzero(np.asarray(portfolio.asset_set) == own).tolist():
        table = getattr(fleet, TABLES[int(portfolio.asset_table[at])])
        zones.add(int(table.zone[portfolio.asset[at]]))
    for zone in zones:
        inside |= below(parent, zone)
    return inside


def zones_of(fleet: Fleet, origin: Origin) -> Bools:
    """Mark the zones that a bound is about [zones]."""
    if origin.table == "portfolio":
        return zones_of_row(fleet, origin.row)
    parent = np.asarray(fleet.zones.parent)
    if origin.table == "zones":
        return below(parent, origin.row)
    own: int = getattr(fleet, origin.table).zone[origin.row]
    return np.asarray(np.arange(len(parent)) == own)


def inside(bound: Bound, needs: Sequence[Need], site: Site, zones: Bools) -> list[Need]:
    """Needs about these zones alone; of those about assets one by one, what is in them."""
    shared: dict[str, bool] = {}
    place: dict[str, Bools] = {}
    for one in bound.origins:
        here = zones_of(bound.fleet, one)
        place[one.need] = place.get(one.need, np.zeros_like(here)) | here
        shared[one.need] = shared.get(one.need, False) or one.table in ("portfolio", "zones")
    found = []
    for need in needs:
        own = place.get(need.id)
        if own is None or not (own & zones).any():
            continue
        if not (own & ~zones).any():
            found.append(need)
        elif not shared[need.id]:
            found.append(_narrowed(need, site, zones))
    return found


def _narrowed(need: Need, site: Site, zones: Bools) -> Need:
    """A need about its assets in these zones."""
    directory = site.directory
    rows = directory.rows(need.subject, need.owner)
    ids = [directory.assets[row].id for row in rows] if isinstance(rows, np.ndarray) else []
    kept = [name for name in ids if _is_in(name, site, zones)]
    return replace(need, subject=Assets(tuple(kept)))


def _is_in(name: str, site: Site, zones: Bools) -> bool:
    if name in site.places:
        table, row = site.places[name]
        return bool(zones[getattr(site.fleet, table).zone[row]])
    asset = site.directory.assets[site.directory.by_id[name]]
    return asset.zone in site.zones and bool(zones[site.zones[asset.zone]])


def cut(site: Site, zones: Bools) -> Site:
    """Cut a site to zones, of which each comes with all below it."""
    if zones.all():
        return site
    kept = {
        name: np.flatnonzero(zones[np.asarray(table.zone)])
        for name in TABLES
        if (table := getattr(site.fleet, name)) is not None
    }
    names = {name for name, row in site.zones.items() if zones[row]}
    place = np.cumsum(zones) - 1
    assets = tuple(one for one in site.directory.assets if _is_in(one.id, site, zones))
    above = {
        name: over if over in names else ""
        for name, over in site.directory.zones.items()
        if name in names
    }
    return replace(
        site,
        fleet=_fleet(site.fleet, zones, kept),
        prices=_prices(site.prices, zones),
        directory=replace(site.directory, assets=assets, zones=above),
        places={
            name: (table, int(np.searchsorted(kept[table], row)))
            for name, (table, row) in site.places.items()
            if row in kept[table]
        },
        zones={name: int(place[row]) for name, row in site.zones.items() if zones[row]},
        groups={
            name: tuple(place[list(rows)].tolist())
            for name, rows in site.groups.items()
            if zones[list(rows)].all()
        },
        needs=_needs(site, zones, kept),
    )


def _prices(prices: Prices, zones: Bools) -> Prices:
    def own(values: Floats | Ints) -> Floats | Ints:
        return values if np.ndim(values) == 1 else values[zones]

    return Prices(own(prices.buy), None if prices.sell is None else own(prices.sell))


def _fleet(fleet: Fleet, zones: Bools, kept: dict[str, Ints]) -> Fleet:
    place = np.cumsum(zones) - 1
    own = rows_of(fleet.zones, np.flatnonzero(zones))
    parent = np.asarray(own.parent)
    stays = (parent >= 0) & zones[parent]
    tables = {}
    for name, rows in kept.items():
        table = rows_of(getattr(fleet, name), rows)
        moved = replace(table, zone=place[np.asarray(table.zone)])
        tables[name] = moved if len(rows) else None
    cut_zones: Zones = replace(own, parent=np.where(stays, place[parent], -1))
    portfolio = None if fleet.portfolio is None else _portfolio(fleet, zones, kept)
    return replace(fleet, zones=cut_zones, portfolio=portfolio, **tables)


def rows_inside(fleet: Fleet, zones: Bools) -> Ints:
    """Portfolio rows about these zones alone."""
    if fleet.portfolio is None:
        return np.zeros(0, np.int64)
    count = len(fleet.portfolio.set_of_row)
    within = [not (zones_of_row(fleet, row) & ~zones).any() for row in range(count)]
    return np.flatnonzero(within)


def _portfolio(fleet: Fleet, zones: Bools, kept: dict[str, Ints]) -> Portfolio | None:
    rows, portfolio = rows_inside(fleet, zones), fleet.portfolio
    if portfolio is None or not len(rows):
        return None
    place = np.cumsum(zones) - 1
    sets = np.asarray(portfolio.set_of_row)[rows]
    by_zone = np.flatnonzero(np.isin(portfolio.zone_set, sets))
    by_asset = np.flatnonzero(np.isin(portfolio.asset_set, sets))
    table = np.asarray(portfolio.asset_table)[by_asset]
    moved = [
        int(np.searchsorted(kept[TABLES[which]], row))
        for which, row in zip(
            table.tolist(), np.asarray(portfolio.asset)[by_asset].tolist(), strict=True
        )
    ]
    return Portfolio(
        set_of_row=sets,
        first=np.asarray(portfolio.first)[rows],
        end=np.asarray(portfolio.end)[rows],
        lower_wh=portfolio.lower_wh[rows],
        upper_wh=portfolio.upper_wh[rows],
        zone_set=np.asarray(portfolio.zone_set)[by_zone],
        zone=place[np.asarray(portfolio.zone)[by_zone]],
        asset_set=np.asarray(portfolio.asset_set)[by_asset],
        asset_table=table,
        asset=np.array(moved, np.int64),
    )


def _needs(site: Site, zones: Bools, kept: dict[str, Ints]) -> Needs:
    """What is asked of the site anyway, cut in the same way."""
    needs, none = site.needs, np.zeros(0, np.int64)

    def own(values: Floats | Ints | float, rows: Ints) -> Floats | Ints | float:
        return np.asarray(values)[rows] if np.ndim(values) else values

    stores, storage = kept.get("storage", none), []
    for one in needs.storage:
        there = np.isin(one.rows, stores)
        place = np.searchsorted(stores, np.asarray(one.rows)[there])
        storage.append(StorageNeed(place, one.lo_wh[there], one.level))
    return Needs(
        wish_wh=own(needs.wish_wh, kept.get("one_way", none)),
        storage=tuple(one for one in storage if len(one.rows)),
        run_level=np.asarray(own(needs.run_level, kept.get("runs", none)), np.int64),
        row_level=np.asarray(own(needs.row_level, rows_inside(site.fleet, zones)), np.int64),
    )
