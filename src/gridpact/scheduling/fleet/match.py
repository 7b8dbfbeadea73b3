"""Which groups of a fleet were groups of an earlier one, and which of those are as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.groups import Block, Groups
from gridpact.scheduling.fleet.oracles import Oracle

NONE = -1
"""Nothing in the earlier fleet."""


class Match(msgspec.Struct, frozen=True):
    """Places in an earlier fleet, or :data:`NONE`.

    Of ``cell`` [cells], ``signature`` [signatures] and ``group`` [groups]. A group is found again
    by its zone, oracle, sets, tariff, and its number among others like it.
    ``same`` [groups]: every number of every asset is as it was.
    """

    cell: Ints
    signature: Ints
    group: Ints
    same: Bools

    @property
    def all_cells(self) -> bool:
        """Whether the cells are those of the earlier fleet, in the same order."""
        return bool(np.array_equal(self.cell, np.arange(len(self.cell))))


def match(groups: Groups, old: Groups) -> Match:
    """Find the groups of one fleet among those of another."""
    cell = _places(groups.zone, old.zone)
    signature = _same_members(groups.member, old.member)
    found, same = np.full(len(groups.cell), NONE), np.zeros(len(groups.cell), np.bool_)
    for block in groups.blocks:
        for before in old.blocks:
            if _alike(block, before):
                own = _keys(groups, block, cell, signature)
                was = _keys(old, before, np.arange(len(old.zone)), np.arange(len(old.member)))
                at = _places_of_rows(own, was)
                found[block.place] = np.where(at < 0, NONE, before.place[at])
                same[block.place] = _unchanged(block, before, at)
    return Match(cell, signature, found, same)


def _alike(block: Block, other: Block) -> bool:
    """Whether two blocks hold assets of one oracle, in plans of the same kind."""
    same_oracle = type(block.oracle) is type(other.oracle)
    return same_oracle and (block.table, block.divisible) == (other.table, other.divisible)


def _places(values: Ints, among: Ints) -> Ints:
    """Place of each value in sorted others, or NONE."""
    if not len(among):
        return np.full(len(values), NONE)
    at = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.where(among[at] == values, at, NONE)


def _places_of_rows(rows: Ints, among: Ints) -> Ints:
    """Place of each row [rows, n] among unequal others, or NONE; never of one with a NONE."""
    known = {tuple(row): at for at, row in enumerate(among.tolist())}
    found = [NONE if NONE in row else known.get(tuple(row), NONE) for row in rows.tolist()]
    return np.array(found, np.int64)


def _same_members(member: Bools, old: Bools) -> Ints:
    """Signature of the same sets in the earlier fleet, or NONE."""
    if member.shape[1] != old.shape[1]:
        return np.full(len(member), NONE)
    return _places_of_rows(member.astype(np.int64), old.astype(np.int64))


def _keys(groups: Groups, block: Block, cell: Ints, signature: Ints) -> Ints:
    """What tells groups of a block from each other [own groups, 4], as the earlier fleet has it."""
    own_cell, own = groups.cell[block.place], groups.signature[block.place]
    keys = np.stack([cell[own_cell], signature[own], groups.tariff[block.place]], axis=1)
    place = np.arange(len(keys))
    new = np.any(np.diff(keys, axis=0, prepend=NONE - 1) != 0, axis=1)
    number = place - np.maximum.accumulate(np.where(new, place, 0))
    return np.concatenate([keys, number[:, None]], axis=1)


def _unchanged(block: Block, old: Block, at: Ints) -> Bools:
    """Mark groups of a block whose assets are those of groups ``at`` of another, or NONE."""
    first, before = block.layout.first, old.layout.first
    size = np.diff(first)
    same = (at >= 0) & (size == np.diff(before)[at])
    own = np.flatnonzero(np.repeat(same, size))
    shift = np.repeat((before[:-1][at] - first[:-1])[same], size[same])
    changed = np.zeros(int(first[-1]), np.bool_)
    counts = int(first[-1]), int(before[-1])
    for now, was in zip(_arrays(block.oracle), _arrays(old.oracle), strict=True):
        if now.shape[1:] != was.shape[1:] or (len(now), len(was)) != counts:
            if not np.array_equal(now, was):
                return np.zeros(len(at), np.bool_)
        else:
            differs = now[own] != was[own + shift]
            changed[own] |= differs.any(axis=tuple(range(1, differs.ndim)))
    return np.asarray(same & ~np.logical_or.reduceat(changed, first[:-1]))


def _arrays(value: Oracle | tuple[object, ...]) -> Iterator[NDArray[np.generic]]:
    """All arrays an oracle consists of, but for where its groups begin."""
    if isinstance(value, tuple):
        parts = list(value)
    else:
        names = cast("msgspec.Struct", value).__struct_fields__
        parts = [getattr(value, name) for name in names if name != "first"]
    for part in parts:
        if isinstance(part, np.ndarray):
            yield part
        elif isinstance(part, tuple):
            yield from _arrays(part)


def shifted(values: Floats, passed: int, into: Floats) -> Floats:
    """Values by slot [..., old slots] after some slots have passed; ``into`` gives the rest."""
    later, kept = into.copy(), min(into.shape[-1], values.shape[-1] - passed)
    if kept > 0:
        later[..., :kept] = values[..., passed : passed + kept]
    return later
