"""What must be missed is as little as can be, and then as even: the least peak, then in bands.

A step is a set of columns, each a miss in Wh. First their sum is made as small as it can be. Among
all ways to miss so little, the highest of them is made as low as it can be, and then as much as can
be is moved from high ones to low ones, in a few rounds. In each, what is between two levels costs
the more the higher it is, in :data:`BANDS` equal bands; the next round divides the band in which
each was found. Where what is missed can be moved freely, as in the slots of one zone to which
storage without losses gives way, that leads to the one profile that has the least peak, then the
least peak of what is below it, and so on: every convex cost has it for its least. Elsewhere it is
the least sum of squares below the least peak. It takes as many solves whatever the number of slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.community.successive import StoppedError, Successive
from gridpact.scheduling.programme import Programme

TOUCH, ROUGH = 1e-5, 1e-2
"""Wh given to what is settled, or the next solve is strangled by rounding; more where there are
whole numbers, which are found to a millionth of an appliance."""
LEAST = 1e-1
"""A peak of no more Wh needs no spreading."""
BANDS, ROUNDS = 64, 4
"""Bands of equal width that a round spreads in, and most rounds."""
NARROW, PART = 0.5, 1e-3
"""Bands of so many Wh, or of this part of the peak, are not divided further."""
LARGE = 200_000
"""Columns of a programme beyond which only the peak is lowered, or a solve takes too long."""


class Step(NamedTuple):
    """Columns of misses, all in Wh; ``even`` are those to be spread, over ``length`` slots each.

    ``total`` is the row that sums them with ``weight``. Each of ``rows`` says that an ``even`` one
    is, per slot, no more than ``peak`` and its own ``bands`` [even, bands] together.
    """

    columns: Ints
    weight: Floats
    even: Ints
    length: Floats
    total: Ints
    peak: Ints
    bands: Ints
    rows: Ints


def add_step(programme: Programme, even: Ints, length: Floats, whole: Ints, weight: Floats) -> Step:
    """Add a step of columns that may be spread and of ``whole`` ones of so much ``weight`` [Wh]."""
    columns = np.concatenate([even, whole])
    weights = np.concatenate([np.ones(len(even)), weight])
    total = programme.rows(-np.inf, np.full(1, np.inf))
    programme.entries(np.full(len(columns), total[0]), columns, weights)
    peak = programme.columns(np.zeros(1), np.inf)
    bands = programme.columns(np.zeros((len(even), BANDS)), 0.0)
    rows = programme.rows(-np.inf, np.full(len(even), np.inf))
    programme.entries(rows, even, 1 / length)
    programme.entries(rows, np.full(len(even), peak[0]), -1.0)
    programme.entries(rows[:, None], bands, -1.0)
    return Step(columns, weights, even, length, total, peak, bands, rows)


def settle(step: Step, programme: Successive) -> None:
    """Settle a step: what it misses is kept from growing in whatever is settled later."""
    if not (programme.upper[step.columns] > 0).any():
        return
    values, _ = programme.least(step.columns, step.weight)
    total, room = max(float(values[step.columns] @ step.weight), 0.0), _room(programme)
    programme.row_upper[step.total] = total * (1 + 1e-9) + room
    if step.even.size and values[step.even].max() > LEAST:
        spread = _spread(step, programme)
        values = values if spread is None else spread
        programme.upper[step.even] = np.maximum(values[step.even], 0.0) + room


def _room(programme: Successive) -> float:
    return ROUGH if programme.rough else TOUCH


def _spread(step: Step, programme: Successive) -> Floats | None:
    """Lower the peak, then move what is left to lower levels, with whole columns as first found.

    None where it takes too long: then all stays as it was found, with the least sum.
    """
    bounds = (programme.lower, programme.upper, programme.whole)
    before = [each.copy() for each in bounds]
    programme.row_upper[step.rows] = 0.0
    values = None
    try:
        values, _ = programme.least(step.peak, 1.0)
        fixed = np.flatnonzero(programme.whole)
        programme.lower[fixed] = programme.upper[fixed] = np.round(values[fixed])
        programme.whole[fixed] = False
        if programme.size <= LARGE:
            for lower in _rounds(step, programme, float(values[step.peak[0]])):
                values = lower
    except StoppedError:
        pass
    programme.row_upper[step.rows] = np.inf
    for each, value in zip(bounds, before, strict=True):
        each[:] = value
    return values


def _rounds(step: Step, programme: Successive, peak: float) -> Iterator[Floats]:
    """Yield values after each round, with what is missed ever lower."""
    programme.upper[step.peak] = 0.0
    low, high = np.zeros(len(step.even)), np.full(len(step.even), peak + TOUCH)
    for _ in range(ROUNDS):
        if (high - low).max() <= max(NARROW, PART * peak):
            return
        width = (high - low) / BANDS
        programme.row_upper[step.rows] = low
        programme.upper[step.bands] = width[:, None]
        middle = low[:, None] + width[:, None] * (np.arange(BANDS) + 0.5)
        values, _ = programme.least(step.bands, middle * (step.length[:, None] / peak))
        yield values
        low, high = _found_between(values[step.even] / step.length, low, width)


def _found_between(level: Floats, low: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Ends of the bands in which levels were found; of both where one lies between two."""
    place = np.clip((level - low) / np.maximum(width, 1e-12), 0, BANDS)
    near = 1e-6 * BANDS
    first = np.clip(np.floor(place - near), 0, BANDS - 1)
    last = np.clip(np.ceil(place + near), 1, BANDS)
    return low + first * width, low + last * width
