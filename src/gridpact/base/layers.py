"""Several items in one cell of a table: alike ones are added up, the others laid in layers.

A table [owners, slots] holds one value per cell. Where an owner has items at several prices in one
slot, it gets several rows: the first row holds the first item of every cell, the second row the
second, and so on. What is worked out row by row then adds up by :func:`total_by_owner`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints, checked_sum

_SIDES = 2


class Layers(NamedTuple):
    """Rows, grouped by ``owner`` [rows] in ascending order.

    ``quantity`` [2, rows, slots] holds both sides beside each other, 0 where there is none, and
    each of ``values`` [2, rows, slots] what goes with a quantity, 0 where there is none.
    """

    owner: Ints
    quantity: Ints
    values: tuple[Ints, ...]


class Items(NamedTuple):
    """What is laid: whose, on which side (0 or 1), in which slot, how much, and what goes with it.

    All columns are int64 [items]; ``values`` tells items of one cell apart.
    """

    owner: Ints
    side: Ints
    slot: Ints
    quantity: Ints
    values: tuple[Ints, ...]


def lay(items: Items, slots: int) -> Layers:
    """Add up items that differ in quantity alone, and lay the rest in as few rows as they need.

    The items of a cell are laid by their values in ascending order, so that the order in which
    items come makes no difference. Quantities that add up beyond 64 bits are a caller's error.
    O(n log n) in the items, plus the table itself.
    """
    keys, quantity = _merged((items.owner, items.side, items.slot, *items.values), items.quantity)
    owner, side, slot, *values = keys
    row, owners = _rows(owner, (owner, side, slot))
    shape = (_SIDES, owners.size, slots)
    tables = [np.zeros(shape, np.int64) for _ in range(1 + len(values))]
    for table, column in zip(tables, (quantity, *values), strict=True):
        table[side, row, slot] = column
    return Layers(owners, tables[0], tuple(tables[1:]))


def total_by_owner(values: Ints, owner: Ints, owners: int) -> Ints:
    """Add up values [rows] of each owner, shape [owners]; 0 for one without rows.

    ``owner`` [rows] ascends. Raises :class:`~gridpact.base.errors.NumberOverflow` where the values
    could leave 64 bits.
    """
    checked_sum(np.abs(values))
    total = np.zeros(owners, np.int64)
    np.add.at(total, owner, values)
    return total


def _merged(keys: tuple[Ints, ...], quantity: Ints) -> tuple[list[Ints], Ints]:
    """Add up the quantities of equal keys; the first key sorts first."""
    order = np.lexsort(keys[::-1])
    keys, quantity = tuple(key[order] for key in keys), quantity[order]
    first = np.flatnonzero(_changes(keys))
    return [key[first] for key in keys], np.add.reduceat(
        quantity, first
    ) if first.size else quantity


def _rows(owner: Ints, cell: tuple[Ints, ...]) -> tuple[Ints, Ints]:
    """Row of each item, and the owner of each row; items come sorted by cell."""
    place = np.arange(owner.size)
    layer = place - np.maximum.accumulate(np.where(_changes(cell), place, 0))
    owners, at = np.unique(owner, return_inverse=True)
    depth = np.zeros(owners.size, np.int64)
    np.maximum.at(depth, at, layer + 1)
    first = np.cumsum(depth) - depth
    return first[at] + layer, np.repeat(owners, depth)


def _changes(keys: tuple[Ints, ...]) -> Bools:
    """Where any of sorted keys differs from the row before; true in the first row."""
    changed = np.zeros(keys[0].size, np.bool_)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return changed
