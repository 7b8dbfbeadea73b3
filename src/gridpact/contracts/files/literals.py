"""Instants, windows of a calendar, units and lists of numbers, as functions of expressions take.

Every reader raises IllFormed for text that is not what it should be.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gridpact.contracts import amounts, unit_algebra
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.times import DAY_S, LocalTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_SECONDS = re.compile(r"(-?[0-9]{1,19})s")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9:]{5})")
_RANGE = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?-([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
TAKEN = ("between", "local", "profile", "active", "paid", "delivered", "series", "at_end")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LONGEST = 60
_MEANT = {"kWh": "Wh", "kW": "W", "g": "mg"}
_MONTHS, _DAYS = tuple(range(1, 13)), tuple(range(1, 8))


def instant(text: str) -> int:
    """Return the seconds since the epoch of ``2026-01-01T00:00Z``, or of ``1767225600s``."""
    if seconds := _EPOCH_SECONDS.fullmatch(text):
        return int(seconds[1])
    if _INSTANT.fullmatch(text) is None:
        raise IllFormed(f"{text!r} is not an instant such as 2026-01-01T00:00Z")
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise IllFormed(f"{text!r} is not an instant: {error}") from error


def write_instant(seconds: int) -> str:
    """Write an instant so that :func:`instant` reads it back."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"{seconds}s"
    text = f"{moment.year:04d}-{moment:%m-%dT%H:%M}"
    return f"{text}:{moment.second:02d}Z" if moment.second else f"{text}Z"


@dataclass(slots=True)
class _Window:
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None


def local(zone: str, parts: list[str]) -> LocalTime:
    """Return the mask of a zone and parts such as ``months 4-9``, ``days 1-5``, ``17:00-20:00``."""
    window = _Window()
    for part in parts:
        _take(window, part)
    begin_s, end_s = window.hours or (0, DAY_S)
    return LocalTime(zone, window.months or _MONTHS, window.weekdays or _DAYS, begin_s, end_s)


def _take(window: _Window, part: str) -> None:
    head, *rest = part.split()
    if head == "months" and rest and not window.months:
        window.months = _days(rest)
    elif head == "days" and rest and not window.weekdays:
        window.weekdays = _days(rest)
    elif not rest and window.hours is None:
        window.hours = _hours(head)
    else:
        raise IllFormed(f"{part!r} is not months 4-9, days 1-5 or 17:00-20:00, each once")


def _days(ranges: list[str]) -> tuple[int, ...]:
    found: list[int] = []
    for text in ranges:
        match = _RANGE.fullmatch(text)
        if match is None:
            raise IllFormed(f"{text!r} is not a number or a range such as 4-9")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise IllFormed(f"{text!r} runs backwards; write two ranges, as in 1-3 10-12")
        found.extend(range(first, last + 1))
    return tuple(found)


def _hours(text: str) -> tuple[int, int]:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise IllFormed(f"{text!r} is not months 4-9, days 1-5 or hours such as 17:00-20:00")
    first = [int(part or 0) for part in match.groups()[:3]]
    last = [int(part or 0) for part in match.groups()[3:]]
    if max(first[1], first[2], last[1], last[2]) > 59:
        raise IllFormed(f"{text!r} has more than 59 minutes or seconds")
    begin_s, end_s = (hour * 3600 + minute * 60 + second for hour, minute, second in (first, last))
    if end_s <= begin_s:
        raise IllFormed(
            f"{text!r} does not end after it begins; over midnight write "
            f"local(…, {text[:5]}-24:00) or local(…, 00:00-{text[-5:]})"
        )
    return begin_s, end_s


def write_local(mask: LocalTime) -> str:
    """Write a window of a calendar, leaving out what it does not narrow."""
    parts = [mask.zone]
    if mask.months != _MONTHS:
        parts.append(f"months {_ranges(mask.months)}")
    if mask.weekdays != _DAYS:
        parts.append(f"days {_ranges(mask.weekdays)}")
    if (mask.begin_s, mask.end_s) != (0, DAY_S):
        parts.append(f"{_clock(mask.begin_s)}-{_clock(mask.end_s)}")
    return f"local({', '.join(parts)})"


def _ranges(numbers: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _clock(seconds: int) -> str:
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return f"{text}:{seconds % 60:02d}" if seconds % 60 else text


def unit_of(text: str) -> tuple[str, str, str]:
    """Return how values in a unit are written, the unit they count in, and its currency.

    A unit for people (``kWh``, ``EUR/MWh``) is taken before a unit of terms (``micro/kWh``), which
    brackets make unmistakable (``[kWh]``).
    """
    try:
        _, unit, currency = amounts.parse("0", text)
    except IllFormed:
        if not unit_algebra.known(text):
            raise
        return f"[{text}]", text, ""
    return text, unit, currency


def write_unit(unit: str) -> str:
    """Write a unit of terms so that :func:`unit_of` reads it back."""
    return unit if unit_of(unit) in ((unit, unit, ""), (f"[{unit}]", unit, "")) else f"[{unit}]"


def numbers_in(text: str, written_unit: str) -> tuple[int, ...]:
    """Return the numbers of a list, each in a unit as written."""
    items = [item.strip() for item in text.split(",")]
    if long := next((item for item in items if len(item) > _LONGEST), None):
        raise IllFormed(f"{long[:_LONGEST]!r}… is not a number")
    zero = amounts.parse("0", written_unit)[0]
    with suppress(IllFormed):  # one of the unit is no whole number: read each for itself
        one = amounts.parse("1", written_unit)[0] - zero
        if all(map(_WHOLE.fullmatch, items)):
            return tuple(zero + int(item) * one for item in items)
    return tuple(amounts.parse(item, written_unit)[0] for item in items)


def bare_unit(text: str) -> str:
    """Return a unit of terms, which may stand in brackets."""
    unit = text[1:-1] if text.startswith("[") else text
    if not unit_algebra.known(unit):
        raise IllFormed(f"{unit!r} is not a unit of terms such as Wh or micro/kWh")
    return unit


def series_unit(text: str) -> str:
    """Return the unit of a series, which is one that amounts count in unless it is in brackets.

    ``kWh``, ``kW`` and ``g`` are terms' names for what prices are per, so a series that is said to
    be in kWh is almost certainly meant to be in Wh; in brackets, ``[kWh]``, it is taken as said.
    """
    unit = bare_unit(text)
    if unit in _MEANT and not text.startswith("["):
        raise IllFormed(f"a series is not counted in {unit}; did you mean {_MEANT[unit]}")
    return unit


def write_series_unit(unit: str) -> str:
    """Write the unit of a series as YAML that :func:`series_unit` reads back."""
    return f"'[{unit}]'" if unit in _MEANT else unit
