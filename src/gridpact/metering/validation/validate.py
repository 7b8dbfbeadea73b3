"""Readings against rules: every slot gets its mark, and everything found is told in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.units import Bools
from gridpact.metering.readings import Displays, Intervals, Quality
from gridpact.metering.registers import of_channels
from gridpact.metering.validation import displays as by_displays
from gridpact.metering.validation.cells import LOOKS, Marked, Row
from gridpact.metering.validation.findings import Finding, Findings
from gridpact.metering.validation.rules import (
    DEFAULT_RULES,
    ClockDrift,
    DisplaySum,
    Missing,
    Rule,
    name_of,
)
from gridpact.metering.validation.runs import runs
from gridpact.metering.validation.sunlight import drift

_NONE = np.zeros(0, dtype=np.int64)


def validate(
    intervals: Intervals,
    displays: Displays,
    rules: Sequence[Rule] = DEFAULT_RULES,
    history: Intervals | None = None,
) -> Findings:
    """Look at readings by rules.

    Parameters
    ----------
    intervals, displays
        What was read; neither is changed. Displays of channels without intervals are left out.
    rules
        In this order; of several rules that mark a slot, the first is kept as the reason.
    history
        Earlier readings of the same step, for what a channel is used to. Only values that were
        measured or better are looked at.

    Returns
    -------
    Findings
        The intervals, measured slots that a rule marks being SUSPECT by its name and missing ones
        bearing ``missing.v1``; and what was found, by channel and time. Values stay as they are,
        and so do the marks of slots that were SUSPECT, ESTIMATED or EDITED before.
    """
    marking = _Marking(intervals, rules)
    for row in range(len(intervals.channels)):
        marking.look(_row(intervals, row, history))
    ours = of_channels(displays, intervals.channels)
    if len(ours.at_s):
        marking.look_at_displays(ours)
    return marking.findings()


def _row(intervals: Intervals, row: int, history: Intervals | None) -> Row:
    channel = intervals.channels[row]
    known = np.asarray(intervals.quality[row] != np.int8(Quality.MISSING))
    before = _NONE
    if history is not None and channel in history.channels:
        place = history.channels.index(channel)
        sound = np.asarray(history.quality[place] == np.int8(Quality.MEASURED))
        before = history.wh[place][sound]
    return Row(channel, intervals.slots, intervals.wh[row], known, before)


class _Marking:
    """Collects marks and findings on copies of what was read."""

    def __init__(self, intervals: Intervals, rules: Sequence[Rule]) -> None:
        self._read = intervals
        self._rules = tuple(rules)
        names = [name_of(rule) for rule in rules]
        self._names = tuple(dict.fromkeys((*intervals.rules, *names)))
        self._quality = intervals.quality.copy()
        self._rule = intervals.rule.copy()
        self._found: list[Finding] = []
        self._at = 0

    def look(self, row: Row) -> None:
        """Apply the rules on values to the next channel."""
        for rule in self._rules:
            marked = None
            if isinstance(rule, ClockDrift):
                marked = drift(rule, row)
            elif type(rule) in LOOKS and row.slots.count:
                marked = LOOKS[type(rule)](rule, row)
            if marked is not None:
                self._mark(self._at, rule, marked)
        self._at += 1

    def look_at_displays(self, displays: Displays) -> None:
        """Apply the rules on displays."""
        self._found += by_displays.told(displays, self._rules)
        size = by_displays.register_size(self._rules)
        for rule in self._rules:
            if isinstance(rule, DisplaySum):
                marked = self.findings().intervals
                for each in by_displays.judged(rule, marked, displays, size):
                    self._contradicted(name_of(rule), each)

    def _contradicted(self, name: str, judged: by_displays.Judged) -> None:
        """Mark the slots of a stretch that contradicts the displays."""
        row, channel = judged.channel, self._read.channels[judged.channel]
        slots = self._between(judged.from_s, judged.to_s)
        sound = np.asarray(slots & (self._quality[row] == np.int8(Quality.MEASURED)))
        self._suspect(row, name, sound)
        count = int(sound.sum())
        self._found.append(Finding(channel, judged.from_s, judged.to_s, name, count, judged.words))

    def _between(self, from_s: int, to_s: int) -> Bools:
        """Slots that an instant in ``[from_s, to_s)`` lies in."""
        starts = self._read.slots.starts()
        return np.asarray((starts + self._read.slots.step > from_s) & (starts < to_s))

    def _mark(self, row: int, rule: Rule, marked: Marked) -> None:
        name, counted = name_of(rule), marked.slots
        if isinstance(rule, Missing):
            self._rule[row][marked.slots] = self._names.index(name)
        else:
            counted = marked.slots & (self._read.quality[row] != np.int8(Quality.MISSING))
            self._suspect(row, name, marked.slots)
        slots, channel = self._read.slots, self._read.channels[row]
        for begin, end in zip(*(each.tolist() for each in runs(marked.slots)), strict=True):
            from_s, to_s = slots.start + begin * slots.step, slots.start + end * slots.step
            count = int(counted[begin:end].sum())
            self._found.append(Finding(channel, from_s, to_s, name, count, marked.words))

    def _suspect(self, row: int, name: str, slots: Bools) -> None:
        sound = slots & (self._quality[row] == np.int8(Quality.MEASURED))
        self._quality[row][sound] = int(Quality.SUSPECT)
        self._rule[row][sound] = self._names.index(name)

    def findings(self) -> Findings:
        """Return the marked readings and what was found."""
        read = self._read
        marked = Intervals(
            read.channels, read.slots, read.wh, self._quality, self._rule, self._names
        )
        return Findings(marked, tuple(sorted(self._found)))
