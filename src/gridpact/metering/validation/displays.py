"""Rules that look at displays: roll-over, exchange, and sums of intervals against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering import registers
from gridpact.metering.readings import Channel, Displays, Intervals, Quality
from gridpact.metering.registers import Spans, Step, Steps
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import DisplaySum, Exchange, RollOver, Rule, name_of

_KWH = 1000


class Judged(msgspec.Struct, frozen=True):
    """A stretch [from_s, to_s) of a channel (by row) that a rule of displays finds wrong."""

    channel: int
    from_s: int
    to_s: int
    words: str


def register_size(rules: Sequence[Rule], channels: tuple[Channel, ...]) -> int | Ints:
    """What registers count to [Wh] by the rules, all or each [channels].

    They never roll over where no rule says so.
    """
    found = next((rule for rule in rules if isinstance(rule, RollOver)), None)
    if found is None:
        return registers.NEVER_ROLLS
    sizes = [found.points.get(channel.point, found.register_wh) for channel in channels]
    return np.array(sizes, dtype=np.int64)


def told(displays: Displays, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Tell of roll-overs and exchanges, which are nothing wrong."""
    found = registers.steps(displays, register_size(rules, displays.channels))
    kinds = {RollOver: Step.ROLLED, Exchange: Step.EXCHANGED}
    for rule in rules:
        for place in np.flatnonzero(found.kind == int(kinds.get(type(rule), -1))):
            yield _event(displays, found, int(place), name_of(rule))


def _event(displays: Displays, found: Steps, place: int, rule: str) -> Finding:
    row, before = int(found.row[place]), int(found.row[place - 1])
    channel = displays.channels[displays.channel[row]]
    was, now = _kwh(displays.reading_wh[before]), _kwh(displays.reading_wh[row])
    words = f"the register went from {was} to {now} kWh, having begun at 0 again"
    if found.kind[place] == int(Step.EXCHANGED):
        words = (
            f"meter {displays.meter[before]} showed {was} kWh at last, "
            f"meter {displays.meter[row]} {now} kWh at first"
        )
    return Finding(channel, int(displays.at_s[before]), int(displays.at_s[row]), rule, 0, words)


def _kwh(reading_wh: int) -> str:
    whole, rest = divmod(int(reading_wh), _KWH)
    return f"{whole}.{rest:03d}"


def judged(
    rule: DisplaySum, intervals: Intervals, displays: Displays, size_wh: int | Ints
) -> Iterator[Judged]:
    """Find stretches whose intervals contradict the displays, and displays that run back.

    Slots that are missing or suspect already are not counted: they may hold what is left.
    """
    yield from _backward(displays, size_wh)
    spans = registers.spans(displays, intervals.slots.step, size_wh)
    for row in np.unique(spans.channel).tolist():
        yield from _unequal(rule, intervals, spans, row)


def _backward(displays: Displays, size_wh: int | Ints) -> Iterator[Judged]:
    found = registers.steps(displays, size_wh)
    for place in np.flatnonzero(found.kind == int(Step.BACKWARD)):
        row, before = int(found.row[place]), int(found.row[place - 1])
        was, now = _kwh(displays.reading_wh[before]), _kwh(displays.reading_wh[row])
        words = f"the display runs back from {was} to {now} kWh"
        begin, end = int(displays.at_s[before]), int(displays.at_s[row])
        yield Judged(int(displays.channel[row]), begin, end, words)


def _unequal(rule: DisplaySum, intervals: Intervals, spans: Spans, row: int) -> Iterator[Judged]:
    slots = intervals.slots
    known = ~np.isin(intervals.quality[row], (int(Quality.MISSING), int(Quality.SUSPECT)))
    total = np.concatenate(([0], np.cumsum(np.where(known, intervals.wh[row], 0))))
    there = np.concatenate(([0], np.cumsum(known)))
    inside = (spans.channel == row) & (spans.from_s >= slots.start) & (spans.to_s <= slots.end)
    begin = (spans.from_s[inside] - slots.start) // slots.step
    end = (spans.to_s[inside] - slots.start) // slots.step
    counted = total[end] - total[begin]
    whole = there[end] - there[begin] == end - begin
    over = counted - spans.wh[inside]
    wrong: Bools = np.asarray((over > rule.tolerance_wh) | (whole & (-over > rule.tolerance_wh)))
    for place in np.flatnonzero(wrong).tolist():
        shown, sums = _kwh(spans.wh[inside][place]), _kwh(counted[place])
        words = f"intervals add up to {sums} kWh, the display rose by {shown} kWh"
        from_s, to_s = (int(each[inside][place]) for each in (spans.from_s, spans.to_s))
        yield Judged(row, from_s, to_s, words)
