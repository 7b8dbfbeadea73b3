"""Days before an event as a table, and which of them may speak for it."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Bools, Ints

_DAY = 86_400


class Metered(msgspec.Struct, frozen=True):
    """Net withdrawal of points: ``wh`` int64 and ``known`` bool [points, slots].

    Days are those of ``timezone``; on ``event_days`` flexibility was called, on ``holidays`` nobody
    works. A slot that is not known holds anything and is never taken for zero. ``suspect`` bool
    [points, slots] are those that have a value which is doubted; they are not known.
    """

    slots: Slots
    wh: Ints
    known: Bools
    timezone: str = "UTC"
    event_days: frozenset[date] = frozenset()
    holidays: frozenset[date] = frozenset()
    suspect: Bools | None = None


class PastDays(msgspec.Struct, frozen=True):
    """Slots of days before an event, the latest day first.

    ``at`` is the slot of the same local time [days, event slots], ``before`` that of the slots of
    a window before the event [days, window slots], and ``whole`` [days, times of day] all of a day;
    -1 where a day has no such slot. ``at_event`` and ``before_event`` are the slots of the event's
    own day.
    """

    dates: tuple[date, ...]
    at: Ints
    before: Ints
    whole: Ints
    at_event: Ints
    before_event: Ints


def event_day(metered: Metered, event: Slots) -> date:
    """Local day of an event; ValueError where it is empty or reaches into another day."""
    calendar = Calendar(metered.timezone, event.step)
    if event.count == 0 or metered.slots.count == 0 or event.step != metered.slots.step:
        raise ValueError("readings and an event have at least one slot, of the same step")
    first, last = calendar.date_of(event.start), calendar.date_of(event.end - 1)
    if first != last:
        raise ValueError(f"an event is within one local day, not from {first} to {last}")
    return first


def past_days(metered: Metered, event: Slots, within: int, window: Slots) -> PastDays:
    """Lay the days alike before an event, at most ``within`` days back, none of them an event day.

    Where clocks go back an hour occurs twice, and the first counts; a skipped hour has no slot.
    """
    day = event_day(metered, event)
    step = metered.slots.step
    local = Calendar(metered.timezone, step).local_seconds(metered.slots)
    first = int(local.min() // _DAY)
    table = np.full((int(local.max() // _DAY) - first + 1, _DAY // step), -1, dtype=np.int64)
    places = np.arange(local.size, dtype=np.int64)
    # the first of two slots of one wall-clock time is written last
    table[(local // _DAY - first)[::-1], (local % _DAY // step)[::-1]] = places[::-1]
    dates = [day - timedelta(days=back) for back in range(1, within + 1)]
    alike = tuple(each for each in dates if _serves(metered, each, day))
    rows = np.array([_number(each) - first for each in alike], dtype=np.int64)
    times = np.arange(_DAY // step, dtype=np.int64)
    own, before = (_from_midnight(metered, slots, day) for slots in (event, window))
    return PastDays(
        dates=alike,
        at=_looked_up(table, rows, own),
        before=_looked_up(table, rows, before),
        whole=_looked_up(table, rows, times),
        at_event=places_of(metered.slots, event),
        before_event=places_of(metered.slots, window),
    )


def places_of(slots: Slots, part: Slots) -> Ints:
    """Place of each slot of ``part`` among ``slots``, -1 outside [part.count]."""
    place = (part.starts() - slots.start) // slots.step
    return np.where((place >= 0) & (place < slots.count), place, -1)


def known_at(metered: Metered, places: Ints) -> Bools:
    """Tell which values are there [points, …places]; at place -1 none is."""
    return metered.known[:, places] & (places >= 0)


def is_working(day: date, holidays: frozenset[date]) -> bool:
    """Tell whether a day is from Monday to Friday and no holiday."""
    return day.weekday() < 5 and day not in holidays


def _serves(metered: Metered, day: date, event: date) -> bool:
    alike = is_working(day, metered.holidays) == is_working(event, metered.holidays)
    return alike and day not in metered.event_days


def _from_midnight(metered: Metered, slots: Slots, day: date) -> Ints:
    """Wall-clock steps from the midnight a day begins with, negative the evening before."""
    local = Calendar(metered.timezone, slots.step).local_seconds(slots)
    return np.asarray((local - _number(day) * _DAY) // slots.step, dtype=np.int64)


def _looked_up(table: Ints, rows: Ints, steps: Ints) -> Ints:
    """Slots at some steps from the midnight of days [rows, steps], -1 where there is none."""
    shift, time = np.divmod(steps, table.shape[1])
    row = rows[:, None] + shift
    there = (row >= 0) & (row < len(table))
    return np.where(there, table[np.where(there, row, 0), time], -1)


def _number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
