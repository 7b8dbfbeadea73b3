"""What owners have decided of the power of their assets, in spans of time.

An asset is *off*, *left to itself* or *pinned* to a power in a span; where spans overlap, the
first of these counts. A span is ``begin_s ≤ instant < end_s``; what shares time with it is held.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.instructions import Instructions, powers_after
from gridpact.scheduling.diaries.modes import Codes, Modes, Status, declined


class Hold(IntEnum):
    """How free the power of an asset is; where spans overlap, the highest counts."""

    FREE = 0
    PINNED = 1
    PLAIN = 2
    OFF = 3


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """Spans [spans] in which the power of an asset is not free, sorted and each there once.

    ``row`` is the asset, ``begin_s`` and ``end_s`` the span [s since the epoch], ``hold`` a
    :class:`Hold` other than free, ``power_w`` the power where it is pinned, else 0.
    """

    row: Ints
    begin_s: Ints
    end_s: Ints
    hold: Ints
    power_w: Ints

    def __len__(self) -> int:
        """Count the spans."""
        return len(self.row)

    @classmethod
    def of(cls, table: Ints) -> Holds:
        """Make the columns from a table [spans, 5] in the order of the fields."""
        found = np.unique(np.asarray(table, np.int64).reshape(-1, 5), axis=0)
        row, begin, end, hold, power = found[found[:, 1] < found[:, 2]].T
        return cls(row=row, begin_s=begin, end_s=end, hold=hold, power_w=power)

    @classmethod
    def none(cls) -> Holds:
        """Return no spans."""
        return cls.of(np.zeros((0, 5), np.int64))

    @property
    def table(self) -> Ints:
        """The columns as a table [spans, 5]."""
        columns = (self.row, self.begin_s, self.end_s, self.hold, self.power_w)
        return np.stack(columns, axis=1)

    def and_also(self, other: Holds) -> Holds:
        """Return these and others together."""
        return Holds.of(np.concatenate([self.table, other.table]))

    def among(self, chosen: Bools) -> Holds:
        """Return some of the spans."""
        return Holds.of(self.table[chosen])

    def less(self, other: Holds) -> Holds:
        """Return these without the times in which others hold the same asset."""
        parts = self.table.tolist()
        for row, begin, end, _, _ in other.table.tolist():
            kept = [one for one in parts if one[0] != row]
            for own, first, last, *what in (one for one in parts if one[0] == row):
                kept.append([own, first, min(last, begin), *what])
                kept.append([own, max(first, end), last, *what])
            parts = [one for one in kept if one[1] < one[2]]
        return Holds.of(np.array(parts, np.int64))

    def over(self, slots: Slots, assets: int) -> tuple[Codes, Ints]:
        """Return the hold of every asset and slot [assets, slots], and the power pinned, W."""
        hold = np.zeros((assets, slots.count), np.int8)
        power = np.zeros((assets, slots.count), np.int64)
        order = np.argsort(self.hold, kind="stable")
        for row, begin, end, code, watts in self.table[order].tolist():
            first = max((begin - slots.start) // slots.step, 0)
            # a span may end before the first slot, and a negative end would count from the last one
            last = max(min(-((slots.start - end) // slots.step), slots.count), 0)
            hold[row, first:last] = code
            power[row, first:last] = watts
        return hold, np.where(hold == Hold.PINNED, power, 0)


def decided(diaries: Diaries, status: Codes) -> Holds:
    """Return what answers to the entries of diaries leave to the next solve.

    From an entry that was declined the asset is left to itself until the next one that was accepted
    by hand, else until the diary ends; an entry that was accepted by hand pins its power until the
    next one is due.
    """
    entries, refused = diaries.instructions, declined(status)
    pinned = status == Status.ACCEPTED
    power = powers_after(entries, diaries.standing)
    every = np.ones(len(entries), np.bool_)
    end = np.where(refused, _next(diaries, pinned), _next(diaries, every))
    hold = np.where(refused, Hold.PLAIN, Hold.PINNED)
    watts = np.where(pinned, power, 0)
    table = np.stack([entries.row, entries.at_s, end, hold, watts], axis=1)
    return Holds.of(table[refused | pinned])


def _next(diaries: Diaries, marked: Bools) -> Ints:
    """When the next marked entry of the same asset is due [entries], else when diaries end."""
    entries, count = diaries.instructions, len(diaries.instructions)
    later = np.append(np.where(marked, np.arange(count), count), count)
    place = np.minimum.accumulate(later[::-1])[::-1][1:]
    row, at = np.append(entries.row, -1), np.append(entries.at_s, diaries.end_s)
    return np.where(row[place] == entries.row, at[place], diaries.end_s)


def held_at(holds: Holds, entries: Instructions) -> Bools:
    """Mark entries that are due while their asset is held [entries]."""
    found = np.zeros(len(entries), np.bool_)
    for row, begin, end, _, _ in holds.table.tolist():
        first, last = np.searchsorted(entries.row, (row, row + 1))
        own = entries.at_s[first:last]
        found[first:last] |= (begin <= own) & (own < end)
    return found


def begins_pinned(holds: Holds, diaries: Diaries) -> Bools:
    """Mark entries that put an asset to the power to which a span that then begins pins it.

    In other words than before, perhaps, such an entry says what was accepted.
    """
    entries = diaries.instructions
    power = powers_after(entries, diaries.standing)
    pinned = holds.table[holds.hold == Hold.PINNED][:, [0, 1, 4]].tolist()
    told = zip(entries.row.tolist(), entries.at_s.tolist(), power.tolist(), strict=True)
    spans = {tuple(one) for one in pinned}
    return np.array([one in spans for one in told], np.bool_)


def off(modes: Modes, now: int) -> Holds:
    """Return the spans in which assets that are off at an instant are so; they begin at 0."""
    rows = np.flatnonzero(modes.off_until_s > now)
    table = np.zeros((len(rows), 5), np.int64)
    table[:, 0], table[:, 2], table[:, 3] = rows, modes.off_until_s[rows], Hold.OFF
    return Holds.of(table)
