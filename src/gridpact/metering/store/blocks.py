"""Readings of one community and UTC day as cells, each with one value that was told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Displays, Intervals, Quality
from gridpact.metering.store.log import start_of
from gridpact.metering.store.points import DAY_S

TOLD_OR_ESTIMATED = 2
"""Lanes of intervals: what a meter or a person told, and what was estimated, are kept apart."""


class Words:
    """A growing vocabulary: each word has the number of its place."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = list(dict.fromkeys(words))
        self._place = {word: place for place, word in enumerate(self.words)}

    def __contains__(self, word: str) -> bool:
        """Tell whether a word has a number."""
        return word in self._place

    def number(self, word: str) -> int:
        """Return the number of a word, a new one for a new word."""
        if word not in self._place:
            self._place[word] = len(self.words)
            self.words.append(word)
        return self._place[word]

    def numbers(self, words: Iterable[str]) -> Ints:
        """Return the number of each word [words]."""
        return np.array([self.number(word) for word in words], dtype=np.int64)


class Block(msgspec.Struct, frozen=True):
    """Cells [cells] of a table in ascending order of ``key``, with what was told of each.

    A cell is a channel and second of the day, in one of ``lanes``; ``values`` [fields, cells] are
    Wh, quality and rule of intervals, Wh of displays. Lanes of displays are numbers of meters.
    ``step_s`` is 0 for displays.
    """

    table: Literal["intervals", "displays"]
    community: str
    day: str
    channels: tuple[Channel, ...]
    step_s: int
    lanes: int
    key: Ints
    values: Ints

    def keys(self, channel: Ints, start_s: Ints, lane: Ints) -> Ints:
        """Key of each cell [any] from its channel's row, its instant of the day and its lane."""
        second = start_s - start_of(self.day)
        return np.asarray((channel * DAY_S + second) * self.lanes + lane, dtype=np.int64)

    def cells(self, key: Ints) -> tuple[Ints, Bools]:
        """Place of each key among the cells, and whether it is one of them [keys]."""
        place = np.searchsorted(self.key, key)
        place = np.minimum(place, max(len(self.key) - 1, 0))
        there = self.key[place] == key if len(self.key) else np.zeros(len(key), np.bool_)
        return place.astype(np.int64), np.asarray(there, dtype=np.bool_)

    def channel(self) -> Ints:
        """Row of each cell's channel [cells]."""
        return self.key // self.lanes // DAY_S

    def start_s(self) -> Ints:
        """Instant of each cell [s since the epoch], shape [cells]."""
        return self.key // self.lanes % DAY_S + start_of(self.day)

    def lane(self) -> Ints:
        """Lane of each cell [cells]."""
        return self.key % self.lanes


def of_intervals(intervals: Intervals, community: str, day: str, words: Words) -> Block:
    """Cells of the slots of a day that have a value; ``words`` are the names of rules."""
    slots = intervals.slots
    whole = Slots(start_of(day), slots.step, DAY_S // slots.step)
    here, _ = overlap(slots, whole)
    quality = intervals.quality[:, here]
    told = quality != np.int8(Quality.MISSING)
    row, column = np.nonzero(told)
    quality = quality[told]
    second = slots.starts()[here][column] - start_of(day)
    lane = quality == np.int8(Quality.ESTIMATED)
    key = (row * DAY_S + second) * TOLD_OR_ESTIMATED + lane
    rule = words.numbers(intervals.rules)[intervals.rule[:, here][told]]
    values = np.stack((intervals.wh[:, here][told], quality.astype(np.int64), rule))
    channels, step = intervals.channels, slots.step
    return Block("intervals", community, day, channels, step, TOLD_OR_ESTIMATED, key, values)


def of_displays(displays: Displays, community: str, day: str, words: Words) -> Block:
    """Cells of the displays of a day, each once; ``words`` are the names of all their meters."""
    begin = start_of(day)
    here = np.flatnonzero((displays.at_s >= begin) & (displays.at_s < begin + DAY_S))
    lanes = max(len(words.words), 1)
    meter = words.numbers(displays.meter[row] for row in here)
    second = displays.at_s[here] - begin
    key = (displays.channel[here] * DAY_S + second) * lanes + meter
    key, first = np.unique(key, return_index=True)
    values = displays.reading_wh[here][first][None]
    return Block("displays", community, day, displays.channels, 0, lanes, key, values)
