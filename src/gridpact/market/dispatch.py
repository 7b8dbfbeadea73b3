"""Clearing a session's book by the mechanism of its market, whatever that gives back."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.units import INT64_MAX, Bools, Ints, checked_multiply, magnitude
from gridpact.market.attributes import blocks_of, preferences_of
from gridpact.market.book import Book
from gridpact.market.clearing.blocks.clearing import clear_blocks
from gridpact.market.clearing.blocks.model import PriceRange
from gridpact.market.clearing.matched import Matched, in_merit_order
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.preferences import clearing as preference_matching
from gridpact.market.grid import zonal
from gridpact.market.messages import SessionTrades
from gridpact.market.orders import Orders
from gridpact.market.terms import Terms, Venue


class Outcome(msgspec.Struct, frozen=True):
    """What a clearing accepted and at which prices.

    ``orders`` are those of the book and, below them, a row for each slot of each block; what was
    ``accepted_wh`` is in their rows. ``price_micro_per_kwh`` and ``traded`` [slots] as in
    :class:`~gridpact.market.messages.SessionCleared`, as are ``trades`` and ``proven``.
    """

    orders: Orders
    accepted_wh: Ints
    price_micro_per_kwh: Ints
    traded: Bools
    trades: SessionTrades | None = None
    proven: bool = True

    @property
    def paid_nano(self) -> Ints:
        """What each order pays without flat fees, negative where it receives [rows of orders].

        Raises :class:`~gridpact.base.errors.NumberOverflow`.
        """
        if self.trades is None:
            price = self.price_micro_per_kwh[self.orders.slot]
            return checked_multiply(self.orders.side * self.accepted_wh, price)
        paid, trades = np.zeros_like(self.accepted_wh), self.trades
        for at, price, sign in (
            (trades.buy_order, trades.buyer_micro_per_kwh, 1),
            (trades.sell_order, trades.seller_micro_per_kwh, -1),
        ):
            rows = np.searchsorted(self.orders.sequence, at)
            np.add.at(paid, rows, sign * checked_multiply(trades.quantity_wh, price))
        return paid

    @property
    def pairs(self) -> tuple[Ints, Ints]:
        """Rows of orders that buy and sell, one pair a trade; at one price in merit order."""
        if self.trades is None:
            met = in_merit_order(self.orders, self.accepted_wh)
            return met.buy, met.sell
        rows = (self.trades.buy_order, self.trades.sell_order)
        buy, sell = (np.searchsorted(self.orders.sequence, each) for each in rows)
        return buy, sell


def clear_book(book: Book, venue: Venue, kind: str, gate: int) -> Outcome:
    """Clear the book of a session of a kind, as of its gate.

    The book has no expired orders, see :func:`~gridpact.market.book.without_expired`; blocks that
    expired are left out here.
    """
    return clear_under(book, venue, venue.terms(kind), gate)


def clear_under(book: Book, venue: Venue, terms: Terms, gate: int) -> Outcome:
    """Clear a book under the terms of any market.

    Orders that traded continuously before are taken as they were placed, unless the terms are
    those of continuous trading. What the mechanism does not read does not count: blocks are left
    out where it takes none.
    """
    orders, slots = book.orders, book.slots.count
    if terms.continuous and book.traded is not None:
        return _at_own_prices(orders, slots, book.traded)
    if terms.blocks and (blocks := blocks_of(book, gate, venue)).count:
        allowed = PriceRange(terms.lowest_micro_per_kwh, terms.highest_micro_per_kwh)
        found = clear_blocks(orders, slots, blocks, allowed, ties=terms.rules.ties)
        return _at_one_price(found.orders, found.clearing, found.proven)
    if terms.rules.grid_limits:
        location = venue.community.members.zone[orders.member]
        within = zonal.clear(orders, slots, location, venue.tree).matched
        return _at_own_prices(orders, slots, session_trades(orders, within))
    if terms.preferences:
        matched = preference_matching.clear(
            orders,
            slots,
            preferences_of(book, venue),
            venue.distances(terms),
            terms.rules.k_ppm,
        )
        return _at_own_prices(orders, slots, session_trades(orders, matched))
    cleared = terms.mechanism.clear(orders, slots)
    if isinstance(cleared, Clearing):
        return _at_one_price(orders, cleared)
    return _at_own_prices(orders, slots, session_trades(orders, cleared))


def session_trades(orders: Orders, matched: Matched) -> SessionTrades:
    """Put trades between rows of orders as trades between members, with the orders' sequences."""
    trades = matched.trades
    return SessionTrades(
        seller=orders.member[trades.sell],
        buyer=orders.member[trades.buy],
        slot=orders.slot[trades.buy],
        quantity_wh=trades.quantity_wh,
        seller_micro_per_kwh=trades.seller_micro_per_kwh,
        buyer_micro_per_kwh=trades.buyer_micro_per_kwh,
        sell_order=orders.sequence[trades.sell],
        buy_order=orders.sequence[trades.buy],
    )


def _at_one_price(orders: Orders, cleared: Clearing, proven: bool = True) -> Outcome:
    return Outcome(
        orders, cleared.accepted_wh, cleared.price_micro_per_kwh, cleared.traded, None, proven
    )


def _at_own_prices(orders: Orders, slots: int, trades: SessionTrades) -> Outcome:
    accepted = np.zeros(orders.count, dtype=np.int64)
    for sequence in (trades.buy_order, trades.sell_order):
        np.add.at(accepted, np.searchsorted(orders.sequence, sequence), trades.quantity_wh)
    volume = np.zeros(slots, dtype=np.int64)
    np.add.at(volume, trades.slot, trades.quantity_wh)
    return Outcome(orders, accepted, _mean_price(trades, volume), volume > 0, trades)


def _mean_price(trades: SessionTrades, volume_wh: Ints) -> Ints:
    """Buyers' mean price by energy [slots], rounded half to even; 0 where nothing traded."""
    price, size = trades.buyer_micro_per_kwh, trades.quantity_wh
    wide = magnitude(price) * int(volume_wh.sum()) > INT64_MAX
    worth = np.zeros(volume_wh.size, dtype=object if wide else np.int64)
    values = price.astype(object) * size if wide else price * size
    np.add.at(worth, trades.slot, values)
    means = [
        round_half_even(int(value), int(wh)) if wh else 0
        for value, wh in zip(worth, volume_wh, strict=True)
    ]
    return np.array(means, dtype=np.int64)
