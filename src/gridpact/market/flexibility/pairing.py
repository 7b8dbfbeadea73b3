"""Location-paired energy orders against congestion, as grid operators in the Netherlands use them.

Where an area is congested, an order inside it that relieves it is paired with an opposite order
outside, of the same energy: a buy inside with a sell outside where the area feeds too much into
the grid, a sell inside with a buy outside where it takes too much. The balance of the whole grid
does not change. Buyers pay and sellers receive their own limits, and the grid operator pays the
spread between them. Source: the public description of GOPACS (Grid Operators Platform for
Congestion Solutions) and its intraday congestion spread.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints, checked_multiply, checked_sum
from gridpact.market.clearing.matched import Trades, meet, total_by
from gridpact.market.clearing.priority import ranked
from gridpact.market.orders import Orders


class Pairing(msgspec.Struct, frozen=True):
    """Pairs as trades at both limits, and what they come to, int64 [slots].

    ``relieved_wh`` is the energy moved and ``unmet_wh`` the need that is left;
    ``spread_nano`` is what the grid operator pays, negative where buyers pay more than sellers ask.
    """

    trades: Trades
    relieved_wh: Ints
    unmet_wh: Ints
    spread_nano: Ints


def pair(
    orders: Orders,
    location: Ints,
    inside: Bools,
    need_wh: Ints,
    highest_spread_micro_per_kwh: int = INT64_MAX,
) -> Pairing:
    """Pair orders at the least spread.

    Parameters
    ----------
    orders : Orders
        Energy orders, which may be accepted in part.
    location : int64 [orders]
        Zone of each order, a row of ``inside``.
    inside : bool [zones]
        Which zones are in the congested area.
    need_wh : int64 [slots]
        Energy by which the area's net infeed has to change: above 0 more infeed is needed (sells
        inside), below 0 less (buys inside).
    highest_spread_micro_per_kwh : int
        Pairs that cost the grid operator more are left out.

    Notes
    -----
    On either side the best orders go first, the lower sequence among equals; the best with the
    best, then the next: the spread of successive pairs never falls, so that the first ones up to
    the need are the cheapest. O(n log n). Raises NumberOverflow where quantities or payments do
    not fit 64 bits, ValueError for a zone or slot that is not there or an order without quantity.
    """
    _check(orders, location, inside.size, need_wh.size)
    sign = np.sign(need_wh)[orders.slot]
    within = inside[location]
    helps = np.flatnonzero(within & (orders.side == -sign) & (sign != 0))
    offsets = np.flatnonzero(~within & (orders.side == sign) & (sign != 0))
    volume = np.abs(need_wh)
    for rows in (helps, offsets):
        volume = np.minimum(volume, _total(orders, rows, need_wh.size))
    (first, one), (second, other) = (_best(orders, rows, volume) for rows in (helps, offsets))
    left, right, quantity = meet(one, other)
    trades = _trades(orders, first[left], second[right], quantity)
    spread = trades.seller_micro_per_kwh - trades.buyer_micro_per_kwh
    trades = _kept(trades, spread <= highest_spread_micro_per_kwh)
    return _outcome(orders, trades, need_wh)


def _check(orders: Orders, location: Ints, zones: int, slots: int) -> None:
    checked_sum(orders.quantity_wh)
    sound = (
        np.all((location >= 0) & (location < zones))
        and np.all((orders.slot >= 0) & (orders.slot < slots))
        and np.all((orders.quantity_wh > 0) & (np.abs(orders.side) == 1))
    )
    if not sound:
        raise ValueError("an order's zone, slot, quantity or side is not sound")


def _total(orders: Orders, rows: Ints, slots: int) -> Ints:
    return total_by(orders.slot[rows], orders.quantity_wh[rows], slots)


def _best(orders: Orders, rows: Ints, volume: Ints) -> tuple[Ints, Ints]:
    """Rows in merit order and what is taken of each, up to the volume of their slot."""
    cost = -orders.side[rows] * orders.limit_micro_per_kwh[rows]
    rows = rows[ranked(orders.slot[rows], cost, orders.sequence[rows])]
    slot, quantity = orders.slot[rows], orders.quantity_wh[rows]
    before = np.cumsum(quantity) - quantity
    begins = np.searchsorted(slot, slot)  # of equal slots the first row
    taken = np.clip(volume[slot] - (before - before[begins]), 0, quantity)
    return rows[taken > 0], taken[taken > 0]


def _trades(orders: Orders, inside: Ints, outside: Ints, quantity: Ints) -> Trades:
    buys = orders.side[inside] > 0
    buy, sell = np.where(buys, inside, outside), np.where(buys, outside, inside)
    limit = orders.limit_micro_per_kwh
    return Trades(buy, sell, quantity, limit[buy], limit[sell])


def _kept(trades: Trades, rows: Bools) -> Trades:
    return Trades(*(getattr(trades, name)[rows] for name in trades.__struct_fields__))


def _outcome(orders: Orders, trades: Trades, need_wh: Ints) -> Pairing:
    slot = orders.slot[trades.buy]
    relieved = total_by(slot, trades.quantity_wh, need_wh.size)
    spread = trades.seller_micro_per_kwh - trades.buyer_micro_per_kwh
    paid = total_by(slot, checked_multiply(trades.quantity_wh, spread), need_wh.size)
    return Pairing(trades, relieved, np.abs(need_wh) - relieved, paid)
