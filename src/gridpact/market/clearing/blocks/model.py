"""Block orders as columns, what is refused about them, and the outcome of clearing them."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_sum
from gridpact.market.clearing.line import check as check_orders
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.orders import Orders

NONE = -1
"""In ``parent`` and ``group``: not linked, not exclusive."""
EXACT = 2**53
"""Floats hold every whole number up to here."""


class Blocks(msgspec.Struct, frozen=True):
    """Block orders as columns [blocks].

    ``sequence`` identifies a block and is unique among blocks and hourly orders; ``member`` and
    ``side`` are those of :class:`~gridpact.market.orders.Orders`; ``quantity_wh`` [blocks, slots]
    is the profile, not negative. ``limit_micro_per_kwh`` bounds the mean price over the profile.

    A block is accepted with one ratio in all its slots, in whole steps: its profile divided by the
    profile's greatest common divisor, so that every slot has whole Wh. The ratio is 0 or at least
    ``minimum_ppm`` (1,000,000 for all-or-nothing). ``parent`` is the sequence of the block that
    must be accepted for this one to be, and of the blocks of a ``group`` at most one is accepted;
    -1 for none.
    """

    sequence: Ints
    member: Ints
    side: Ints
    quantity_wh: Ints
    limit_micro_per_kwh: Ints
    minimum_ppm: Ints
    parent: Ints
    group: Ints

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return self.sequence.size

    def take(self, rows: Ints | Bools) -> Blocks:
        """Return the given rows, by number or by mask."""
        return Blocks(*(getattr(self, name)[rows] for name in self.__struct_fields__))

    @property
    def steps(self) -> Ints:
        """Steps that the whole block has, [blocks]; one where it is all-or-nothing."""
        divisor = np.asarray(np.gcd.reduce(self.quantity_wh, axis=1), dtype=np.int64)
        partial = divisor * self.minimum_ppm <= (divisor - 1) * MICRO_PER_UNIT
        return np.where(partial, divisor, 1)

    @property
    def step_wh(self) -> Ints:
        """Energy of a step, [blocks, slots]."""
        return np.asarray(self.quantity_wh // self.steps[:, None])

    @property
    def least_steps(self) -> Ints:
        """Fewest steps of an accepted block, [blocks]."""
        least = -(-self.steps * self.minimum_ppm // MICRO_PER_UNIT)
        return np.asarray(np.maximum(least, 1), dtype=np.int64)


class PriceRange(msgspec.Struct, frozen=True):
    """The lowest and the highest price a market allows [µ¤/kWh]."""

    lowest: int
    highest: int


DAY_AHEAD = PriceRange(-500_000, 4_000_000)
"""-500 to 4,000 ¤/MWh."""


class BlockClearing(msgspec.Struct, frozen=True):
    """The outcome of clearing hourly and block orders together.

    ``orders`` are the hourly orders and, below them, a row for each slot of each block with energy
    there; ``clearing`` is in its rows, so that accounts and counterparties follow as from any
    clearing. ``accepted_steps`` [blocks]. ``rejected_in_money`` [blocks] are the blocks that would
    gain at these prices and are not accepted: because their acceptance would move the prices
    (paradoxical rejection), for want of their parent, or because of another of their group.
    ``welfare_nano`` is exact; ``set_aside`` counts the selections found before that no prices
    support. ``proven`` tells whether this is the best supported selection; it is False where the
    search was cut short by rejecting blocks for good.
    """

    orders: Orders
    clearing: Clearing
    accepted_steps: Ints
    rejected_in_money: Bools
    welfare_nano: int
    set_aside: int
    proven: bool


def expand(orders: Orders, blocks: Blocks) -> tuple[Orders, Ints]:
    """Put a row for each slot of each block below the orders; return them and the rows' blocks."""
    block, slot = np.nonzero(blocks.quantity_wh)
    cells = (
        blocks.sequence[block],
        blocks.member[block],
        slot.astype(np.int64),
        blocks.side[block],
        blocks.quantity_wh[block, slot],
        blocks.limit_micro_per_kwh[block],
    )
    names = Orders.__struct_fields__
    pairs = zip(names, cells, strict=True)
    return Orders(*(np.concatenate([getattr(orders, at), more]) for at, more in pairs)), block


def check(orders: Orders, slots: int, blocks: Blocks, prices: PriceRange) -> None:
    """Refuse blocks that cannot be cleared.

    Raises
    ------
    ValueError
        Columns of other lengths, an empty or negative profile, a side other than ±1, a minimum
        ratio outside 0 to 1,000,000 ppm, a sequence given twice, an unknown parent or a circle of
        parents, a limit outside the range of prices, or a book so large that 64-bit floats, in
        which the solver works, do not hold its values.
    """
    check_orders(orders, slots)
    columns = [getattr(blocks, name) for name in Blocks.__struct_fields__ if name != "quantity_wh"]
    if blocks.quantity_wh.shape != (blocks.count, slots):
        raise ValueError(f"a block's profile must have {slots} slots")
    if any(column.shape != (blocks.count,) for column in columns):
        raise ValueError("the columns of the blocks must be equally long")
    if np.any(blocks.quantity_wh < 0) or np.any(blocks.quantity_wh.sum(axis=1) < 1):
        raise ValueError("a block's profile must not be negative, and not empty")
    if np.any(np.abs(blocks.side) != 1):
        raise ValueError("a block's side must be +1 or -1")
    if np.any((blocks.minimum_ppm < 0) | (blocks.minimum_ppm > MICRO_PER_UNIT)):
        raise ValueError(f"a block's minimum ratio must be within 0 and {MICRO_PER_UNIT} ppm")
    _check_links(orders, blocks)
    _check_size(orders, blocks, prices)


def _check_links(orders: Orders, blocks: Blocks) -> None:
    every = np.concatenate([orders.sequence, blocks.sequence])
    if np.unique(every).size != every.size or np.any(blocks.sequence < 0):
        raise ValueError("the sequences of orders and blocks must be unique and not negative")
    parents = dict(zip(blocks.sequence.tolist(), blocks.parent.tolist(), strict=True))
    for child, parent in parents.items():
        above, climbed = parent, 0
        while above != NONE:
            climbed += 1
            if above not in parents or climbed > blocks.count:
                raise ValueError(f"block {child} has an unknown parent or is its own forebear")
            above = parents[above]


def _check_size(orders: Orders, blocks: Blocks, prices: PriceRange) -> None:
    limits = np.concatenate([orders.limit_micro_per_kwh, blocks.limit_micro_per_kwh])
    if np.any((limits < prices.lowest) | (limits > prices.highest)):
        raise ValueError(f"limits must lie within {prices.lowest} and {prices.highest} µ¤/kWh")
    energy = checked_sum(np.append(orders.quantity_wh, checked_sum(blocks.quantity_wh)))
    span = max(abs(prices.lowest), abs(prices.highest), prices.highest - prices.lowest)
    if max(span, MICRO_PER_UNIT) * int(energy) > EXACT:
        raise ValueError("the book is worth more than the solver can tell to a nano-¤")
