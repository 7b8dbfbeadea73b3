"""What owners have decided of the power of their assets, in spans of time.

An asset is *off*, *left to itself* or *pinned* to a power in a span; where spans overlap, the
first of these counts. A span is ``begin_s ≤ instant < end_s``; what shares time with it is held.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.instructions import powers_after
from gridpact.scheduling.diaries.modes import Codes, Modes, Status, declined
from gridpact.scheduling.diaries.respect import Hold


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

    From an entry that was declined the asset is left to itself until the diary ends; an entry that
    was accepted by hand pins its power until the next one is due.
    """
    entries, refused = diaries.instructions, declined(status)
    pinned = status == Status.ACCEPTED
    power = powers_after(entries, diaries.standing)
    following = np.append(entries.at_s[1:], diaries.end_s)
    last = np.append(entries.row[1:] != entries.row[:-1], True)[: len(entries)]
    until = np.where(last, diaries.end_s, following[: len(entries)])
    end = np.where(refused, diaries.end_s, until)
    hold = np.where(refused, Hold.PLAIN, Hold.PINNED)
    watts = np.where(pinned, power, 0)
    table = np.stack([entries.row, entries.at_s, end, hold, watts], axis=1)
    return Holds.of(table[refused | pinned])


def off(modes: Modes, now: int) -> Holds:
    """Return the spans in which assets that are off at an instant are so; they begin at 0."""
    rows = np.flatnonzero(modes.off_until_s > now)
    table = np.zeros((len(rows), 5), np.int64)
    table[:, 0], table[:, 2], table[:, 3] = rows, modes.off_until_s[rows], Hold.OFF
    return Holds.of(table)
