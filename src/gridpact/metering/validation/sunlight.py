"""Clocks of plants against the sun: the middle of the brightest day, and where it jumped."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.validation.cells import Marked, Row
from gridpact.metering.validation.rules import ClockDrift
from gridpact.metering.validation.runs import DAY

_HOUR = 3600
_OFTEN, _SELDOM = 98, 2
"""A plant has energy at noon on at least 98 % of days, and at night on at most 2 %.

What it has left over, as an injecting home counts it, is nothing on a dark day: such a channel
goes by the home's load as much as by the sun.
"""

_WHOLE, _LEFT, _DIM = 0.9, 0.5, 0.2
"""The share of its slots that a day must have; what may be left after moving; the peak of a dim
envelope in those of the brightest."""


def drift(rule: ClockDrift, row: Row) -> Marked | None:
    """Mark the days on which a plant's clock was off what it showed first."""
    dark = darkest(rule, row)
    if dark is None:
        return None
    per_day = DAY // row.slots.step
    lead = (row.slots.start - dark) // row.slots.step % per_day
    days = by_day(row.wh, lead, per_day)
    whole = by_day(row.known, lead, per_day).mean(axis=1) >= _WHOLE
    first = (row.slots.start - lead * row.slots.step) // DAY
    shift = shifts(days, np.asarray(whole), rule, (first, row.slots.step))
    if not shift.any():
        return None
    off = np.repeat(shift != 0, per_day)[lead : lead + row.slots.count]
    largest = int(shift[np.argmax(np.abs(shift))])
    way = "later" if largest > 0 else "earlier"
    words = f"the day lies {abs(largest) // 60} min {way} than at first: was the clock shifted?"
    return Marked(np.asarray(off), words)


def darkest(rule: ClockDrift, row: Row) -> int | None:
    """Middle of the night [s of the UTC day] of a channel that is a plant, else None."""
    per_day = DAY // row.slots.step
    days = row.slots.count // per_day
    used = np.asarray(row.wh[: days * per_day].reshape(-1, per_day) > 0).sum(axis=0) * 100
    known = row.known[: days * per_day].reshape(-1, per_day).sum(axis=0)
    night = np.flatnonzero(used <= _SELDOM * days)  # a lamp in the dark now and then is no day
    noon = np.any((used >= _OFTEN * known) & (known > 0))
    if not len(night) or not noon:
        return None
    angle = np.angle(np.exp(2j * np.pi * night / per_day).mean())
    place = round(float(angle) / (2 * np.pi) * per_day) % per_day
    return (row.slots.start + place * row.slots.step) % DAY


def by_day(cells: Ints | Bools, lead: int, per_day: int) -> Floats:
    """Cells [slots] as [days, slots a day], each day from one middle of the night to the next."""
    count = -(-(lead + len(cells)) // per_day)
    days = np.zeros(count * per_day)
    days[lead : lead + len(cells)] = np.maximum(cells, 0)
    return days.reshape(count, per_day)


def envelopes(days: Floats, whole: Bools, width: int) -> Floats:
    """Envelope [days + 1, slots a day] of the ``width`` days before each midnight, summing to 1.

    At each time of the day it is the second-largest value of those days: clear skies draw it and
    clouds do not move it. NaN where there are not so many days, more than a quarter of them lack
    values, or it is dim: snow lies on the panels, or the plant stands.
    """
    found = np.full((len(days) + 1, days.shape[1]), np.nan)
    if len(days) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(days, width, axis=0)
        highest = np.partition(windows, width - 2, axis=2)[:, :, width - 2]
        energy = highest.sum(axis=1)
        there = np.lib.stride_tricks.sliding_window_view(whole, width).sum(axis=1)
        peak = highest.max(axis=1)
        bright = np.flatnonzero((peak > _DIM * peak.max()) & (there * 4 >= 3 * width))
        found[width + bright] = highest[bright] / energy[bright, None]
    return found


def shifts(days: Floats, whole: Bools, rule: ClockDrift, grid: tuple[int, int]) -> Ints:
    """Shift [days, s] of each day against the first ones, in whole hours.

    A jump is where the middles of the envelopes before and after a midnight differ most, by at
    least ``least_s``, and where moving the one by that much halves what is between them: a shorter
    or a shaded day moves its middle too, but keeps its dawn or its dusk. Where a day's middle is
    back at the first ones', so is the clock, though the plant may have another shape by then.
    ``grid`` is the first day [days since the epoch] and the slots' length [s].
    """
    first_day, step = grid
    before = envelopes(days, whole, rule.days)
    after = np.full_like(before, np.nan)
    after[: -rule.days] = before[rule.days :]
    middle = (np.arange(days.shape[1]) + 0.5) * step
    apart = np.nan_to_num((after - before) @ middle)
    noon = before @ middle + sun_ahead(np.arange(len(before)) + (first_day - rule.days / 2))
    shift = np.zeros(len(days), dtype=np.int64)
    at_first = np.nan
    for day, jump in sorted(_jumps(apart, before, after, rule, step)):
        if jump and np.isnan(at_first):
            at_first = np.nanmedian(noon[: day + 1])
        there = noon[day + rule.days]
        back = abs(there - at_first) < rule.least_s  # never while nothing was shifted
        shift[day:] = 0 if back else shift[day] + jump
    return shift


def _jumps(
    apart: Floats, before: Floats, after: Floats, rule: ClockDrift, step: int
) -> Iterator[tuple[int, int]]:
    """Days on which the middle moves most, and by which whole hours the envelope moved [s]."""
    while abs(apart[day := _largest(np.abs(apart))]) >= rule.least_s:
        yield day, _moved(before[day], after[day], float(apart[day]) / _HOUR, step)
        apart[max(day - rule.days, 0) : day + rule.days + 1] = 0


def sun_ahead(day: NDArray[np.floating]) -> Floats:
    """How much earlier [s] than by a regular clock the sun is at noon: the equation of time.

    ``day`` counts from 1970-01-01. To a minute, by the usual series (D. Y. Goswami, F. Kreith and
    J. F. Kreider, Principles of Solar Engineering, 2000).
    """
    turn = 2 * np.pi * (day % 365.25 + 1 - 81) / 364
    minutes = 9.87 * np.sin(2 * turn) - 7.53 * np.cos(turn) - 1.5 * np.sin(turn)
    return np.asarray(60 * minutes, dtype=np.float64)


def _largest(values: Floats) -> int:
    """Middle of the places around the largest value that are as large as it, or nearly."""
    place = int(np.argmax(values))
    near = np.flatnonzero(values < 0.97 * values[place])
    after = int(np.searchsorted(near, place))
    begin = int(near[after - 1]) + 1 if after else 0
    end = int(near[after]) if after < len(near) else len(values)
    return (begin + end - 1) // 2


def _moved(before: Floats, after: Floats, hours: float, step: int) -> int:
    """How much later [s] an envelope is another one, in whole hours next to that of their middles.

    0 where neither leaves but half of what is between them.
    """
    ways = [each for each in {math.floor(hours), math.ceil(hours)} if each]
    left = {way: float(np.abs(after - np.roll(before, way * _HOUR // step)).sum()) for way in ways}
    best = min(ways, key=left.__getitem__)
    return best * _HOUR if left[best] <= _LEFT * float(np.abs(after - before).sum()) else 0
