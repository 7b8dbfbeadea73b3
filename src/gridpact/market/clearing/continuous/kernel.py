"""The loop over events, written for compilation: plain functions over int64 arrays.

:mod:`.compiled` makes machine code of them; nothing here imports the compiler. All of it must
stay in one file, for the cache of compiled code looks at the file a function is in and no other.

A *position* stands for one price of one side of one book; positions of a side follow each other
from its best possible price to its worst, so that finding the best resting order means finding
the lowest occupied position. Offers take ``rank`` and bids ``2 * levels - 1 - rank``, ``rank``
counting all (book, price) pairs that occur: a position and the mirrored one have the same price.
Occupied positions are bits; a word of the level above tells which words are not empty, and so on
up. Each position holds a linked list of orders, oldest first. Placing, cancelling and each trade
touch a bounded number of cells, except for the search of the next occupied position, which looks
at two words for every factor of 64 in the number of positions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints

# An order's cells: those that trading needs lie together.
LEFT, POSITION, MEMBER, EXPIRES, NEXT, BEFORE, BOOK, TOTAL, TERMS, PLACED, ENTERED = range(11)
CELLS = 11
NOWHERE = -1
UNKNOWN = 0  # in PLACED, which holds one more than the row: no such order was accepted

# Cells of what the books as a whole remember.
CLOCK, NEXT_ENTERED, TRADES = range(3)

PLACE, IMMEDIATE, CANCEL, AMEND = 1, 2, 3, 4
DONE, REPEATED, REMAINDER_CANCELLED, SELF_TRADE = 0, 1, 2, 3
KIND, TIME, DUPLICATE, UNKNOWN_BOOK, BOOK_CLOSED, NOT_AUTHORISED = 10, 11, 12, 13, 14, 15
UNKNOWN_ORDER, OTHER_MEMBER, NOT_RESTING, ORDER_EXPIRED = 16, 17, 18, 19
SIDE, QUANTITY, PRICE_LIMIT, EXPIRY, ALREADY_TRADED = 20, 21, 22, 23, 24

# 64 different bits at the top of a product with a power of two tell which power it was (de Bruijn).
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACE = np.zeros(64, np.int64)
for _power in range(64):
    _PLACE[((_DE_BRUIJN << _power) % 2**64) >> 58] = _power


class Rows(NamedTuple):
    """Terms by row: known orders as placed, the same as amended, then the events [rows].

    ``order`` counts the distinct orders from 0; ``position`` is that of side and limit, where
    these are sound.
    """

    kind: Ints
    order: Ints
    at: Ints
    book: Ints
    member: Ints
    side: Ints
    quantity: Ints
    limit: Ints
    expires: Ints
    position: Ints


class Limits(NamedTuple):
    """What the books admit: ``closes`` [books], ``authorised`` [members] and scalars."""

    closes: Ints
    authorised: Ints
    lowest: int
    highest: int
    largest: int


class Depth(NamedTuple):
    """Orders by position and what is known of them.

    ``cells`` [orders, CELLS]; ``first`` and ``last`` order [positions]; ``bits``, all levels of
    words one after the other, and where each ``level`` starts; ``best`` position and one beyond
    the ``end`` of the positions [books, 2], offers first; ``memory`` [3].
    """

    cells: Ints
    first: Ints
    last: Ints
    bits: Ints
    level: Ints
    best: Ints
    end: Ints
    memory: Ints


class Told(NamedTuple):
    """What is told: columns [events] by row, and ``fills`` [6, most trades possible]."""

    outcome: Ints
    traded: Ints
    cancelled: Ints
    left: Ints
    fills: Ints


def lowest_bit(word: int) -> int:
    """Place of the lowest bit that is set; ``word`` must not be zero."""
    return int(_PLACE[((word & -word) * _DE_BRUIJN >> 58) & 63])


def occupy(depth: Depth, position: int) -> None:
    """Set the bit of a position, on every level."""
    for level in range(depth.level.size):
        word = depth.level[level] + (position >> 6)
        before = depth.bits[word]
        depth.bits[word] = before | (np.int64(1) << (position & 63))
        if before != 0:
            return
        position >>= 6


def vacate(depth: Depth, position: int) -> None:
    """Clear the bit of a position, and those of words that become empty."""
    for level in range(depth.level.size):
        word = depth.level[level] + (position >> 6)
        depth.bits[word] &= ~(np.int64(1) << (position & 63))
        if depth.bits[word] != 0:
            return
        position >>= 6


def occupied_from(depth: Depth, position: int, end: int) -> int:
    """Lowest occupied position from a given one on, ``end`` if none comes before it."""
    for level in range(depth.level.size):
        if position << (6 * level) >= end:
            return end
        rest = depth.bits[depth.level[level] + (position >> 6)] >> (position & 63)
        if rest != 0:
            position += lowest_bit(rest)
            for below in range(level - 1, -1, -1):
                word = depth.bits[depth.level[below] + position]
                position = (position << 6) + lowest_bit(word)
            return min(position, end)
        position = (position >> 6) + 1
    return end


def queue_up(depth: Depth, order: int) -> None:
    """Let an order rest behind the others of its position."""
    cells = depth.cells
    position = cells[order, POSITION]
    side = np.int64(position >= depth.first.size // 2)
    last = depth.last[position]
    cells[order, NEXT], cells[order, BEFORE] = NOWHERE, last
    depth.last[position] = order
    if last == NOWHERE:
        depth.first[position] = order
        occupy(depth, position)
        if position < depth.best[cells[order, BOOK], side]:
            depth.best[cells[order, BOOK], side] = position
    else:
        depth.cells[last, NEXT] = order
    cells[order, ENTERED] = depth.memory[NEXT_ENTERED]
    depth.memory[NEXT_ENTERED] += 1


def leave(depth: Depth, order: int) -> None:
    """Take an order out of the list of its position."""
    cells = depth.cells
    position, following, before = cells[order, POSITION], cells[order, NEXT], cells[order, BEFORE]
    if following != NOWHERE:
        depth.cells[following, BEFORE] = before
    else:
        depth.last[position] = before
    if before != NOWHERE:
        depth.cells[before, NEXT] = following
        return
    depth.first[position] = following
    if following == NOWHERE:
        vacate(depth, position)
        book, side = cells[order, BOOK], np.int64(position >= depth.first.size // 2)
        if depth.best[book, side] == position:
            depth.best[book, side] = occupied_from(depth, position, depth.end[book, side])


def judge(rows: Rows, limits: Limits, depth: Depth, row: int) -> int:
    """Say why an event is refused, or that it is not."""
    kind, order, cells = rows.kind[row], rows.order[row], depth.cells
    if kind < PLACE or kind > AMEND:
        return KIND
    if rows.at[row] < depth.memory[CLOCK]:
        return TIME
    places = kind <= IMMEDIATE
    if places and cells[order, PLACED] != UNKNOWN:
        return REPEATED if same_content(rows, row, cells[order, PLACED] - 1) else DUPLICATE
    code = judge_access(rows, limits, row)
    if code == DONE and not places:
        code = judge_order(rows, cells, order, row)
    if code == DONE and kind != CANCEL:
        code = judge_terms(rows, limits, cells, row)
    return code


def same_content(rows: Rows, one: int, other: int) -> bool:
    """Tell whether two rows place the same order, whenever they do."""
    for column in (rows.kind, rows.book, rows.member, rows.side, rows.quantity):
        if column[one] != column[other]:
            return False
    same_limit = rows.limit[one] == rows.limit[other]
    return same_limit and bool(rows.expires[one] == rows.expires[other])


def judge_access(rows: Rows, limits: Limits, row: int) -> int:
    """Whether the book is open and the member may trade."""
    book, member = rows.book[row], rows.member[row]
    if book < 0 or book >= limits.closes.size:
        return UNKNOWN_BOOK
    if limits.closes[book] <= rows.at[row]:
        return BOOK_CLOSED
    if member < 0 or member >= limits.authorised.size or limits.authorised[member] == 0:
        return NOT_AUTHORISED
    return DONE


def judge_order(rows: Rows, cells: Ints, order: int, row: int) -> int:
    """Whether the order to cancel or amend is there and the member's own."""
    if cells[order, PLACED] == UNKNOWN or cells[order, BOOK] != rows.book[row]:
        return UNKNOWN_ORDER
    if cells[order, MEMBER] != rows.member[row]:
        return OTHER_MEMBER
    if cells[order, LEFT] == 0:
        return NOT_RESTING
    if cells[order, EXPIRES] <= rows.at[row]:
        return ORDER_EXPIRED
    return DONE


def judge_terms(rows: Rows, limits: Limits, cells: Ints, row: int) -> int:
    """Whether side, quantity, limit and expiry can stand."""
    order = rows.order[row]
    side, quantity, limit = rows.side[row], rows.quantity[row], rows.limit[row]
    amends = rows.kind[row] == AMEND
    if abs(side) != 1 or (amends and side != rows.side[cells[order, PLACED] - 1]):
        return SIDE
    if quantity < 1 or quantity > limits.largest:
        return QUANTITY
    if limit < limits.lowest or limit > limits.highest:
        return PRICE_LIMIT
    if rows.kind[row] != IMMEDIATE and rows.expires[row] <= rows.at[row]:
        return EXPIRY
    if amends and quantity <= cells[order, TOTAL] - cells[order, LEFT]:
        return ALREADY_TRADED
    return DONE


def learn(rows: Rows, depth: Depth, placed: int, terms: int) -> None:
    """Note an order as placed in one row, with the terms of another."""
    cells, order = depth.cells, rows.order[placed]
    cells[order, MEMBER], cells[order, BOOK] = rows.member[placed], rows.book[placed]
    cells[order, PLACED], cells[order, ENTERED] = placed + 1, NOWHERE
    take_terms(rows, cells, order, terms)
    cells[order, LEFT] = cells[order, TOTAL] = rows.quantity[placed]


def take_terms(rows: Rows, cells: Ints, order: int, row: int) -> None:
    """Give an order the limit and expiry of a row."""
    cells[order, POSITION], cells[order, EXPIRES] = rows.position[row], rows.expires[row]
    cells[order, TERMS] = row


def trade(rows: Rows, depth: Depth, told: Told, row: int) -> int:
    """Let the order of a row trade with what rests; SELF_TRADE where its own member's is next."""
    order = rows.order[row]
    cells, book, at = depth.cells, rows.book[row], rows.at[row]
    other = np.int64(rows.side[row] < 0)  # offers are the first column
    reach = depth.first.size - 1 - cells[order, POSITION]
    while cells[order, LEFT] > 0 and depth.best[book, other] <= reach:
        maker = depth.first[depth.best[book, other]]
        if cells[maker, EXPIRES] <= at:
            leave(depth, maker)
            continue
        if cells[maker, MEMBER] == cells[order, MEMBER]:
            return SELF_TRADE
        size = min(cells[order, LEFT], cells[maker, LEFT])
        report(rows, depth, told, (maker, order, size, row))
        cells[order, LEFT] -= size
        cells[maker, LEFT] -= size
        if cells[maker, LEFT] == 0:
            leave(depth, maker)
    return DONE


def report(rows: Rows, depth: Depth, told: Told, fill: tuple[int, int, int, int]) -> None:
    """Write a trade down: maker, taker, quantity, price, event, terms of the maker."""
    maker, taker, size, row = fill
    at, terms = depth.memory[TRADES], depth.cells[maker, TERMS]
    told.fills[at, 0], told.fills[at, 1], told.fills[at, 2] = maker, taker, size
    told.fills[at, 3], told.fills[at, 4], told.fills[at, 5] = rows.limit[terms], row, terms
    depth.memory[TRADES] = at + 1


def enter(rows: Rows, depth: Depth, told: Told, row: int) -> int:
    """Trade what can be traded; let the rest stand, or cancel it where a rule says so."""
    cells, order = depth.cells, rows.order[row]
    came = cells[order, LEFT]
    outcome = trade(rows, depth, told, row)
    told.traded[row] = came - cells[order, LEFT]
    if cells[order, LEFT] > 0:
        if outcome == DONE and rows.kind[row] == IMMEDIATE:
            outcome = REMAINDER_CANCELLED
        if outcome == DONE:
            queue_up(depth, rows.order[row])
        else:
            told.cancelled[row] += cells[order, LEFT]
            cells[order, TOTAL] -= cells[order, LEFT]
            cells[order, LEFT] = 0
    told.left[row] = cells[order, LEFT]
    return outcome


def cancel(depth: Depth, told: Told, order: int, row: int) -> int:
    """Take an order out for good."""
    cells = depth.cells
    leave(depth, order)
    told.cancelled[row] = cells[order, LEFT]
    cells[order, TOTAL] -= cells[order, LEFT]
    cells[order, LEFT] = 0
    return DONE


def amend(rows: Rows, depth: Depth, told: Told, row: int) -> int:
    """Give an order new terms; it keeps its place where price stays and size does not grow."""
    cells, order = depth.cells, rows.order[row]
    size, total = rows.quantity[row], cells[order, TOTAL]
    stays = rows.position[row] == cells[order, POSITION] and size <= total
    if not stays:
        leave(depth, rows.order[row])
        cells[order, ENTERED] = NOWHERE
    take_terms(rows, cells, order, row)
    cells[order, LEFT] += size - total
    cells[order, TOTAL] = size
    told.cancelled[row] = max(total - size, 0)
    told.left[row] = cells[order, LEFT]
    return DONE if stays else enter(rows, depth, told, row)


def happen(rows: Rows, depth: Depth, told: Told, row: int) -> int:
    """Do what an admitted event asks."""
    kind, order = rows.kind[row], rows.order[row]
    if kind == CANCEL:
        return cancel(depth, told, order, row)
    if kind == AMEND:
        return amend(rows, depth, told, row)
    learn(rows, depth, row, row)
    return enter(rows, depth, told, row)


def play(rows: Rows, limits: Limits, depth: Depth, told: Told, start: int) -> None:
    """Let all events happen, those of the rows from ``start`` on."""
    for row in range(start, rows.kind.size):
        code = judge(rows, limits, depth, row)
        if code != KIND and code != TIME:
            depth.memory[CLOCK] = rows.at[row]
        told.outcome[row] = happen(rows, depth, told, row) if code == DONE else code


def restore(rows: Rows, depth: Depth, known: Ints, by_priority: Ints) -> None:
    """Fill empty books with known orders: ``known`` [known, 3] total, left, entered by row.

    ``by_priority`` are the rows of those that rest, by rising ``entered``.
    """
    count = known.shape[0]
    for row in range(count):
        learn(rows, depth, row, count + row)
        cells, order = depth.cells, rows.order[row]
        cells[order, TOTAL], cells[order, LEFT] = known[row, 0], known[row, 1]
    for row in by_priority:
        queue_up(depth, rows.order[row])
    for row in range(count):
        depth.cells[rows.order[row], ENTERED] = known[row, 2]


PARTS = (
    *(lowest_bit, occupy, vacate, occupied_from, queue_up, leave, same_content),
    *(judge_access, judge_order, judge_terms, judge, take_terms, learn, report, trade),
    *(enter, cancel, amend, happen, play, restore),
)
