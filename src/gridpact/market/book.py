"""The book of one session: the orders accepted so far and the idempotency keys seen.

A book is a value. Every function returns a new one and leaves the old as it was, so a journal
replays into the same book and a clearing can be repeated at any time.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.market.admission import Admission, refusals
from gridpact.market.clearing.continuous.state import State as Resting
from gridpact.market.messages import SessionTrades
from gridpact.market.orders import Orders, PlacedOrder, Refusal, concatenate, no_orders


class Book(msgspec.Struct, frozen=True, omit_defaults=True):
    """Accepted orders over the session's ``slots``, in ascending sequence.

    ``keys`` maps "participant key" to the sequence of the order accepted under it, ``placed`` to
    the order as its owner placed it, ``cancelled`` to the Wh taken back. Blocks have a sequence
    but no row in ``orders``.

    In a market that trades continuously ``resting`` is what the books hold and ``traded`` what has
    traded; ``orders`` then have the quantities that traded or still may.
    """

    slots: Slots
    orders: Orders
    next_sequence: int
    keys: dict[str, int]
    placed: dict[str, PlacedOrder] = {}
    cancelled: dict[str, int] = {}
    resting: Resting | None = None
    traded: SessionTrades | None = None


def open_book(slots: Slots, first_sequence: int = 0) -> Book:
    """Return an empty book; sequences count from ``first_sequence``."""
    return Book(slots, no_orders(), first_sequence, {})


def name_of(participant: str, key: str) -> str:
    """Keys are the participant's own: identifiers hold no space, so no two pairs look alike."""
    return f"{participant} {key}"


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


def admit(book: Book, orders: Orders, rules: Admission, owed_nano: Ints) -> tuple[Book, Ints]:
    """Take columns of new orders into the book; return it and a refusal code per order."""
    codes = refusals(orders, rules, owed_nano)
    return append(book, orders.take(codes == Refusal.NONE)), codes


def place(book: Book, order: PlacedOrder, member: int, left_wh: int) -> Book:
    """Take a person's order into the book, with what is left of it; it gets the next sequence.

    The order must have been judged: nothing about it is checked here.
    """
    name = name_of(order.participant, order.key)
    keyed = msgspec.structs.replace(
        book,
        keys={**book.keys, name: book.next_sequence},
        placed={**book.placed, name: order},
    )
    if order.is_block:
        return msgspec.structs.replace(keyed, next_sequence=book.next_sequence + 1)
    slot = book.slots.index(order.slot_start)
    row = (-1, member, slot, int(order.side), left_wh, order.limit_micro_per_kwh)
    return append(keyed, Orders(*(np.array([value], dtype=np.int64) for value in row)))


def rows_of(book: Book, sequences: Ints) -> Ints:
    """Rows of the orders with given sequences; all must have one."""
    return np.searchsorted(book.orders.sequence, sequences)


def left_wh(book: Book) -> Ints:
    """What of each order has not traded yet, and still counts [orders]."""
    if book.resting is None:
        return book.orders.quantity_wh
    placed = book.resting.placed
    rows = np.searchsorted(placed.order, book.orders.sequence)
    return book.orders.quantity_wh - (placed.total_wh - placed.left_wh)[rows]


def take_back(book: Book, rows: Ints) -> Book:
    """Leave of the orders in given rows only what has traded."""
    quantity = book.orders.quantity_wh.copy()
    quantity[rows] -= left_wh(book)[rows]
    orders = msgspec.structs.replace(book.orders, quantity_wh=quantity)
    return msgspec.structs.replace(book, orders=orders.take(quantity > 0))


def mark_cancelled(book: Book, cancelled: dict[str, int]) -> Book:
    """Note what was taken back of orders by name; their names stay taken."""
    return msgspec.structs.replace(book, cancelled={**book.cancelled, **cancelled})


def without_expired(book: Book, now: int) -> Book:
    """Leave of orders whose validity is over only what has traded."""
    over = [
        book.keys[name]
        for name, order in book.placed.items()
        if order.expired(now) and not order.is_block
    ]
    gone = np.flatnonzero(np.isin(book.orders.sequence, over))
    return take_back(book, gone) if gone.size else book


def in_order(book: Book) -> list[str]:
    """Names of persons' orders by sequence; a map read back from a journal has lost its order."""
    return sorted(book.placed, key=lambda name: book.keys[name])


def open_blocks(book: Book, now: int) -> dict[str, PlacedOrder]:
    """Blocks by name that are neither cancelled nor expired, nor hang on one that is."""
    found: dict[str, PlacedOrder] = {}
    for name in in_order(book):  # a parent was placed before its children
        order = book.placed[name]
        gone = name in book.cancelled or order.expired(now)
        parent = not order.parent or name_of(order.participant, order.parent) in found
        if order.is_block and not gone and parent:
            found[name] = order
    return found


def open_amounts(book: Book, now: int) -> dict[str, int]:
    """What of persons' orders can still trade, over all their slots, by name; none of zero."""
    rows = dict(zip(book.orders.sequence.tolist(), left_wh(book).tolist(), strict=True))
    found = {
        name: rows.get(book.keys[name], 0)
        for name, order in book.placed.items()
        if not (order.is_block or order.expired(now))
    }
    for name, order in open_blocks(book, now).items():
        found[name] = order.quantity_wh * order.slots
    return {name: wh for name, wh in found.items() if wh}
