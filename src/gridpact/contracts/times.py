"""Masks of time, between two instants and in hours of a local calendar, and their slots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Ints
from gridpact.contracts.errors import IllFormed, NotOnSlots
from gridpact.contracts.observables import Observable, check_whole
from gridpact.contracts.periods import check_zone, months_of
from gridpact.contracts.unit_algebra import ONE

DAY_S = 86_400


@dataclass(frozen=True, slots=True, repr=False)
class Between(Observable):
    """The mask of the slots in ``[start, end)`` [s since the epoch, UTC]; both sit on slots."""

    start: int
    end: int

    def __post_init__(self) -> None:
        check_whole(self.start, "a start")
        check_whole(self.end, "an end")
        if self.start >= self.end:
            raise IllFormed(f"between: the end {self.end} is not after the start {self.start}")

    def __str__(self) -> str:
        return f"between({iso(self.start)}, {iso(self.end)})"

    @property
    def unit(self) -> str:
        """A pure number."""
        return ONE

    @property
    def is_mask(self) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True, repr=False)
class LocalTime(Observable):
    """The mask of the slots that begin in given months, weekdays and hours of a time zone.

    ``months`` are 1 to 12, ``weekdays`` 1 (Monday) to 7 (ISO 8601), ``[begin_s, end_s)`` seconds
    of the wall clock since local midnight. A window over midnight is the ``max`` of two.
    """

    zone: str
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    begin_s: int
    end_s: int

    def __post_init__(self) -> None:
        check_zone(self.zone)
        _check_days("months", self.months, 12)
        _check_days("weekdays", self.weekdays, 7)
        check_whole(self.begin_s, "the begin of a day's window")
        check_whole(self.end_s, "the end of a day's window")
        if not 0 <= self.begin_s < self.end_s <= DAY_S:
            raise IllFormed(f"a day's window is within 0 and {DAY_S} s and ends after it begins")

    def __str__(self) -> str:
        return f"local({self.zone}, {self.begin_s} to {self.end_s} s)"

    @property
    def unit(self) -> str:
        """A pure number."""
        return ONE

    @property
    def is_mask(self) -> bool:
        """Always."""
        return True


def _check_days(what: str, numbers: tuple[int, ...], most: int) -> None:
    whole = bool(numbers) and set(map(type, numbers)) == {int}
    if (
        not whole
        or list(numbers) != sorted(set(numbers))
        or not 1 <= numbers[0] <= numbers[-1] <= most
    ):
        raise IllFormed(f"{what} {numbers} must be numbers of 1 to {most}, each once, in order")


def between(mask: Between, slots: Slots) -> Ints:
    """Return 1 in the slots of a window, else 0; raise NotOnSlots where an edge splits a slot."""
    for edge in (mask.start, mask.end):
        if slots.start < edge < slots.end and edge % slots.step:
            raise NotOnSlots(f"{iso(edge)} splits a slot of {slots.step} s")
    starts = slots.starts()
    return np.asarray((starts >= mask.start) & (starts < mask.end), dtype=np.int64)


def local_time(mask: LocalTime, slots: Slots) -> Ints:
    """Return 1 in the slots of a calendar window; raise NotOnSlots where an edge splits a slot."""
    local = Calendar(mask.zone, slots.step).local_seconds(slots)
    days, second = np.divmod(local, DAY_S)
    for edge in (mask.begin_s, mask.end_s, DAY_S):
        split = (second < edge) & (edge < second + slots.step)
        if split.any():
            at = iso(int(slots.starts()[np.argmax(split)]))
            raise NotOnSlots(f"{edge} s after midnight in {mask.zone} splits the slot at {at}")
    found = (second >= mask.begin_s) & (second < mask.end_s)
    found &= np.isin((days + 3) % 7 + 1, mask.weekdays)  # day 0 was a Thursday
    found &= np.isin(months_of(days) % 12 + 1, mask.months)
    return np.asarray(found, dtype=np.int64)
