"""When a need applies: moments and windows of local days, as the clock on the wall shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

DAY_S = 86_400
"""End of a window of the whole day [s of the local day]."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""Weekdays 1 to 7 (ISO 8601) in order."""
EARLIEST, LATEST = "1970-01-01", "2999-12-31"
"""Dates that a need may have."""

Finding = tuple[str, str, str]
"""A field, what is wrong with it, and how to put it right."""


class Moment(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A time of the local day [s], on one ``date`` (ISO 8601), on ``weekdays``, or every day.

    ``weekdays`` are 1 (Monday) to 7, rising; empty for all of them.
    """

    time_s: int
    date: str | None = None
    weekdays: tuple[int, ...] = ()


class Window(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """From ``begin_s`` to ``end_s`` of the local day [s]; past midnight where the end is earlier.

    The whole day is 0 to :data:`DAY_S`. It begins on every day from ``first_date`` to
    ``last_date``, both included, either may be open; only on ``weekdays`` where there are any.
    """

    begin_s: int
    end_s: int
    first_date: str | None = None
    last_date: str | None = None
    weekdays: tuple[int, ...] = ()

    @property
    def length_s(self) -> int:
        """Length on a day on which no clock is changed [s]."""
        return self.end_s - self.begin_s + (DAY_S if self.end_s <= self.begin_s else 0)


def moment_findings(field: str, moment: Moment) -> Iterator[Finding]:
    """Say what is wrong with a moment."""
    yield from _time(f"{field}.time_s", moment.time_s)
    yield from _date(f"{field}.date", moment.date)
    yield from _weekdays(f"{field}.weekdays", moment.weekdays)
    if moment.date is not None and moment.weekdays:
        problem = "has a date and weekdays"
        yield f"{field}.weekdays", problem, "give one of them"


def window_findings(field: str, window: Window) -> Iterator[Finding]:
    """Say what is wrong with a window."""
    if (window.begin_s, window.end_s) != (0, DAY_S):
        yield from _time(f"{field}.begin_s", window.begin_s)
        yield from _time(f"{field}.end_s", window.end_s)
    if (window.begin_s, window.end_s) == (0, 0):
        yield f"{field}.end_s", "begins and ends at midnight", f"give {DAY_S} for the whole day"
    elif window.begin_s == window.end_s:
        fix = f"give another time, or 0 to {DAY_S} for the whole day"
        yield f"{field}.end_s", "ends when it begins", fix
    first = list(_date(f"{field}.first_date", window.first_date))
    last = list(_date(f"{field}.last_date", window.last_date))
    yield from (*first, *last, *_weekdays(f"{field}.weekdays", window.weekdays))
    if window.first_date is None or window.last_date is None or first or last:
        return
    if window.first_date > window.last_date:
        problem = f"{window.last_date} is before {window.first_date}"
        yield f"{field}.last_date", problem, "give the later date last"
    elif window.first_date == window.last_date and window.weekdays:
        yield f"{field}.weekdays", "has one date and weekdays", "give one of them"


def _time(field: str, time_s: int) -> Iterator[Finding]:
    if time_s == DAY_S:
        yield field, "24:00 is no time of a day", "give 0, midnight, which ends the day before"
    elif not 0 <= time_s < DAY_S:
        yield field, f"{time_s} s is no time of a day", f"give 0 to {DAY_S - 1}"


def _date(field: str, text: str | None) -> Iterator[Finding]:
    if text is not None and day_of(text) is None:
        yield field, f"{text!r} is no date", f"give one from {EARLIEST} to {LATEST}"


def day_of(text: str) -> date | None:
    """Read a date such as 2026-04-23; None where it is none from EARLIEST to LATEST."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and EARLIEST <= text <= LATEST else None


def _weekdays(field: str, weekdays: tuple[int, ...]) -> Iterator[Finding]:
    if list(weekdays) != sorted(set(weekdays)) or not set(weekdays) <= set(range(1, 8)):
        shown = ", ".join(str(day) for day in weekdays)
        yield field, f"{shown}", "give numbers from 1 (Monday) to 7, rising, each once"
    elif len(weekdays) == 7:
        yield field, "names every day", "leave it out, which says the same"
