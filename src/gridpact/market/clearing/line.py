"""Bids and offers of a book in one line per slot, the sort that merit-order auctions share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints, checked_sum
from gridpact.market.orders import Orders

NO_BID = -INT64_MAX - 1
"""Below any price: an absent first rejected bid bounds nothing."""
NO_OFFER = INT64_MAX
_KEY_BITS = 63


class Line(NamedTuple):
    """Orders by slot, then falling price, bids first; columns [orders] unless said otherwise.

    Among equal ones bids come by rising, offers by falling row, so that offers read from the end
    of a slot are in merit order. ``rank`` rises along the line and is equal for equal slot, price
    and side. ``bids_to`` and ``offers_to`` [orders + 1] are the Wh before each position.
    ``start`` and ``end`` [slots] are the positions of a slot's orders.
    """

    row: Ints
    rank: Ints
    bid: Bools
    quantity_wh: Ints
    bids_to: Ints
    offers_to: Ints
    start: Ints
    end: Ints


def check(orders: Orders, slots: int) -> None:
    """Refuse columns that no auction can clear.

    Raises
    ------
    ValueError
        An order has no positive quantity, an unknown slot, a side other than ±1, or a limit price
        at the very end of int64.
    NumberOverflow
        The quantities of the book do not add up in 64 bits.
    """
    if not orders.count:
        return
    if int(orders.quantity_wh.min()) < 1:
        raise ValueError("an order's quantity must be positive")
    if int(orders.slot.min()) < 0 or int(orders.slot.max()) >= slots:
        raise ValueError(f"an order's slot must be in [0, {slots})")
    if np.any(np.abs(orders.side) != 1):
        raise ValueError("an order's side must be +1 or -1")
    limit = orders.limit_micro_per_kwh
    if int(limit.min()) <= NO_BID or int(limit.max()) >= NO_OFFER:
        raise ValueError("an order's limit price must lie inside the range of int64")
    checked_sum(orders.quantity_wh)


def line_up(orders: Orders, slots: int) -> Line:
    """Sort a sound book of at least one order; rows must be in order of sequence. O(n log n)."""
    row, rank, bid = _sorted(orders, slots)
    quantity = orders.quantity_wh[row]
    everything, bids = (np.zeros(row.size + 1, dtype=np.int64) for _ in range(2))
    np.cumsum(quantity, out=everything[1:])
    np.cumsum(quantity * bid, out=bids[1:])
    end = np.cumsum(np.bincount(orders.slot, minlength=slots))
    start = np.concatenate([[0], end[:-1]])
    return Line(row, rank, bid, quantity, bids, everything - bids, start, end)


def _sorted(orders: Orders, slots: int) -> tuple[Ints, Ints, Bools]:
    """Row, rank and whether a bid, along the line.

    Slot, price, side and row usually fit one 63-bit number, and sorting plain numbers is several
    times faster than sorting by several columns.
    """
    offer = orders.side < 0
    number = np.arange(orders.count)
    turned = np.where(offer, orders.count - 1 - number, number)
    top = int(orders.limit_micro_per_kwh.max())
    price_bits = (top - int(orders.limit_micro_per_kwh.min())).bit_length()
    row_bits = (orders.count - 1).bit_length()
    if (slots - 1).bit_length() + price_bits + 1 + row_bits > _KEY_BITS:
        return _sorted_by_columns(orders, offer, turned)
    key = orders.slot << price_bits
    key |= top - orders.limit_micro_per_kwh
    key <<= row_bits + 1
    key |= offer.astype(np.int64) << row_bits
    key |= turned
    key.sort()
    row = key & ((1 << row_bits) - 1)
    key >>= row_bits
    bid = (key & 1) == 0
    return np.where(bid, row, orders.count - 1 - row), key, bid


def _sorted_by_columns(orders: Orders, offer: Bools, turned: Ints) -> tuple[Ints, Ints, Bools]:
    # Unsigned: the distance between the extremes of int64 does not fit a signed number.
    top = np.uint64(int(orders.limit_micro_per_kwh.max()) % 2**64)
    below = top - orders.limit_micro_per_kwh.astype(np.uint64)
    row = np.lexsort((turned, offer, below, orders.slot))
    new = np.zeros(row.size, dtype=np.bool_)
    for column in (orders.slot, orders.limit_micro_per_kwh, orders.side):
        new[1:] |= np.diff(column[row]) != 0
    return row, np.cumsum(new), ~offer[row]
