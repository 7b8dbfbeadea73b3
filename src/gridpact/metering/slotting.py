"""Readings on slots: from a file's own intervals, to another length, several windows as one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints
from gridpact.metering.importers import resample
from gridpact.metering.readings import Channel, Intervals, Marks, Quality, Rules

DIVIDED = "divided.v1"
_MISSING, _MEASURED = np.int8(Quality.MISSING), np.int8(Quality.MEASURED)
# Of the parts of a longer slot, the one known least well says how well the whole is known.
_BEST_TO_WORST = (Quality.EDITED, Quality.ESTIMATED, Quality.SUSPECT)


class Laid(msgspec.Struct, frozen=True):
    """Energy of ``channels`` in intervals of ``step`` seconds from ``start`` [s since the epoch].

    Unlike slots they may begin off whole steps, as the hours of a half-hour zone do. Columns as in
    :class:`~gridpact.metering.readings.Intervals`.
    """

    channels: tuple[Channel, ...]
    start: int
    step: int
    wh: Ints
    quality: Marks
    rule: Rules
    rules: tuple[str, ...] = ("",)


def as_measured(
    channels: tuple[Channel, ...], start: int, step: int, wh: Ints, known: Bools
) -> Laid:
    """Values [channels, n] as measured where they are known, missing elsewhere."""
    quality = known.astype(np.int8)
    rule = np.zeros(wh.shape, dtype=np.int16)
    whole = wh if known.all() else np.where(known, wh, 0)
    return Laid(channels, start, step, whole, quality, rule)


def on_slots(laid: Laid, step_s: int) -> Intervals:
    """Bring intervals to slots of ``step_s`` seconds, exactly.

    Energy is summed into longer slots, which lack a value where a part does, and divided into
    shorter ones by largest remainder; measured energy that was divided is ESTIMATED by
    ``divided.v1``. Sums over whole slots stay the same to the Wh.
    """
    size = resample.part(laid.step, step_s, laid.start)
    fine = laid if size == laid.step else _divided(laid, size)
    into = resample.groups(laid.start, size, fine.wh.shape[1], step_s)
    if into.size > 1:
        return _gathered(fine, into)
    slots = Slots(into.first, step_s, into.number)
    return Intervals(fine.channels, slots, fine.wh, fine.quality, fine.rule, fine.rules)


def resampled(intervals: Intervals, step_s: int) -> Intervals:
    """Bring readings to slots of another length as :func:`on_slots` does; marks go with them."""
    slots = intervals.slots
    if slots.step == step_s or slots.count == 0:
        return intervals
    columns = (intervals.wh, intervals.quality, intervals.rule, intervals.rules)
    return on_slots(Laid(intervals.channels, slots.start, slots.step, *columns), step_s)


def _divided(laid: Laid, size: int) -> Laid:
    """Cut intervals into shares of ``size`` seconds; a negative amount keeps its sign."""
    parts = laid.step // size
    wh = resample.divide(np.abs(laid.wh), parts) * np.repeat(np.sign(laid.wh), parts, axis=1)
    quality, rule = np.repeat(laid.quality, parts, axis=1), np.repeat(laid.rule, parts, axis=1)
    there = quality == _MEASURED
    rule = np.where(there, np.int16(len(laid.rules)), rule)
    quality = np.where(there, np.int8(Quality.ESTIMATED), quality)
    rules = (*laid.rules, DIVIDED)
    return Laid(laid.channels, laid.start, size, wh.astype(np.int64), quality, rule, rules)


def _gathered(fine: Laid, into: resample.Groups) -> Intervals:
    wh, whole = resample.gather(fine.wh, np.asarray(fine.quality != _MISSING), into)
    quality = np.where(whole, _MEASURED, _MISSING)
    rule = np.zeros(quality.shape, dtype=np.int16)
    for mark in _BEST_TO_WORST:
        quality[_any(fine.quality == np.int8(mark), into) & whole] = int(mark)
    for number in range(1, len(fine.rules)):
        rule[_any(fine.rule == number, into) & whole] = number
    slots = Slots(into.first, into.size * fine.step, into.number)
    return Intervals(fine.channels, slots, wh, quality, rule, fine.rules)


def _any(marked: Bools, into: resample.Groups) -> Bools:
    """Tell which groups have a marked part."""
    return resample.gather(marked.astype(np.int64), np.ones(marked.shape, np.bool_), into)[0] > 0


def merged(parts: Sequence[Intervals]) -> Intervals:
    """Put readings of one step into one table; parts of the same channel must not share values.

    The window covers all of them; what no part has is missing. Raises ValueError where steps
    differ or two parts have a value of the same channel and slot.
    """
    if len(parts) == 1 and list(parts[0].channels) == sorted(set(parts[0].channels)):
        return parts[0]
    step = parts[0].slots.step
    start = min(part.slots.start for part in parts)
    end = max(part.slots.end for part in parts)
    slots = Slots(start, step, (end - start) // step)
    channels = tuple(sorted({channel for part in parts for channel in part.channels}))
    rules = tuple(dict.fromkeys(("", *(rule for part in parts for rule in part.rules))))
    shape = (len(channels), slots.count)
    whole = Intervals(
        channels,
        slots,
        np.zeros(shape, np.int64),
        np.zeros(shape, np.int8),
        np.zeros(shape, np.int16),
        rules,
    )
    for part in parts:
        _put(part, whole)
    return whole


def _put(part: Intervals, whole: Intervals) -> None:
    rows = np.array([whole.channels.index(channel) for channel in part.channels], dtype=np.int64)
    here, _ = overlap(whole.slots, part.slots)
    columns = np.arange(whole.slots.count)[here]
    place = np.ix_(rows, columns)
    there = part.quality != _MISSING
    if np.any(there & (whole.quality[place] != _MISSING)):
        raise ValueError("two parts have a value of the same channel and slot")
    numbers = np.array([whole.rules.index(rule) for rule in part.rules], dtype=np.int16)
    whole.wh[place] = np.where(there, part.wh, whole.wh[place])
    whole.quality[place] = np.where(there, part.quality, whole.quality[place])
    whole.rule[place] = np.where(there, numbers[part.rule], whole.rule[place])
