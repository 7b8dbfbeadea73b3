"""The saving of an asset shared out over the entries of its diary.

It is shared out by the energy that each entry moves, the size of the difference between the power
by the diary and that of the asset left to itself, while the entry is in force; what is moved before
the first entry counts as the first's. Parts are differences of running sums, each rounded to the
nearest nano-¤, so they always add up to the asset's saving.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_sum
from gridpact.scheduling.diaries.instructions import Instructions


class Savings(msgspec.Struct, frozen=True):
    """Expected savings, nano-¤: of assets [assets], and of their entries [entries].

    Entries of an asset add up to what it saves; one without entries keeps its saving to itself.
    """

    assets: Ints
    entries: Ints


def shared_out(
    instructions: Instructions, slots: Slots, saved_nano: Ints, moved_w: Ints
) -> Savings:
    """Share what each asset saves [assets] over its entries by what each of them moves.

    ``moved_w`` [assets, slots] is the size of the difference that the diaries make.
    """
    moved = running_sums(moved_w)
    row, end = instructions.row, _ends(instructions, slots)
    first = np.ones(len(row), np.bool_)
    first[1:] = row[1:] != row[:-1]
    total = np.maximum(moved[row, -1], 1)
    so_far = muldiv(saved_nano[row], moved[row, end], total)
    before = np.where(first, 0, np.roll(so_far, 1))
    return Savings(saved_nano, so_far - before)


def running_sums(values: Ints) -> Ints:
    """Running sums over slots of what is never negative [assets, slots + 1], from 0 on."""
    checked_sum(values, axis=-1)  # the last sum is the largest
    return np.pad(np.cumsum(values, axis=-1), ((0, 0), (1, 0)))


def _ends(instructions: Instructions, slots: Slots) -> Ints:
    """Slot in which each entry ceases to be in force [entries]: the next one's, or the last."""
    place = np.clip((instructions.at_s - slots.start) // slots.step, 0, slots.count)
    end = np.roll(place, -1)
    last = np.ones(len(place), np.bool_)
    last[:-1] = instructions.row[1:] != instructions.row[:-1]
    return np.where(last, slots.count, end)
