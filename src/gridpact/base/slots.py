"""Half-open UTC slots and the local calendars that make them.

A slot is ``[start, start + step)`` in whole seconds since the epoch, UTC. Local calendars only
decide where days begin and end, so a local day has 92, 96 or 100 quarter-hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gridpact.base.units import Ints


@dataclass(frozen=True)
class Slots:
    """``count`` consecutive slots of ``step`` seconds from ``start`` (epoch seconds, UTC)."""

    start: int
    step: int
    count: int

    def __post_init__(self) -> None:
        if self.step <= 0 or self.count < 0 or self.start % self.step:
            raise ValueError(f"slots must sit on whole steps: {self}")

    @property
    def end(self) -> int:
        """The first second after the last slot."""
        return self.start + self.step * self.count

    def starts(self) -> Ints:
        """Start of every slot [s since the epoch], shape [count]."""
        return self.start + self.step * np.arange(self.count, dtype=np.int64)

    def index(self, start: int) -> int:
        """Position of the slot that begins at ``start``; raises ValueError outside."""
        position, rest = divmod(start - self.start, self.step)
        if rest or not 0 <= position < self.count:
            raise ValueError(f"{iso(start)} is not one of the slots {iso(self.start)}…")
        return position


def overlap(one: Slots, other: Slots) -> tuple[slice, slice]:
    """Return where two windows of one step share slots: a slice of each, empty when they do not.

    Raises ValueError where the steps differ.
    """
    if one.step != other.step:
        raise ValueError(f"slots of {one.step} s and of {other.step} s share none")
    start, end = (
        max(one.start, other.start),
        max(min(one.end, other.end), one.start, other.start),
    )
    first, second = (
        slice((start - slots.start) // slots.step, (end - slots.start) // slots.step)
        for slots in (one, other)
    )
    return first, second


def covers(outer: Slots, inner: Slots) -> bool:
    """Tell whether every slot of ``inner`` is one of ``outer``."""
    within = outer.start <= inner.start and inner.end <= outer.end
    return inner.count == 0 or (outer.step == inner.step and within)


@dataclass(frozen=True)
class Calendar:
    """Local days of one time zone cut into slots of ``step`` seconds."""

    timezone: str
    step: int

    def midnight(self, day: date) -> int:
        """Epoch second at which the local day begins."""
        local = datetime.combine(day, time(), ZoneInfo(self.timezone))
        return int(local.timestamp())

    def day(self, day: date) -> Slots:
        """Slots of one local day; ValueError where the step does not divide it."""
        start, end = self.midnight(day), self.midnight(day + timedelta(days=1))
        count, rest = divmod(end - start, self.step)
        if rest or start % self.step:
            raise ValueError(f"{self.step} s slots do not divide {day} in {self.timezone}")
        return Slots(start, self.step, count)

    def at(self, day: date, clock: time) -> int:
        """Epoch second of a local wall-clock time.

        The first of two when it occurs twice; where the clock skips it, as much later as it skips.
        """
        return int(datetime.combine(day, clock, ZoneInfo(self.timezone)).timestamp())

    def date_of(self, instant: int) -> date:
        """Local date at an instant [s since the epoch]."""
        return datetime.fromtimestamp(instant, ZoneInfo(self.timezone)).date()

    def seconds_of_day(self, slots: Slots) -> Ints:
        """Wall-clock second of the day at which each slot begins, shape [slots.count]."""
        return np.asarray(self.local_seconds(slots) % 86400, dtype=np.int64)

    def local_seconds(self, slots: Slots) -> Ints:
        """Start of each slot as its wall clock shows it [s since 1970-01-01T00:00 local].

        Shape [slots.count]. Where clocks go back, two slots have the same value.
        """
        # The offset changes a few times a year: look it up once per hour, and per slot only
        # within an hour in which it changes (in Adelaide that is at half past, in UTC).
        zone, starts = ZoneInfo(self.timezone), slots.starts()
        hours, place = np.unique(starts // 3600, return_inverse=True)
        first, last = (
            np.array([_offset(int(hour) * 3600 + second, zone) for hour in hours], dtype=np.int64)
            for second in (0, 3599)
        )
        offset = first[place]
        for slot in np.flatnonzero((first != last)[place]):
            offset[slot] = _offset(int(starts[slot]), zone)
        return np.asarray(starts + offset, dtype=np.int64)


def _offset(instant: int, zone: ZoneInfo) -> int:
    delta = datetime.fromtimestamp(instant, zone).utcoffset()
    return int(delta.total_seconds()) if delta else 0


def iso(instant: int) -> str:
    """Write an instant as ISO 8601 in UTC, such as ``2026-06-15T10:00:00Z``.

    One beyond the years 1 to 9999 is written as ``9999999999999 s``, so that it can be told of.
    """
    try:
        return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return f"{instant} s"
