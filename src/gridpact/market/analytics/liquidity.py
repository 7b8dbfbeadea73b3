"""Liquidity: how easily another Wh would have traded, and how much of what was on order did.

Measured at the close, on what the clearing left of a book, slot by slot. The *quoted spread* is
the lowest offer left less the highest bid left; *depth* is the energy left on a side, all of it
and at its best price; the *turnover ratio* is energy traded over energy on order, both sides
counted. (Standard measures; for instance Harris, Trading and Exchanges, 2003, chapter 19.)
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints, checked_add
from gridpact.market.analytics.shares import Share
from gridpact.market.clearing.matched import total_by
from gridpact.market.orders import Orders, Side


class Depth(msgspec.Struct, frozen=True):
    """One side of a book at the close, columns [slots].

    ``left_wh`` did not trade, ``at_best_wh`` of it at the best price left, which is
    ``best_micro_per_kwh``: the highest bid or the lowest offer, filler 0 where ``quoted`` is false
    because nothing is left.
    """

    left_wh: Ints
    at_best_wh: Ints
    best_micro_per_kwh: Ints
    quoted: Bools


class Liquidity(msgspec.Struct, frozen=True):
    """A book at its close. ``bids`` and ``offers`` are what is left of it, columns [slots].

    ``turnover`` [slots] is energy bought and sold of energy on order, and ``orders_traded``
    [slots] the orders that traded, in whole or part, of all orders. Both are not known in a slot
    without orders.
    """

    bids: Depth
    offers: Depth
    turnover: Share
    orders_traded: Share

    @property
    def quoted(self) -> Bools:
        """Where both sides have something left, so that there is a spread [slots]."""
        return self.bids.quoted & self.offers.quoted

    @property
    def spread_micro_per_kwh(self) -> Ints:
        """Lowest offer less highest bid left [slots]; filler 0 where not ``quoted``.

        Negative only where the mechanism leaves orders that could still trade. Raises
        :class:`~gridpact.base.errors.NumberOverflow`.
        """
        low = np.where(self.quoted, self.offers.best_micro_per_kwh, 0)
        return checked_add(low, -np.where(self.quoted, self.bids.best_micro_per_kwh, 0))


def liquidity(orders: Orders, accepted_wh: Ints, slots: int) -> Liquidity:
    """Measure a book at its close; O(n) in the orders.

    Parameters
    ----------
    orders : Orders
        The book as it was cleared; ``slot`` in ``[0, slots)``.
    accepted_wh : int64 [orders]
        What was accepted of each order.
    slots : int
        Number of slots.

    Raises
    ------
    ValueError
        More, or less than nothing, of an order was accepted than it holds.
    NumberOverflow
        The energy of a slot does not fit 64 bits.
    """
    left = orders.quantity_wh - accepted_wh
    if np.any((left < 0) | (accepted_wh < 0)):
        raise ValueError("an order is accepted for between nothing and all of its quantity")
    traded = np.asarray(accepted_wh > 0).astype(np.int64)
    return Liquidity(
        _depth(orders, left, Side.BUY, slots),
        _depth(orders, left, Side.SELL, slots),
        Share(
            total_by(orders.slot, accepted_wh, slots),
            total_by(orders.slot, orders.quantity_wh, slots),
        ),
        Share(
            total_by(orders.slot, traded, slots),
            total_by(orders.slot, np.ones_like(traded), slots),
        ),
    )


def _depth(orders: Orders, left: Ints, side: Side, slots: int) -> Depth:
    rows = np.flatnonzero((orders.side == side) & (left > 0))
    slot, wh, limit = orders.slot[rows], left[rows], orders.limit_micro_per_kwh[rows]
    cost = -int(side) * limit
    best = np.full(slots, INT64_MAX, dtype=np.int64)
    np.minimum.at(best, slot, cost)
    quoted = np.zeros(slots, dtype=np.bool_)
    quoted[slot] = True
    at_best = np.where(cost == best[slot], wh, 0)
    return Depth(
        total_by(slot, wh, slots),
        total_by(slot, at_best, slots),
        np.where(quoted, -int(side) * best, 0),
        quoted,
    )
