"""A run read back for a comparison: its books as they were when their gates closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridpact.app.compare.books import BooksCompared, compare_books, delivered
from gridpact.app.compare.clearing import clearing_of, left_out, too_crowded
from gridpact.app.record import Kept, Record
from gridpact.market.book import Book, without_expired
from gridpact.market.handlers import Market
from gridpact.market.messages import GateClosed


def compare_run(record: Record, mechanisms: Sequence[str], where: str) -> BooksCompared:
    """Clear the books of a run under each mechanism; ``where`` names the run in errors.

    Raises BadInput if no day of the run is settled yet.
    """
    names = {each.session.id for each in delivered(record)}
    books = {name: book for name, book in books_of(record) if name in names}
    crowded = too_crowded(books) if "preference" in mechanisms else ""
    chosen = [name for name in mechanisms if not (crowded and name == "preference")]
    clear = clearing_of(record.opening().community, books)
    return compare_books(record, clear, chosen, where, (left_out(crowded),) if crowded else ())


def books_of(record: Record) -> Iterator[tuple[str, Book]]:
    """Yield every session with its book as the gate closed, in one pass over the record.

    The market hears again what it heard then; orders that had expired are left out.
    """
    room = Market(record.opening().community).room()
    state = room.state
    told: list[Kept] = sorted(
        (kept for kind in room.handlers for kept in record.kept(kind)), key=lambda kept: kept.seq
    )
    for kept in told:
        message = kept.message
        if isinstance(message, GateClosed):
            gate = state.sessions[message.session].gate
            yield message.session, without_expired(state.books[message.session], gate)
        state, _ = room.handlers[type(message)](state, message, kept.time)
