"""Why each entry of a diary is there.

The first of these that applies is the reason:

1. an intervention, then an activation, in force for the asset when the entry is due;
2. a need whose bound the schedule just meets, and which asks for a change this way
   (:mod:`.tight_needs`);
3. a limit on the way to the grid: its price moves the asset this way, and the price of energy alone
   would move it the other way or not at all;
4. a contract: the same, of a row of the portfolio;
5. the price of energy.

A price *moves* an asset to more power where it is lower than in the slot before, and to less where
it is higher; the first slot is compared with the mean of the horizon (:mod:`.pulls`). The
selling price counts for what begins, changes or ends supplying, the buying price for all else.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.diaries.instructions import (
    Instructions,
    Standing,
    powers_after,
    powers_before,
)
from gridpact.scheduling.diaries.pulls import NEGLIGIBLE, Signals, shared_pull, zone_pull


class Kind(IntEnum):
    """What kind of reason; the lowest that applies wins."""

    INTERVENTION = 0
    ACTIVATION = 1
    NEED = 2
    LIMIT = 3
    CONTRACT = 4
    PRICE = 5


class Cause(msgspec.Struct, frozen=True):
    """A reason by kind and identifier. ``owner`` alone may read it, or all where it is empty."""

    kind: Kind
    id: str
    owner: str = ""


class InForce(msgspec.Struct, frozen=True):
    """Causes in force for assets [causes in force], each in slots ``first ≤ slot < end``.

    ``cause`` is a position among causes, ``row`` the asset; ``way`` says which changes it
    explains: 1 to more net power, −1 to less, 0 either.
    """

    cause: Ints
    row: Ints
    first: Ints
    end: Ints
    way: Ints

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int, int]]) -> InForce:
        """Make the columns from rows of cause, asset, first, end, way."""
        return cls(*np.array(rows, np.int64).reshape(-1, 5).T)

    @classmethod
    def activated(cls, cause: int, given_w: Ints, way: int, span: tuple[int, int]) -> InForce:
        """Put a cause in force for all assets that give some of an activation [assets], W.

        ``way`` is −1 where it asks for less net power, ``span`` its first slot and its end.
        """
        row = np.flatnonzero(given_w)
        alike = [np.full(len(row), value) for value in (cause, *span, way)]
        return cls(alike[0], row, alike[1], alike[2], alike[3])

    def and_also(self, other: InForce) -> InForce:
        """Return these and others together."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__struct_fields__)
        return InForce(*(np.concatenate(pair) for pair in pairs))


class Shared(msgspec.Struct, frozen=True):
    """Which cause is behind each zone's limit [zones] and each row of the portfolio [rows]."""

    zones: Ints
    rows: Ints


class Reasons(msgspec.Struct, frozen=True):
    """Kind and cause of every entry [entries]; a cause is −1 where it is the price of energy."""

    kind: NDArray[np.int8]
    cause: Ints


def reasons_of(
    instructions: Instructions,
    standing: Standing,
    slots: Slots,
    causes: tuple[Cause, ...],
    in_force: InForce,
    shared: tuple[Signals, Shared],
) -> Reasons:
    """Return the reason of every entry, by the rule above.

    Parameters
    ----------
    instructions, standing
        The diaries, and what assets did before.
    slots : Slots
        The horizon that was solved; an entry outside has the price of energy as its reason.
    causes, in_force
        All causes, and those in force for single assets.
    shared : Signals, Shared
        Prices of energy and of limits, and the causes behind limits.
    """
    signals, behind = shared
    slot = (instructions.at_s - slots.start) // slots.step
    inside = (slot >= 0) & (slot < slots.count)
    before, after = powers_before(instructions, standing), powers_after(instructions, standing)
    way, place = np.where(inside, np.sign(after - before), 0), np.where(inside, slot, 0)
    supplies = (after < 0) | ((after == 0) & (before < 0))
    alone = way * signals.energy_pull(instructions.row, place, supplies) <= NEGLIGIBLE
    found = np.full(len(instructions), -1)
    for positions, found_by in ((behind.rows, shared_pull), (behind.zones, zone_pull)):
        which = found_by(signals, instructions.row, place, way).which
        wins = inside & alone & (which >= 0)
        found[wins] = positions[which[wins]]
    own = _own(instructions.row, np.where(inside, slot, -1), way, causes, in_force)
    found = np.where(own >= 0, own, found)
    kinds = np.array([int(cause.kind) for cause in causes] + [int(Kind.PRICE)], np.int8)
    return Reasons(kinds[found], np.asarray(found, np.int64))


def _own(row: Ints, slot: Ints, way: Ints, causes: tuple[Cause, ...], in_force: InForce) -> Ints:
    """Cause in force for the asset of each entry, the lowest kind first; −1 where there is none."""
    pair, entry = _pairs(in_force.row, row)
    there = (in_force.first[pair] <= slot[entry]) & (slot[entry] < in_force.end[pair])
    there &= (in_force.way[pair] == 0) | (in_force.way[pair] == way[entry])
    pair, entry = pair[there], entry[there]
    rank = np.array([int(cause.kind) for cause in causes], np.int64)
    cause, none = in_force.cause[pair], np.iinfo(np.int64).max
    best = np.full(len(row), none)
    np.minimum.at(best, entry, rank[cause] * (len(causes) + 1) + cause)
    return np.where(best < none, best % (len(causes) + 1), -1)


def _pairs(rows: Ints, sorted_rows: Ints) -> tuple[Ints, Ints]:
    """Pair each of ``rows`` with all positions of it among ``sorted_rows``."""
    first = np.searchsorted(sorted_rows, rows)
    count = np.searchsorted(sorted_rows, rows, side="right") - first
    pair = np.repeat(np.arange(len(rows)), count)
    before = np.repeat(np.cumsum(count) - count, count)
    return pair, np.repeat(first, count) + np.arange(len(pair)) - before


def readable(cause: Cause, reader: str) -> Cause:
    """Return a cause as an asset's owner may read it.

    Another's private need acts on the asset as a limit would, and is told as one without a name.
    """
    if cause.owner in ("", reader):
        return cause
    return Cause(Kind.LIMIT, "")
