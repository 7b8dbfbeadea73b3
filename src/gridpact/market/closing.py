"""What happens when a gate closes: the book is cleared, and what is left of orders goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots, covers
from gridpact.base.units import Ints, checked_add
from gridpact.kernel.messages import Message, Out
from gridpact.kernel.rooms import Step
from gridpact.market.book import (
    Book,
    in_order,
    mark_cancelled,
    name_of,
    open_amounts,
    open_blocks,
    without_expired,
)
from gridpact.market.dispatch import Outcome, clear_book
from gridpact.market.exposure import owed_nano
from gridpact.market.gates import later_sessions
from gridpact.market.messages import (
    BlocksDue,
    GateClosed,
    OrdersClosed,
    Session,
    SessionCleared,
    SessionCounted,
)
from gridpact.market.ordering import take
from gridpact.market.orders import PlacedOrder, Side
from gridpact.market.ratings import session_counts
from gridpact.market.state import Closing, State, Waiting, with_book, without_session
from gridpact.market.terms import Venue


def close(venue: Venue, state: State, message: GateClosed, now: int) -> Step[State]:
    """Clear a book and tell what was traded; a book with blocks waits for the solver's choice."""
    session = state.sessions[message.session]
    book = without_expired(state.books[session.id], session.gate)
    state = without_session(state, session.id)
    if venue.terms(session.kind).blocks and open_blocks(book, session.gate):
        closing = {**state.closing, session.id: Closing(session, book)}
        return msgspec.structs.replace(state, closing=closing), [BlocksDue(session=session.id)]
    told = _clear(venue, session, book)
    state = note_owed(venue, state, told.cleared)
    if told.closed is None:
        return state, told.messages
    state, outs = carry(venue, state, Closing(session, book), told.closed, now)
    return state, [*told.messages, *outs]


class _Told(NamedTuple):
    """What a clearing tells: of the session, of members' histories, of persons' orders."""

    cleared: SessionCleared
    counted: SessionCounted | None
    closed: OrdersClosed | None

    @property
    def messages(self) -> list[Message]:
        """Those there are, in this order."""
        return [each for each in self if each is not None]


def _clear(venue: Venue, session: Session, book: Book) -> _Told:
    """Clear a book; count for histories if a market looks at them, close persons' orders if any."""
    outcome = clear_book(book, venue, session.kind, session.gate)
    return _Told(
        _session_cleared(venue, session, book, outcome),
        _session_counted(venue, session, outcome) if venue.rated else None,
        _orders_closed(session, book, outcome) if book.placed else None,
    )


def solve(venue: Venue, state: State, message: BlocksDue) -> Sequence[Message]:
    """Clear a book with blocks: the effect of its becoming due."""
    closing = state.closing[message.session]
    return _clear(venue, closing.session, closing.book).messages


def note_owed(venue: Venue, state: State, cleared: SessionCleared) -> State:
    """Keep what a session's trades make members owe until their day is settled."""
    if not venue.secured or not cleared.traded.any():
        return state
    owed, day = owed_nano(venue, cleared), cleared.session.day
    if day in state.owed_nano:
        owed = checked_add(owed, state.owed_nano[day])
    return msgspec.structs.replace(state, owed_nano={**state.owed_nano, day: owed})


def closed(venue: Venue, state: State, message: OrdersClosed, now: int) -> Step[State]:
    """Forget a session whose blocks were solved, and let go on what is left of its orders."""
    closing = state.closing.get(message.session)
    if closing is None:
        return state, []
    rest = {name: one for name, one in state.closing.items() if name != message.session}
    return carry(venue, msgspec.structs.replace(state, closing=rest), closing, message, now)


def carry(
    venue: Venue, state: State, closing: Closing, message: OrdersClosed, now: int
) -> Step[State]:
    """Let orders that are valid beyond their gate go on to the next session that trades them.

    Where that session is open they are judged and taken at once, else they wait for it. A block
    goes on if nothing of it was accepted and nothing hangs on it or it on others.
    """
    outs: list[Out] = []
    columns = zip(
        message.participants,
        message.keys,
        message.traded_wh.tolist(),
        message.left_wh.tolist(),
        strict=True,
    )
    for participant, key, traded, left in columns:
        order = closing.book.placed[name_of(participant, key)]
        goes_on = left > 0 and order.valid_until > closing.session.gate
        following = _following(venue, closing.session, order) if goes_on else None
        if following is None or (order.is_block and not _free(order, traded, closing.book)):
            continue
        each = Waiting(following.id, order, order.quantity_wh if order.is_block else left)
        if following.id in state.sessions:
            state, told = take(venue, state, each, now)
            outs += told
        else:
            state = msgspec.structs.replace(state, waiting=(*state.waiting, each))
    return state, outs


def _free(block: PlacedOrder, traded_wh: int, book: Book) -> bool:
    """Whether a block can stand in another session as it stood in this one."""
    linked = block.parent or block.group
    children = any(
        other.parent == block.key and other.participant == block.participant
        for other in book.placed.values()
    )
    return not (linked or children or traded_wh)


def _following(venue: Venue, session: Session, order: PlacedOrder) -> Session | None:
    """The next session that trades all slots of an order."""
    community, own = venue.community, Slots(order.slot_start, session.window.step, order.slots)
    every = later_sessions(community.market, community.calendar, session)
    return next((each for each in every if covers(each.window, own)), None)


def arrive(venue: Venue, state: State, session: Session, now: int) -> Step[State]:
    """Take the orders that waited for a session which has opened."""
    here = [each for each in state.waiting if each.session == session.id]
    if not here:
        return state, []
    rest = tuple(each for each in state.waiting if each.session != session.id)
    state, outs = msgspec.structs.replace(state, waiting=rest), list[Out]()
    for each in here:
        if each.cancelled:
            name = name_of(each.order.participant, each.order.key)
            book = mark_cancelled(state.books[session.id], {name: each.whole_wh})
            state = with_book(state, session.id, book)
        elif not each.order.expired(now):
            state, told = take(venue, state, each, now)
            outs += told
    return state, outs


def _session_cleared(
    venue: Venue, session: Session, book: Book, outcome: Outcome
) -> SessionCleared:
    orders, slots = outcome.orders, book.slots.count
    buys = orders.side == Side.BUY
    bought, sold = (
        _table(orders.member[rows], orders.slot[rows], outcome.accepted_wh[rows], venue, slots)
        for rows in (buys, ~buys)
    )
    return SessionCleared(
        session=session,
        price_micro_per_kwh=outcome.price_micro_per_kwh,
        traded=outcome.traded,
        bought_wh=bought,
        sold_wh=sold,
        asked_wh=_per_slot(orders.slot, orders.quantity_wh * buys, slots),
        offered_wh=_per_slot(orders.slot, orders.quantity_wh * ~buys, slots),
        orders=book.orders.count + len(open_blocks(book, session.gate)),
        trades=outcome.trades,
        proven=outcome.proven,
    )


def _session_counted(venue: Venue, session: Session, outcome: Outcome) -> SessionCounted:
    counts = session_counts(outcome.orders, *outcome.pairs, venue.members)
    return SessionCounted(
        session=session.id,
        orders_placed=counts.orders_placed,
        orders_traded=counts.orders_traded,
        transactions=counts.transactions,
    )


def _table(member: Ints, slot: Ints, wh: Ints, venue: Venue, slots: int) -> Ints:
    total = np.zeros((venue.members, slots), dtype=np.int64)
    np.add.at(total, (member, slot), wh)
    return total


def _per_slot(slot: Ints, quantity_wh: Ints, slots: int) -> Ints:
    total = np.zeros(slots, dtype=np.int64)
    np.add.at(total, slot, quantity_wh)
    return total


def _orders_closed(session: Session, book: Book, outcome: Outcome) -> OrdersClosed:
    names = in_order(book)
    sequence = np.array([book.keys[name] for name in names], dtype=np.int64)
    # rows of a block share its sequence; those of nobody's order fall between
    place = np.searchsorted(sequence, outcome.orders.sequence)
    mine = np.isin(outcome.orders.sequence, sequence)
    traded, paid = np.zeros((2, sequence.size), dtype=np.int64)
    np.add.at(traded, place[mine], outcome.accepted_wh[mine])
    np.add.at(paid, place[mine], outcome.paid_nano[mine])
    amounts = open_amounts(book, session.gate)
    left = np.array([amounts.get(name, 0) for name in names], dtype=np.int64)
    if book.resting is None:  # of continuous books what has traded is not among what is open
        left -= traded
    split = [name.partition(" ") for name in names]
    return OrdersClosed(
        session=session.id,
        participants=tuple(who for who, _, _ in split),
        keys=tuple(key for _, _, key in split),
        sequence=sequence,
        traded_wh=traded,
        paid_nano=paid,
        left_wh=left,
    )
