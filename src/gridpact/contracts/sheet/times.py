"""Instants, durations, calendars and periods in words, and the numbers they stand for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.periods import ALL, LENGTHS
from gridpact.contracts.sheet.names import listed
from gridpact.contracts.times import DAY_S, LocalTime

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
TERM = "the term"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -719_162, 2_932_896  # days of the years 1 to 9999, counted from 1970-01-01
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FAR = re.compile(r"1970-01-01([+-][0-9]{1,20})d")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_DURATIONS = {"day": DAY_S, "hour": 3_600, "minute": 60, "second": 1}


def date(day: int) -> str:
    """Write a day, counted from 1970-01-01; beyond the years 1 to 9999 as a distance from it."""
    if _FIRST <= day <= _LAST:
        return (_EPOCH + timedelta(days=day)).date().isoformat()
    return f"1970-01-01{day:+d}d"


def day_of(text: str) -> int | None:
    """Return the day that :func:`date` writes so, None where the text is none."""
    far = _FAR.fullmatch(text)
    if far:
        return int(far[1])
    if not _DATE.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).days
    except ValueError:
        return None


def clock(second: int) -> str:
    """Write a second of the day: ``17:00``, with seconds where there are any."""
    text = f"{second // 3600:02d}:{second // 60 % 60:02d}"
    return f"{text}:{second % 60:02d}" if second % 60 else text


def second_of(text: str) -> int | None:
    """Return the second that :func:`clock` writes so, None where the text is none."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)


def instant(second: int) -> str:
    """Write an instant [s since the epoch]: ``2026-07-01 00:00 UTC``."""
    day, rest = divmod(second, DAY_S)
    return f"{date(day)} {clock(rest)} UTC"


def duration(seconds: int) -> str:
    """Write a duration [s] in the largest unit that counts it whole: ``15 minutes``."""
    for name, size in _DURATIONS.items():
        if seconds % size == 0 and seconds:
            return f"{seconds // size} {name}{'s' if seconds != size else ''}"
    return "0 seconds"


def seconds_of(count: str, name: str) -> int | None:
    """Return the duration [s] that :func:`duration` writes so, None where it is none."""
    size = _DURATIONS.get(name.removesuffix("s"))
    if size is None or not re.fullmatch(r"[0-9]{1,19}", count):
        return None
    return int(count) * size


def period(text: str, article: str = "each") -> str:
    """Write a period: ``each month in Europe/Berlin``, or ``the term``."""
    length, _, zone = text.partition("@")
    return TERM if text == ALL else f"{article} {length} in {zone}"


def period_of(length: str, zone: str) -> str:
    """Return the period of a length and a zone; raises IllFormed where the length is none."""
    if length not in LENGTHS:
        raise IllFormed(f"{length!r} is not one of {', '.join(LENGTHS)}")
    return f"{length}@{zone}"


def local(mask: LocalTime) -> str:
    """Write the hours of a calendar: ``Monday to Friday from 17:00 to 20:00 in Europe/Berlin``."""
    text = "every day" if len(mask.weekdays) == 7 else runs(mask.weekdays, DAYS)
    if len(mask.months) < 12:
        text += f" of {runs(mask.months, MONTHS)}"
    if (mask.begin_s, mask.end_s) != (0, DAY_S):
        text += f" from {clock(mask.begin_s)} to {clock(mask.end_s)}"
    return f"{text} in {mask.zone}"


def runs(numbers: tuple[int, ...], names: tuple[str, ...]) -> str:
    """Write numbers from 1 as names, three or more in a row as ``Monday to Friday``."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and groups[-1][-1] == number - 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    parts: list[str] = []
    for group in groups:
        words = [names[number - 1] for number in group]
        parts += [f"{words[0]} to {words[-1]}"] if len(words) > 2 else words
    return listed(parts)
