"""Amounts finer than whole units: what rounding leaves over goes to the next interval.

Each interval gets the rounded sum up to its end less the rounded sum up to its beginning, so the
sum over any stretch of a day is the exact one to a unit, and that over the whole day is rounded
once. Rounded each alone, what is small at short steps would be lost: 100 W over 15 s are 0.42 Wh.
Days of UTC begin anew, so a corrected file changes nothing beyond the days it corrects, and files
that overlap agree on whole days wherever they begin.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.units import Bools, Floats, Ints

_DAY = 86400
_BLOCK = 1 << 16
_SAMPLE = 1000
_NOTHING = 1e-7
"""So far from a whole unit a product is whole: floats of up to 10⁸ units are no further off."""
_MOST_DECIMALS = 12
_KEPT_DECIMALS = 9
_SAFE, _FITS = 2.0**53, 2.0**62


class Place(NamedTuple):
    """Whose interval a value is of, and when it begins [s since the epoch]; shaped alike."""

    channel: Ints
    start_s: Ints


def carried(values: Floats, factor: Fraction, place: Place, single: bool = False) -> Ints:
    """Multiply by ``factor`` and round, carrying what is left over within a channel's day.

    Parameters
    ----------
    values : float64 [rows]
        Finite, 0 where there is none, in any order. They stand for the shortest decimal text that
        reads back as them; of more than 12 decimals, the first nine count.
    factor : Fraction
        Units per unit of the value.
    place : Place
        Shaped as the values, or as a table of them that has so many cells.
    single
        The values were stored with 32 bits, so the shortest text is that of a 32-bit float.
    """
    values = _as_written(values) if single else values
    if (whole := _whole(values, float(factor))) is not None:
        return whole
    units, decimals = _decimal(values, factor)
    order, begins = _days(place)
    exact = factor / 10**decimals
    result = np.empty(len(values), dtype=np.int64)
    result[order] = _carried(units[order], exact, begins)
    return result


def carried_fractions(amounts: list[Fraction], place: Place) -> Ints:
    """Round exact amounts [rows] as :func:`carried` does."""
    order, begins = _days(place)
    rounded = np.empty(len(amounts), dtype=np.int64)
    total, before = Fraction(0), 0
    for row, begin in zip(order.tolist(), begins.tolist(), strict=True):
        if begin:
            total, before = Fraction(0), 0
        total += amounts[row]
        now = round(total)
        rounded[row] = now - before
        before = now
    return rounded


def _whole(values: Floats, factor: float) -> Ints | None:
    """Products where all are whole units already; None otherwise."""
    result = np.empty(len(values), dtype=np.int64)
    for begin in range(0, len(values), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        scaled = values[part] * factor
        rounded = np.rint(scaled)
        result[part] = rounded
        np.abs(np.subtract(scaled, rounded, out=scaled), out=scaled)
        if scaled.max() > _NOTHING:
            return None
    return result


def _decimal(values: Floats, factor: Fraction) -> tuple[Ints, int]:
    """Values as whole numbers of their last decimal, and how many decimals that is."""
    largest = float(np.abs(values).max())
    kept = 0
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        # what a day adds up to still has to fit 64 bits
        if largest * scale * (factor / 10**decimals).numerator * len(values) >= _FITS:
            break
        likely = largest * scale < _SAFE and _reads_back(values[:_SAMPLE], scale)
        if likely and _reads_back(values, scale):
            return np.rint(values * scale).astype(np.int64), decimals
        kept = min(decimals, _KEPT_DECIMALS)
    return np.rint(values * 10.0**kept).astype(np.int64), kept


def _reads_back(values: Floats, scale: float) -> bool:
    """Tell whether values are decimals of that many digits, and not merely near them."""
    return bool(np.array_equal(np.rint(values * scale) / scale, values))


def _as_written(values: Floats) -> Floats:
    """Return what numbers stored with 32 bits were written as: with the fewest decimals."""
    found, left, stored = values.copy(), np.arange(len(values)), values.astype(np.float32)
    for decimals in range(_MOST_DECIMALS + 1):
        near = np.rint(values[left] * 10.0**decimals) / 10.0**decimals
        same = near.astype(np.float32) == stored[left]
        found[left[same]] = near[same]
        left = left[~same]
        if not len(left):
            break
    return found


def _days(place: Place) -> tuple[Ints, Bools]:
    """Order of rows by channel and time, and which begin a channel's day [rows, in order]."""
    channel, start = place.channel.ravel(), place.start_s.ravel()
    step = np.diff(channel)
    ordered = (step > 0) | ((step == 0) & (np.diff(start) >= 0))
    order = np.arange(len(start)) if ordered.all() else np.lexsort((start, channel))
    channel, day = channel[order], start[order] // _DAY
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (np.diff(channel) != 0) | (np.diff(day) != 0)
    return np.asarray(order, dtype=np.int64), begins


def _carried(units: Ints, factor: Fraction, begins: Bools) -> Ints:
    """Whole amounts of each row from multiples of a fraction, day by day."""
    total = np.cumsum(units)
    first = np.flatnonzero(begins)
    lengths = np.diff(first, append=len(units))
    total -= np.repeat(total[first] - units[first], lengths)
    rounded = half_even_by(total * factor.numerator, np.int64(factor.denominator))
    before = np.zeros(len(units), dtype=np.int64)
    before[1:] = rounded[:-1]
    before[first] = 0
    return np.asarray(rounded - before, dtype=np.int64)
