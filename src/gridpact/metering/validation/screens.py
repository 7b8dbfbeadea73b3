"""Which channels a rule needs to look at: all at once, a few passes over a block of them.

A channel that a screen leaves out has nothing that its rule would mark; one that it lets through
may have. Most channels of most files are left out by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Marks
from gridpact.metering.validation.rules import (
    ClockDrift,
    Negative,
    Range,
    Rule,
    Spike,
    Stuck,
    ZeroRun,
)
from gridpact.metering.validation.runs import DAY, SAMPLED_FROM, sample_distance, slots_in

BLOCK = 1 << 17
"""Cells looked at by one rule after the other, so that they stay in the cache."""
FEW = 48
"""With fewer slots of energy a channel is not used to anything."""
A_DAY = 8
"""Slots a day that tell whether a channel may be a plant."""


class Block(msgspec.Struct, frozen=True):
    """Some channels: Wh [channels, slots], 0 where missing, marks, and what they showed earlier.

    ``before`` and ``sound`` are [channels, earlier slots], without slots where nothing is known of
    the time before.
    """

    channels: tuple[Channel, ...]
    slots: Slots
    wh: Ints
    quality: Marks
    before: Ints
    sound: Bools


def negative(rule: Negative, block: Block) -> Bools:
    """Tell which channels have energy below zero."""
    return np.asarray(block.wh.min(axis=1) < 0)


def out_of_range(rule: Range, block: Block) -> Bools:
    """Tell which channels have a slot beyond what their connection carries."""
    most = [rule.most_wh(channel.point, block.slots.step) for channel in block.channels]
    return np.asarray(block.wh.max(axis=1) > np.array(most, dtype=np.int64))


def spike(rule: Spike, block: Block) -> Bools:
    """Tell which channels have a slot far above most others, or above those before."""
    largest = block.wh.max(axis=1)
    floor = rule.least_w * block.slots.step // 3600
    found = np.asarray(largest > floor)
    high = np.flatnonzero(found)
    if len(high):
        found[high] = _unusual(rule, block, high, largest[high])
    return found


def _unusual(rule: Spike, block: Block, rows: Ints, largest: Ints) -> Bools:
    """Tell in which rows too few slots come near the largest for it to be usual."""
    whole = len(rows) == len(block.channels)
    wh = block.wh if whole else block.wh[rows]
    near = -(-largest // rule.times)[:, None]
    count, close = np.count_nonzero(wh > 0, axis=1), np.count_nonzero(wh >= near, axis=1)
    if block.before.shape[1]:
        sound, before = block.sound[rows], block.before[rows]
        earlier = sound.any(axis=1)
        count = np.where(earlier, np.count_nonzero(sound & (before > 0), axis=1), count)
        close = np.where(earlier, np.count_nonzero(sound & (before >= near), axis=1), close)
    above = count - (count - 1) * rule.share_percent // 100
    return np.asarray((count >= FEW) & (close < above))


def stuck(rule: Stuck, block: Block) -> Bools:
    """Tell which channels have the same energy three times in a row of samples."""
    least = slots_in(rule.hours, block.slots.step) + 1
    if least < SAMPLED_FROM:
        return np.ones(len(block.channels), dtype=np.bool_)
    coarse = block.wh[:, :: sample_distance(least)]
    alike = (coarse[:, 1:] == coarse[:, :-1]) & (coarse[:, 1:] >= rule.least_wh)
    return np.asarray((alike[:, 1:] & alike[:, :-1]).any(axis=1))


def zero_run(rule: ZeroRun, block: Block) -> Bools:
    """Tell which channels are zero three times in a row of samples."""
    least = slots_in(rule.hours, block.slots.step) + 1
    if least < SAMPLED_FROM:
        return np.ones(len(block.channels), dtype=np.bool_)
    zero = block.wh[:, :: sample_distance(least)] == 0
    return np.asarray((zero[:, 2:] & zero[:, 1:-1] & zero[:, :-2]).any(axis=1))


def drift(rule: ClockDrift, block: Block) -> Bools:
    """Tell which channels have a night in samples of the day, and enough days to look at."""
    per_day = DAY // block.slots.step
    days = block.slots.count // max(per_day, 1)
    if per_day * block.slots.step != DAY or days < 2 * rule.days:
        return np.zeros(len(block.channels), dtype=np.bool_)
    sample = block.wh[:, :: per_day // A_DAY or 1]
    used = np.count_nonzero(sample, axis=1) * 100
    return np.asarray(used <= rule.day_percent * sample.shape[1])


Screen = Callable[[Any, Block], Bools]  # each takes its own rule, which the table pairs it to

SCREENS: Mapping[type[Rule], Screen] = {
    Negative: negative,
    Range: out_of_range,
    Spike: spike,
    Stuck: stuck,
    ZeroRun: zero_run,
    ClockDrift: drift,
}
"""Rules on values and the screen of each."""
