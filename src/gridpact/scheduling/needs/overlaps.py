"""When needs apply at the same time, as the clock on the wall shows it.

Weekdays repeat, and dates begin and end something: the days around every such date, and a week
after it, show whatever can ever happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from gridpact.scheduling.needs.clock import first_and_last, happens_on
from gridpact.scheduling.needs.model import Asked
from gridpact.scheduling.needs.times import DAY_S, Moment, Window

Span: TypeAlias = tuple[int, int]
"""From one local second to another, counted from the first of January of the year 1."""


def meet(one: Asked, other: Asked, today: date, touch: bool = False) -> bool:
    """Whether two needs ever apply at the same time."""
    days = days_to_look_at([one, other], today)
    points = isinstance(_times_of(one), Moment)
    return any(
        a == b if points else max(a[0], b[0]) < min(a[1], b[1]) + int(touch)
        for a in spans(_times_of(one), days)
        for b in spans(_times_of(other), days)
    )


def cross(one: Window, other: Window, today: date) -> bool:
    """Whether two windows ever share some of their time, and do not begin and end together."""
    days = sorted({day for each in (one, other) for day in _around([first_and_last(each)], today)})
    return any(
        a != b and max(a[0], b[0]) < min(a[1], b[1])
        for a in spans(one, days)
        for b in spans(other, days)
    )


def _times_of(need: Asked) -> Moment | Window:
    found = getattr(need, "window", None) or getattr(need, "at", None)
    if not isinstance(found, Moment | Window):
        raise TypeError(f"{type(need).__name__} has no times")
    return found


def days_to_look_at(needs: Sequence[Asked], today: date) -> list[date]:
    """Days that show whatever can ever happen between needs from ``today`` on."""
    return _around([first_and_last(_times_of(need)) for need in needs], today)


def _around(dates: Iterable[tuple[date | None, date | None]], today: date) -> list[date]:
    begins = {today, *(day for pair in dates for day in pair if day is not None)}
    days = {begin + timedelta(days=after) for begin in begins for after in range(-2, 10)}
    return sorted(day for day in days if day >= today - timedelta(days=1))


def spans(times: Moment | Window, days: Iterable[date]) -> Iterator[Span]:
    """Yield local seconds of a moment or window on each of these days on which it happens."""
    for day in days:
        if happens_on(times, day):
            start = day.toordinal() * DAY_S
            if isinstance(times, Moment):
                yield start + times.time_s, start + times.time_s
            else:
                begin = start + times.begin_s
                yield begin, begin + times.length_s
