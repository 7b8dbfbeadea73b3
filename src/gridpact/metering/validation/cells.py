"""Rules that look at one channel at a time: which of its slots they mark, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel
from gridpact.metering.validation.rules import Missing, Negative, Range, Spike, Stuck, ZeroRun
from gridpact.metering.validation.runs import SAMPLED_FROM, long_runs, runs, sample_distance

_FEW = 48


class Row(msgspec.Struct, frozen=True):
    """One channel: Wh [slots], 0 where not ``known``, and what it showed earlier (may be empty)."""

    channel: Channel
    slots: Slots
    wh: Ints
    known: Bools
    before: Ints

    def slots_of(self, hours: int) -> int:
        """Number of slots that ``hours`` are, at least 1."""
        return max(-(-hours * 3600 // self.slots.step), 1)


class Marked(msgspec.Struct, frozen=True):
    """Slots [slots] that a rule marks, and why."""

    slots: Bools
    words: str


def missing(rule: Missing, row: Row) -> Marked | None:
    """Mark what has no value."""
    return None if row.known.all() else Marked(~row.known, "no value")


def negative(rule: Negative, row: Row) -> Marked | None:
    """Mark energy below zero."""
    if row.wh.min() >= 0:
        return None
    return Marked(np.asarray(row.wh < 0), "energy below zero")


def out_of_range(rule: Range, row: Row) -> Marked | None:
    """Mark more energy than the connection of the point carries."""
    power = rule.points.get(row.channel.point, rule.largest_w)
    most = power * row.slots.step * (100 + rule.tolerance_percent) // 360_000
    if row.wh.max() <= most:
        return None
    return Marked(np.asarray(row.wh > most), f"more than the {most} Wh that {power} W give")


def spike(rule: Spike, row: Row) -> Marked | None:
    """Mark slots far above what the channel is used to."""
    floor = rule.least_w * row.slots.step // 3600
    if row.wh.max() <= floor:
        return None
    used = row.before if len(row.before) else row.wh
    count = int(np.count_nonzero(used > 0))
    if count < _FEW:
        return None
    above = count - (count - 1) * rule.share_percent // 100  # at the level or above it
    if np.count_nonzero(used * rule.times >= row.wh.max()) >= above:
        return None
    level = int(np.partition(used, len(used) - above)[len(used) - above])
    most = max(level * rule.times, floor)
    if row.wh.max() <= most:
        return None
    words = f"more than {rule.times} times the {level} Wh that it seldom exceeds"
    return Marked(np.asarray(row.wh > most), words)


def stuck(rule: Stuck, row: Row) -> Marked | None:
    """Mark runs of one and the same value."""
    least = row.slots_of(rule.hours) + 1
    coarse = row.wh[:: sample_distance(least)]
    alike = (coarse[1:] == coarse[:-1]) & (coarse[1:] >= rule.least_wh)
    if least >= SAMPLED_FROM and not np.any(alike[1:] & alike[:-1]):
        return None
    same = (row.wh[1:] == row.wh[:-1]) & (row.wh[1:] >= rule.least_wh)
    same &= row.known[1:] & row.known[:-1]
    run = long_runs(np.asarray(same), least - 1)
    if not run.any():
        return None
    slots = np.concatenate((run, [False])) | np.concatenate(([False], run))
    return Marked(slots, f"the same value for more than {rule.hours} h")


def zero_run(rule: ZeroRun, row: Row) -> Marked | None:
    """Mark long runs of zero in a channel that is otherwise seldom zero, and not every night."""
    least = row.slots_of(rule.hours) + 1
    coarse = row.wh[:: sample_distance(least)] == 0
    if least >= SAMPLED_FROM and not np.any(coarse[2:] & coarse[1:-1] & coarse[:-2]):
        return None
    zero = np.asarray((row.wh == 0) & row.known)
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
    Missing: missing,
    Negative: negative,
    Range: out_of_range,
    Spike: spike,
    Stuck: stuck,
    ZeroRun: zero_run,
}
"""Rules on values and the function that applies each."""
