"""Why each entry of a diary is there.

The first of these that applies is the reason:

1. an intervention, then an activation, in force for the asset when the entry is due, or ending
   then where the entry goes back;
2. a need in force that asks for a change this way, or that moves the power by more than the entry
   does (:mod:`.met`); of several the one that moves it most;
3. a limit on the way to the grid: its price moves the asset this way, or is the same as in the slot
   before, so that the room it leaves is what changed; and the price of energy alone would move the
   asset the other way or not at all;
4. a contract, as a need;
5. the price of energy.

A price *moves* an asset to more power where it is lower than in the slot before, and to less where
it is higher; the first slot is compared with the mean of the horizon (:mod:`.pulls`). The
selling price counts for what begins, changes or ends supplying, the buying price for all else.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.diaries.instructions import (
    Instructions,
    Standing,
    powers_after,
    powers_before,
)
from gridpact.scheduling.diaries.pulls import NEGLIGIBLE, Signals, steady_limit, zone_pull


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
    explains: 1 to more net power, −1 to less, 0 either. ``weight`` ≥ 0 is how much it moves the
    power [Wh a slot], 0 where that is not known.
    """

    cause: Ints
    row: Ints
    first: Ints
    end: Ints
    way: Ints
    weight: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, int, int]]) -> InForce:
        """Make the columns from rows of cause, asset, first, end, way, weight."""
        return cls(*np.array(rows, np.int64).reshape(-1, 6).T)


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
    shared: tuple[Signals, Ints],
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
    shared
        Prices of energy and of limits, and the causes behind limits [zones].
    """
    signals, behind = shared
    slot = (instructions.at_s - slots.start) // slots.step
    inside = (slot >= 0) & (slot < slots.count)
    before, after = powers_before(instructions, standing), powers_after(instructions, standing)
    way, place = np.where(inside, np.sign(after - before), 0), np.where(inside, slot, 0)
    supplies = (after < 0) | ((after == 0) & (before < 0))
    alone = way * signals.energy_pull(instructions.row, place, supplies) <= NEGLIGIBLE
    pulled = zone_pull(signals, instructions.row, place, way).which
    which = np.where(pulled >= 0, pulled, steady_limit(signals, instructions.row, place))
    limited = np.where(inside & alone & (which >= 0), np.append(behind, -1)[which], -1)
    moved = np.abs(after - before) * (slots.step / 3600)
    entries = _Entries(instructions.row, np.where(inside, slot, -1), way, moved)
    own = _own(entries, causes, in_force)
    kinds = np.array([int(cause.kind) for cause in causes] + [int(Kind.PRICE)], np.int8)
    comes_first = (own >= 0) & (kinds[own] <= kinds[limited])
    found = np.where(comes_first, own, limited)
    return Reasons(kinds[found], np.asarray(found, np.int64))


class _Entries(NamedTuple):
    """Asset, slot, way and energy [Wh a slot] of the change that each entry makes [entries]."""

    row: Ints
    slot: Ints
    way: Ints
    wh: Floats


def _own(entries: _Entries, causes: tuple[Cause, ...], in_force: InForce) -> Ints:
    """Cause in force for the asset of each entry [entries], −1 where there is none.

    The lowest kind comes first, of one kind what moves the power most.
    """
    pair, entry = _pairs(in_force.row, entries.row)
    slot, asked = entries.slot[entry], in_force.way[pair]
    there = (in_force.first[pair] <= slot) & (slot < in_force.end[pair])
    sets = in_force.weight[pair] > entries.wh[entry]
    there &= (asked == 0) | (asked == entries.way[entry]) | sets
    pair, entry = pair[there], entry[there]
    rank = np.array([int(cause.kind) for cause in causes], np.int64)
    cause, found = in_force.cause[pair], np.full(len(entries.row), -1)
    better = np.lexsort((cause, -in_force.weight[pair], rank[cause], entry))
    first = np.ones(len(pair), np.bool_)
    first[1:] = entry[better][1:] != entry[better][:-1]
    found[entry[better][first]] = cause[better][first]
    return found


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
