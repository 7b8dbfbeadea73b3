"""Rules that look at one channel at a time: which of its slots they mark, and what they say.

They are asked of channels that :mod:`.screens` let through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel
from gridpact.metering.validation.rules import Negative, Range, Spike, Stuck, ZeroRun
from gridpact.metering.validation.runs import long_runs, runs, slots_in
from gridpact.metering.validation.screens import FEW


class Row(msgspec.Struct, frozen=True):
    """One channel: Wh [slots], 0 where not ``known``, and what it showed earlier (may be empty).

    ``other`` is Wh [slots] of the point's other register, 0 where there is none.
    """

    channel: Channel
    slots: Slots
    wh: Ints
    known: Bools
    before: Ints
    other: Ints


class Marked(msgspec.Struct, frozen=True):
    """Slots [slots] that a rule marks, and why."""

    slots: Bools
    words: str


def negative(rule: Negative, row: Row) -> Marked | None:
    """Mark energy below zero."""
    return Marked(np.asarray(row.wh < 0), "energy below zero")


def out_of_range(rule: Range, row: Row) -> Marked | None:
    """Mark more energy than the connection of the point carries."""
    most = rule.most_wh(row.channel.point, row.slots.step)
    power = rule.points.get(row.channel.point, rule.largest_w)
    return Marked(np.asarray(row.wh > most), f"more than the {most} Wh that {power} W give")


def spike(rule: Spike, row: Row) -> Marked | None:
    """Mark slots far above what the channel is used to."""
    floor = rule.least_w * row.slots.step // 3600
    used = row.before if len(row.before) else row.wh
    count = int(np.count_nonzero(used > 0))
    if count < FEW:
        return None
    above = count - (count - 1) * rule.share_percent // 100  # at the level or above it
    level = int(np.partition(used, len(used) - above)[len(used) - above])
    most = max(level * rule.times, floor)
    if row.wh.max() <= most:
        return None
    words = f"more than {rule.times} times the {level} Wh that it seldom exceeds"
    return Marked(np.asarray(row.wh > most), words)


def stuck(rule: Stuck, row: Row) -> Marked | None:
    """Mark runs of one and the same value."""
    least = slots_in(rule.hours, row.slots.step) + 1
    same = (row.wh[1:] == row.wh[:-1]) & (row.wh[1:] >= rule.least_wh)
    same &= row.known[1:] & row.known[:-1]
    run = long_runs(np.asarray(same), least - 1)
    if not run.any():
        return None
    slots = np.concatenate((run, [False])) | np.concatenate(([False], run))
    return Marked(slots, f"the same value for more than {rule.hours} h")


def zero_run(rule: ZeroRun, row: Row) -> Marked | None:
    """Mark long runs of zero in a channel that is otherwise seldom zero, and not every night.

    Where the point's other register counts, the meter works and its zero is one.
    """
    least = slots_in(rule.hours, row.slots.step) + 1
    zero = np.asarray((row.wh == 0) & row.known & (row.other <= 0))
    long = long_runs(zero, least)
    if not long.any():
        return None
    others = int((zero & ~long).sum())
    days = row.slots.count * row.slots.step / 86400
    seldom = others * 100 <= rule.share_percent * int((row.known & ~long).sum())
    if not seldom or len(runs(long)[0]) * 30 > max(days, 120):
        return None
    return Marked(long, f"zero for more than {rule.hours} h, as it never is otherwise")


Look = Callable[[Any, Row], "Marked | None"]  # each takes its own rule, which the table pairs it to

LOOKS: Mapping[type, Look] = {
    Negative: negative,
    Range: out_of_range,
    Spike: spike,
    Stuck: stuck,
    ZeroRun: zero_run,
}
"""Rules on values and the function that applies each."""
