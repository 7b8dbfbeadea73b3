"""Block and hourly orders cleared together, for the greatest welfare that prices can support.

The rules of the European day-ahead coupling (EUPHEMIA public description) for block orders:

1. Of all selections of blocks, with the hourly orders that go with them, the one with the greatest
   welfare is sought (a mixed-integer programme, without gap).
2. One price per slot must support it: hourly orders in the money are accepted in full and those
   out of the money not at all, and no accepted block loses over its slots. A block in the money
   may be rejected, an accepted block is never out of the money.
3. A selection that no prices support is set aside and the next best is sought, until prices exist;
   with no block at all they always do. Only that selection is cut off, so that what is found is
   the greatest welfare among the selections that prices support.
4. After ``patience`` selections set aside, the block that loses most in the selection at hand is
   rejected for good instead, so that the search ends within as many steps as there are blocks;
   the outcome then says that it is not proven to be the best.

Unlike EUPHEMIA's linked families, a parent that loses may not live on its children's gain.

Where blocks can be accepted in part, the steps are those with the greatest welfare for the
selection. Given the blocks, hourly orders share ties as in the uniform-price auction, which this
is where there are no blocks. Among selections equally good the solver's choice stands; it sees
orders by sequence, so the order of rows does not matter. It tells welfare apart to its tolerance
(1e-6 relative to bounds and integers): energy, money and prices are whole and checked exactly,
the optimum is that of a floating-point solver.
"""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints, checked_multiply
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.blocks.model import (
    DAY_AHEAD,
    BlockClearing,
    Blocks,
    PriceRange,
    check,
    expand,
)
from gridpact.market.clearing.blocks.prices import gains, intervals, supporting
from gridpact.market.clearing.blocks.programme import Programme
from gridpact.market.clearing.crossing import cross
from gridpact.market.clearing.matched import exact_sum
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import Ties
from gridpact.market.clearing.uniform_price import middle
from gridpact.market.orders import Orders, concatenate

PATIENCE = 50
"""Selections without prices that are set aside one by one."""


class _Hours(NamedTuple):
    """Hourly orders by sequence, and the rules for them."""

    orders: Orders
    slots: int
    allowed: PriceRange
    ties: Ties


class _Found(NamedTuple):
    steps: Ints
    hourly_wh: Ints
    price: Ints
    set_aside: int
    proven: bool


def clear(
    orders: Orders,
    slots: int,
    blocks: Blocks | None = None,
    prices: PriceRange = DAY_AHEAD,
    ties: str = Ties.PRO_RATA,
) -> Clearing:
    """Clear as :func:`clear_blocks`; without blocks this is the uniform-price auction.

    ``accepted_wh`` is in the rows of :func:`~gridpact.market.clearing.blocks.model.expand`, which
    without blocks are those of the orders.
    """
    if blocks is None or not blocks.count:
        return uniform_price.clear(orders, slots, ties)
    return clear_blocks(orders, slots, blocks, prices, ties=ties).clearing


def clear_blocks(
    orders: Orders,
    slots: int,
    blocks: Blocks,
    prices: PriceRange = DAY_AHEAD,
    patience: int = PATIENCE,
    ties: str = Ties.PRO_RATA,
) -> BlockClearing:
    """Clear hourly and block orders.

    Parameters
    ----------
    orders : Orders
        Hourly orders, each in one slot, in any row order.
    slots : int
        Number of slots.
    blocks : Blocks
        In any row order.
    prices : PriceRange
        Every limit and price lies within.
    patience : int
        Selections without prices to set aside before blocks are rejected for good.
    ties : str
        How hourly orders tied at the marginal price share, one of
        :class:`~gridpact.market.clearing.priority.Ties`.

    Raises
    ------
    ValueError
        Orders or blocks are unsound, see :func:`~gridpact.market.clearing.blocks.model.check`.
    NumberOverflow
        The quantities of the book do not add up in 64 bits.

    Notes
    -----
    NP-hard: a programme is exponential in the blocks at worst. There are at most ``patience`` +
    blocks of them, of orders + 2·blocks columns each.
    """
    check(orders, slots, blocks, prices)
    rows, places = np.argsort(orders.sequence), np.argsort(blocks.sequence)
    hours = _Hours(orders.take(rows), slots, prices, Ties(ties))
    found = _search(hours, blocks.take(places), patience)
    steps, hourly = np.zeros(blocks.count, np.int64), np.zeros(orders.count, np.int64)
    steps[places], hourly[rows] = found.steps, found.hourly_wh
    return _outcome(orders, slots, blocks, found._replace(steps=steps, hourly_wh=hourly))


def _search(hours: _Hours, blocks: Blocks, patience: int) -> _Found:
    """Go through selections from the best down to one that prices support."""
    programme = Programme(hours.orders, hours.slots, blocks)
    for set_aside in count():
        steps, taken = programme.solve()
        hourly = _hourly(hours, blocks, steps)
        low, high = intervals(hours.orders, hourly, hours.slots, hours.allowed)
        price = supporting(blocks.take(taken), low, high)
        if price is not None:
            return _Found(steps, hourly, price, set_aside, set_aside <= patience)
        if set_aside < patience:
            programme.exclude(taken)
        else:
            programme.forbid(int((gains(blocks, middle(low, high)) * steps).argmin()))
    raise AssertionError("a selection without blocks has prices")


def _hourly(hours: _Hours, blocks: Blocks, steps: Ints) -> Ints:
    """What hourly orders have [orders] when the blocks buy and sell whatever the price."""
    orders, allowed = hours.orders, hours.allowed
    net = (blocks.side * steps) @ blocks.step_wh
    slot = np.flatnonzero(net)
    side = np.sign(net[slot])
    limit = np.where(side > 0, allowed.highest + 1, allowed.lowest - 1)
    nobody = np.full(slot.size, -1)
    takers = Orders(-1 - slot, nobody, slot, side, np.abs(net[slot]), limit)
    found = cross(concatenate(orders, takers), hours.slots, hours.ties)
    accepted = found.accepted_wh(orders.count + slot.size)
    if np.any(accepted[orders.count :] != takers.quantity_wh):
        raise RuntimeError("the solver's selection does not balance in whole Wh")
    return accepted[: orders.count]


def _outcome(orders: Orders, slots: int, blocks: Blocks, found: _Found) -> BlockClearing:
    """Put hourly orders and blocks together, in the given order of rows."""
    expanded, block = expand(orders, blocks)
    slot = expanded.slot[orders.count :]
    block_wh = found.steps[block] * blocks.step_wh[block, slot]
    accepted = np.concatenate([found.hourly_wh, block_wh])
    volume = np.zeros(slots, dtype=np.int64)
    buys = expanded.side > 0
    np.add.at(volume, expanded.slot[buys], accepted[buys])
    price = np.where(volume > 0, found.price, 0)
    worth = checked_multiply(expanded.side * accepted, expanded.limit_micro_per_kwh)
    return BlockClearing(
        orders=expanded,
        clearing=Clearing(price, volume > 0, volume, accepted),
        accepted_steps=found.steps,
        rejected_in_money=(found.steps == 0) & (gains(blocks, found.price) > 0),
        welfare_nano=exact_sum(worth),
        set_aside=found.set_aside,
        proven=found.proven,
    )
