"""The outcome of a mechanism that names counterparties: trades, and what follows from them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Ints, checked_multiply, magnitude
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import ranked
from gridpact.market.orders import Orders

_FLOAT_EXACT = 2**53
_ZERO = np.zeros(1, dtype=np.int64)


class Trades(msgspec.Struct, frozen=True):
    """Trades as int64 columns, shape [trades].

    ``buy`` and ``sell`` are rows of the orders; ``quantity_wh`` > 0. The buyer pays one price and
    the seller receives another; the difference is an explicit fee, negative for a subsidy.
    """

    buy: Ints
    sell: Ints
    quantity_wh: Ints
    buyer_micro_per_kwh: Ints
    seller_micro_per_kwh: Ints

    @property
    def count(self) -> int:
        """How many trades there are."""
        return self.buy.size


class Matched(msgspec.Struct, frozen=True):
    """The outcome. ``accepted_wh`` [orders] are the sums of the trades by row of the orders."""

    accepted_wh: Ints
    trades: Trades


class Pairs(NamedTuple):
    """Who meets whom with how much: rows of the orders and Wh, columns [pairs]."""

    buy: Ints
    sell: Ints
    quantity_wh: Ints


def accounts_nano(orders: Orders, matched: Matched, members: int) -> tuple[Ints, Ints, int]:
    """What every member pays and receives over all slots [nano-¤], and the fees between them.

    Returns
    -------
    paid, received : int64 [members]
        At the buyer's and the seller's prices of the trades; negative prices give negative sums.
    fees : int
        ``paid.sum() - received.sum()``, as an exact Python integer.

    Raises
    ------
    NumberOverflow
        A trade's value or a member's sum does not fit 64 bits.
    """
    trades = matched.trades
    pays = checked_multiply(trades.quantity_wh, trades.buyer_micro_per_kwh)
    paid = total_by(orders.member[trades.buy], pays, members)
    if trades.seller_micro_per_kwh is trades.buyer_micro_per_kwh:  # one price, one product
        return paid, total_by(orders.member[trades.sell], pays, members), 0
    gets = checked_multiply(trades.quantity_wh, trades.seller_micro_per_kwh)
    received = total_by(orders.member[trades.sell], gets, members)
    return paid, received, exact_sum(pays) - exact_sum(gets)


def welfare_nano(orders: Orders, matched: Matched) -> int:
    """What buyers would have paid at most less what sellers asked at least, over all slots.

    An exact Python integer; raises :class:`~gridpact.base.errors.NumberOverflow` where the worth
    of a single order does not fit 64 bits.
    """
    signed = orders.side * matched.accepted_wh
    return exact_sum(checked_multiply(signed, orders.limit_micro_per_kwh))


def from_accepted(orders: Orders, clearing: Clearing) -> Matched:
    """Name the counterparties of a uniform-price clearing: pairs in merit order, at its price.

    In every slot the dearest accepted bid meets the cheapest accepted offer, then the next; among
    equal limits the lower sequence goes first. A slot has at most bids + offers - 1 trades.
    O(n log n) in the accepted orders.
    """
    pairs = in_merit_order(orders, clearing.accepted_wh)
    price = clearing.price_micro_per_kwh[orders.slot[pairs.buy]]
    return Matched(clearing.accepted_wh, Trades(*pairs, price, price))


def in_merit_order(orders: Orders, accepted_wh: Ints) -> Pairs:
    """Pair accepted Wh [orders], dearest bid with cheapest offer, slot by slot.

    Pairs come by slot, then in merit order. Raises ValueError where a slot has not as much bought
    as sold.
    """
    took = accepted_wh > 0
    buys, sells = (np.flatnonzero(took & (orders.side == sign)) for sign in (1, -1))
    limit = orders.limit_micro_per_kwh
    bids = buys[ranked(orders.slot[buys], -limit[buys], orders.sequence[buys])]
    offers = sells[ranked(orders.slot[sells], limit[sells], orders.sequence[sells])]
    left, right, quantity = meet(accepted_wh[bids], accepted_wh[offers])
    pairs = Pairs(bids[left], offers[right], quantity)
    if (orders.slot[pairs.buy] != orders.slot[pairs.sell]).any():
        raise ValueError("as much must be bought as sold in every slot")
    return pairs


def meet(left_wh: Ints, right_wh: Ints) -> tuple[Ints, Ints, Ints]:
    """Lay two lines of positive lengths and equal total side by side and cut them at every end.

    Returns the position in each line and the length of every piece [pieces], from the beginning.
    Where both lines end together (as at the end of a slot) one piece ends, not two. O(n).
    """
    left_end, right_end = left_wh.cumsum(), right_wh.cumsum()
    if left_end[-1:].tolist() != right_end[-1:].tolist():
        raise ValueError("as much must be bought as sold")
    ends = np.concatenate([_ZERO, left_end, right_end])
    ends.sort(kind="stable")  # two sorted runs: merged in linear time
    length = ends[1:] - ends[:-1]
    cut = length > 0
    ends, length = ends[1:][cut], length[cut]
    return left_end.searchsorted(ends), right_end.searchsorted(ends), length


def to_matched(orders: Orders, trades: Trades) -> Matched:
    """Add up what each order took part in."""
    accepted = total_by(trades.buy, trades.quantity_wh, orders.count)
    return Matched(accepted + total_by(trades.sell, trades.quantity_wh, orders.count), trades)


def total_by(place: Ints, values: Ints, size: int) -> Ints:
    """Add values up by place, shape [size]; raises NumberOverflow where a sum leaves 64 bits."""
    peak = magnitude(values) * values.size
    if peak <= _FLOAT_EXACT:  # bincount adds floats, which are exact up to here
        return np.bincount(place, values, minlength=size).astype(np.int64)
    total = np.zeros(size, dtype=object if peak > INT64_MAX else np.int64)
    np.add.at(total, place, values)
    if total.dtype == np.object_ and any(abs(value) > INT64_MAX for value in total):
        raise NumberOverflow("a sum of trades does not fit 64 bits")
    return total.astype(np.int64)


def exact_sum(values: Ints) -> int:
    """Sum as a Python integer, which does not wrap."""
    if magnitude(values) * values.size <= INT64_MAX:
        return int(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
