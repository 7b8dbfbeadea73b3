"""Times and days in a sentence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple, NoReturn

from gridpact.scheduling.needs.clock import beside_gap, next_occurrence, read_clock
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.cursor import Cursor
from gridpact.scheduling.needs.grammar.tokens import MONTHS, Misread, Token
from gridpact.scheduling.needs.spelling import nearest
from gridpact.scheduling.needs.times import DAY_S, EARLIEST, LATEST, WEEKDAYS, Moment, Window

_SHORT = 3
_MONTH_NUMBER = {m.lower(): n for n, m in enumerate(MONTHS, 1)} | {
    m[:_SHORT].lower(): n for n, m in enumerate(MONTHS, 1)
}
_WEEKDAY_NUMBER = {d.lower() + end: n for n, d in enumerate(WEEKDAYS, 1) for end in ("", "s")} | {
    d[:_SHORT].lower(): n for n, d in enumerate(WEEKDAYS, 1)
}
_NAMED = {"weekdays": (1, 2, 3, 4, 5), "weekends": (6, 7)}
_RELATIVE = {"today": 0, "tomorrow": 1}
_HALVES = ("am", "pm", "a.m", "p.m")
_A_TIME = "a time such as 07:30"
_A_DATE = "a date such as 23 April 2026"


class Days(NamedTuple):
    """One date, or weekdays, or neither."""

    date: str | None = None
    weekdays: tuple[int, ...] = ()


def moment(cursor: Cursor, context: Context) -> Moment:
    """Read ``by 07:30 on 23 April``."""
    cursor.word("at", "by")
    time_s = clock_time(cursor)
    days = _days(cursor, context)
    return Moment(time_s, days.date, days.weekdays)


def window(cursor: Cursor, context: Context) -> Window:
    """Read ``within 18:00-20:00 on weekdays from 1 May 2026``."""
    cursor.skip("within")
    begin_s, end_s = _from_to(cursor)
    days = _days(cursor, context)
    if days.date is not None:
        return Window(begin_s, end_s, days.date, days.date)
    first = last = None
    if cursor.skip("from"):
        first = _date(cursor, context)
    if cursor.skip("until"):
        column = cursor.next.column
        last = _date(cursor, context)
        if first is not None and last < first:
            raise Misread(column, f"{last} is before {first}", "write the later date last")
        if last == first and days.weekdays:
            raise Misread(column, "one date needs no weekdays", f"write on {_written(last)}")
    return Window(begin_s, end_s, first, last, days.weekdays)


def starts_window(cursor: Cursor) -> bool:
    """Tell whether a window comes next."""
    return cursor.is_word("within", "all") or cursor.next.kind == "time"


def starts_moment(cursor: Cursor) -> bool:
    """Tell whether a moment comes next."""
    return cursor.is_word("at", "by")


def _from_to(cursor: Cursor) -> tuple[int, int]:
    if cursor.skip("all"):
        cursor.word("day")
        return 0, DAY_S
    begins = cursor.next
    begin_s = clock_time(cursor)
    if not cursor.skip("to"):
        cursor.kind("dash", "- and the time it ends")
    end_s = clock_time(cursor)
    if begin_s == end_s != 0:
        problem = f"{begins.text}-{begins.text} ends when it begins"
        raise Misread(begins.column, problem, "write all day, or another time at which it ends")
    return (0, DAY_S) if begin_s == end_s == 0 else (begin_s, end_s)


def clock_time(cursor: Cursor) -> int:
    """Read a time of the day [s]."""
    token = cursor.next
    if token.kind != "time":
        _refuse_time(cursor)
    cursor.take()
    if cursor.is_word(*_HALVES):
        raise Misread(token.column, *_half(token.text, cursor.next.text))
    hours, minutes, seconds = (*(int(part) for part in token.text.split(":")), 0)[:3]
    if hours == 24 and minutes == seconds == 0:
        raise Misread(token.column, "24:00 is no time of a day", "write 00:00")
    if hours > 23 or minutes > 59 or seconds > 59:
        problem = f"found {token}: hours go from 00 to 23, minutes and seconds from 00 to 59"
        raise Misread(token.column, problem, f"write {_A_TIME}")
    return hours * 3600 + minutes * 60 + seconds


def _refuse_time(cursor: Cursor) -> NoReturn:
    token, after = cursor.next, cursor.after
    if token.kind == "number":
        if after.kind == "word" and after.text.lower() in _HALVES:
            raise Misread(token.column, *_half(token.text, after.text))
        hours, _, minutes = token.text.partition(".")
        if int(hours) < 24 and (not minutes or (len(minutes) == 2 and int(minutes) < 60)):
            cursor.fail(_A_TIME, fix=f"write {int(hours):02}:{minutes or '00'}")
    cursor.fail(_A_TIME)


def _half(text: str, half: str) -> tuple[str, str]:
    """Problem and fix of a time told in halves of a day."""
    hours, _, minutes = text.replace(".", ":").partition(":")
    hour = int(hours) % 12 + (12 if half.lower().startswith("p") else 0)
    problem = f"found '{text} {half}': times go from 00:00 to 23:59"
    return problem, f"write {hour:02}:{minutes or '00'}"


def _days(cursor: Cursor, context: Context) -> Days:
    if cursor.skip("every"):
        cursor.word("day")
        return Days()
    said_on = cursor.skip("on")
    if cursor.next.kind in ("number", "date") or cursor.is_word(*_RELATIVE, *_MONTH_NUMBER):
        return Days(date=_date(cursor, context))
    if cursor.is_word(*_NAMED, *_WEEKDAY_NUMBER):
        return Days(weekdays=_weekdays(cursor))
    if said_on:
        known = (*WEEKDAYS, *_NAMED, *_RELATIVE)
        cursor.fail("a date or weekdays", known)
    return Days()


def _weekdays(cursor: Cursor) -> tuple[int, ...]:
    if cursor.is_word(*_NAMED):
        return _NAMED[cursor.take().text.lower()]
    found: set[int] = set()
    while True:
        token = cursor.next
        number = _WEEKDAY_NUMBER[cursor.word(*_WEEKDAY_NUMBER)]
        if number in found:
            raise Misread(token.column, f"{WEEKDAYS[number - 1]} comes twice", "name it once")
        found.add(number)
        more = cursor.after.kind == "word" and cursor.after.text.lower() in _WEEKDAY_NUMBER
        if not (cursor.next.kind == "comma" and more):
            break
        cursor.take()
    return () if len(found) == 7 else tuple(sorted(found))


def _date(cursor: Cursor, context: Context) -> str:
    """Read a date (ISO 8601); without a year, the next such date, today included."""
    token = cursor.next
    if cursor.is_word(*_RELATIVE):
        days = timedelta(days=_RELATIVE[cursor.take().text.lower()])
        return (context.today + days).isoformat()
    if token.kind == "date":
        cursor.take()
        year, month, day = (int(part) for part in token.text.split("-"))
        return _valid(token, day, month, year)
    if cursor.is_word(*_MONTH_NUMBER) and cursor.after.kind == "number":
        cursor.fail(_A_DATE, fix=f"write {cursor.after.text} {token.text}")
    number = cursor.kind("number", _A_DATE)
    month = _month(cursor, number)
    if cursor.next.kind == "number":
        return _valid(number, int(number.text), month, _year(cursor))
    found = next_occurrence(int(number.text), month, context.today)
    if found is None:
        raise _no_day(number, month)
    return found.isoformat()


def _month(cursor: Cursor, number: Token) -> int:
    if "." in number.text or len(number.text) > 2:
        raise Misread(number.column, f"found {number}, expected {_A_DATE}", f"write {_A_DATE}")
    if not cursor.is_word(*_MONTH_NUMBER):
        near = nearest(cursor.next.text, MONTHS) if cursor.next.kind == "word" else ""
        fix = f"write {number.text} {near}" if near else ""
        cursor.fail(f"a month after {number.text}", fix=fix)
    return _MONTH_NUMBER[cursor.take().text.lower()]


def _year(cursor: Cursor) -> int:
    token = cursor.take()
    if len(token.text) != 4 or not token.text.isdigit():
        problem = f"found {token}, expected a year of four digits"
        raise Misread(token.column, problem, "write one such as 2026")
    return int(token.text)


def _valid(token: Token, day: int, month: int, year: int) -> str:
    try:
        found = date(year, month, day).isoformat()
    except ValueError:
        raise _no_day(token, month, year) from None
    if not EARLIEST <= found <= LATEST:
        raise Misread(token.column, f"{found} is out of range", f"write {EARLIEST} to {LATEST}")
    return found


def _no_day(token: Token, month: int, year: int | None = None) -> Misread:
    if not 1 <= month <= 12:
        return Misread(token.column, f"{token} has no month {month}", f"write {_A_DATE}")
    said = MONTHS[month - 1] + (f" {year}" if year is not None else "")
    return Misread(token.column, f"{said} has no such day: {token}", "write a day that it has")


def _written(day: str) -> str:
    year, month, number = (int(part) for part in day.split("-"))
    return f"{number} {MONTHS[month - 1]} {year}"


def instant(cursor: Cursor, context: Context, after: int) -> int:
    """Read an instant [s since the epoch]; a time without a date is the next one ``after``."""
    token = cursor.next
    if token.kind == "instant":
        cursor.take()
        return _utc(token)
    time_s = clock_time(cursor)
    cursor.skip("on")
    if cursor.next.kind in ("number", "date") or cursor.is_word(*_RELATIVE):
        day = date.fromisoformat(_date(cursor, context))
        reading = read_clock(day, time_s, context.timezone)
        if reading.gap:
            gap = beside_gap(reading, context.timezone, context.step_s)
            jump = f"clocks go from {gap.leaves} to {gap.enters}"
            times = " or ".join(one.partition(" ")[2] for one in (gap.before, gap.after))
            problem = f"{token.text} does not exist on {day}: {jump}"
            raise Misread(token.column, problem, f"write {times} on {day}")
        return reading.first
    day = context.today
    while (found := read_clock(day, time_s, context.timezone).first) <= after:
        day += timedelta(days=1)
    return found


def _utc(token: Token) -> int:
    day, _, clock = token.text.rstrip("Z").partition("T")
    year, month, number = (int(part) for part in day.split("-"))
    _valid(token, number, month, year)
    parts = (*(int(part) for part in clock.split(":")), 0)
    if parts[0] > 23 or parts[1] > 59 or parts[2] > 59:
        raise Misread(token.column, f"found {token}, which is no time", f"write {_A_TIME}")
    at = read_clock(date(year, month, number), parts[0] * 3600 + parts[1] * 60 + parts[2], "UTC")
    return at.first
