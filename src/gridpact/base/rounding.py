"""Named rounding rules and fair shares.

Money is rounded once, at a statement line, by one of :data:`RULES`. Energy is divided by largest
remainder, so that parts always add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Bools, Ints, checked_sum, magnitude

# Up to here ``rint(amount / divisor)`` is the exact half-even quotient: a tie k + ½ is a float and
# division to the nearest float finds it; any other quotient is at least 1 / (2·divisor) away from
# a tie, which is more than the division can be wrong by, |quotient| · 2⁻⁵³ (IEEE 754).
_RINT_EXACT = 2**51
_MANY, _EACH = 2_000, 32
"""Rows from which a place of the order is found by a sample, which is one of every so many."""


def half_even(amount: Ints, unit: int) -> Ints:
    """Divide by ``unit`` and round to the nearest whole, ties to the even one (IEEE 754)."""
    return half_even_by(amount, np.int64(unit))


def half_away(amount: Ints, unit: int) -> Ints:
    """Divide by ``unit`` and round to the nearest whole, ties away from zero (commercial)."""
    quotient, rest = np.divmod(amount, np.int64(unit))
    gap = unit - rest
    up = (rest > gap) | ((rest == gap) & (quotient >= 0))  # the quotient is floored
    return np.asarray(quotient + up, dtype=np.int64)


RULES: dict[str, Callable[[Ints, int], Ints]] = {"half-even": half_even, "half-away": half_away}


def muldiv(value: Ints, numerator: Ints, denominator: Ints, *, peak: int | None = None) -> Ints:
    """``value × numerator ÷ denominator`` rounded half to even, exact in between.

    Shapes broadcast; all int64. ``denominator`` must be positive. Cells whose product would not
    fit 64 bits go through Python's big integers. A caller that knows a bound on the magnitude of
    ``value × numerator`` gives it as ``peak`` and saves looking for one.
    """
    if np.any(np.less_equal(denominator, 0)):
        raise ValueError("muldiv needs a positive denominator")
    if peak is None or peak > INT64_MAX:
        peak = magnitude(value) * magnitude(numerator)
    if peak <= INT64_MAX:
        return _divided(np.multiply(value, numerator), denominator, peak)
    return _wide_muldiv(*np.broadcast_arrays(value, numerator, denominator))


def _wide_muldiv(value: Ints, numerator: Ints, denominator: Ints) -> Ints:
    """Divide where products may not fit 64 bits; all of one shape."""
    # both factors lose at most 2⁻⁵³ of themselves as floats: what seems below 2⁶² is below 2⁶³
    wide = np.abs(value.astype(np.float64) * numerator) >= 2.0**62
    exact = [
        round_half_even(int(v) * int(n), int(d))
        for v, n, d in zip(value[wide], numerator[wide], denominator[wide], strict=True)
    ]
    if any(abs(result) > INT64_MAX for result in exact):
        raise NumberOverflow("a muldiv result does not fit 64 bits")
    product = np.where(wide, 0, value) * np.where(wide, 0, numerator)
    found = _divided(product, denominator, INT64_MAX)
    found[wide] = exact
    return found


def half_even_by(amount: Ints, divisor: Ints | np.int64) -> Ints:
    """Divide element-wise by positive divisors, rounding half to even."""
    return _divided(amount, divisor, INT64_MAX)


def _divided(amount: Ints, divisor: Ints | np.int64, peak: int) -> Ints:
    """Divide amounts of at most ``peak`` by positive divisors, rounding half to even."""
    if peak > _RINT_EXACT:  # a bound may be loose; a look is cheaper than dividing integers
        peak = magnitude(amount)
    if peak <= _RINT_EXACT:
        return np.asarray(np.rint(np.true_divide(amount, divisor)).astype(np.int64))
    quotient, rest = np.divmod(amount, divisor)
    gap = divisor - rest  # compares without doubling, which could wrap
    up = (rest > gap) | ((rest == gap) & (quotient % 2 != 0))
    return np.asarray(quotient + up, dtype=np.int64)


def round_half_even(amount: int, divisor: int) -> int:
    """Exact Python-integer form of the half-even rule; the oracle of the array forms."""
    quotient, rest = divmod(amount, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 != 0))


def largest_remainder(total: Ints, weights: Ints) -> Ints:
    """Divide each column's ``total`` among rows in proportion to ``weights`` (Hamilton's method).

    Parameters
    ----------
    total : int64 [columns]
        Non-negative whole amounts, such as Wh per slot.
    weights : int64 [rows, columns]
        Non-negative; a column whose weights are all zero receives nothing.

    Returns
    -------
    int64 [rows, columns]
        Sums to ``total`` per column. Ties between equal remainders go to the lower row, so rows
        must be in order of identifier. With weights summing to at least ``total``, no share
        exceeds its weight.

    Raises
    ------
    NumberOverflow
        Where a sum of weights, or the largest total times the largest weight, exceeds 64 bits.
    """
    if min(total.min(initial=0), weights.min(initial=0)) < 0:
        raise ValueError("largest_remainder needs non-negative totals and weights")
    whole = checked_sum(weights, axis=0)
    divisor = np.maximum(whole, 1)
    peak = int(total.max(initial=0)) * int(weights.max(initial=0))
    if peak > INT64_MAX:
        raise NumberOverflow("total × weight does not fit 64 bits")
    product = total[None, :] * weights
    base = np.asarray(product // divisor, dtype=np.int64)  # zero where all weights are
    left = np.where(whole > 0, total - base.sum(axis=0), 0)
    short = np.flatnonzero(left)
    if short.size:
        rest = product[:, short] - base[:, short] * divisor[short]
        base[:, short] += _favoured(rest, left[short])
    return base


def _favoured(rest: Ints, count: Ints) -> Bools:
    """Mark the ``count`` largest of each column, ties to the lower row; 0 < count < rows."""
    edge = _at_place(rest, len(rest) - count)  # the smallest that is still favoured by its size
    above, tied = rest > edge, rest == edge
    room = count - above.sum(axis=0)
    return np.asarray(above | (tied & (np.cumsum(tied, axis=0) <= room)), dtype=np.bool_)


def _at_place(values: Ints, place: Ints) -> Ints:
    """Return the value at a place of each column's order, from 0 for the smallest."""
    if len(values) < _MANY:  # sorting all at once costs less than a call for each column
        return np.take_along_axis(np.sort(values, axis=0), place[None, :], axis=0)
    columns = zip(np.ascontiguousarray(values.T), place.tolist(), strict=True)
    return np.array([_at_place_of_many(column, at) for column, at in columns], dtype=np.int64)


def _at_place_of_many(values: Ints, place: int) -> int:
    """Return the value at a place of the order, sorting only values near it, in linear time.

    A sample tells two values with that place almost surely between them, at six standard
    deviations. Numpy's own selection takes ten times as long where most values are equal.
    """
    sample = np.sort(values[::_EACH])
    middle, apart = place * len(sample) // len(values), 3 * math.isqrt(len(sample)) + 1
    low = sample[middle - apart] if middle >= apart else values.min()
    high = sample[middle + apart] if middle + apart < len(sample) else values.max()
    near = np.sort(values[(values >= low) & (values <= high)])
    at = place - int(np.count_nonzero(values < low))
    return int(near[at] if 0 <= at < len(near) else np.sort(values)[place])
