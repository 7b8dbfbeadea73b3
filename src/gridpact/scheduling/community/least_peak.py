"""What must be missed is as little as can be, and then as even: the least peak, by stretches.

A step is a set of columns, each a miss in Wh. First their sum is made as small as it can be. Among
all ways to miss so little, the highest of them is made as low as it can be; those that cannot be
lower are settled, then the highest of the others, and so on. What that leads to is one profile and
no other, so a step is settled slot by slot before the next one is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import Optimum, Search, minimise

TOUCH = 1e-5
"""Wh given to what is settled, or the next solve is strangled by rounding."""
LEAST = 1e-3
"""A peak below so many Wh needs no spreading."""
BINDING = 1e-7
"""A row with a price above this holds its peak up."""
STRETCHES = 48
"""Most stretches that a step is spread in; what is left after them stays as it was found."""


class Step(NamedTuple):
    """Columns of misses, all in Wh; ``even`` are those to be spread, over ``length`` slots each.

    ``total`` is the row that sums them with ``weight``; ``peak`` is a column above all ``even``
    ones per slot, which ``rows`` say once they are closed.
    """

    columns: Ints
    weight: Floats
    even: Ints
    length: Floats
    total: Ints
    peak: Ints
    rows: Ints


def add_step(programme: Programme, even: Ints, length: Floats, whole: Ints, weight: Floats) -> Step:
    """Add a step of columns that may be spread and of ``whole`` ones of so much ``weight`` [Wh]."""
    columns = np.concatenate([even, whole])
    weights = np.concatenate([np.ones(len(even)), weight])
    total = programme.rows(-np.inf, np.full(1, np.inf))
    programme.entries(np.full(len(columns), total[0]), columns, weights)
    peak = programme.columns(np.zeros(1), np.inf)
    rows = programme.rows(-np.inf, np.full(len(even), np.inf))
    programme.entries(rows, even, 1 / length)
    programme.entries(rows, np.full(len(even), peak[0]), -1.0)
    return Step(columns, weights, even, length, total, peak, rows)


class StoppedError(Exception):
    """A search for whole numbers was cancelled before it found anything."""


class Settling:
    """A programme of which one step after the other is settled."""

    def __init__(self, programme: Programme, nodes: int, cancelled: Callable[[], bool]) -> None:
        arrays = programme.arrays()
        self._arrays = msgspec.structs.replace(
            arrays,
            lower=arrays.lower.copy(),
            upper=arrays.upper.copy(),
            row_upper=arrays.row_upper.copy(),
            whole=arrays.whole.copy(),
        )
        self._search = Search(nodes=nodes, cancelled=cancelled)

    def settle(self, step: Step) -> Floats:
        """Settle a step; return values of all columns in which it is.

        Raises :class:`StoppedError` where nothing was found in time.
        """
        if not step.columns.size:
            return self.least(step.columns, 1.0).values
        values = self.least(step.columns, step.weight).values
        total = max(float(values[step.columns] @ step.weight), 0.0)
        self._arrays.row_upper[step.total] = total * (1 + 1e-9) + TOUCH
        if step.even.size and values[step.even].max() > LEAST:
            values = self._spread(step)
            self._arrays.upper[step.even] = np.maximum(values[step.even], 0.0) + TOUCH
        return values

    def least(self, columns: Ints, cost: Floats | float) -> Optimum:
        """Find values where these columns cost least in all, and all others nothing."""
        paid = np.zeros(len(self._arrays.cost))
        paid[columns] = cost
        found = minimise(msgspec.structs.replace(self._arrays, cost=paid), self._search)
        if found is None and self._search.over:
            raise StoppedError
        if found is None:
            raise RuntimeError("what may all be missed cannot be planned")
        return found

    def _spread(self, step: Step) -> Floats:
        """Lower the peak, then that of what is left below it, with whole columns as first found."""
        arrays, free = self._arrays, np.ones(len(step.even), np.bool_)
        before = arrays.lower.copy(), arrays.upper.copy(), arrays.whole.copy()
        for _ in range(STRETCHES):
            arrays.row_upper[step.rows] = np.where(free, 0.0, np.inf)
            found = self.least(step.peak, 1.0)
            values, peak = found.values, float(found.values[step.peak[0]])
            held = self._hold(step, free, found)
            free &= ~held
            if peak <= LEAST or not held.any() or not free.any():
                break
            arrays.upper[step.even[held]] = peak * step.length[held] + TOUCH
            fixed = np.flatnonzero(arrays.whole)
            arrays.lower[fixed] = arrays.upper[fixed] = np.round(values[fixed])
            arrays.whole[fixed] = False
        arrays.row_upper[step.rows] = np.inf
        arrays.lower[:], arrays.upper[:], arrays.whole[:] = before
        return values

    @staticmethod
    def _hold(step: Step, free: Bools, found: Optimum) -> Bools:
        """Mark those that hold the peak up: none of them can be lower."""
        return np.asarray(free & (np.abs(found.row_dual[step.rows]) > BINDING))
