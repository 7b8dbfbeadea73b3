"""Continuous books by the column: many events in one call, the rules of the package.

Orders and prices are numbered first, in numpy (O(n log n) in events and known orders for the
sort by price); then one compiled loop lets the events happen, O(1) each and each trade.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.continuous import kernel
from gridpact.market.clearing.continuous.compiled import compiled
from gridpact.market.clearing.continuous.events import Books, Events, Fills, Kind
from gridpact.market.clearing.continuous.state import Placed, State, check_known, opening
from gridpact.market.clearing.priority import ranked


class Results(msgspec.Struct, frozen=True):
    """What became of the events: columns [events], the trades and the state after them.

    ``outcome`` holds codes of :class:`~.events.Outcome`; for the others see
    :class:`~.events.Applied`.
    """

    outcome: Ints
    traded_wh: Ints
    cancelled_wh: Ints
    left_wh: Ints
    fills: Fills
    state: State


class _Ladder(NamedTuple):
    """How many prices occur in all books, and the first one's rank in each [books + 1]."""

    levels: int
    first: Ints


def run(events: Events, books: Books, state: State | None = None) -> Results:
    """Let events happen in books, in row order.

    Parameters
    ----------
    events : Events
        By the order of arrival; one that cannot stand is refused and told, the others happen.
    books : Books
        What the books admit.
    state : State, optional
        What the books hold before; by default nothing.

    Returns
    -------
    Results
        The same as :class:`~.live.ContinuousBook` gives event by event.
    """
    state = state or opening()
    known = state.placed.count
    check_known(state, books)
    numbers, order = _numbered(np.concatenate([state.placed.order, events.order]))
    rows = _rows(events, state.placed, order)
    depth = _depth(_ladder(rows, books, known), numbers.size, state)
    told = _told(rows.kind.size, events.count + numbers.size)
    if known:
        _restore(rows, depth, state)
    compiled().play(rows, _limits(books), depth, told, 2 * known)
    return Results(
        told.outcome[2 * known :],
        told.traded[2 * known :],
        told.cancelled[2 * known :],
        told.left[2 * known :],
        _fills(told, depth, numbers, known),
        _state(rows, depth, numbers),
    )


def _limits(books: Books) -> kernel.Limits:
    return kernel.Limits(
        books.closes,
        books.authorised.astype(np.int64),
        books.lowest_micro_per_kwh,
        books.highest_micro_per_kwh,
        books.largest_wh,
    )


def _numbered(order: Ints) -> tuple[Ints, Ints]:
    """Distinct orders, ascending, perhaps with some between them, and which one each row is."""
    if not order.size:
        return order, order
    low, high = int(order.min()), int(order.max())
    if high - low > 2 * order.size:
        return np.unique(order, return_inverse=True)
    return np.arange(low, high + 1, dtype=np.int64), order - low


def _rows(events: Events, placed: Placed, order: Ints) -> kernel.Rows:
    """Known orders as placed, the same as amended, then the events; positions are not known yet."""
    known, new = order[: placed.count], order[placed.count :]
    nothing = np.zeros_like(known)

    def column(old: Ints, amended: Ints, fresh: Ints) -> Ints:
        return np.concatenate([old, amended, fresh]) if placed.count else fresh

    return kernel.Rows(
        kind=column(placed.kind, placed.kind, events.kind),
        order=column(known, known, new),
        at=column(nothing, nothing, events.at),
        book=column(placed.book, placed.book, events.book),
        member=column(placed.member, placed.member, events.member),
        side=column(placed.side, placed.side, events.side),
        quantity=column(placed.quantity_wh, placed.quantity_wh, events.quantity_wh),
        limit=column(
            placed.limit_micro_per_kwh, placed.now_limit_micro_per_kwh, events.limit_micro_per_kwh
        ),
        expires=column(placed.expires, placed.now_expires, events.expires),
        position=np.zeros(2 * placed.count + events.count, dtype=np.int64),
    )


def _ladder(rows: kernel.Rows, books: Books, known: int) -> _Ladder:
    """Number the prices that occur in sound rows and write the positions into ``rows``."""
    sound = np.flatnonzero(_sound(rows, books, known))
    book, limit = rows.book[sound], rows.limit[sound]
    line = ranked(book, limit, np.arange(sound.size))
    book, limit, line = book[line], limit[line], sound[line]
    fresh = np.ones(line.size, dtype=np.bool_)
    fresh[1:] = (book[1:] != book[:-1]) | (limit[1:] != limit[:-1])
    rank = np.cumsum(fresh) - 1
    levels = int(rank[-1]) + 1 if rank.size else 0
    rows.position[line] = np.where(rows.side[line] > 0, 2 * levels - 1 - rank, rank)
    return _Ladder(levels, np.searchsorted(book[fresh], np.arange(books.count + 1)))


def _sound(rows: kernel.Rows, books: Books, known: int) -> Bools:
    """Which rows have a price that an order could rest at [rows]."""
    limit = rows.limit
    sound = (rows.book >= 0) & (rows.book < books.count) & (rows.kind != Kind.CANCEL)
    sound &= (limit >= books.lowest_micro_per_kwh) & (limit <= books.highest_micro_per_kwh)
    sound[: 2 * known] = True  # were admitted once, whatever the limits are by now
    return np.asarray(sound, dtype=np.bool_)


def _depth(ladder: _Ladder, orders: int, state: State) -> kernel.Depth:
    """Empty books."""
    positions, first = 2 * ladder.levels, ladder.first
    words = [max(-(-positions // 64), 1)]
    while words[-1] > 1:
        words.append(-(-words[-1] // 64))
    level = np.cumsum([0, *words], dtype=np.int64)
    end = np.stack([first[1:], positions - first[:-1]], axis=1)
    return kernel.Depth(
        cells=np.zeros((orders, kernel.CELLS), dtype=np.int64),
        first=np.full(positions, kernel.NOWHERE, dtype=np.int64),
        last=np.full(positions, kernel.NOWHERE, dtype=np.int64),
        bits=np.zeros(level[-1], dtype=np.int64),
        level=level[:-1],
        best=end.copy(),
        end=end,
        memory=np.array([state.clock, state.next_entered, 0], dtype=np.int64),
    )


def _told(rows: int, most_trades: int) -> kernel.Told:
    outcome, traded, cancelled, left = np.zeros((4, rows), dtype=np.int64)
    return kernel.Told(
        outcome, traded, cancelled, left, fills=np.empty((most_trades, 6), dtype=np.int64)
    )


def _restore(rows: kernel.Rows, depth: kernel.Depth, state: State) -> None:
    placed = state.placed
    rests = np.flatnonzero(placed.left_wh > 0)
    by_priority = rests[np.argsort(placed.entered[rests])]
    known = np.stack([placed.total_wh, placed.left_wh, placed.entered], axis=1)
    compiled().restore(rows, depth, known, by_priority)
    depth.memory[kernel.NEXT_ENTERED] = state.next_entered  # queueing up counted on


def _fills(told: kernel.Told, depth: kernel.Depth, numbers: Ints, known: int) -> Fills:
    """Trades with orders by their numbers and rows by the caller's count."""
    trades = told.fills[: depth.memory[kernel.TRADES]]
    maker, taker, size, price, event, terms = (trades[:, at] for at in range(6))
    return Fills(
        numbers[maker],
        numbers[taker],
        size.copy(),
        price.copy(),
        event - 2 * known,
        np.where(terms >= 2 * known, terms - 2 * known, known - 1 - terms),
    )


def _state(rows: kernel.Rows, depth: kernel.Depth, numbers: Ints) -> State:
    known = np.flatnonzero(depth.cells[:, kernel.PLACED])
    cells = depth.cells[known]
    placed, terms = cells[:, kernel.PLACED] - 1, cells[:, kernel.TERMS]
    state = Placed(
        order=numbers[known],
        kind=rows.kind[placed],
        book=rows.book[placed],
        member=rows.member[placed],
        side=rows.side[placed],
        quantity_wh=rows.quantity[placed],
        limit_micro_per_kwh=rows.limit[placed],
        expires=rows.expires[placed],
        now_limit_micro_per_kwh=rows.limit[terms],
        now_expires=rows.expires[terms],
        total_wh=cells[:, kernel.TOTAL].copy(),
        left_wh=cells[:, kernel.LEFT].copy(),
        entered=cells[:, kernel.ENTERED].copy(),
    )
    memory = depth.memory.tolist()
    return State(state, memory[kernel.CLOCK], memory[kernel.NEXT_ENTERED])
