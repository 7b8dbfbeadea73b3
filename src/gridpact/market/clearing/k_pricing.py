"""k-pricing: the surplus between a bid and an offer is divided by a fixed share k.

Chatterjee & Samuelson (1983) for one pair, Satterthwaite & Williams (1989) for a market: a trade
between a bid b and an offer a is priced ``k·b + (1 - k)·a``. With k = 0 the buyer has the whole
surplus, with k = 1 the seller. Either each pair of the merit-order matching has its own price
(:func:`clear_pairs`), or all trades of a slot have one, between the bounds of its valid prices
(:func:`clear_uniform`). k is in ppm, and the price is the exact value rounded half to even to
whole µ¤/kWh; it never leaves the interval, whose ends are whole.

What is accepted is that of the uniform-price auction. Like that one, k-pricing balances the
budget and leaves nobody worse off; orders may still be placed strategically, because no such
auction can prevent it.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.market.clearing.crossing import cross
from gridpact.market.clearing.matched import Matched, Trades
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.priority import Ties
from gridpact.market.clearing.uniform_price import at_price
from gridpact.market.orders import Orders

HALF = MICRO_PER_UNIT // 2


def clear_pairs(
    orders: Orders, slots: int, k_ppm: int = HALF, ties: str = Ties.PRO_RATA
) -> Matched:
    """Clear every slot, each pair at its own price; O(n log n).

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``.
    slots : int
        Number of slots.
    k_ppm : int
        Share of the surplus that goes to the seller [ppm].
    ties : str
        How orders tied at the marginal price share, one of
        :class:`~gridpact.market.clearing.priority.Ties`.

    Raises
    ------
    ValueError
        ``k_ppm`` is not within 0 and 1,000,000, or the orders are unsound.
    NumberOverflow
        The quantities of the book do not add up in 64 bits.
    """
    crossing = cross(orders, slots, ties)
    pairs, limit = crossing.pairs(), orders.limit_micro_per_kwh
    price = between(limit[pairs.sell], limit[pairs.buy], k_ppm)
    return Matched(crossing.accepted_wh(orders.count), Trades(*pairs, price, price))


def clear_uniform(
    orders: Orders, slots: int, k_ppm: int = HALF, ties: str = Ties.PRO_RATA
) -> Clearing:
    """Clear every slot at one price, a share k of the way up its interval of valid prices.

    The interval is that of :mod:`~gridpact.market.clearing.uniform_price`, whose price this is
    with k = ½. Parameters, errors and complexity as :func:`clear_pairs`.
    """
    crossing = cross(orders, slots, ties)
    return at_price(orders, crossing, between(crossing.low, crossing.high, k_ppm))


def between(low: Ints, high: Ints, k_ppm: int) -> Ints:
    """``k·high + (1 - k)·low`` rounded half to even, exact for every pair of int64.

    Whole multiples of a million and what is left over are weighed apart. At the ends of int64 a
    term may wrap on the way; the sum wraps back, since the result lies between ``low`` and
    ``high``.
    """
    if not 0 <= k_ppm <= MICRO_PER_UNIT:
        raise ValueError(f"k is {k_ppm} ppm; it must be within 0 and {MICRO_PER_UNIT}")
    low_whole, low_rest = np.divmod(low, MICRO_PER_UNIT)
    high_whole, high_rest = np.divmod(high, MICRO_PER_UNIT)
    rest = high_rest * k_ppm + low_rest * (MICRO_PER_UNIT - k_ppm)
    carried, rest = np.divmod(rest, MICRO_PER_UNIT)
    price = high_whole * k_ppm + low_whole * (MICRO_PER_UNIT - k_ppm) + carried
    price += (rest > HALF) | ((rest == HALF) & (price % 2 != 0))
    return np.asarray(price, dtype=np.int64)
