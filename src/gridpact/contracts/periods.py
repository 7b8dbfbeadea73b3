"""Periods that folds look over: everything, or the days … years of a local calendar."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Ints
from gridpact.contracts.errors import IllFormed, NotOnSlots, PeriodCut

ALL = "all"
LENGTHS = ("day", "week", "month", "quarter", "year")


@lru_cache(maxsize=1024)
def check_zone(zone: str) -> None:
    """Raise IllFormed unless a text names a time zone of the IANA database."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise IllFormed(f"{zone!r} is not a time zone such as Europe/Berlin") from error


def check_period(period: str) -> None:
    """Raise IllFormed unless a text is ``all`` or a length at a zone, ``month@Europe/Berlin``."""
    length, at, zone = period.partition("@")
    if period == ALL:
        return
    if length not in LENGTHS or not at:
        shown = ", ".join(LENGTHS)
        raise IllFormed(
            f"period {period!r} is not all, nor one of {shown} as in month@Europe/Berlin"
        )
    check_zone(zone)


def segments(period: str, slots: Slots, *, cut: bool = False) -> list[slice]:
    """Return the slots of each period, in order, without gaps.

    Raises PeriodCut where the slots hold only a part of a period, unless ``cut`` lets parts at
    either end count as periods, and NotOnSlots where a period begins within a slot.
    """
    if period == ALL or slots.count == 0:
        return [slice(0, slots.count)]
    length, _, zone = period.partition("@")
    numbers = _numbers(length, zone, slots)
    begins = np.flatnonzero(np.diff(numbers)) + 1
    if not cut:
        before, after = (_number_at(length, zone, at) for at in (slots.start - 1, slots.end))
        if before == numbers[0]:
            raise PeriodCut(period, iso(slots.start))
        if after == numbers[-1]:
            raise PeriodCut(period, iso(slots.end))
    edges = [0, *begins.tolist(), slots.count]
    _check_edges(period, length, zone, slots, numbers, edges[1:-1])
    return [slice(first, last) for first, last in pairwise(edges)]


def _check_edges(
    period: str, length: str, zone: str, slots: Slots, numbers: Ints, edges: list[int]
) -> None:
    for edge in edges:
        at = slots.start + edge * slots.step
        if _number_at(length, zone, at - 1) != numbers[edge - 1]:
            raise NotOnSlots(f"{period!r} begins within the slot before {iso(at)}")


def _numbers(length: str, zone: str, slots: Slots) -> Ints:
    local = Calendar(zone, slots.step).local_seconds(slots)
    return _number(length, local // 86_400)


def _number_at(length: str, zone: str, instant: int) -> int:
    local = Calendar(zone, 1).local_seconds(Slots(instant, 1, 1))
    return int(_number(length, local // 86_400)[0])


def _number(length: str, days: Ints) -> Ints:
    """Number the periods that local days [days since 1970-01-01, a Thursday] belong to."""
    if length == "day":
        return days
    if length == "week":
        return np.asarray((days + 3) // 7, dtype=np.int64)
    months = months_of(days)
    return np.asarray(months // {"month": 1, "quarter": 3, "year": 12}[length], dtype=np.int64)


def months_of(days: Ints) -> Ints:
    """Return how many months after January 1970 the month of each day is."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
