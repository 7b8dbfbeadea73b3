"""Where the columns of a group come from: constants, literals, and the rows of a world.

A world is a mapping of names to arrays, as elsewhere; its series are [slots] each, because rows
are contracts here. A :class:`MatrixWorld` holds many series as one matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, magnitude
from gridpact.contracts import cells
from gridpact.contracts.cells import Cells
from gridpact.contracts.evaluate import Known, World, known_cells, literal
from gridpact.contracts.portfolio.outline import Literal

Where: TypeAlias = "slice | Ints"
Whole: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class MatrixWorld(Mapping[str, "Ints | Known"]):
    """A world whose series are the rows of one matrix.

    ``rows`` maps a name to its row of ``matrix`` [rows, slots], whole numbers of any type that
    fits int64 (int32 halves the memory); several names may share a row. ``present`` is bool
    [rows, slots], None where everything is. What ``rows`` does not name is looked up in
    ``others``. Raises TypeError for another type or shape, ValueError for rows that do not exist.
    """

    rows: Mapping[str, int]
    matrix: Whole
    present: Bools | None = None
    others: World = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or not np.can_cast(self.matrix.dtype, np.int64):
            raise TypeError(
                f"a matrix must be whole numbers within int64 [rows, slots], "
                f"got {self.matrix.dtype} {list(self.matrix.shape)}"
            )
        if self.present is not None and (
            self.present.dtype != np.bool_ or self.present.shape != self.matrix.shape
        ):
            raise TypeError(f"present must be bool {list(self.matrix.shape)}")
        used = self.rows.values()
        if used and not 0 <= min(used) <= max(used) < len(self.matrix):
            raise ValueError(f"rows must be within 0 and {len(self.matrix) - 1}")

    @classmethod
    def of(cls, names: Sequence[str], matrix: Whole, present: Bools | None = None) -> MatrixWorld:
        """Return a world of which row i is named ``names[i]``; names must be distinct."""
        rows = {name: row for row, name in enumerate(names)}
        if not len(rows) == len(names) == len(matrix):
            raise ValueError(f"{len(matrix)} rows need as many distinct names, got {len(rows)}")
        return cls(rows, matrix, present)

    def __getitem__(self, name: str) -> Ints | Known:
        row = self.rows.get(name)
        if row is None:
            return self.others[name]
        values = self.matrix[row].astype(np.int64, copy=False)
        return values if self.present is None else Known(values, self.present[row])

    def __contains__(self, name: object) -> bool:
        return name in self.rows or name in self.others

    def __iter__(self) -> Iterator[str]:
        yield from self.rows
        yield from (name for name in self.others if name not in self.rows)

    def __len__(self) -> int:
        return len(self.rows.keys() | self.others.keys())


class Source(Protocol):
    """A column of a group that can be read for some of its contracts."""

    def take(self, where: Where) -> Cells:
        """Return the cells of the contracts at some positions: [positions, slots] or [.., 1]."""


class Constants:
    """One number a contract."""

    def __init__(self, values: Sequence[int]) -> None:
        self._values = np.array(values, dtype=np.int64)[:, np.newaxis]
        self._peak = magnitude(self._values)

    def take(self, where: Where) -> Cells:
        """See :class:`Source`; shape [positions, 1]."""
        return cells.point(self._values[where], None, self._peak)


class Literals:
    """One literal a contract; those that are one object are put on the slots once."""

    def __init__(self, nodes: Sequence[Literal], slots: Slots) -> None:
        self._nodes = nodes
        self._slots = slots
        counts: dict[int, int] = {}
        for node in nodes:
            counts[id(node)] = counts.get(id(node), 0) + 1
        self._often = {key for key, count in counts.items() if count > 1}
        self._known: dict[int, Ints] = {}

    def take(self, where: Where) -> Cells:
        """See :class:`Source`; raises NotOnSlots where one does not fit the slots."""
        values = np.stack([self._one(self._nodes[at]) for at in _positions(where)])
        return cells.point(values, None, magnitude(values))

    def _one(self, node: Literal) -> Ints:
        if id(node) not in self._often:
            return literal(node, self._slots)
        if id(node) not in self._known:
            self._known[id(node)] = literal(node, self._slots)
        return self._known[id(node)]


class Rows:
    """One row of a matrix a contract; rows at equal distances are read where they lie."""

    def __init__(self, index: Ints, world: MatrixWorld) -> None:
        self._index = index
        self._world = world
        self._jumps = _jumps(index)

    def take(self, where: Where) -> Cells:
        """See :class:`Source`."""
        rows = self._index[where]
        at: Where = rows
        if isinstance(where, slice):
            # a chunk of one stride: no place within it where the distance changes
            first, last = np.searchsorted(self._jumps, (where.start + 1, where.stop - 1))
            step = int(rows[1] - rows[0]) if len(rows) > 1 else 1
            if first == last and step > 0:
                at = slice(int(rows[0]), int(rows[-1]) + 1, step)
        matrix, present = self._world.matrix, self._world.present
        values = matrix[at].astype(np.int64, copy=False)
        return known_cells("of a matrix", values, None if present is None else present[at])


class Stacked:
    """One entry of a mapping a contract."""

    def __init__(self, names: Sequence[str], world: World, slots: Slots) -> None:
        self._names = names
        self._world = world
        self._slots = slots

    def take(self, where: Where) -> Cells:
        """See :class:`Source`; raises TypeError for an array that is not int64 [slots]."""
        names = [self._names[at] for at in _positions(where)]
        entries = [self._world[name] for name in names]
        arrays = [entry.values if isinstance(entry, Known) else entry for entry in entries]
        for name, array in zip(names, arrays, strict=True):
            _check(name, array, self._slots)
        present = None
        if any(isinstance(entry, Known) for entry in entries):
            whole = np.ones(self._slots.count, dtype=np.bool_)
            masks = [entry.present if isinstance(entry, Known) else whole for entry in entries]
            present = np.stack([np.broadcast_to(mask, whole.shape) for mask in masks])
        return known_cells(names[0], np.stack(arrays), present)


def bound(names: Sequence[str], world: World, slots: Slots) -> Source:
    """Return the source of a column of names that the world holds."""
    if isinstance(world, MatrixWorld) and world.matrix.shape[1] == slots.count:
        index = np.array([world.rows.get(name, -1) for name in names], dtype=np.int64)
        if (index >= 0).all():
            return Rows(index, world)
    return Stacked(names, world, slots)


def check_shared(name: str, world: World, slots: Slots) -> None:
    """Raise TypeError unless a series of the world is int64 [slots]."""
    entry = world[name]
    _check(name, entry.values if isinstance(entry, Known) else entry, slots)


def _check(name: str, values: Ints, slots: Slots) -> None:
    if values.dtype != np.int64 or values.shape != (slots.count,):
        raise TypeError(
            f"series {name!r} must be int64 [{slots.count}] in a portfolio's world, "
            f"got {values.dtype} {list(values.shape)}"
        )


def _positions(where: Where) -> Sequence[int]:
    if isinstance(where, slice):
        return range(where.start, where.stop)
    positions: list[int] = where.tolist()
    return positions


def _jumps(index: Ints) -> Ints:
    """Return the positions after which rows are at another distance than before."""
    return np.flatnonzero(np.diff(index, 2)) + 1
