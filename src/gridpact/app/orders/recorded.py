"""Books of a run read back from its record, cleared again, and held against what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.kernel.messages import Message
from gridpact.market.book import Book, open_blocks, without_expired
from gridpact.market.dispatch import Outcome, clear_under
from gridpact.market.gates import find_session
from gridpact.market.handlers import Market
from gridpact.market.listing import book_of
from gridpact.market.messages import Session, SessionCleared, SessionOpened, SessionTrades
from gridpact.market.orders import Side
from gridpact.market.terms import Terms, Venue


class Recorded(NamedTuple):
    """A session of a run: its book as of its gate, or as it is now, and what was cleared.

    ``at`` is the instant as of which the book is [s since the epoch].
    """

    session: Session
    book: Book
    venue: Venue
    at: int
    cleared: SessionCleared | None

    @property
    def terms(self) -> Terms:
        """The terms under which the session trades."""
        return self.venue.terms(self.session.kind)

    @property
    def orders(self) -> int:
        """How many orders may trade, or could when the gate closed."""
        return tradable(self.book, self.at)

    @property
    def gone(self) -> int:
        """How many orders were taken back, withdrawn, have expired, or hang on one that has."""
        return self.book.next_sequence - self.orders


def recorded(record: Record, session: str, at: int = 0) -> Recorded:
    """Read back the book of a session; BadInput where the run has none of that name.

    ``at`` is the instant at which a run waits [s since the epoch].
    """
    community = record.opening().community
    found = {each.session.id: each.session for each in record.all(SessionOpened)}
    if session not in found:
        raise BadInput([_unknown(record, session, list(found))])
    messages = list(_market_messages(record))
    book = book_of(community, messages, session)
    if book is None:
        raise BadInput([_unknown(record, session, list(found))])
    cleared = {each.session.id: each for each in record.all(SessionCleared)}.get(session)
    now = max(messages[-1][1], at) if cleared is None else found[session].gate
    return Recorded(found[session], without_expired(book, now), Venue(community), now, cleared)


def tradable(book: Book, at: int) -> int:
    """How many orders of a book may trade at an instant [s since the epoch]."""
    return book.orders.count + len(open_blocks(book, at))


def _unknown(record: Record, session: str, opened: list[str]) -> Fault:
    """Say that a session is not, not yet, or never one of the run."""
    community = record.opening().community
    later = find_session(community.market, community.calendar, session)
    what = "has not opened yet" if later else "is no session of this run"
    some = ", ".join(opened[-8:])
    fix = f"name one that has opened: {some}" if opened else "let the run come to its first session"
    return Fault("arguments", 0, "--session", f"{session[:80]!r} {what}", fix)


def _market_messages(record: Record) -> Iterator[tuple[Message, int]]:
    """Yield all that the market heard, with its time, as it was journalled."""
    kinds = Market(record.opening().community).room().handlers
    kept = [each for kind in kinds for each in record.kept(kind)]
    for each in sorted(kept, key=lambda one: one.seq):
        yield each.message, each.time


def cleared_again(one: Recorded, terms: Terms | None = None) -> Outcome:
    """Clear a book again, under the terms of its market or any others; the run stays as it is."""
    return clear_under(one.book, one.venue, terms or one.terms, one.at)


def differences(outcome: Outcome, cleared: SessionCleared) -> list[str]:
    """Name what a clearing gives otherwise than was recorded."""
    bought, sold = _energy(outcome, cleared.bought_wh.shape)
    price, traded = outcome.price_micro_per_kwh, outcome.traded
    compared = {
        "which slots trade": np.array_equal(traded, cleared.traded),
        "prices": np.array_equal(price[traded], cleared.price_micro_per_kwh[traded]),
        "what members buy": np.array_equal(bought, cleared.bought_wh),
        "what members sell": np.array_equal(sold, cleared.sold_wh),
        "trades": _same_trades(outcome.trades, cleared.trades),
    }
    return [name for name, same in compared.items() if not same]


def _energy(
    outcome: Outcome, shape: tuple[int, ...]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], ...]:
    """Energy bought and sold by member and slot [Wh]."""
    energy = np.zeros((2, *shape), dtype=np.int64)
    sells = (outcome.orders.side == Side.SELL).astype(np.int64)
    place = (sells, outcome.orders.member, outcome.orders.slot)
    np.add.at(energy, place, outcome.accepted_wh)
    return energy[0], energy[1]


def _same_trades(one: SessionTrades | None, other: SessionTrades | None) -> bool:
    if one is None or other is None:
        return one is other
    columns = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)
    return all(np.array_equal(first, second) for first, second in columns)
