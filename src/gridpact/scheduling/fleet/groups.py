"""How a fleet is cut up for the engine: cells, groups of like assets, and their oracles.

A cell is a zone's own assets and those of homes below it that need no cell of their own
(:mod:`.meters`). A group is a part of the assets of one oracle in one cell that are in
the same portfolio sets and buy at the same prices. Groups are listed cell by cell; the order
depends on the assets' numbers alone, so that permuting a fleet changes nothing.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.homes import HOMES, HomeOracle, Homes, homes_of
from gridpact.scheduling.fleet.kinds import Kind, kinds_of
from gridpact.scheduling.fleet.likeness import likeness
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.oracles import Layout, Oracle
from gridpact.scheduling.fleet.signatures import signatures_of


class Block(msgspec.Struct, frozen=True):
    """One oracle and its groups: ``table`` it serves, ``layout`` of rows, ``place`` of each group.

    ``place`` [own groups] is the position among all groups. ``divisible``: mixes of an asset's
    plans are plans, or become one when storage is separated (:mod:`.separation`).
    """

    table: str
    layout: Layout
    oracle: Oracle
    place: Ints
    divisible: bool


class Groups(msgspec.Struct, frozen=True):
    """All groups [groups], sorted by cell, then signature. ``zone`` [cells]: a cell's zone row.

    ``cell``, ``signature``, ``tariff`` [groups]; groups of cell ``c`` are
    ``first[c] : first[c + 1]``; ``member`` [signatures, sets] says which portfolio sets a signature
    is in. Tariffs are numbered as the caller did. ``homes`` are those that answer as one.
    """

    zone: Ints
    cell: Ints
    signature: Ints
    tariff: Ints
    first: Ints
    member: Bools
    blocks: tuple[Block, ...]
    homes: Homes


class Cut(msgspec.Struct, frozen=True):
    """How to cut a fleet: by meters and zones' tariffs, and like assets into ``parts`` groups.

    ``tariff`` [zones] numbers prices; ``gap`` is the relative one that answers leave room for.
    """

    meters: Meters
    tariff: Ints
    parts: int
    gap: float


class _Keyed(msgspec.Struct, frozen=True):
    """Rows of one oracle, laid out, with the cell, signature and tariff of each group."""

    table: str
    layout: Layout
    oracle: Oracle
    zone: Ints
    signature: Ints
    tariff: Ints
    divisible: bool


def make_groups(fleet: Fleet, cut: Cut) -> Groups:
    """Cut a fleet into groups, each cell's assets of one oracle, set and tariff into parts."""
    member, signatures = signatures_of(fleet)
    keyed = [
        _lay_out(fleet, kind, signatures[kind.table], cut)
        for kind in kinds_of(fleet, cut.meters)
        if len(kind.rows)
    ]
    homes = homes_of(fleet, cut.meters, signatures, cut.gap)
    keyed += _homes(homes, cut)
    none = np.zeros(0, np.int64)
    zone = np.unique(np.concatenate([none, *(one.zone for one in keyed)]))
    cell = np.searchsorted(zone, np.concatenate([none, *(one.zone for one in keyed)]))
    signature = np.concatenate([none, *(one.signature for one in keyed)])
    tariff = np.concatenate([none, *(one.tariff for one in keyed)])
    order = np.lexsort([tariff, signature, cell])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    ends = np.cumsum([0, *(len(one.zone) for one in keyed)])
    blocks = tuple(
        Block(one.table, one.layout, one.oracle, place[ends[at] : ends[at + 1]], one.divisible)
        for at, one in enumerate(keyed)
    )
    first = np.searchsorted(cell[order], np.arange(len(zone) + 1))
    columns = (cell[order], signature[order], tariff[order], first)
    return Groups(zone, *columns, member, blocks, homes)


def _lay_out(fleet: Fleet, kind: Kind, signature: Ints, cut: Cut) -> _Keyed:
    """Sort the rows of one oracle by zone, signature, tariff and likeness; cut them into groups."""
    rows, name = kind.rows, kind.table
    table = getattr(fleet, name)
    tariff, zone = cut.tariff[table.zone], cut.meters.place[table.zone]
    own = [key[rows] for key in kind.keys]
    keys = [*own, *likeness(table, rows)[::-1], tariff[rows], signature[rows], zone[rows]]
    rows = rows[np.lexsort(keys)]
    zone, signature, tariff = zone[rows], signature[rows], tariff[rows]
    new = np.any(np.diff([zone, signature, tariff], axis=1, prepend=-1) != 0, axis=0)
    begin = np.append(np.flatnonzero(new), len(rows))
    first = _cut(begin, cut.parts)
    layout = Layout(rows, first)
    oracle = kind.build(table, layout, fleet.slots, fleet.hours)
    divisible = oracle.divisible or kind.separable
    at = first[:-1]
    return _Keyed(name, layout, oracle, zone[at], signature[at], tariff[at], divisible)


def _homes(homes: Homes, cut: Cut) -> list[_Keyed]:
    """Homes that answer as one, each a group, in the order of their zones."""
    keyed = []
    for whole in (False, True):
        rows = np.flatnonzero(homes.whole == whole)
        if rows.size:
            layout = Layout(rows, np.arange(len(rows) + 1))
            zone, tariff = cut.meters.place[homes.zone[rows]], cut.tariff[homes.zone[rows]]
            oracle = HomeOracle.build(homes, layout)
            signature = homes.signature[rows]
            keyed.append(_Keyed(HOMES, layout, oracle, zone, signature, tariff, not whole))
    return keyed


def _cut(begin: Ints, parts: int) -> Ints:
    """Cut each stretch between two of ``begin`` into parts of even size, no smaller than one."""
    count = np.diff(begin)
    pieces = np.minimum(count, parts)
    stretch = np.repeat(np.arange(len(count)), pieces)
    number = np.arange(len(stretch)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.append(begin[stretch] + count[stretch] * number // pieces[stretch], begin[-1])
