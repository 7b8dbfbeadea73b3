"""Values of an observable in every slot, with what is absent, and the operations on them.

A value is a closed interval ``[low, high]``; where both are the same array it is a point. Points
carry settlement, intervals bound what an open choice may still bring. Interval reading loses
correlation (``d·a + (1−d)·b`` reads as if both could happen), so bounds are outer bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import NamedTuple

import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import INT64_MAX, Bools, Ints, checked_add, checked_multiply, checked_sum

Binary = Callable[[Ints, Ints], Ints]


class Cells(NamedTuple):
    """int64 ``low`` and ``high`` and where they are ``present`` (None: everywhere).

    Shapes broadcast to ``[..., slots]``; 0-d is the same in every slot. Absent cells hold
    harmless numbers, never a meaning.
    """

    low: Ints
    high: Ints
    present: Bools | None = None

    @property
    def is_point(self) -> bool:
        """Whether the value is known rather than bounded."""
        return self.low is self.high


def point(values: Ints, present: Bools | None = None) -> Cells:
    """Return a known value."""
    return Cells(values, values, present)


def add(args: Sequence[Cells]) -> Cells:
    """Sum, checked."""
    return _monotone(checked_add, args)


def subtract(args: Sequence[Cells]) -> Cells:
    """First minus second, checked."""
    left, right = args
    low = np.negative(right.high)
    flipped = Cells(low, low if right.is_point else np.negative(right.low), right.present)
    return _monotone(checked_add, (left, flipped))


def largest(args: Sequence[Cells]) -> Cells:
    """Maximum."""
    return _monotone(np.maximum, args)


def smallest(args: Sequence[Cells]) -> Cells:
    """Minimum."""
    return _monotone(np.minimum, args)


def at_least(args: Sequence[Cells]) -> Cells:
    """1 where the first is at least the second, else 0."""
    left, right = args
    low = np.asarray(left.low >= right.high, dtype=np.int64)
    both = left.is_point and right.is_point
    high = low if both else np.asarray(left.high >= right.low, dtype=np.int64)
    return Cells(low, high, all_present(args))


def multiply(args: Sequence[Cells], masks: Sequence[bool]) -> Cells:
    """Product, checked. A factor that is a mask and known to be 0 makes the product known."""
    low, high, _ = reduce(lambda a, b: _corners(checked_multiply, (a, b)), args)
    present = all_present(args)
    if present is not None:
        for arg, is_mask in zip(args, masks, strict=True):
            if is_mask:
                off = arg.high == 0
                present = present | (off if arg.present is None else off & arg.present)
    return Cells(low, high, present)


def scaled(args: Sequence[Cells]) -> Cells:
    """``value × numerator ÷ divisor`` rounded half to even; divisors must be positive."""
    value, numerator, divisor = args
    return _corners(muldiv, (value, numerator, divisor))


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
    if instead.present is None:
        return Cells(low, high)
    return Cells(low, high, value.present | instead.present)


def by_segment(fold: Callable[[Cells], Cells], arg: Cells, segments: Sequence[slice]) -> Cells:
    """Fold each segment of the slot axis on its own; ``arg`` has its slot axis."""
    if len(segments) == 1:
        return fold(arg)
    parts = [fold(_cut(arg, segment)) for segment in segments]
    low = np.concatenate([part.low for part in parts], axis=-1)
    high = low if arg.is_point else np.concatenate([part.high for part in parts], axis=-1)
    if arg.present is None:
        return Cells(low, high)
    absent = [np.ones_like(part.low, dtype=np.bool_) for part in parts]
    masks = [
        mask if p.present is None else p.present for p, mask in zip(parts, absent, strict=True)
    ]
    return Cells(low, high, np.concatenate(masks, axis=-1))


def _cut(arg: Cells, segment: slice) -> Cells:
    low = arg.low[..., segment]
    high = low if arg.is_point else arg.high[..., segment]
    return Cells(low, high, None if arg.present is None else arg.present[..., segment])


def total(arg: Cells) -> Cells:
    """Sum over the slots in the last slot, 0 before. Absent there if anything is."""
    if arg.present is None:
        return _each(_last_total, arg, None)
    present = np.ones_like(arg.present)
    present[..., -1:] = arg.present.all(axis=-1, keepdims=True)
    return _each(_last_total, arg, present)


def running(arg: Cells) -> Cells:
    """Sum up to and with each slot. Absent from the first absence on."""
    present = arg.present
    if present is not None:
        present = np.logical_and.accumulate(present, axis=-1)
    return _each(_prefix_sums, arg, present)


def whole(arg: Cells) -> Cells:
    """Sum over the slots in every slot. Absent everywhere if anything is."""
    present = arg.present
    if present is not None:
        present = np.broadcast_to(present.all(axis=-1, keepdims=True), present.shape)
    return _each(_spread_total, arg, present)


def highest(arg: Cells) -> Cells:
    """Maximum up to and with each slot. Absent from the first absence on."""
    present = arg.present
    if present is not None:
        present = np.logical_and.accumulate(present, axis=-1)
    return _each(_prefix_peaks, arg, present)


def latch(arg: Cells) -> Cells:
    """1 from the first 1 on. Unknown between an absence and the next known 1."""
    if arg.present is None:
        return _each(_prefix_peaks, arg, None)
    low = np.where(arg.present, arg.low, 0)
    known = Cells(low, low if arg.is_point else arg.high)
    present = np.logical_and.accumulate(arg.present, axis=-1) | (_prefix_peaks(low) == 1)
    return _each(_prefix_peaks, known, present)


def _monotone(function: Binary, args: Sequence[Cells]) -> Cells:
    low = reduce(function, [arg.low for arg in args])
    points = all(arg.is_point for arg in args)
    high = low if points else reduce(function, [arg.high for arg in args])
    return Cells(low, high, all_present(args))


def _corners(function: Callable[..., Ints], args: Sequence[Cells]) -> Cells:
    """Apply a function that is monotone in each argument: its extremes lie in the corners."""
    ends = [(arg.low,) if arg.is_point else (arg.low, arg.high) for arg in args]
    values = [function(*corner) for corner in product(*ends)]
    present = all_present(args)
    if len(values) == 1:
        return point(values[0], present)
    return Cells(reduce(np.minimum, values), reduce(np.maximum, values), present)


def _each(function: Callable[[Ints], Ints], arg: Cells, present: Bools | None) -> Cells:
    low = function(arg.low)
    return Cells(low, low if arg.is_point else function(arg.high), present)


def all_present(args: Sequence[Cells]) -> Bools | None:
    """Return where every argument is present, None for everywhere."""
    masks = [arg.present for arg in args if arg.present is not None]
    return reduce(np.logical_and, masks) if masks else None


def _last_total(values: Ints) -> Ints:
    result = np.zeros_like(values)
    if values.shape[-1]:
        result[..., -1] = checked_sum(values, axis=-1)
    return result


def _spread_total(values: Ints) -> Ints:
    return np.broadcast_to(checked_sum(values, axis=-1)[..., np.newaxis], values.shape)


def _prefix_sums(values: Ints) -> Ints:
    peak = int(np.abs(values).max(initial=0)) * values.shape[-1]
    if peak <= INT64_MAX:
        return np.asarray(np.cumsum(values, axis=-1), dtype=np.int64)
    columns = [values[..., :1]]
    for slot in range(1, values.shape[-1]):  # rare: only where a plain sum might wrap
        columns.append(checked_add(columns[-1], values[..., slot : slot + 1]))
    return np.concatenate(columns, axis=-1)


def _prefix_peaks(values: Ints) -> Ints:
    return np.asarray(np.maximum.accumulate(values, axis=-1), dtype=np.int64)
