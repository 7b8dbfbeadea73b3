"""A linear or mixed-integer programme under construction, in blocks of columns and rows."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridpact.base.units import Bools, Floats, Ints


class Arrays(msgspec.Struct, frozen=True):
    """Minimise ``cost · x`` within column bounds, rows within theirs; the matrix by columns (CSC).

    ``whole`` marks columns that must be 0 or 1; ``group`` [columns] numbers those of which
    exactly one is 1, -1 for all others.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    whole: Bools
    group: Ints
    row_lower: Floats
    row_upper: Floats
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Floats


class Programme:
    """Collects blocks; a block's shape is that of its arguments broadcast together."""

    def __init__(self) -> None:
        self._columns: list[tuple[Floats, Floats, Floats, Bools, Ints]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._column_count = 0
        self._row_count = 0

    def columns(self, lower: ArrayLike, upper: ArrayLike, cost: ArrayLike) -> Ints:
        """Add columns and return their numbers, in the block's shape."""
        return self._add(lower, upper, cost, None)

    def binaries(self, group: Ints) -> Ints:
        """Add columns that are 0 or 1 and cost nothing; ``group`` as in :class:`Arrays`."""
        return self._add(0, 1, np.zeros(len(group)), group)

    def _add(self, lower: ArrayLike, upper: ArrayLike, cost: ArrayLike, group: Ints | None) -> Ints:
        low, high, price = np.broadcast_arrays(
            *(np.asarray(part, np.float64) for part in (lower, upper, cost))
        )
        whole = np.full(low.size, group is not None)
        groups = np.full(low.size, -1, np.int64) if group is None else group
        self._columns.append((low.ravel(), high.ravel(), price.ravel(), whole, groups))
        first, self._column_count = self._column_count, self._column_count + low.size
        return np.arange(first, self._column_count, dtype=np.int64).reshape(low.shape)

    def rows(self, lower: ArrayLike, upper: ArrayLike) -> Ints:
        """Add rows and return their numbers, in the block's shape."""
        low, high = np.broadcast_arrays(np.asarray(lower, float), np.asarray(upper, float))
        self._rows.append((low.ravel(), high.ravel()))
        first, self._row_count = self._row_count, self._row_count + low.size
        return np.arange(first, self._row_count, dtype=np.int64).reshape(low.shape)

    def entries(self, row: Ints, column: Ints, value: ArrayLike) -> None:
        """Set matrix entries; each (row, column) pair may be set once."""
        parts = np.broadcast_arrays(row, column, np.asarray(value, np.float64))
        self._entries.append((parts[0].ravel(), parts[1].ravel(), parts[2].ravel()))

    def arrays(self) -> Arrays:
        """Put everything together."""
        lower, upper, cost, whole, group = (
            np.concatenate(part) for part in zip(*self._columns, strict=True)
        )
        row_lower, row_upper = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.argsort(column, kind="stable")
        start = np.zeros(len(cost) + 1, np.int32)
        np.cumsum(np.bincount(column, minlength=len(cost)), out=start[1:])
        return Arrays(
            cost=cost,
            lower=lower,
            upper=upper,
            whole=whole,
            group=group,
            row_lower=row_lower,
            row_upper=row_upper,
            start=start,
            index=row[order].astype(np.int32),
            value=value[order],
        )
