"""The time axis of a report: the days delivered, their slots, and ticks in local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from gridpact.app.record import Record
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints
from gridpact.metering.messages import DayMetered
from gridpact.settlement.messages import DaySettled

HOUR, QUARTER = 3600, 900
_DAYS_BY_SLOT, _DAYS_BY_HOUR, _MOST_LABELS = 4, 31, 14


@dataclass(frozen=True)
class Axis:
    """All slots of consecutive local days, and the bins in which long runs are drawn."""

    calendar: Calendar
    days: tuple[str, ...]

    @cached_property
    def slots(self) -> Slots:
        """Every slot from the first day's midnight to the last's."""
        first, last = (
            self.calendar.day(date.fromisoformat(day)) for day in (self.days[0], self.days[-1])
        )
        return Slots(first.start, first.step, (last.end - first.start) // first.step)

    def day(self, day: str) -> slice:
        """Positions of one day's slots."""
        found = self.calendar.day(date.fromisoformat(day))
        first = (found.start - self.slots.start) // found.step
        return slice(first, first + found.count)

    @cached_property
    def edges(self) -> Ints:
        """Positions where bins begin, and the end: single slots, hours, or local days."""
        count = self.slots.count
        if len(self.days) <= _DAYS_BY_SLOT:
            return np.arange(count + 1)
        if len(self.days) <= _DAYS_BY_HOUR and HOUR % self.slots.step == 0:
            return np.append(np.arange(0, count, HOUR // self.slots.step), count)
        return np.array([*(self.day(day).start for day in self.days), count])

    @cached_property
    def hours(self) -> Floats:
        """Bin edges in elapsed hours since the first midnight."""
        return np.asarray(self.edges * (self.slots.step / HOUR), dtype=np.float64)

    @property
    def per(self) -> str:
        """What one bin covers, in words for an axis label."""
        if len(self.days) <= _DAYS_BY_SLOT:
            seconds = self.slots.step
        elif len(self.days) <= _DAYS_BY_HOUR and HOUR % self.slots.step == 0:
            seconds = HOUR
        else:
            return "day"
        return "hour" if seconds == HOUR else f"{seconds // 60} min"

    def binned(self, values: Floats) -> Floats:
        """Sum slots into bins along the last axis; a bin with a missing slot is missing."""
        return np.add.reduceat(values, self.edges[:-1], axis=-1)

    def meant(self, values: Floats) -> Floats:
        """Average slots into bins; a bin with a missing slot is missing."""
        return self.binned(values) / np.diff(self.edges)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Positions [elapsed hours] and labels of ticks in local time."""
        if len(self.days) == 1:
            return clock_ticks(self.calendar.timezone, self.slots)
        stride = -(-len(self.days) // _MOST_LABELS)
        shown = self.days[::stride]
        at = [self.day(day).start * self.slots.step / HOUR for day in shown]
        if len(self.days) > _DAYS_BY_SLOT:
            return at, [_short(day) for day in shown]
        names = dict(zip(at, map(_short, shown), strict=True))
        hours, labels = clock_ticks(self.calendar.timezone, self.slots, 6)
        return hours, [names.get(hour, label) for hour, label in zip(hours, labels, strict=True)]


def _short(day: str) -> str:
    parsed = date.fromisoformat(day)
    return f"{parsed:%a} {parsed.day} {parsed:%b}"


def clock_ticks(timezone: str, slots: Slots, every: int = 3) -> tuple[list[float], list[str]]:
    """Ticks at full local hours that ``every`` divides; elapsed hours since ``slots.start``.

    The day of a clock change has its own spacing: labels are wall-clock, positions elapsed time.
    """
    zone, at, labels = ZoneInfo(timezone), [], []
    for instant in range(slots.start, slots.end, QUARTER):
        local = datetime.fromtimestamp(instant, UTC).astimezone(zone)
        if local.minute == 0 and local.hour % every == 0 and not local.fold:
            at.append((instant - slots.start) / HOUR)
            labels.append(f"{local:%H:%M}")
    return at, labels


def axis_of(record: Record) -> Axis:
    """The days that were metered or settled; the first day where none was yet."""
    opening = record.opening()
    found = {message.day for message in record.all(DayMetered)}
    found |= {message.day for message in record.all(DaySettled)}
    return Axis(opening.community.calendar, tuple(sorted(found)) or (opening.first_day,))
