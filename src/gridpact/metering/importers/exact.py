"""Decimal values times a rational factor, rounded half to even as if done on paper."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.units import Bools, Floats, Ints

# A float and its decimal text differ by half a unit in the last place, a product by another half.
_DOUBLE, _SINGLE = 2.0**-50, 2.0**-22
_SAFE = 2.0**53
LARGEST = 2.0**50
_BLOCK = 1 << 16
"""Values taken at once: what lies between stays in the cache."""


def whole(values: Floats, factor: Fraction, single: bool = False) -> Ints:
    """Multiply by ``factor`` and round half to even.

    Floats stand for the shortest decimal text that reads back as them: 0.0125 is 12.5 thousandths
    and not a hair more. Values next to a tie are decided in exact arithmetic, integers throughout.

    Parameters
    ----------
    values : float64 [any]
        Finite; the caller has refused results beyond 2⁵⁰.
    factor : Fraction
        Result units per unit of the value.
    single
        The values were stored with 32 bits, so the shortest text is that of a 32-bit float.
    """
    if values.ndim == 1 and len(values) > _BLOCK:
        result = np.empty(len(values), dtype=np.int64)
        for begin in range(0, len(values), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            result[part] = whole(values[part], factor, single)
        return result
    scaled = values * float(factor)
    rounded = np.rint(scaled)
    result = rounded.astype(np.int64)
    error = _SINGLE if single else _DOUBLE
    np.abs(np.subtract(scaled, rounded, out=rounded), out=rounded)
    if rounded.max(initial=0.0) < 0.5 - error * _largest(scaled):
        return result  # none is anywhere near a tie
    integral = (np.rint(values) == values) & (np.abs(values) * factor.numerator < _SAFE)
    if integral.any():
        units = values[integral].astype(np.int64) * factor.numerator
        result[integral] = half_even_by(units, np.int64(factor.denominator) + np.zeros_like(units))
    tie = _near_tie(scaled, error) & ~integral
    for index in np.argwhere(tie):
        place = tuple(index)
        text = str(np.float32(values[place]) if single else float(values[place]))
        result[place] = round(Fraction(text) * factor)
    return result


def _near_tie(scaled: Floats, error: float) -> Bools:
    """Tell which results lie so near a half that an error of that relative size could cross it."""
    distance = np.abs(scaled - np.floor(scaled) - 0.5)
    return np.asarray(distance <= error * np.abs(scaled), dtype=np.bool_)


def _largest(values: Floats) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def fits(values: Floats, factor: Fraction) -> Bools:
    """Tell which products stay below 2⁵⁰, so that thousands of them still add up in 64 bits."""
    most = LARGEST / float(factor) if factor else np.inf
    return np.asarray((values < most) & (values > -most), dtype=np.bool_)


def fits_all(values: Floats, factor: Fraction) -> bool:
    """Tell whether all products stay below 2⁵⁰, none of them being NaN or infinite."""
    return _largest(values) < (LARGEST / float(factor) if factor else np.inf)
