"""The book of one session: the orders accepted so far and the idempotency keys seen.

A book is a value. Every function returns a new one and leaves the old as it was, so a journal
replays into the same book and a clearing can be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.market.orders import (
    Admission,
    Orders,
    PlacedOrder,
    Refusal,
    concatenate,
    no_orders,
    refusals,
)


class Book(msgspec.Struct, frozen=True):
    """Accepted orders over the session's ``slots``, in ascending sequence.

    ``keys`` maps "participant key" to the sequence of the order accepted under it.
    """

    slots: Slots
    orders: Orders
    next_sequence: int
    keys: dict[str, int]


class Placement(msgspec.Struct, frozen=True):
    """What became of a batch: the book after it and, per placed order [placed], the outcome.

    ``refusal`` holds codes of :class:`~gridpact.market.orders.Refusal`; ``sequence`` is -1 where
    refused, and that of the first placing where the same order was placed again. ``accepted`` are
    the orders that the batch added.
    """

    book: Book
    accepted: Orders
    refusal: Ints
    sequence: Ints


def open_book(slots: Slots, first_sequence: int = 0) -> Book:
    """Return an empty book; sequences count from ``first_sequence``."""
    return Book(slots, no_orders(), first_sequence, {})


def of_slot(book: Book, slot: int) -> Orders:
    """Return the orders for the slot at a position."""
    return book.orders.take(book.orders.slot == slot)


def append(book: Book, orders: Orders) -> Book:
    """Add orders below the others; they get the book's next sequences, in row order."""
    last = book.next_sequence + orders.count
    numbered = msgspec.structs.replace(
        orders, sequence=np.arange(book.next_sequence, last, dtype=np.int64)
    )
    return msgspec.structs.replace(
        book, orders=concatenate(book.orders, numbered), next_sequence=last
    )


def merge(first: Book, second: Book) -> Book:
    """Put a book of the same slots below another, renumbering it; keys must not collide."""
    if first.slots != second.slots:
        raise ValueError(f"books of {first.slots} and {second.slots} cannot be merged")
    if both := first.keys.keys() & second.keys.keys():
        raise ValueError(f"books share idempotency keys such as {min(both)!r}")
    old = second.orders.sequence
    shifted = {
        key: first.next_sequence + int(np.searchsorted(old, sequence))
        for key, sequence in second.keys.items()
    }
    joined = append(first, second.orders)
    return msgspec.structs.replace(joined, keys={**first.keys, **shifted})


def admit(book: Book, orders: Orders, rules: Admission) -> tuple[Book, Ints]:
    """Take columns of new orders into the book; return it and a refusal code per order."""
    codes = refusals(orders, rules, book.orders)
    return append(book, orders.take(codes == Refusal.NONE)), codes


def place(
    book: Book, placed: Sequence[PlacedOrder], rows: Mapping[str, int], rules: Admission
) -> Placement:
    """Take a batch of placed orders into the book.

    Parameters
    ----------
    book : Book
        The book so far; it stays as it is.
    placed : sequence of PlacedOrder
        In the order of arrival.
    rows : mapping
        Row of each participant among the community's members.
    rules : Admission
        What an order must satisfy now.

    Returns
    -------
    Placement
        A key met again with the same content has the outcome of its first use, whatever the gate
        does by now; with other content it is refused as ``DUPLICATE``. A refused order leaves
        nothing in the book: its key may be used again in a later batch.
    """
    columns = _to_columns(book, placed, rows)
    first = _first_uses(placed)
    known = np.array([book.keys.get(_key(order), -1) for order in placed], dtype=np.int64)
    fresh = np.flatnonzero((first == np.arange(first.size)) & (known < 0))
    after, codes = admit(book, columns.take(fresh), rules)
    refusal, sequence = np.zeros_like(known), known.copy()
    refusal[fresh] = codes
    taken = fresh[codes == Refusal.NONE]
    accepted = after.orders.take(np.arange(book.orders.count, after.orders.count))
    sequence[taken] = accepted.sequence
    refusal, sequence = refusal[first], sequence[first]
    other = _differs(placed, first) | _differs_from_book(book, columns, known)
    refusal[other], sequence[other] = Refusal.DUPLICATE, -1
    keys = {_key(placed[row]): int(sequence[row]) for row in taken}
    after = msgspec.structs.replace(after, keys={**book.keys, **keys})
    return Placement(after, accepted, refusal, sequence)


def _key(order: PlacedOrder) -> str:
    """Keys are the participant's own: identifiers hold no space, so no two pairs look alike."""
    return f"{order.participant} {order.key}"


def _first_uses(placed: Sequence[PlacedOrder]) -> Ints:
    """Row at which each row's key is first used in the batch."""
    seen: dict[tuple[str, str], int] = {}
    rows = [
        seen.setdefault((order.participant, order.key), row) for row, order in enumerate(placed)
    ]
    return np.array(rows, dtype=np.int64)


def _differs(placed: Sequence[PlacedOrder], first: Ints) -> Bools:
    """Whether a row's content is another than that of the first use of its key in the batch."""
    pairs = zip(placed, first.tolist(), strict=True)
    return np.array([order != placed[row] for order, row in pairs], dtype=np.bool_)


def _differs_from_book(book: Book, columns: Orders, known: Ints) -> Bools:
    """Whether a row repeats a key of the book with other content; ``known`` as its sequence."""
    differs = np.zeros(known.size, dtype=np.bool_)
    repeats = np.flatnonzero(known >= 0)
    there = book.orders.take(np.searchsorted(book.orders.sequence, known[repeats]))
    for name in ("member", "slot", "side", "quantity_wh", "limit_micro_per_kwh"):
        differs[repeats] |= getattr(there, name) != getattr(columns, name)[repeats]
    return differs


def _to_columns(book: Book, placed: Sequence[PlacedOrder], rows: Mapping[str, int]) -> Orders:
    """Turn placed orders into columns; what does not exist becomes -1 and is refused as such."""
    position = {start: at for at, start in enumerate(book.slots.starts().tolist())}
    return Orders(
        np.full(len(placed), -1, dtype=np.int64),
        _column(rows.get(order.participant, -1) for order in placed),
        _column(position.get(order.slot_start, -1) for order in placed),
        _column(order.side for order in placed),
        _column(order.quantity_wh for order in placed),
        _column(order.limit_micro_per_kwh for order in placed),
    )


def _column(values: Iterable[int]) -> Ints:
    """Clip to 64 bits: beyond lies nothing that any rule admits."""
    return np.array([max(-INT64_MAX, min(INT64_MAX, value)) for value in values], dtype=np.int64)
