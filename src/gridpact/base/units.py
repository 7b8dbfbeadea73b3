"""Whole-number units and checked arithmetic.

Energy is in Wh, power in W, prices in µ¤/kWh and money in nano-¤ (¤ is the run's currency).
``Wh × µ¤/kWh`` is exactly nano-¤: 10⁻³ kWh × 10⁻⁶ ¤/kWh = 10⁻⁹ ¤, so pricing never divides.
numpy wraps int64 silently; every product and sum of money goes through the functions here. They
refuse -2⁶³ as well, so that every result has a negative and an absolute value.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridpact.base.errors import NumberOverflow

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

NANO_PER_UNIT = 1_000_000_000
MICRO_PER_UNIT = 1_000_000
INT64_MAX = int(np.iinfo(np.int64).max)


def magnitude(values: Ints) -> int:
    """Largest absolute value [same unit], exact also for the most negative int64."""
    return max(int(values.max()), -int(values.min())) if values.size else 0


def _refuse(exact: object, what: str) -> None:
    """Raise where a result in Python's integers is beyond ±(2⁶³ - 1)."""
    # dtype=object keeps -2⁶³ a Python integer: as an int64 its absolute value would wrap
    if any(abs(value) > INT64_MAX for value in np.asarray(exact, dtype=object).flat):
        raise NumberOverflow(f"a {what} does not fit 64 bits")


def checked_add(left: Ints, right: Ints) -> Ints:
    """Add element-wise; raise :class:`NumberOverflow` where int64 could wrap."""
    if magnitude(left) + magnitude(right) > INT64_MAX:
        _refuse(left.astype(object) + right.astype(object), "sum")
    return np.asarray(left + right, dtype=np.int64)


def checked_multiply(left: Ints, right: Ints) -> Ints:
    """Multiply element-wise; raise :class:`NumberOverflow` where int64 would wrap."""
    if magnitude(left) * magnitude(right) > INT64_MAX:
        _refuse(left.astype(object) * right.astype(object), "product")
    return np.asarray(left * right, dtype=np.int64)


def checked_sum(values: Ints, axis: int | None = None) -> Ints:
    """Sum along an axis (or all); raise :class:`NumberOverflow` where int64 could wrap."""
    terms = values.size if axis is None else values.shape[axis]
    if magnitude(values) * max(terms, 1) > INT64_MAX:
        _refuse(np.sum(values.astype(object), axis=axis), "sum")
    return np.asarray(np.sum(values, axis=axis), dtype=np.int64)


def micro_per_kwh(price_per_mwh: Fraction | float | int) -> int:
    """Convert a market price [¤/MWh] to [µ¤/kWh], rounding half to even: 1 ¤/MWh = 1000 µ¤/kWh."""
    return round(Fraction(price_per_mwh) * 1000)


def wh(kwh: Fraction | float | int) -> int:
    """Convert energy [kWh] to whole [Wh], rounding half to even."""
    return round(Fraction(kwh) * 1000)
