"""What readings change in a store, community by community and day by day."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.importers.rows import UNKNOWN
from gridpact.metering.readings import Channel, Displays, Intervals, Readings
from gridpact.metering.slotting import resampled
from gridpact.metering.store import blocks
from gridpact.metering.store.blocks import Block, Words
from gridpact.metering.store.known import known_of
from gridpact.metering.store.log import Log, days_of
from gridpact.metering.store.places import Place
from gridpact.metering.store.points import DAY_S, MeteringPoint
from gridpact.metering.store.versions import Decision, decide


class Change(msgspec.Struct, frozen=True):
    """A block of readings and what it changes; ``words`` name its rules, or its meters."""

    block: Block
    decision: Decision
    words: Words

    def counts(self, which: Bools) -> Ints:
        """Number of marked cells of each channel [channels]."""
        found = self.block.channel()[which]
        return np.bincount(found, minlength=len(self.block.channels)).astype(np.int64)


def changes(
    place: Place,
    log: Log,
    points: tuple[MeteringPoint, ...],
    readings: Readings,
    known_s: int,
) -> Iterator[Change]:
    """Yield what readings change; raises BadInput where a point is not one of the store."""
    known = {point.id: point for point in points}
    check_points(readings, known)
    for block, words in _blocks(readings, known):
        if len(block.key):
            claims = known_of(place, log, block, words)
            told = np.ones(len(block.key), np.bool_)
            yield Change(block, decide(block.values, told, known_s, *claims), words)


def check_points(readings: Readings, known: dict[str, MeteringPoint]) -> None:
    """Raise BadInput where readings are of points that the store does not know."""
    channels = (*readings.intervals.channels, *readings.displays.channels)
    strange = sorted({channel.point for channel in channels} - known.keys())
    if strange:
        raise BadInput(Fault(readings.source, 0, name, *UNKNOWN) for name in strange)


def overlapping(change: Change, source: str, known_s: int) -> list[Fault]:
    """Faults of cells that were told another value at the same instant, one for each channel."""
    block = change.block
    cells = np.flatnonzero(change.decision.overlapping)
    of_channel, starts = block.channel()[cells], block.start_s()[cells]
    faults = []
    for number in np.unique(of_channel).tolist():
        channel, own = block.channels[number], starts[of_channel == number]
        others = f", and {len(own) - 1} more of that day" if len(own) > 1 else ""
        problem = f"{iso(int(own.min()))} has another value known since {iso(known_s)}{others}"
        fix = "give the instant at which this file became known"
        faults.append(Fault(source, 0, f"{channel.point} {channel.register}", problem, fix))
    return faults


def _blocks(readings: Readings, known: dict[str, MeteringPoint]) -> Iterator[tuple[Block, Words]]:
    for community, part in _intervals_by_community(readings.intervals, known):
        for day in days_of(part.slots.start, part.slots.end):
            words = Words(part.rules)
            yield blocks.of_intervals(part, community, day, words), words
    words = Words(readings.displays.meter)
    for community, displays in _displays_by_community(readings.displays, known):
        for number in np.unique(displays.at_s // DAY_S):
            (day,) = days_of(int(number) * DAY_S, int(number + 1) * DAY_S)
            yield blocks.of_displays(displays, community, day, words), words


def _intervals_by_community(
    intervals: Intervals, known: dict[str, MeteringPoint]
) -> Iterator[tuple[str, Intervals]]:
    """Split readings by community and step of their points, on slots of that step."""
    points = [known[channel.point] for channel in intervals.channels]
    for community, step in sorted({(point.community, point.step_s) for point in points}):
        rows = [
            row
            for row, point in enumerate(points)
            if (point.community, point.step_s) == (community, step)
        ]
        yield community, resampled(of_rows(intervals, rows), step)


def of_rows(intervals: Intervals, rows: list[int]) -> Intervals:
    """Return the readings of some channels."""
    if len(rows) == len(intervals.channels):
        return intervals
    channels = tuple(intervals.channels[row] for row in rows)
    columns = (intervals.wh[rows], intervals.quality[rows], intervals.rule[rows])
    return Intervals(channels, intervals.slots, *columns, intervals.rules)


def _displays_by_community(
    displays: Displays, known: dict[str, MeteringPoint]
) -> Iterator[tuple[str, Displays]]:
    of_channel = [known[channel.point].community for channel in displays.channels]
    for community in sorted(set(of_channel)):
        mine = np.array([name == community for name in of_channel], dtype=np.bool_)
        rows = np.flatnonzero(mine[displays.channel])
        yield community, _displays_of(displays, rows)


def _displays_of(displays: Displays, rows: Ints) -> Displays:
    channels: tuple[Channel, ...] = displays.channels
    meters = tuple(displays.meter[row] for row in rows)
    columns = (displays.channel[rows], displays.at_s[rows], displays.reading_wh[rows])
    return Displays(channels, *columns, meters)
