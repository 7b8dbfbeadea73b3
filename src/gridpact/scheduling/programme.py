"""A linear or mixed-integer programme under construction, in blocks of columns and rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gridpact.base.solver import LinearProgramme
from gridpact.base.units import Bools, Floats, Ints


class Programme:
    """Collects blocks; a block's shape is that of its arguments broadcast together.

    ``constant`` is what is paid whatever the columns are. Entries and costs given twice add up.
    """

    def __init__(self) -> None:
        self.constant = 0.0
        self._columns: list[tuple[Floats, Floats, Floats, Bools]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._charges: list[tuple[Ints, Floats]] = []
        self._column_count = self._row_count = 0
        self.columns(np.zeros(0), 0.0)  # a first block of each, so that there is one to join
        self.entries(self.rows(np.zeros(0), 0.0), np.zeros(0, np.int64))

    def columns(
        self, lower: ArrayLike, upper: ArrayLike, cost: ArrayLike = 0.0, *, whole: bool = False
    ) -> Ints:
        """Add columns and return their numbers, in the block's shape."""
        low, high, price = np.broadcast_arrays(
            *(np.asarray(part, np.float64) for part in (lower, upper, cost))
        )
        lower, upper, cost = (part.flatten() for part in (low, high, price))
        self._columns.append((lower, upper, cost, np.full(low.size, whole)))
        first, self._column_count = self._column_count, self._column_count + low.size
        return np.arange(first, self._column_count, dtype=np.int64).reshape(low.shape)

    def rows(self, lower: ArrayLike, upper: ArrayLike) -> Ints:
        """Add rows and return their numbers, in the block's shape."""
        low, high = np.broadcast_arrays(np.asarray(lower, float), np.asarray(upper, float))
        self._rows.append((low.flatten(), high.flatten()))
        first, self._row_count = self._row_count, self._row_count + low.size
        return np.arange(first, self._row_count, dtype=np.int64).reshape(low.shape)

    def entries(self, row: Ints, column: Ints, value: ArrayLike = 1.0) -> None:
        """Add matrix entries."""
        parts = np.broadcast_arrays(row, column, np.asarray(value, np.float64))
        self._entries.append((parts[0].ravel(), parts[1].ravel(), parts[2].ravel()))

    def charge(self, column: Ints, cost: ArrayLike) -> None:
        """Add to the cost of columns."""
        parts = np.broadcast_arrays(column, np.asarray(cost, np.float64))
        self._charges.append((parts[0].ravel(), parts[1].ravel()))

    def bounds(self) -> tuple[Floats, Floats]:
        """Bounds of all columns so far."""
        lower, upper, *_ = (np.concatenate(part) for part in zip(*self._columns, strict=True))
        return lower, upper

    def arrays(self) -> LinearProgramme:
        """Put everything together."""
        lower, upper, cost, whole = (
            np.concatenate(part) for part in zip(*self._columns, strict=True)
        )
        for column, more in self._charges:
            np.add.at(cost, column, more)
        row_lower, row_upper = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        column, index, value = self._matrix()
        start = np.zeros(len(cost) + 1, np.int32)
        np.cumsum(np.bincount(column, minlength=len(cost)), out=start[1:])
        return LinearProgramme(
            cost=cost,
            lower=lower,
            upper=upper,
            whole=whole,
            row_lower=row_lower,
            row_upper=row_upper,
            start=start,
            index=index.astype(np.int32),
            value=value,
        )

    def _matrix(self) -> tuple[Ints, Ints, Floats]:
        """Column, row and value of every entry, by column; equal places added up, without zeros."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.lexsort((row, column))
        row, column, value = row[order], column[order], value[order]
        new = (np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0)
        first = np.flatnonzero(new)
        total = np.add.reduceat(value, first) if first.size else value
        kept = first[total != 0]
        return column[kept], row[kept], np.asarray(total[total != 0], np.float64)
