"""What must be missed is as little as can be, and then as even: the least peak, by stretches.

A step is a set of columns, each a miss in Wh. First their sum is made as small as it can be. Among
all ways to miss so little, the highest of them is made as low as it can be; those that cannot be
lower are settled, then the highest of the others, and so on. What that leads to is one profile and
no other, so a step is settled slot by slot before the next one is looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.community.successive import Successive
from gridpact.scheduling.programme import Programme

TOUCH, ROUGH = 1e-5, 1e-2
"""Wh given to what is settled, or the next solve is strangled by rounding; more where there are
whole numbers, which are found to a millionth of an appliance."""
LEAST = 1e-1
"""A peak of no more Wh needs no spreading."""
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


def settle(step: Step, programme: Successive) -> None:
    """Settle a step: what it misses is kept from growing in whatever is settled later."""
    if not step.columns.size:
        return
    values, _ = programme.least(step.columns, step.weight)
    total, room = max(float(values[step.columns] @ step.weight), 0.0), _room(programme)
    programme.row_upper[step.total] = total * (1 + 1e-9) + room
    if step.even.size and values[step.even].max() > LEAST:
        values = _spread(step, programme)
        programme.upper[step.even] = np.maximum(values[step.even], 0.0) + room


def _room(programme: Successive) -> float:
    return ROUGH if programme.whole.any() else TOUCH


def _spread(step: Step, programme: Successive) -> Floats:
    """Lower the peak, then that of what is left below it, with whole columns as first found."""
    free, room = np.ones(len(step.even), np.bool_), _room(programme)
    bounds = (programme.lower, programme.upper, programme.whole)
    before = [each.copy() for each in bounds]
    for _ in range(STRETCHES):
        programme.row_upper[step.rows] = np.where(free, 0.0, np.inf)
        values, duals = programme.least(step.peak, 1.0)
        peak = float(values[step.peak[0]])
        held = free & (np.abs(duals[step.rows]) > BINDING)  # none of them can be lower
        free &= ~held
        if peak <= LEAST or not held.any() or not free.any():
            break
        programme.upper[step.even[held]] = peak * step.length[held] + room
        fixed = np.flatnonzero(programme.whole)
        programme.lower[fixed] = programme.upper[fixed] = np.round(values[fixed])
        programme.whole[fixed] = False
    programme.row_upper[step.rows] = np.inf
    for each, value in zip(bounds, before, strict=True):
        each[:] = value
    return values
