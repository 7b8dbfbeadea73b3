"""Periods of local days: ``2026``, ``2026-03``, ``2026-03-15``, or two days with ``..`` between."""

from __future__ import annotations

import re
from datetime import date, timedelta

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots

_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")
_FIX = "write 2026, 2026-03, 2026-03-15 or 2026-03-01..2026-03-15"


def slots_of(period: str, calendar: Calendar) -> Slots:
    """Return the slots of a period by a local clock; BadInput for what is none.

    A day in which clocks change has an hour more or less.
    """
    first, _, last = period.partition("..")
    begin, end = _days(first)[0], _days(last or first)[1]
    if begin >= end:
        raise _refused(f"{period[:40]!r} ends before it begins")
    start, stop = calendar.midnight(begin), calendar.midnight(end)
    if start % calendar.step or (stop - start) % calendar.step:
        raise _refused(f"slots of {calendar.step} s do not divide these days")
    return Slots(start, calendar.step, (stop - start) // calendar.step)


def _days(text: str) -> tuple[date, date]:
    """First day of a period, and the day after its last."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise _refused(f"{text[:40]!r} is not a period")
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        if day is not None:
            return first, first + timedelta(days=1)
        return first, _after(first, month)
    except (ValueError, OverflowError) as error:
        raise _refused(f"{text[:40]!r} is not in the calendar") from error


def _after(first: date, month: int | None) -> date:
    if month is None or month == 12:
        return date(first.year + 1, 1, 1)
    return date(first.year, month + 1, 1)


def _refused(problem: str) -> BadInput:
    return BadInput([Fault("arguments", 0, "--period", problem, _FIX)])
