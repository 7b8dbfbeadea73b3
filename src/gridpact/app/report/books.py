"""Books as they were when their gates closed, to see what a clearing left of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.app.compare.recorded import books_of
from gridpact.app.record import Record
from gridpact.base.units import Ints
from gridpact.market.book import Book
from gridpact.market.clearing.matched import total_by
from gridpact.market.dispatch import clear_book
from gridpact.market.messages import SessionCleared, SessionTrades
from gridpact.market.orders import Orders, Side
from gridpact.market.terms import Venue


@dataclass(frozen=True)
class Close:
    """A session's orders and how much of each was accepted [orders]."""

    orders: Orders
    accepted_wh: Ints


def closes(record: Record, sessions: list[SessionCleared]) -> dict[str, Close]:
    """What of each book was accepted, by session.

    A session is left out where that is not certain: its gate is not in the record, it has orders
    over several slots, or its book does not clear to what every member bought and sold.
    """
    venue, wanted = Venue(record.opening().community), {item.session.id: item for item in sessions}
    found = {}
    for name, book in books_of(record):
        if name in wanted and not any(order.is_block for order in book.placed.values()):
            close = _close(venue, wanted[name], book)
            if _agrees(close, wanted[name]):
                found[name] = close
    return found


def _close(venue: Venue, cleared: SessionCleared, book: Book) -> Close:
    """Add up recorded trades, or clear again where all trades of a slot have one price."""
    if cleared.trades is not None:
        return Close(book.orders, _accepted(book.orders, cleared.trades))
    again = clear_book(book, venue, cleared.session.kind, cleared.session.gate)
    return Close(again.orders, again.accepted_wh)


def _accepted(orders: Orders, trades: SessionTrades) -> Ints:
    """Accepted Wh of orders in ascending sequence; a trade of another order is not counted."""
    sequence = np.concatenate([trades.buy_order, trades.sell_order])
    energy = np.concatenate([trades.quantity_wh, trades.quantity_wh])
    own = np.isin(sequence, orders.sequence)
    rows = np.searchsorted(orders.sequence, sequence[own])
    return total_by(rows, energy[own], orders.count)


def _agrees(close: Close, cleared: SessionCleared) -> bool:
    """Whether members bought and sold in every slot what the session recorded."""
    orders, shape = close.orders, cleared.bought_wh.shape
    cell = orders.member * shape[1] + orders.slot
    for side, energy in ((Side.BUY, cleared.bought_wh), (Side.SELL, cleared.sold_wh)):
        mine = np.where(orders.side == side, close.accepted_wh, 0)
        if not np.array_equal(total_by(cell, mine, energy.size).reshape(shape), energy):
            return False
    return True
