"""Uniform-price double auction: all slots of a book cleared in one pass over its columns.

The rules are those of the European day-ahead coupling (EUPHEMIA public description) for simple
orders, per slot:

1. Orders in the money are accepted in full, orders out of the money are rejected, orders at the
   marginal price may be accepted in part.
2. An order accepted in part sets the price. Where both sides end exactly, the price is the middle
   of ``[max(last accepted offer, first rejected bid), min(last accepted bid, first rejected
   offer)]``, rounded half to even; a side without a rejected order leaves that bound to the other.
3. Of all outcomes with the greatest welfare the one with the greatest volume is taken: a bid and
   an offer at the same price do trade.
4. Orders tied at the marginal price share pro rata to quantity, by largest remainder in whole Wh,
   the lower sequence first; where a market says so they are filled by time instead.

One sort of the book and bisections in it (:mod:`~gridpact.market.clearing.crossing`): O(n log n)
in the orders, linear memory.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.clearing.crossing import Crossing, cross
from gridpact.market.clearing.matched import Matched, Trades
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import Ties
from gridpact.market.orders import Orders


def clear(orders: Orders, slots: int, ties: str = Ties.PRO_RATA) -> Clearing:
    """Clear every slot of a book.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``.
    slots : int
        Number of slots.
    ties : str
        How orders tied at the marginal price share, one of
        :class:`~gridpact.market.clearing.priority.Ties`.

    Raises
    ------
    ValueError
        An order has no positive quantity, an unknown slot, a side other than ±1, or a limit price
        at the very end of int64; or ``ties`` is unknown.
    NumberOverflow
        The quantities of the book do not add up in 64 bits.
    """
    crossing = cross(orders, slots, ties)
    return at_price(orders, crossing, middle(crossing.low, crossing.high))


def match(orders: Orders, slots: int) -> tuple[Clearing, Matched]:
    """Clear as :func:`clear` and name the counterparties, with a single sort.

    The pairs are those of :func:`~gridpact.market.clearing.matched.from_accepted`.
    """
    crossing = cross(orders, slots)
    clearing = at_price(orders, crossing, middle(crossing.low, crossing.high))
    return clearing, paired(orders, crossing, clearing)


def at_price(orders: Orders, crossing: Crossing, price: Ints) -> Clearing:
    """Put the outcome of a crossing together with a price per slot [slots]."""
    traded = crossing.volume_wh > 0
    accepted = crossing.accepted_wh(orders.count)
    return Clearing(np.where(traded, price, 0), traded, crossing.volume_wh, accepted)


def paired(orders: Orders, crossing: Crossing, clearing: Clearing) -> Matched:
    """Name the counterparties of a clearing at its price."""
    pairs = crossing.pairs()
    price = clearing.price_micro_per_kwh[orders.slot[pairs.buy]]
    return Matched(clearing.accepted_wh, Trades(*pairs, price, price))


def middle(low: Ints, high: Ints) -> Ints:
    """Midpoint rounded half to even, without forming the sum, which could wrap."""
    floor = (low & high) + ((low ^ high) >> 1)
    return np.asarray(floor + ((low ^ high) & floor & 1), dtype=np.int64)
