"""What entries are expected to save against what assets would do by themselves.

The saving of an asset is what its energy would cost if it were left to itself, less what it costs
by its diary: bought at the buying price, sold at the selling price, each slot by itself, rounded
once to whole nano-¤. It is shared out over the asset's entries by the energy that each moves, the
size of the difference between both powers while the entry is in force; what is moved before the
first entry counts as the first's. Parts are differences of running sums, each rounded to the
nearest nano-¤, so they always add up to the asset's saving.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_add, checked_multiply, checked_sum
from gridpact.scheduling.diaries.instructions import Instructions


class Tariffs(msgspec.Struct, frozen=True):
    """Prices that assets pay and earn, int64 [assets or 1, slots], µ¤/kWh.

    ``wear`` [assets or 1, 1] is what a kWh supplied costs the asset itself.
    """

    buy: Ints
    sell: Ints
    wear: Ints


class Savings(msgspec.Struct, frozen=True):
    """Expected savings, nano-¤: of assets [assets], and of their entries [entries].

    Entries of an asset add up to what it saves; one without entries keeps its saving to itself.
    """

    assets: Ints
    entries: Ints


def savings_of(
    instructions: Instructions, slots: Slots, planned_w: Ints, plain_w: Ints, tariffs: Tariffs
) -> Savings:
    """Share out what each asset saves.

    Parameters
    ----------
    instructions : Instructions
        The diaries.
    slots : Slots
        The horizon.
    planned_w, plain_w : int64 [assets, slots]
        Power by the diaries, and of the assets left to themselves.
    tariffs : Tariffs
        What energy costs.

    Raises
    ------
    NumberOverflow
        Where money does not fit 64 bits.
    """
    saved = checked_add(
        cost_of(plain_w, slots.step, tariffs), -cost_of(planned_w, slots.step, tariffs)
    )
    return shared_out(instructions, slots, saved, np.abs(planned_w - plain_w))


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


def cost_of(power_w: Ints, step_s: int, tariffs: Tariffs) -> Ints:
    """Cost of the energy that power [assets, slots] takes, less what it earns [assets], nano-¤."""
    price = np.where(power_w > 0, tariffs.buy, tariffs.sell - tariffs.wear)
    watts = checked_sum(checked_multiply(power_w, price), axis=-1)
    return muldiv(watts, np.full_like(watts, step_s), np.full_like(watts, 3600))


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
