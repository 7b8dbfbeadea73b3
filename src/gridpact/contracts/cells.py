"""Values of an observable in every slot, with what is absent, and the operations on them.

A value is a closed interval ``[low, high]``; where both are the same array it is a point. Points
carry settlement, intervals bound what an open choice may still bring. Interval reading loses
correlation (``d·a + (1−d)·b`` reads as if both could happen), so bounds are outer bounds.

Every value carries an upper bound of its magnitude. Most results provably fit 64 bits by it and
are computed without looking for overflow; only where it does not suffice are cells inspected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import (
    INT64_MAX,
    Bools,
    Ints,
    checked_add,
    checked_multiply,
    checked_sum,
    magnitude,
)

Binary = Callable[[Ints, Ints], Ints]


class Cells(NamedTuple):
    """int64 ``low`` and ``high`` and where they are ``present`` (None: everywhere).

    Shapes broadcast to ``[..., slots]``; 0-d is the same in every slot. Absent cells hold
    harmless numbers, never a meaning. No magnitude is above ``peak`` (None: not known).
    """

    low: Ints
    high: Ints
    present: Bools | None = None
    peak: int | None = None

    @property
    def is_point(self) -> bool:
        """Whether the value is known rather than bounded."""
        return self.low is self.high

    def bound(self) -> int:
        """Return an upper bound of the magnitude of every cell."""
        if self.peak is not None:
            return self.peak
        low = magnitude(self.low)
        return low if self.is_point else max(low, magnitude(self.high))


def point(values: Ints, present: Bools | None = None, peak: int | None = None) -> Cells:
    """Return a known value."""
    return Cells(values, values, present, peak)


def add(args: Sequence[Cells]) -> Cells:
    """Sum, checked."""
    peak = sum(arg.bound() for arg in args)
    if peak <= INT64_MAX:
        return _monotone(np.add, args, peak)
    return _monotone(checked_add, args)


def subtract(args: Sequence[Cells]) -> Cells:
    """First minus second, checked."""
    left, right = args
    peak = left.bound() + right.bound()
    if peak > INT64_MAX:
        low = np.negative(right.high)
        flipped = Cells(low, low if right.is_point else np.negative(right.low), right.present)
        return _monotone(checked_add, (left, flipped))
    low = np.asarray(left.low - right.high)
    both = left.is_point and right.is_point
    high = low if both else np.asarray(left.high - right.low)
    return Cells(low, high, all_present(args), peak)


def largest(args: Sequence[Cells]) -> Cells:
    """Maximum."""
    return _monotone(np.maximum, args, max(arg.bound() for arg in args))


def smallest(args: Sequence[Cells]) -> Cells:
    """Minimum."""
    return _monotone(np.minimum, args, max(arg.bound() for arg in args))


def at_least(args: Sequence[Cells]) -> Cells:
    """1 where the first is at least the second, else 0."""
    left, right = args
    low = np.asarray(left.low >= right.high, dtype=np.int64)
    both = left.is_point and right.is_point
    high = low if both else np.asarray(left.high >= right.low, dtype=np.int64)
    return Cells(low, high, all_present(args), 1)


def multiply(args: Sequence[Cells], masks: Sequence[Cells]) -> Cells:
    """Product, checked. A mask among the factors that is known to be 0 makes the product known.

    ``masks`` are those among the factors and, where a factor is a product, among its factors.
    """
    peak = prod(max(arg.bound(), 1) for arg in args)
    function = np.multiply if peak <= INT64_MAX else checked_multiply
    low, high, _, _ = reduce(lambda a, b: _corners(function, (a, b)), args)
    present = all_present(args)
    if present is not None:
        for mask in masks:
            off = mask.high == 0
            present = present | (off if mask.present is None else off & mask.present)
    return Cells(low, high, present, peak if peak <= INT64_MAX else None)


def scaled(args: Sequence[Cells]) -> Cells:
    """``value × numerator ÷ divisor`` rounded half to even; divisors must be positive."""
    value, numerator, divisor = args
    peak = value.bound() * numerator.bound()
    least = int(divisor.low.min(initial=INT64_MAX))
    made = _corners(lambda *ends: muldiv(*ends, peak=peak), (value, numerator, divisor))
    return made._replace(peak=peak // least + 1 if peak <= INT64_MAX else None)


def filled(args: Sequence[Cells]) -> Cells:
    """The first where it is present, the second where it is not."""
    value, instead = args
    if value.present is None:
        return value
    low = np.where(value.present, value.low, instead.low)
    if value.is_point and instead.is_point:
        high = low
    else:
        high = np.where(value.present, value.high, instead.high)
    present = None if instead.present is None else value.present | instead.present
    return Cells(low, high, present, max(value.bound(), instead.bound()))


def by_segment(fold: Callable[[Cells], Cells], arg: Cells, segments: Sequence[slice]) -> Cells:
    """Fold each segment of the slot axis on its own; ``arg`` has its slot axis."""
    if len(segments) == 1:
        return fold(arg)
    parts = [fold(_cut(arg, segment)) for segment in segments]
    low = np.concatenate([part.low for part in parts], axis=-1)
    high = low if arg.is_point else np.concatenate([part.high for part in parts], axis=-1)
    peaks = [part.bound() for part in parts]
    if arg.present is None:
        return Cells(low, high, None, max(peaks))
    absent = [np.ones_like(part.low, dtype=np.bool_) for part in parts]
    masks = [
        mask if p.present is None else p.present for p, mask in zip(parts, absent, strict=True)
    ]
    return Cells(low, high, np.concatenate(masks, axis=-1), max(peaks))


def _cut(arg: Cells, segment: slice) -> Cells:
    low = arg.low[..., segment]
    high = low if arg.is_point else arg.high[..., segment]
    present = None if arg.present is None else arg.present[..., segment]
    return Cells(low, high, present, arg.peak)


def total(arg: Cells) -> Cells:
    """Sum over the slots in the last slot, 0 before. Absent there if anything is."""
    present = None
    if arg.present is not None:
        present = np.ones_like(arg.present)
        present[..., -1:] = arg.present.all(axis=-1, keepdims=True)
    return _summed(_last_total, arg, present)


def running(arg: Cells) -> Cells:
    """Sum up to and with each slot. Absent from the first absence on."""
    return _summed(_prefix_sums, arg, _unbroken(arg.present))


def whole(arg: Cells) -> Cells:
    """Sum over the slots in every slot. Absent everywhere if anything is."""
    present = arg.present
    if present is not None:
        present = np.broadcast_to(present.all(axis=-1, keepdims=True), present.shape)
    return _summed(_spread_total, arg, present)


def highest(arg: Cells) -> Cells:
    """Maximum up to and with each slot. Absent from the first absence on."""
    return _each(_prefix_peaks, arg, _unbroken(arg.present), arg.bound())


def latch(arg: Cells) -> Cells:
    """1 from the first 1 on. Unknown between an absence and the next known 1."""
    if arg.present is None:
        return _each(_prefix_peaks, arg, None, 1)
    low = np.where(arg.present, arg.low, 0)
    known = Cells(low, low if arg.is_point else arg.high)
    present = np.logical_and.accumulate(arg.present, axis=-1) | (_prefix_peaks(low) == 1)
    return _each(_prefix_peaks, known, present, None)


def sums(arg: Cells) -> Ints:
    """Return the sum over the slots of a point [...], checked."""
    if arg.bound() * max(arg.low.shape[-1], 1) <= INT64_MAX:
        return np.asarray(arg.low.sum(axis=-1))
    return checked_sum(arg.low, axis=-1)


def _monotone(function: Binary, args: Sequence[Cells], peak: int | None = None) -> Cells:
    low = np.asarray(reduce(function, [arg.low for arg in args]))
    points = all(arg.is_point for arg in args)
    high = low if points else np.asarray(reduce(function, [arg.high for arg in args]))
    return Cells(low, high, all_present(args), peak)


def _corners(function: Callable[..., Ints], args: Sequence[Cells]) -> Cells:
    """Apply a function that is monotone in each argument: its extremes lie in the corners."""
    ends = [(arg.low,) if arg.is_point else (arg.low, arg.high) for arg in args]
    values = [np.asarray(function(*corner)) for corner in product(*ends)]
    present = all_present(args)
    if len(values) == 1:
        return point(values[0], present)
    return Cells(reduce(np.minimum, values), reduce(np.maximum, values), present)


def _each(
    function: Callable[[Ints], Ints], arg: Cells, present: Bools | None, peak: int | None
) -> Cells:
    low = function(arg.low)
    return Cells(low, low if arg.is_point else function(arg.high), present, peak)


def _summed(function: Callable[[Ints, bool], Ints], arg: Cells, present: Bools | None) -> Cells:
    peak = arg.bound() * max(arg.low.shape[-1], 1)
    fits = peak <= INT64_MAX
    return _each(lambda values: function(values, fits), arg, present, peak if fits else None)


def _unbroken(present: Bools | None) -> Bools | None:
    return None if present is None else np.logical_and.accumulate(present, axis=-1)


def all_present(args: Sequence[Cells]) -> Bools | None:
    """Return where every argument is present, None for everywhere."""
    masks = [arg.present for arg in args if arg.present is not None]
    return reduce(np.logical_and, masks) if masks else None


def _total(values: Ints, fits: bool) -> Ints:
    return np.sum(values, axis=-1) if fits else checked_sum(values, axis=-1)


def _last_total(values: Ints, fits: bool) -> Ints:
    result = np.zeros_like(values)
    if values.shape[-1]:
        result[..., -1] = _total(values, fits)
    return result


def _spread_total(values: Ints, fits: bool) -> Ints:
    return np.broadcast_to(_total(values, fits)[..., np.newaxis], values.shape)


def _prefix_sums(values: Ints, fits: bool) -> Ints:
    if fits or magnitude(values) * values.shape[-1] <= INT64_MAX:
        return np.asarray(np.cumsum(values, axis=-1), dtype=np.int64)
    columns = [values[..., :1]]
    for slot in range(1, values.shape[-1]):  # rare: only where a plain sum might wrap
        columns.append(checked_add(columns[-1], values[..., slot : slot + 1]))
    return np.concatenate(columns, axis=-1)


def _prefix_peaks(values: Ints) -> Ints:
    return np.asarray(np.maximum.accumulate(values, axis=-1), dtype=np.int64)
