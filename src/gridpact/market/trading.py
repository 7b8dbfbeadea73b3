"""Continuous trading in a session: orders meet the moment they come, and leave when told to.

A book keeps the state of the continuous books as columns, so it is the same after a snapshot. A
few events in a small book are applied one by one, many by the column; both give the same.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.market.book import Book, append, rows_of
from gridpact.market.clearing.continuous import engine
from gridpact.market.clearing.continuous.events import (
    FIRST_REFUSAL,
    NEVER,
    Books,
    Events,
    Fill,
    Kind,
    rows,
)
from gridpact.market.clearing.continuous.live import ContinuousBook
from gridpact.market.clearing.continuous.state import State, opening
from gridpact.market.messages import SessionTrades
from gridpact.market.orders import Orders
from gridpact.market.terms import Terms, Venue

_FEW = 2_000  # events and orders known: from here on columns are faster


class Entered(NamedTuple):
    """The book after orders came in, and of each what traded at once and what was cancelled."""

    book: Book
    traded_wh: Ints
    cancelled_wh: Ints


class _Played(NamedTuple):
    """What became of events [events], the trades they made [trades], and the state after them."""

    outcome: Ints
    traded_wh: Ints
    cancelled_wh: Ints
    maker: Ints
    taker: Ints
    quantity_wh: Ints
    price_micro_per_kwh: Ints
    state: State


def no_trades() -> SessionTrades:
    """Return trades of length zero."""
    return SessionTrades(*(np.empty(0, dtype=np.int64) for _ in SessionTrades.__struct_fields__))


def enter(
    book: Book, count: int, venue: Venue, terms: Terms, now: int, valid_until: int
) -> Entered:
    """Let the last ``count`` orders of a book come in, in row order.

    They must have been judged; ``valid_until`` is 0 or their common end of validity.
    """
    new = book.orders.take(np.arange(book.orders.count - count, book.orders.count))
    one = np.ones(count, dtype=np.int64)
    events = Events(
        one * int(Kind.PLACE),
        new.sequence,
        one * now,
        new.slot,
        new.member,
        new.side,
        new.quantity_wh,
        new.limit_micro_per_kwh,
        one * (min(valid_until, NEVER) or NEVER),
    )
    played = _play(events, book, venue, terms)
    after = _traded(_less(book, new.sequence, played.cancelled_wh), book.orders, played)
    return Entered(after, played.traded_wh, played.cancelled_wh)


def leave(book: Book, sequences: Ints, venue: Venue, terms: Terms, now: int) -> Book:
    """Take orders out of the continuous books; what is left of each must still rest there."""
    orders = book.orders.take(rows_of(book, sequences))
    one = np.ones(orders.count, dtype=np.int64)
    zero = one * 0
    events = Events(
        one * int(Kind.CANCEL), orders.sequence, one * now, orders.slot, orders.member,
        zero, zero, zero, zero,
    )  # fmt: skip
    played = _play(events, book, venue, terms)
    return _traded(_less(book, sequences, played.cancelled_wh), book.orders, played)


def _play(events: Events, book: Book, venue: Venue, terms: Terms) -> _Played:
    # The room decides when a book closes and who may trade; the books take what it lets pass.
    books = Books(
        np.full(book.slots.count, NEVER, dtype=np.int64),
        np.ones(venue.members, dtype=np.bool_),
        terms.lowest_micro_per_kwh,
        terms.highest_micro_per_kwh,
    )
    state = book.resting or opening()
    many = events.count + state.placed.count > _FEW
    played = _by_column(events, books, state) if many else _one_by_one(events, books, state)
    if (played.outcome >= FIRST_REFUSAL).any():
        raise RuntimeError("the continuous books refused what the room had let pass")
    return played


def _by_column(events: Events, books: Books, state: State) -> _Played:
    found = engine.run(events, books, state)
    fills = found.fills
    return _Played(
        found.outcome,
        found.traded_wh,
        found.cancelled_wh,
        fills.maker,
        fills.taker,
        fills.quantity_wh,
        fills.price_micro_per_kwh,
        found.state,
    )


def _one_by_one(events: Events, books: Books, state: State) -> _Played:
    live = ContinuousBook(books, state)
    told = [live.apply(event) for event in rows(events)]
    fills = [fill for each in told for fill in each.fills]
    sizes = [(each.outcome, each.traded_wh, each.cancelled_wh) for each in told]
    outcome, traded, cancelled = np.array(sizes, dtype=np.int64).reshape(-1, 3).T.copy()
    names = Fill.__struct_fields__
    columns = ([getattr(fill, name) for fill in fills] for name in names)
    maker, taker, quantity, price = (np.array(column, dtype=np.int64) for column in columns)
    return _Played(outcome, traded, cancelled, maker, taker, quantity, price, live.snapshot())


def _less(book: Book, sequences: Ints, cancelled_wh: Ints) -> Book:
    """Take what was cancelled off the quantities of orders."""
    if not cancelled_wh.any():
        return book
    quantity = book.orders.quantity_wh.copy()
    quantity[rows_of(book, sequences)] -= cancelled_wh
    orders = msgspec.structs.replace(book.orders, quantity_wh=quantity)
    return msgspec.structs.replace(book, orders=orders.take(quantity > 0))


def _traded(book: Book, orders: Orders, played: _Played) -> Book:
    """Add trades to a book, whose orders before the events were the given ones."""
    maker, taker = (np.searchsorted(orders.sequence, at) for at in (played.maker, played.taker))
    buys = orders.side[taker] > 0
    buy, sell = np.where(buys, taker, maker), np.where(buys, maker, taker)
    price = played.price_micro_per_kwh
    new = SessionTrades(
        orders.member[sell],
        orders.member[buy],
        orders.slot[buy],
        played.quantity_wh,
        price,
        price,
        orders.sequence[sell],
        orders.sequence[buy],
    )
    before = book.traded or no_trades()
    pairs = [(getattr(before, at), getattr(new, at)) for at in SessionTrades.__struct_fields__]
    traded = SessionTrades(*(np.concatenate(pair) for pair in pairs))
    return msgspec.structs.replace(book, resting=played.state, traded=traded)


def admit_continuously(book: Book, orders: Orders, venue: Venue, terms: Terms, now: int) -> Book:
    """Let agents' orders, already judged, come in by row."""
    longer = append(book, orders)
    return enter(longer, orders.count, venue, terms, now, 0).book if orders.count else longer
