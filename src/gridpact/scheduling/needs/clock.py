"""From times on the wall clock to instants, by the time zone of a community.

Where clocks go back, a time occurs twice: a moment and the begin of a window are the first of the
two, the end of a window is the second, so that a window holds all that the clock shows within it.
Where clocks go forward, times are left out: on a day that is named, such a time is refused with its
two neighbours; on a day that is not (every day, weekdays) it stands for the first instant after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gridpact.base.errors import Fault
from gridpact.scheduling.needs.model import Asked, Intervention, kind_of
from gridpact.scheduling.needs.times import DAY_S, Moment, Window, day_of

QUARTER_S = 900
"""Slots of a community begin so often [s] where nothing else is said."""
HOUR_S = 3600


class Stretch(NamedTuple):
    """From ``begin`` until just before ``end`` [s since the epoch]; ``day`` is its local day."""

    begin: int
    end: int
    day: date


class Reading(NamedTuple):
    """What a time on the wall clock may stand for [s since the epoch].

    The ``first`` and ``second`` occurrence are the same on all but days on which clocks go back.
    ``gap``: the clock skips it; both are then the first instant after.
    """

    first: int
    second: int
    gap: bool


def read_clock(day: date, time_s: int, timezone: str) -> Reading:
    """Find a time of a local day; ``time_s`` may reach into days after it."""
    zone = ZoneInfo(timezone)
    wall = datetime.combine(day, time()) + timedelta(seconds=time_s)
    early, late = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if early <= late:
        return Reading(early, late, gap=False)
    after = _change(late, early, zone)  # in a gap the two readings lie on both sides of it
    return Reading(after, after, gap=True)


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """First instant after ``low`` at which the offset is that of ``high``."""
    target = _offset(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == target:
            high = middle
        else:
            low = middle
    return high


def _offset(instant: int, zone: ZoneInfo) -> timedelta:
    return datetime.fromtimestamp(instant, zone).utcoffset() or timedelta()


def local_date(instant: int, timezone: str) -> date:
    """Local date at an instant."""
    return datetime.fromtimestamp(instant, ZoneInfo(timezone)).date()


def moment_at(instant: int, timezone: str) -> Moment:
    """The moment that a clock shows at an instant."""
    local = datetime.fromtimestamp(instant, ZoneInfo(timezone))
    time_s = local.hour * 3600 + local.minute * 60 + local.second
    return Moment(time_s, local.date().isoformat())


def next_occurrence(day: int, month: int, today: date) -> date | None:
    """Next date of a day of the year, today included; None where no year has it."""
    for year in range(today.year, min(today.year + 9, date.max.year + 1)):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def happens_on(times: Moment | Window, day: date) -> bool:
    """Tell whether a moment, or the begin of a window, is on a local day."""
    if times.weekdays and day.isoweekday() not in times.weekdays:
        return False
    first, last = first_and_last(times)
    return (first is None or first <= day) and (last is None or day <= last)


def first_and_last(times: Moment | Window) -> tuple[date | None, date | None]:
    """First and last local day on which it may begin; None where open."""
    if isinstance(times, Moment):
        day = day_of(times.date) if times.date else None
        return day, day
    return (
        day_of(times.first_date) if times.first_date else None,
        day_of(times.last_date) if times.last_date else None,
    )


def instants(moment: Moment, begin: int, end: int, timezone: str) -> Iterator[tuple[int, date]]:
    """Yield a moment's instants after ``begin`` and no later than ``end``, each with its day."""
    yield from _instants(moment, begin, end, timezone)


@lru_cache(maxsize=4096)
def _instants(moment: Moment, begin: int, end: int, timezone: str) -> tuple[tuple[int, date], ...]:
    """Find the instants of a moment, which many needs of a horizon share."""
    days = _days(moment, begin, end, timezone)
    found = ((read_clock(day, moment.time_s, timezone).first, day) for day in days)
    return tuple(one for one in found if begin < one[0] <= end)


def stretches(window: Window, begin: int, end: int, timezone: str) -> Iterator[Stretch]:
    """Yield a window's stretches that share time with ``begin`` to ``end``, uncut, in order."""
    for day in _days(window, begin, end, timezone):
        one = stretch_on(window, day, timezone)
        if one.begin < one.end and one.begin < end and begin < one.end:
            yield one


def stretch_on(window: Window, day: date, timezone: str) -> Stretch:
    """Return what a window is on a local day; empty where the clock skips all of it."""
    ends_s = window.begin_s + window.length_s
    first = read_clock(day, window.begin_s, timezone).first
    return Stretch(first, read_clock(day, ends_s, timezone).second, day)


def _days(times: Moment | Window, begin: int, end: int, timezone: str) -> Iterator[date]:
    first, last = first_and_last(times)
    day = local_date(begin, timezone) - timedelta(days=1)  # a window may begin the day before
    stop = local_date(end, timezone)
    day = day if first is None else max(day, first)
    stop = stop if last is None else min(stop, last)
    while day <= stop:
        if happens_on(times, day):
            yield day
        day += timedelta(days=1)


def time_faults(need: Asked, now: int, timezone: str, step_s: int = QUARTER_S) -> tuple[Fault, ...]:
    """Name times of a need that are over, never come, or that the clock skips on their day.

    What is proposed instead of these begins a slot of ``step_s``.
    """
    found: list[tuple[str, str, str]] = []
    for field in need.__struct_fields__:
        times = getattr(need, field)
        if isinstance(times, Moment | Window):
            found += [(field, *what) for what in _skipped(times, timezone, step_s)]
            found += [(field, *what) for what in _over(times, now, timezone)]
    if isinstance(need, Intervention) and need.end <= now:
        later = shown((now // HOUR_S + 1) * HOUR_S, timezone)
        problem = f"was over at {shown(need.end, timezone)}"
        found.append(("end", problem, f"give a later time, such as {later}"))
    name = need.id or kind_of(need)
    return tuple(Fault("need", 0, f"{name}.{field}", what, fix) for field, what, fix in found)


class Gap(NamedTuple):
    """Where clocks go forward, as they show it: from ``leaves``, which no day has, to ``enters``.

    ``before`` and ``after`` are when the last slot before it and the first one after it begin.
    """

    leaves: str
    enters: str
    before: str
    after: str


def beside_gap(reading: Reading, timezone: str, step_s: int = QUARTER_S) -> Gap:
    """Return the times on both sides of a gap that a clock skips."""
    return Gap(
        leaves=shown(reading.first - 1, timezone, 1),
        enters=shown(reading.first, timezone),
        before=shown((reading.first - 1) // step_s * step_s, timezone),
        after=shown(-(-reading.first // step_s) * step_s, timezone),
    )


def _skipped(times: Moment | Window, timezone: str, step_s: int) -> Iterator[tuple[str, str]]:
    """Yield times that the clock skips on a day that is named."""
    first, last = first_and_last(times)
    if first is None or first != last:
        return
    if isinstance(times, Moment):
        asked = [times.time_s]
    else:
        asked = [times.begin_s, times.begin_s + times.length_s]
    for time_s in asked:
        reading = read_clock(first, time_s, timezone)
        if reading.gap:
            said = f"{clock_text(time_s % DAY_S)} does not exist on {first}"
            gap = beside_gap(reading, timezone, step_s)
            jump = f"clocks go from {gap.leaves} to {gap.enters}"
            fits = _beside(times, first, (time_s, gap), timezone)
            yield f"{said}: {jump}", f"give {' or '.join(fits)}"


def _beside(
    times: Moment | Window, day: date, skipped: tuple[int, Gap], timezone: str
) -> list[str]:
    """The times beside a gap which, in the place of one that is skipped, leave a window."""
    time_s, gap = skipped
    if isinstance(times, Moment):
        return [gap.before, gap.after]
    is_begin = time_s == times.begin_s
    other = read_clock(day, times.begin_s + (times.length_s if is_begin else 0), timezone)
    if other.gap:  # both are moved, each to its own side
        return [gap.before if is_begin else gap.after]
    at = shown(other.first, timezone)
    return [one for one in (gap.before, gap.after) if (one < at if is_begin else one > at)]


def _over(times: Moment | Window, now: int, timezone: str) -> Iterator[tuple[str, str]]:
    first, last = first_and_last(times)
    if last is None:
        return
    days = [last - timedelta(days=back) for back in range(7)]
    day = next((d for d in days if happens_on(times, d)), None)
    if day is None or (first is not None and day < first):
        yield "never comes: none of its weekdays is within its dates", "widen the dates"
        return
    if isinstance(times, Moment):
        ends = read_clock(day, times.time_s, timezone).first
    else:
        ends = stretch_on(times, day, timezone).end
    if ends <= now:
        example = _next_day(times, now, timezone)
        yield f"was over at {shown(ends, timezone)}", f"give a later date, such as {example}"


def _next_day(times: Moment | Window, now: int, timezone: str) -> str:
    """First local day on which a time, or the begin of a window, is still to come."""
    time_s = times.time_s if isinstance(times, Moment) else times.begin_s
    day = local_date(now, timezone)
    while read_clock(day, time_s, timezone).first <= now or (
        times.weekdays and day.isoweekday() not in times.weekdays
    ):
        day += timedelta(days=1)
    return day.isoformat()


def shown(instant: int, timezone: str, add: int = 0) -> str:
    """Write an instant as its wall clock shows it, ``add`` seconds later by that clock.

    Instants that no calendar has are written as seconds.
    """
    try:
        local = datetime.fromtimestamp(instant, ZoneInfo(timezone)).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):
        return f"{instant} s"
    local += timedelta(seconds=add)
    return local.strftime("%Y-%m-%d ") + clock_text(
        local.hour * 3600 + local.minute * 60 + local.second
    )


def clock_text(time_s: int) -> str:
    """Write a time of the day as 07:30, with seconds where there are any."""
    hours, minutes, seconds = time_s // 3600, time_s // 60 % 60, time_s % 60
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def instant_text(instant: int) -> str:
    """Write an instant in UTC, such as 2026-04-23T05:30Z."""
    at = datetime.fromtimestamp(instant, UTC)
    return f"{at.date().isoformat()}T{clock_text(at.hour * 3600 + at.minute * 60 + at.second)}Z"
