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
   the lower sequence first.

Bids and offers are sorted together by falling price, bids first at equal price. At an offer in
that line, all bids before it would pay its price and all offers from it on would accept it, so
the volume is the greatest ``min(bids before, offers from here)``. The rest follows from where
that volume ends on either side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints, checked_sum
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import pro_rata
from gridpact.market.orders import Orders

_NO_BID = -INT64_MAX - 1  # below any price: an absent first rejected bid bounds nothing
_NO_OFFER = INT64_MAX
_KEY_BITS = 63


class _Line(NamedTuple):
    """Orders by (slot, falling price, bids first): columns [orders].

    ``ahead_wh`` is the quantity that comes before an order on its own side in merit order;
    ``per_slot`` [slots] is the number of orders.
    """

    row: Ints
    slot: Ints
    bid: Bools
    price: Ints
    quantity_wh: Ints
    ahead_wh: Ints
    per_slot: Ints


class _Margin(NamedTuple):
    """Per slot and side, the price of the last accepted and of the first rejected Wh [slots]."""

    last_bid: Ints
    last_offer: Ints
    next_bid: Ints
    next_offer: Ints


def clear(orders: Orders, slots: int) -> Clearing:
    """Clear every slot of a book.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``.
    slots : int
        Number of slots.

    Raises
    ------
    ValueError
        An order has no positive quantity, an unknown slot, a side other than ±1, or a limit price
        at the very end of int64.
    NumberOverflow
        The quantities of the book do not add up in 64 bits.
    """
    _check(orders, slots)
    line, volume = _line_up(orders, slots)
    target = np.repeat(volume, line.per_slot)
    taken = np.clip(target - line.ahead_wh, 0, line.quantity_wh)
    margin = _margin(line, target, slots)
    _share_ties(line, taken, margin, orders.sequence)
    accepted = np.empty_like(taken)
    accepted[line.row] = taken
    traded = volume > 0
    low = np.maximum(margin.last_offer, margin.next_bid)
    high = np.minimum(margin.last_bid, margin.next_offer)
    return Clearing(np.where(traded, _middle(low, high), 0), traded, volume, accepted)


def _check(orders: Orders, slots: int) -> None:
    if not orders.count:
        return
    if int(orders.quantity_wh.min()) < 1:
        raise ValueError("an order's quantity must be positive")
    if int(orders.slot.min()) < 0 or int(orders.slot.max()) >= slots:
        raise ValueError(f"an order's slot must be in [0, {slots})")
    if not np.array_equal(np.abs(orders.side), np.ones_like(orders.side)):
        raise ValueError("an order's side must be +1 or -1")
    limit = orders.limit_micro_per_kwh
    if int(limit.min()) <= _NO_BID or int(limit.max()) >= _NO_OFFER:
        raise ValueError("an order's limit price must lie inside the range of int64")
    checked_sum(orders.quantity_wh)


def _line_up(orders: Orders, slots: int) -> tuple[_Line, Ints]:
    """Sort the orders; return them with the volume per slot [Wh]."""
    row = _order(orders, slots)
    bid, quantity = orders.side[row] > 0, orders.quantity_wh[row]
    count = np.bincount(orders.slot, minlength=slots)
    bids, _ = _running(np.where(bid, quantity, 0), count)
    offers, offered = _running(np.where(bid, 0, quantity), count)
    # Offers merit from the far end of the line: what is ahead of one is what comes after it.
    from_here = np.repeat(offered, count) - offers + quantity
    volume = np.zeros(slots, dtype=np.int64)
    filled = count > 0
    if row.size:
        both = np.where(bid, 0, np.minimum(bids, from_here))
        starts = (np.cumsum(count) - count)[filled]
        volume[filled] = np.maximum.reduceat(both, starts)
    ahead = np.where(bid, bids, from_here) - quantity
    price = orders.limit_micro_per_kwh[row]
    return _Line(row, orders.slot[row], bid, price, quantity, ahead, count), volume


def _order(orders: Orders, slots: int) -> Ints:
    """Rows by (slot, falling price, bids first).

    Slot, price, side and row usually fit one 63-bit number, and sorting plain numbers is several
    times faster than sorting by several columns.
    """
    offer = orders.side < 0
    if not orders.count:
        return np.empty(0, dtype=np.int64)
    top = int(orders.limit_micro_per_kwh.max())
    price_bits = (top - int(orders.limit_micro_per_kwh.min())).bit_length()
    row_bits = (orders.count - 1).bit_length()
    if (slots - 1).bit_length() + price_bits + 1 + row_bits > _KEY_BITS:
        # Unsigned: the distance between the extremes of int64 does not fit a signed number.
        below = np.uint64(top % 2**64) - orders.limit_micro_per_kwh.astype(np.uint64)
        return np.lexsort((offer, below, orders.slot))
    key = (orders.slot << price_bits) | (top - orders.limit_micro_per_kwh)
    key = (((key << 1) | offer) << row_bits) | np.arange(orders.count)
    key.sort()
    return np.asarray(key & ((1 << row_bits) - 1), dtype=np.int64)


def _running(values: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Running total within each slot, the row included [orders], and its end [slots]."""
    total = np.zeros(values.size + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    ends = np.cumsum(count)
    before = total[ends - count]
    return total[1:] - np.repeat(before, count), total[ends] - before


def _margin(line: _Line, target: Ints, slots: int) -> _Margin:
    """Find the orders that hold the last accepted and the first rejected Wh of each side."""
    reach = line.ahead_wh + line.quantity_wh
    last = (line.ahead_wh < target) & (target <= reach)
    following = (line.ahead_wh <= target) & (target < reach)

    def price(here: Bools, absent: int) -> Ints:
        found = np.full(slots, absent, dtype=np.int64)
        at = np.flatnonzero(here)
        found[line.slot[at]] = line.price[at]
        return found

    return _Margin(
        price(last & line.bid, _NO_OFFER),
        price(last & ~line.bid, _NO_BID),
        price(following & line.bid, _NO_BID),
        price(following & ~line.bid, _NO_OFFER),
    )


def _middle(low: Ints, high: Ints) -> Ints:
    """Midpoint rounded half to even, without forming the sum, which could wrap."""
    floor = (low & high) + ((low ^ high) >> 1)
    return np.asarray(floor + ((low ^ high) & floor & 1), dtype=np.int64)


def _share_ties(line: _Line, taken: Ints, margin: _Margin, sequence: Ints) -> None:
    """Divide what the marginal price got among all orders at it; changes ``taken`` in place.

    A side is partly filled where its last accepted and first rejected price are the same. That
    happens on one side of a slot at most: with both, one more Wh would trade. So the tied orders
    of a slot stand next to each other.
    """
    bid_side = margin.last_bid == margin.next_bid
    tied = bid_side | (margin.last_offer == margin.next_offer)
    if not tied.any():
        return
    price = np.where(bid_side, margin.last_bid, margin.last_offer)
    at_price = line.price == np.repeat(price, line.per_slot)
    same_side = line.bid == np.repeat(bid_side, line.per_slot)
    rows = np.flatnonzero(at_price & same_side & np.repeat(tied, line.per_slot))
    taken[rows] = pro_rata(
        line.slot[rows], taken[rows], line.quantity_wh[rows], sequence[line.row[rows]]
    )
