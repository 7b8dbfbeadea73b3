"""What a new revision of diaries changes: entries kept, changed, new, withdrawn, or done.

Only what is still ahead of an instant can change. What was told before it stays, whatever a new
solve would have wished.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.diaries.difference_kernel import Dates, Pairs, matched
from gridpact.scheduling.diaries.instructions import Instructions, Standing, standing_at

Changes: TypeAlias = NDArray[np.int8]
Number = TypeVar("Number", np.int64, np.int8)


class Change(IntEnum):
    """What becomes of an entry."""

    KEPT = 0
    CHANGED = 1
    NEW = 2
    WITHDRAWN = 3
    DONE = 4


class Diaries(msgspec.Struct, frozen=True, kw_only=True):
    """Diaries of many assets in force for ``begin_s ≤ instant < end_s`` [s since the epoch].

    ``standing`` is what assets do when the window begins; ``revision`` [assets] counts from 1.
    """

    begin_s: int
    end_s: int
    instructions: Instructions
    standing: Standing
    revision: Ints


class Difference(msgspec.Struct, frozen=True):
    """A new revision, and what became of each entry of either, sorted by asset and instant.

    ``row``, ``at_s`` and ``change`` [entries] name them; ``before`` and ``after`` [entries] are
    their positions in the diaries that were in force and in the new ones, −1 where there is none.
    """

    diaries: Diaries
    row: Ints
    at_s: Ints
    change: Changes
    before: Ints
    after: Ints


def first_diaries(
    instructions: Instructions, standing: Standing, window: tuple[int, int]
) -> Diaries:
    """Return the first revision of diaries, in force from the first instant until the second."""
    return Diaries(
        begin_s=window[0],
        end_s=window[1],
        instructions=instructions,
        standing=standing,
        revision=np.ones(len(standing.power_w), np.int64),
    )


def difference(
    in_force: Diaries, proposed: Instructions, window: tuple[int, int], now: int
) -> Difference:
    """Compare diaries in force with what a new solve proposes, and make the next revision.

    Entries before ``now`` are done and stay as they were, while the window holds them. From the
    later of ``now`` and the window's begin on, entries are replaced by those proposed. A revision
    counts up where something ahead changes, or where the window ends at another instant.

    Raises
    ------
    ValueError
        Where an entry is proposed outside the window, or a new one for an instant that has passed.
    """
    begin = min(max(now, in_force.begin_s), window[0])
    standing = standing_at(in_force.instructions, in_force.standing, begin)
    here = np.flatnonzero(in_force.instructions.at_s >= begin)
    old = in_force.instructions.of(here)
    pairs = matched(Dates(old.row, old.at_s), Dates(proposed.row, proposed.at_s))
    change = _change(old, proposed, pairs, (window[0], now))
    _refuse_unfitting(proposed, pairs, change, (window, now))
    stays = change != Change.WITHDRAWN
    moved = np.full(len(in_force.revision), window[1] != in_force.end_s)
    moved[pairs.row[(change != Change.KEPT) & (change != Change.DONE)]] = True
    diaries = Diaries(
        begin_s=begin,
        end_s=window[1],
        instructions=_merged(old, proposed, pairs, change),
        standing=standing,
        revision=in_force.revision + moved,
    )
    before = np.append(here, -1)[pairs.before]
    after = np.where(stays, np.cumsum(stays) - 1, -1)
    return Difference(diaries, pairs.row, pairs.at_s, change, before, after)


def _change(
    old: Instructions, new: Instructions, pairs: Pairs, instants: tuple[int, int]
) -> Changes:
    """Say what becomes of each entry; ``instants`` are the new window's begin, and now."""
    begin, now = instants
    change = np.where(_apart(old, new, pairs), Change.CHANGED, Change.KEPT)
    change = np.where(pairs.before < 0, Change.NEW, change)
    unspoken = pairs.at_s < begin  # the new window says nothing about it
    change = np.where((pairs.after < 0) & ~unspoken, Change.WITHDRAWN, change)
    return np.where((pairs.before >= 0) & (pairs.at_s < now), Change.DONE, change).astype(np.int8)


def _apart(old: Instructions, new: Instructions, pairs: Pairs) -> Bools:
    """Mark entries that both have, and that say different things."""
    both = (pairs.before >= 0) & (pairs.after >= 0)
    one, other = old.of(pairs.before[both]), new.of(pairs.after[both])
    apart = np.zeros(len(both), np.bool_)
    apart[both] = (one.verb != other.verb) | (one.target_w != other.target_w)
    return apart


def _merged(old: Instructions, new: Instructions, pairs: Pairs, change: Changes) -> Instructions:
    stays = change != Change.WITHDRAWN
    renewed = ((change == Change.NEW) | (change == Change.CHANGED))[stays]
    before, after = pairs.before[stays & (change != Change.NEW)], pairs.after[stays][renewed]

    def either(one: NDArray[Number], other: NDArray[Number]) -> NDArray[Number]:
        found = np.empty(len(renewed), one.dtype)
        found[change[stays] != Change.NEW] = one[before]
        found[renewed] = other[after]
        return found

    return Instructions(
        either(old.row, new.row),
        either(old.at_s, new.at_s),
        either(old.verb, new.verb),
        either(old.target_w, new.target_w),
    )


def _refuse_unfitting(
    new: Instructions, pairs: Pairs, change: Changes, when: tuple[tuple[int, int], int]
) -> None:
    """Raise ValueError of what is proposed beside the window, or anew for the past."""
    (begin, end), now = when
    beside = (new.at_s < begin) | (new.at_s >= end)
    if np.any(beside):
        raise ValueError(f"{iso(int(new.at_s[beside][0]))} is outside the window proposed")
    late = (change == Change.NEW) & (pairs.at_s < now)
    if np.any(late):
        raise ValueError(f"{iso(int(pairs.at_s[late][0]))} has passed at {iso(now)}")
