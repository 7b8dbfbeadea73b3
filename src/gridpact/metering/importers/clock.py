"""Clocks of data files: naive local stamps to instants, vectorised, clock changes included."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.importers.mapping import ClockChanges
from gridpact.metering.importers.rows import Report

_FIXED = re.compile(r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$")
_DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)

OK, TWICE, NEVER = 0, 1, 2
UNCLEAR = (
    "this local time occurred twice, and the rows do not tell which of the two it is",
    "add what is missing of the hour, write offsets, or set clock_changes to first or second",
)
"""Problem and fix of a file that goes through an hour once which the clock showed twice."""


def zone_of(text: str) -> tzinfo | None:
    """Return the zone that ``UTC``, ``UTC+10``, ``+05:30`` or an IANA name means, or None."""
    match = _FIXED.match(text)
    if match:
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset > timedelta(hours=14):
            return None
        return timezone(-offset if sign == "-" else offset)
    try:
        return UTC if text in {"UTC", "Z"} else ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _offset(local: int, zone: tzinfo, fold: int) -> int:
    """Offset from UTC [s] that the zone gives a naive local second."""
    moment = (_EPOCH + timedelta(seconds=local)).replace(tzinfo=zone, fold=fold)
    delta = moment.utcoffset()
    return int(delta.total_seconds()) if delta else 0


def _offsets(local: Ints, zone: tzinfo) -> tuple[Ints, Ints]:
    """Offsets from UTC [rows, s] by the earlier and the later reading of naive local seconds.

    Those of a whole day are looked up once; single times only on days that end unlike they begin.
    """
    if isinstance(zone, timezone) or not len(local):
        early = np.full(len(local), _offset(0, zone, 0), dtype=np.int64)
        return early, early
    days = local // _DAY
    first = int(days.min())
    found = np.zeros(int(days.max()) - first + 1, dtype=np.bool_)
    found[days - first] = True
    begin, end = np.zeros((2, len(found)), dtype=np.int64)
    for place in np.flatnonzero(found).tolist():
        begin[place] = _offset((first + place) * _DAY, zone, 0)
        end[place] = _offset((first + place + 1) * _DAY, zone, 0)
    early = begin[days - first]
    late = early.copy()
    rows = np.flatnonzero((begin != end)[days - first])
    times, place_of = np.unique(local[rows], return_inverse=True)
    for offsets, fold in ((early, 0), (late, 1)):
        offsets[rows] = _stepwise(times, zone, fold)[place_of]
    return early, late


def _stepwise(times: Ints, zone: tzinfo, fold: int) -> Ints:
    """Offsets [s] of naive local seconds in order; a day's times go by halves, as it changes once.

    Where the first and the last of some times within a day have one offset, all of them have.
    """
    found = np.zeros(len(times), dtype=np.int64)
    bounds = [0, *(np.flatnonzero(np.diff(times // _DAY)) + 1).tolist(), len(times)]
    left = list(pairwise(bounds)) if len(times) else []
    while left:
        begin, end = left.pop()
        first, last = (_offset(int(times[row]), zone, fold) for row in (begin, end - 1))
        if first == last:
            found[begin:end] = first
        elif end - begin == 2:
            found[begin:end] = first, last
        else:
            middle = (begin + end) // 2
            left += [(begin, middle), (middle, end)]
    return found


def instants(local: Ints, zone: tzinfo) -> tuple[Ints, Ints, Ints]:
    """Turn naive local seconds into instants.

    Parameters
    ----------
    local : int64 [rows]
        Seconds since 1970-01-01T00:00 on the local clock.
    zone : tzinfo
        The clock's zone, as :func:`zone_of` gives it.

    Returns
    -------
    first, second : int64 [rows]
        Instants [s since the epoch] of the earlier and later reading; equal unless the clock
        showed this time twice.
    state : int64 [rows]
        0 plain, 1 the clock showed it twice, 2 the clock skipped it.
    """
    early, late = _offsets(local, zone)
    state = np.where(early > late, TWICE, np.where(early < late, NEVER, OK)).astype(np.int64)
    return local - early, local - late, state


def resolve(
    local: Ints, zone: tzinfo, policy: ClockChanges, report: Report, lines: Ints, where: str
) -> tuple[Ints, Ints]:
    """Apply a policy to the stamps of a changing clock.

    Returns the instants [s] and, for each, the row it came from: ``filled`` drops rows that the
    clock skipped and repeats those it showed twice. Faults go to ``report``, their rows are left
    out, so that they do not look like gaps or repeats as well.
    """
    first, second, state = instants(local, zone)
    rows = np.arange(len(local), dtype=np.int64)
    if policy == "filled":
        return _filled(first, second, state)
    if policy == "refuse":
        fix = "set clock_changes to first, second or in-order, or use a clock without changes"
        report.rows(state == TWICE, lines, where, ("this local time occurred twice", fix))
    fix = "correct the stamp, or set timezone to the clock the file was written with"
    report.rows(state == NEVER, lines, where, ("this local time never occurred", fix))
    twice = np.asarray(state == TWICE)
    later, unclear = twice, np.zeros_like(twice)
    if policy == "in-order":
        later, unclear = in_order(local, local * 0, twice)
        report.rows(unclear, lines, where, UNCLEAR)
    take_second = later if policy in {"second", "in-order"} else np.zeros_like(later)
    kept = (state == OK) | (twice & ~unclear & (policy != "refuse"))
    return np.where(take_second, second, first)[kept], rows[kept]


def in_order(local: Ints, channel: Ints, twice: Bools) -> tuple[Bools, Bools]:
    """Tell which doubtful rows come after their channel's clock went back that day.

    The second value tells of which rows that cannot be said: the clock showed the hour twice, and
    the file goes through it once. Shapes [rows]; ``channel`` keeps apart whose rows they are.
    """
    rows = np.flatnonzero(twice)
    order = rows[np.lexsort((rows, local[rows] // _DAY, channel[rows]))]
    day, own = local[order] // _DAY, channel[order]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (day[1:] != day[:-1]) | (own[1:] != own[:-1])
    back = np.zeros(len(order), dtype=np.int64)
    back[1:] = (local[order][1:] <= local[order][:-1]) & ~begins[1:]
    count = np.cumsum(back)
    first = np.flatnonzero(begins)
    lengths = np.diff(first, append=len(order))
    last = np.repeat(count[first + lengths - 1], lengths) if len(first) else count
    at_begin = np.repeat(count[first], lengths) if len(first) else count
    later, unclear = np.zeros((2, len(local)), dtype=np.bool_)
    later[order] = count > at_begin
    unclear[order] = last == at_begin
    return later, unclear


def _filled(first: Ints, second: Ints, state: Ints) -> tuple[Ints, Ints]:
    kept = np.flatnonzero(state != NEVER)
    twice = np.flatnonzero(state == TWICE)
    moments = np.concatenate((first[kept], second[twice]))
    rows = np.concatenate((kept, twice))
    # Rows in file order where nothing was repeated, so that disorder in the file stays visible.
    order = np.argsort(moments, kind="stable") if len(twice) else np.arange(len(moments))
    return moments[order], rows[order]
