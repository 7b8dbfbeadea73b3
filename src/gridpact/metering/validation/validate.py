"""Readings against rules: every slot gets its mark, and everything found is told in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gridpact.base.units import Bools
from gridpact.metering.readings import Channel, Displays, Intervals, Quality, Register
from gridpact.metering.registers import of_channels
from gridpact.metering.validation import displays as by_displays
from gridpact.metering.validation.cells import LOOKS, Look, Marked, Row
from gridpact.metering.validation.findings import Finding, Findings
from gridpact.metering.validation.rules import (
    DEFAULT_RULES,
    ClockDrift,
    DisplaySum,
    Missing,
    Rule,
    Rulebook,
    name_of,
)
from gridpact.metering.validation.runs import runs
from gridpact.metering.validation.screens import BLOCK, SCREENS, Block
from gridpact.metering.validation.sunlight import drift

_LOOKS: Mapping[type, Look] = {**LOOKS, ClockDrift: drift}
NO_VALUE = "no value"
_NONE = np.zeros(0, dtype=np.int64)
_NOTHING = np.zeros((0, 0), dtype=np.int64)


def validate(
    intervals: Intervals,
    displays: Displays,
    rules: Sequence[Rule] | Rulebook = DEFAULT_RULES,
    history: Intervals | None = None,
) -> Findings:
    """Look at readings by rules.

    Parameters
    ----------
    intervals, displays
        What was read; neither is changed. Displays of channels without intervals are left out.
    rules
        In this order, or those of each register; of several rules that mark a slot, the first is
        kept as the reason.
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
    book = rules if isinstance(rules, Rulebook) else Rulebook(tuple(rules), tuple(rules))
    marking = _Marking(intervals, (*book.withdrawal, *book.injection))
    columns = _Columns(intervals, history)
    ours = of_channels(displays, intervals.channels)
    for registers, part in book.parts():
        mine = np.array([each.register in registers for each in intervals.channels], dtype=np.bool_)
        if intervals.slots.count:
            _look(marking, columns, part, mine)
        shown = ours if mine.all() else ours.only(mine[ours.channel])
        if len(shown.at_s):
            marking.look_at_displays(shown, part)
    return marking.findings()


def _look(marking: _Marking, columns: _Columns, rules: Sequence[Rule], mine: Bools) -> None:
    """Apply rules on values to some channels, bool [channels]."""
    for rows in columns.blocks():
        block = columns.block(rows)
        for rule in rules:
            if isinstance(rule, Missing):
                marking.look_for_gaps(rule, rows, mine)
            elif (screen := SCREENS.get(type(rule))) is not None:
                for place in np.flatnonzero(screen(rule, block) & mine[rows]).tolist():
                    row = rows.start + place
                    marking.look(rule, row, columns.row(row))


class _Columns:
    """Readings by blocks of channels and by channel, with what was read earlier."""

    def __init__(self, intervals: Intervals, history: Intervals | None) -> None:
        self._read, self._history = intervals, history
        before = history.channels if history is not None else ()
        earlier = {channel: row for row, channel in enumerate(before)}
        self._earlier = [earlier.get(channel, -1) for channel in intervals.channels]
        self._place = {channel: row for row, channel in enumerate(intervals.channels)}

    def blocks(self) -> Iterator[slice]:
        """Rows of channels that are looked at together."""
        size = max(BLOCK // self._read.slots.count, 1)
        for begin in range(0, len(self._read.channels), size):
            yield slice(begin, min(begin + size, len(self._read.channels)))

    def block(self, rows: slice) -> Block:
        """Columns of some channels."""
        read, before, sound = self._read, _NOTHING, _NOTHING.astype(np.bool_)
        places = np.array(self._earlier[rows], dtype=np.int64)
        if self._history is not None and np.any(places >= 0):
            before = self._history.wh[places]
            measured = self._history.quality[places] == np.int8(Quality.MEASURED)
            sound = measured & (places >= 0)[:, None]
        return Block(
            read.channels[rows], read.slots, read.wh[rows], read.quality[rows], before, sound
        )

    def row(self, row: int) -> Row:
        """Columns of one channel."""
        read, channel, before = self._read, self._read.channels[row], _NONE
        known = np.asarray(read.quality[row] != np.int8(Quality.MISSING))
        if self._history is not None and (place := self._earlier[row]) >= 0:
            sound = np.asarray(self._history.quality[place] == np.int8(Quality.MEASURED))
            before = self._history.wh[place][sound]
        register: Register = "injection" if channel.register == "withdrawal" else "withdrawal"
        other = self._place.get(Channel(channel.point, register))
        counted = read.wh[row] * 0 if other is None else read.wh[other]
        return Row(channel, read.slots, read.wh[row], known, before, counted)


class _Marking:
    """Collects marks and findings on copies of what was read."""

    def __init__(self, intervals: Intervals, rules: Sequence[Rule]) -> None:
        self._read = intervals
        names = [name_of(rule) for rule in rules]
        self._names = tuple(dict.fromkeys((*intervals.rules, *names)))
        self._quality = intervals.quality.copy()
        self._rule = intervals.rule.copy()
        self._found: list[Finding] = []

    def look(self, rule: Rule, row: int, columns: Row) -> None:
        """Apply a rule on values to a channel."""
        marked = _LOOKS[type(rule)](rule, columns)
        if marked is not None:
            self._mark(row, rule, marked)

    def look_for_gaps(self, rule: Missing, rows: slice, mine: Bools) -> None:
        """Mark what has no value in some channels, all at once: often many have gaps."""
        read, slots = self._read, self._read.slots
        lacks = (read.quality[rows] == np.int8(Quality.MISSING)) & mine[rows, None]
        if not lacks.any():
            return
        name = name_of(rule)
        self._rule[rows][lacks] = self._names.index(name)
        begin, end = runs(np.pad(lacks, ((0, 0), (0, 1))).ravel())  # no gap is of two channels
        row, first = np.divmod(begin, slots.count + 1)
        columns = (row, slots.start + first * slots.step, end - begin)
        channels, step = read.channels[rows], slots.step
        self._found += [
            Finding(channels[place], at, at + count * step, name, count, NO_VALUE)
            for place, at, count in zip(*(each.tolist() for each in columns), strict=True)
        ]

    def look_at_displays(self, displays: Displays, rules: Sequence[Rule]) -> None:
        """Apply the rules on displays."""
        self._found += by_displays.told(displays, rules)
        size = by_displays.register_size(rules, displays.channels)
        for rule in rules:
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
        name = name_of(rule)
        counted = marked.slots & (self._read.quality[row] != np.int8(Quality.MISSING))
        self._suspect(row, name, marked.slots)
        slots, channel = self._read.slots, self._read.channels[row]
        begin, end = runs(marked.slots)
        there = np.concatenate(([0], np.cumsum(counted)))
        columns = (slots.start + begin * slots.step, slots.start + end * slots.step)
        self._found += [
            Finding(channel, from_s, to_s, name, count, marked.words)
            for from_s, to_s, count in zip(
                *(each.tolist() for each in (*columns, there[end] - there[begin])), strict=True
            )
        ]

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
