"""What members have on order, and what they may come to owe by it.

An order may come to owe its whole quantity at its limit: a bid with premiums and the buyer's fee,
an offer the seller's fee less what it asks at least, where either is positive. One trade does not
pay for another before it is settled, so nothing is netted between orders; what a session's trades
come to is netted, for their prices are known. Members without collateral are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_add, checked_multiply, checked_sum
from gridpact.market.admission import NO_LIMIT
from gridpact.market.attributes import preferences_of, premiums_of
from gridpact.market.book import Book, open_blocks, without_expired
from gridpact.market.messages import SessionCleared
from gridpact.market.orders import LARGEST_ORDER_WH, Orders, PlacedOrder, Side
from gridpact.market.state import State
from gridpact.market.terms import Terms, Venue


def may_owe_nano(orders: Orders, premium: Ints | int, terms: Terms) -> Ints:
    """What each order may come to owe [orders], ``premium`` being what a bid may pay on top.

    Quantities and limits beyond what any market admits count as the most it does admit.
    """
    limit = np.clip(
        orders.limit_micro_per_kwh, terms.lowest_micro_per_kwh, terms.highest_micro_per_kwh
    )
    bid = limit + premium + terms.rules.buyer_fee_micro_per_kwh
    offer = terms.rules.seller_fee_micro_per_kwh - limit
    price = np.maximum(np.where(orders.side == Side.BUY, bid, offer), 0)
    return checked_multiply(np.clip(orders.quantity_wh, 0, LARGEST_ORDER_WH), price)


def columns_may_owe_nano(orders: Orders, venue: Venue, terms: Terms) -> Ints:
    """The same for agents' orders, of which nothing is known but their columns."""
    if not venue.secured:
        return np.zeros(orders.count, dtype=np.int64)
    trading = venue.trading
    premium = np.zeros(venue.members + 1, dtype=np.int64)  # the last is for unknown members
    if terms.preferences:
        premium[:-1] = (
            trading.green_micro_per_kwh + trading.partner_micro_per_kwh + trading.near_micro_per_kwh
        )
    known = (orders.member >= 0) & (orders.member < venue.members)
    return may_owe_nano(orders, premium[np.where(known, orders.member, -1)], terms)


def order_may_owe_nano(order: PlacedOrder, wh: int, venue: Venue, terms: Terms) -> int:
    """What ``wh`` of a person's order may come to owe."""
    limit = order.limit_micro_per_kwh
    if order.side == Side.SELL:
        return wh * max(terms.rules.seller_fee_micro_per_kwh - limit, 0)
    premium = sum(premiums_of(order, venue)) if terms.preferences else 0
    return wh * max(limit + premium + terms.rules.buyer_fee_micro_per_kwh, 0)


def funds_nano(venue: Venue, state: State, now: int) -> Ints:
    """What every member may still come to owe [members]; ``NO_LIMIT`` without collateral."""
    collateral = venue.trading.collateral_nano
    if not venue.secured:
        return np.full(venue.members, NO_LIMIT, dtype=np.int64)
    return np.where(collateral >= 0, collateral - reserved_nano(venue, state, now), NO_LIMIT)


def reserved_nano(venue: Venue, state: State, now: int) -> Ints:
    """What members with collateral may come to owe by all they have on order or traded [members].

    Orders of open and closing sessions, orders that wait for their next session, and the trades of
    days that are not settled.
    """
    total = np.zeros(venue.members, dtype=np.int64)
    for owed in state.owed_nano.values():
        total = checked_add(total, owed)
    for kind, book in _books(state):
        total = checked_add(total, _by_book(without_expired(book, now), now, venue, kind))
    for waiting in state.waiting:
        order = waiting.order
        if not (waiting.cancelled or order.expired(now)):
            row, wh = venue.rows[order.participant], waiting.whole_wh
            if venue.trading.collateral_nano[row] >= 0:
                total[row] += order_may_owe_nano(order, wh, venue, venue.intraday)
    return total


def _books(state: State) -> Iterator[tuple[str, Book]]:
    """Books with orders that may trade, with the kind of their session."""
    for name, session in state.sessions.items():
        yield session.kind, state.books[name]
    for closing in state.closing.values():
        yield closing.session.kind, closing.book


def _by_book(book: Book, now: int, venue: Venue, kind: str) -> Ints:
    terms, secured = venue.terms(kind), venue.trading.collateral_nano >= 0
    rows = np.flatnonzero(secured[book.orders.member])
    premium: Ints = np.zeros(rows.size, dtype=np.int64)
    if terms.preferences:
        prefer = preferences_of(book, venue)
        premium = (
            prefer.green_micro_per_kwh + prefer.partner_micro_per_kwh + prefer.near_micro_per_kwh
        )[rows]
    orders = book.orders.take(rows)
    total = np.zeros(venue.members, dtype=np.int64)
    np.add.at(total, orders.member, may_owe_nano(orders, premium, terms))
    for order in open_blocks(book, now).values():
        if secured[row := venue.rows[order.participant]]:
            total[row] += order_may_owe_nano(order, order.quantity_wh * order.slots, venue, terms)
    return total


def owed_nano(venue: Venue, cleared: SessionCleared) -> Ints:
    """What a session's trades make members owe, with fees, where they have collateral [members].

    Zero for a member that is to receive.
    """
    rules = venue.terms(cleared.session.kind).rules
    rows = np.flatnonzero(venue.trading.collateral_nano >= 0)
    total = np.zeros(venue.members, dtype=np.int64)
    if cleared.trades is None:
        price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
        pays = checked_multiply(
            cleared.bought_wh[rows], price[None] + rules.buyer_fee_micro_per_kwh
        )
        gets = checked_multiply(cleared.sold_wh[rows], price[None] - rules.seller_fee_micro_per_kwh)
        total[rows] = checked_sum(checked_add(pays, -gets), axis=1)
        return np.maximum(total, 0)
    trades, secured = cleared.trades, venue.trading.collateral_nano >= 0
    for member, price in (
        (trades.buyer, trades.buyer_micro_per_kwh + rules.buyer_fee_micro_per_kwh),
        (trades.seller, rules.seller_fee_micro_per_kwh - trades.seller_micro_per_kwh),
    ):
        mine = secured[member]
        np.add.at(total, member[mine], checked_multiply(trades.quantity_wh[mine], price[mine]))
    return np.maximum(total, 0)


def on_order_wh(venue: Venue, state: State, window: Slots, now: int, but: str = "") -> Ints:
    """Energy on order in open sessions but one, and of orders that wait for theirs.

    [2, members, window slots]: to buy, to sell. What has traded in a session that is still open
    counts as on order.
    """
    total = np.zeros((2, venue.members, window.count), np.int64)
    for name, book in state.books.items():
        here, there = overlap(window, book.slots)
        if name == but or here.start == here.stop:
            continue
        ordered = _on_order(without_expired(book, now), now, venue)
        total[..., here] += ordered[..., there]
    for waiting in state.waiting:
        if not (waiting.cancelled or waiting.order.expired(now)):
            _add(total, waiting.order, waiting.left_wh, window, venue)
    return total


def _on_order(book: Book, now: int, venue: Venue) -> Ints:
    """Energy on order in a book, [2, members, slots]: to buy, to sell."""
    ordered = np.zeros((2, venue.members, book.slots.count), np.int64)
    orders = book.orders
    sells = (orders.side == Side.SELL).astype(np.int64)
    np.add.at(ordered, (sells, orders.member, orders.slot), orders.quantity_wh)
    for order in open_blocks(book, now).values():
        _add(ordered, order, order.quantity_wh, book.slots, venue)
    return ordered


def _add(total: Ints, order: PlacedOrder, wh: int, window: Slots, venue: Venue) -> None:
    """Add what is left of an order in each of its slots to those of a window."""
    own = Slots(order.slot_start, window.step, order.slots)
    here, _ = overlap(window, own)
    side = int(order.side == Side.SELL)
    total[side, venue.rows[order.participant], here] += wh


def volume_left_wh(venue: Venue, state: State, window: Slots, now: int) -> Ints:
    """What members may still order for each slot [members, slots, 2], to sell and to buy."""
    limits = np.stack([venue.trading.sell_limit_wh, venue.trading.buy_limit_wh], axis=1)
    left = np.full((venue.members, window.count, 2), NO_LIMIT, dtype=np.int64)
    if not (limits >= 0).any():
        return left
    ordered = on_order_wh(venue, state, window, now)[::-1].transpose(1, 2, 0)
    return np.where(limits[:, None] >= 0, limits[:, None] - ordered, left)
