"""Clocks of plants against the sun: the middle of the day, and where it jumped."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.metering.validation.cells import Marked, Row
from gridpact.metering.validation.rules import ClockDrift

_DAY = 86400
_QUARTER = 900


def drift(rule: ClockDrift, row: Row) -> Marked | None:
    """Mark the days on which a plant's clock was off what it showed first."""
    dark = darkest(rule, row)
    if dark is None:
        return None
    moments = row.slots.starts() - dark
    day = moments // _DAY - int(moments[0]) // _DAY
    shift = shifts(middles(row, day, moments % _DAY), rule)
    if not shift.any():
        return None
    largest = int(shift[np.argmax(np.abs(shift))])
    way = "later" if largest > 0 else "earlier"
    words = f"the day lies {abs(largest) // 60} min {way} than at first: was the clock shifted?"
    return Marked(np.asarray((shift[day] != 0) & row.known), words)


def darkest(rule: ClockDrift, row: Row) -> int | None:
    """Middle of the night [s of the UTC day] of a channel with energy by day only, else None."""
    per_day = _DAY // row.slots.step
    days = row.slots.count // max(per_day, 1)
    lit = int(np.count_nonzero(row.wh > 0))
    if per_day * row.slots.step != _DAY or days < 2 * rule.days:
        return None
    if not 0 < lit * 100 <= rule.day_percent * int(row.known.sum()):
        return None
    used = np.asarray(row.wh[: days * per_day].reshape(-1, per_day) > 0).sum(axis=0)
    night = np.flatnonzero(used * 50 <= days)  # a lamp in the dark now and then is no day
    if not len(night):
        return None
    angle = np.exp(2j * np.pi * night / per_day).mean()
    place = round(float(np.angle(angle)) / (2 * np.pi) * per_day) % per_day
    return (row.slots.start + place * row.slots.step) % _DAY


def middles(row: Row, day: Ints, second: Ints) -> Floats:
    """Middle of each day's energy [days, s from the middle of the night]; NaN for a dark day.

    Halfway between the first and the last slot with a twentieth of the day's largest: clouds move
    the centre of energy, but hardly dawn and dusk.
    """
    count = int(day[-1]) + 1
    peak = np.zeros(count, dtype=np.int64)
    np.maximum.at(peak, day, row.wh)
    lit = (row.wh * 20 >= peak[day]) & (row.wh > 0)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, day[lit], second[lit])
    np.maximum.at(last, day[lit], second[lit] + row.slots.step)
    bright = peak * 4 >= np.median(peak[peak > 0])
    middle = np.full(count, np.nan)
    middle[bright] = (first[bright] + last[bright]) / 2
    return middle


def shifts(middle: Floats, rule: ClockDrift) -> Ints:
    """Shift [days, s] of each day against the first ones, in whole quarters of an hour.

    A jump is where the medians of the days before and after differ by at least ``least_s``; it is
    laid on the day that parts them best.
    """
    before = _medians(middle, rule.days)
    after = np.concatenate((before[rule.days :], np.full(rule.days, np.nan)))
    apart = np.nan_to_num(after - before)
    shift = np.zeros(len(middle), dtype=np.int64)
    while (candidate := int(np.argmax(np.abs(apart)))) and abs(apart[candidate]) >= rule.least_s:
        low, high = max(candidate - rule.days, 0), candidate + rule.days
        jump = round(float(apart[candidate]) / _QUARTER) * _QUARTER
        at = _parting(middle, (low, min(high, len(middle))), before[candidate], after[candidate])
        shift[at:] += jump
        apart[low:high] = 0
    return shift


def _medians(values: Floats, days: int) -> Floats:
    """Median of the ``days`` values before each place [n]; NaN where half of them are."""
    padded = np.concatenate((np.full(days, np.nan), values))
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, days)[:-1], axis=1)
    there = (~np.isnan(windows)).sum(axis=1)
    rows = np.arange(len(values))
    low, high = windows[rows, np.maximum(there - 1, 0) // 2], windows[rows, there // 2 % days]
    found = np.where(there % 2 == 1, low, (low + high) / 2)
    return np.where(2 * there >= days, found, np.nan)


def _parting(values: Floats, span: tuple[int, int], before: float, after: float) -> int:
    """Day within ``span`` that best parts values near ``before`` from those near ``after``."""
    low, high = span
    window = values[low:high]
    to_before = np.nan_to_num(np.abs(window - before))
    to_after = np.nan_to_num(np.abs(window - after))
    left, right = np.cumsum(to_before), np.cumsum(to_after)
    cost = np.concatenate(([0.0], left)) + to_after.sum() - np.concatenate(([0.0], right))
    return low + int(np.argmin(cost))
