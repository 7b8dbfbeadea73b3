"""Looking into the market: which orders are open, and the book of any session of a record."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gridpact.kernel.messages import Message
from gridpact.market.book import Book, in_order, open_amounts, without_expired
from gridpact.market.handlers import Market
from gridpact.market.messages import GateClosed
from gridpact.market.orders import PlacedOrder
from gridpact.market.state import State
from gridpact.registry.model import Community


class OpenOrder(msgspec.Struct, frozen=True):
    """A person's order that can still trade, with what has traded and what is left of it.

    ``sequence`` is -1 while it waits for ``session``, the next one for its slot, to open.
    """

    session: str
    participant: str
    key: str
    sequence: int
    order: PlacedOrder
    traded_wh: int
    left_wh: int


def open_orders(state: State, now: int) -> tuple[OpenOrder, ...]:
    """Return all open orders of persons, by session and sequence; those that wait come last."""
    found = []
    for session, book in sorted(state.books.items()):
        left = open_amounts(book, now)
        for name in in_order(book):
            if name in left:
                found.append(_open(session, book, name, left[name]))
    for each in state.waiting:
        if not (each.cancelled or each.order.expired(now)):
            order = each.order
            traded = (order.quantity_wh - each.left_wh) * order.slots
            found.append(
                OpenOrder(
                    each.session,
                    order.participant,
                    order.key,
                    -1,
                    order,
                    traded,
                    each.whole_wh,
                )
            )
    return tuple(found)


def _open(session: str, book: Book, name: str, left_wh: int) -> OpenOrder:
    order, sequence, traded = book.placed[name], book.keys[name], 0
    if book.traded is not None:
        own = (book.traded.buy_order == sequence) | (book.traded.sell_order == sequence)
        traded = int(book.traded.quantity_wh[own].sum())
    return OpenOrder(session, order.participant, order.key, sequence, order, traded, left_wh)


def book_of(
    community: Community, messages: Iterable[tuple[Message, int]], session: str
) -> Book | None:
    """Return the book of a session as its gate closed, or as it is now; None if it never opened.

    Parameters
    ----------
    community : Community
        Whose market it is.
    messages : iterable of (Message, int)
        All messages of a record with the times [s since the epoch] at which they were handled, in
        order; the market takes those that it hears of.
    session : str
        Name of the session.
    """
    room = Market(community).room()
    state, book = room.state, None
    for message, now in messages:
        handler = room.handlers.get(type(message))
        if handler is None:
            continue
        if isinstance(message, GateClosed) and message.session == session:
            return without_expired(state.books[session], state.sessions[session].gate)
        state, _ = handler(state, message, now)
        book = state.books.get(session, book)
    return book
