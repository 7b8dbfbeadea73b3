"""The state of continuous books as columns: every order they know, and what of it rests."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.continuous.events import Books


class Placed(msgspec.Struct, frozen=True):
    """Orders known to the books, by ascending ``order``, as int64 columns [orders].

    ``kind`` to ``expires`` are the order as it was placed: an order of the same number is held
    against them. ``now_*`` are the terms after amendments; ``total_wh`` is what the order comes
    to, less what was cancelled, so ``total_wh - left_wh`` was traded. ``entered`` numbers the
    orders as they came to rest, across all books: the lower has priority. It is -1 for one that
    has not rested since it was placed or last moved. What expired keeps its ``left_wh``.
    """

    order: Ints
    kind: Ints
    book: Ints
    member: Ints
    side: Ints
    quantity_wh: Ints
    limit_micro_per_kwh: Ints
    expires: Ints
    now_limit_micro_per_kwh: Ints
    now_expires: Ints
    total_wh: Ints
    left_wh: Ints
    entered: Ints

    @property
    def count(self) -> int:
        """How many orders are known."""
        return self.order.size

    def take(self, rows: Ints | Bools) -> Placed:
        """Return the given rows, by number or by mask."""
        return Placed(*(getattr(self, name)[rows] for name in self.__struct_fields__))


class State(msgspec.Struct, frozen=True):
    """Known orders, the latest instant [s since the epoch] and the next number of ``entered``."""

    placed: Placed
    clock: int
    next_entered: int


BEFORE_ALL = -(2**63)
"""The clock of books in which nothing has happened."""


def opening() -> State:
    """Return the state of books in which nothing has happened."""
    empty = Placed(*(np.empty(0, dtype=np.int64) for _ in Placed.__struct_fields__))
    return State(empty, BEFORE_ALL, 0)


def check_known(state: State, books: Books) -> None:
    """Raise ValueError where a state is of other books."""
    book = state.placed.book
    if book.size and not 0 <= int(book.min()) <= int(book.max()) < books.count:
        raise ValueError("the state knows orders of other books than these")


def resting(state: State, books: Books) -> Placed:
    """Return the orders that may still trade, those with priority first within a price."""
    placed = state.placed
    alive = (placed.left_wh > 0) & (placed.now_expires > state.clock)
    alive &= books.closes[placed.book] > state.clock
    rows = np.flatnonzero(alive)
    merit = -placed.side[rows] * placed.now_limit_micro_per_kwh[rows]
    order = np.lexsort((placed.entered[rows], merit, placed.side[rows], placed.book[rows]))
    return placed.take(rows[order])
