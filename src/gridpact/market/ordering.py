"""What happens to one person's order: it is taken, refused with all reasons, or taken back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Step
from gridpact.market.book import (
    Book,
    left_wh,
    mark_cancelled,
    name_of,
    open_amounts,
    place,
    rows_of,
    take_back,
    without_expired,
)
from gridpact.market.case import Case
from gridpact.market.judging import reasons
from gridpact.market.messages import (
    CancelOrder,
    OrderAccepted,
    OrderCancelled,
    OrdersRefused,
    Session,
)
from gridpact.market.orders import PlacedOrder, Refusal
from gridpact.market.state import State, Waiting, with_book
from gridpact.market.terms import Venue
from gridpact.market.trading import enter, leave


def told(codes: Iterable[Refusal]) -> str:
    """Write reasons as an :class:`OrdersRefused` gives them, by rising code."""
    return ", ".join(code.name.lower() for code in sorted(codes))


def refused(session: str, name: str, *codes: Refusal) -> OrdersRefused:
    """Tell why one order was not taken, or could not be taken back."""
    return OrdersRefused(session=session, keys=(name,), reasons=(told(codes),))


def take(venue: Venue, state: State, waiting: Waiting, now: int) -> Step[State]:
    """Take what is left of an order into the session it is for, or refuse it."""
    order = waiting.order
    case = Case(order, waiting.session, state, venue, now, waiting.left_wh)
    if why := reasons(case):
        return state, [refused(waiting.session, case.key, *why)]
    if case.repeats:
        return state, [_accepted_before(state.books[waiting.session], case)]
    book, session, terms = case.book, case.session, case.terms
    if book is None or session is None or terms is None:
        raise RuntimeError("an order without reason against it has a session")
    after, outs, traded = place(book, order, case.row, waiting.left_wh), list[Message](), 0
    if terms.continuous:
        came = enter(after, 1, venue, terms, now, order.valid_until)
        after, traded, cut = came.book, int(came.traded_wh[0]), int(came.cancelled_wh[0])
        if cut:
            after = mark_cancelled(after, {case.key: cut})
            outs = [_cancelled(session.id, order.participant, order.key, cut)]
    accepted = OrderAccepted(
        session=session.id,
        participant=order.participant,
        key=order.key,
        sequence=book.next_sequence,
        traded_wh=traded,
    )
    return with_book(state, session.id, after), [accepted, *outs]


def _accepted_before(book: Book, case: Case) -> OrderAccepted:
    """Answer an order that came again; it tells what has traded by now."""
    sequence, traded = book.keys[case.key], 0
    if book.traded is not None:
        own = (book.traded.buy_order == sequence) | (book.traded.sell_order == sequence)
        traded = int(book.traded.quantity_wh[own].sum())
    return OrderAccepted(
        session=case.name,
        participant=case.order.participant,
        key=case.order.key,
        sequence=sequence,
        traded_wh=traded,
    )


def _cancelled(session: str, participant: str, key: str, wh: int) -> OrderCancelled:
    return OrderCancelled(session=session, participant=participant, key=key, cancelled_wh=wh)


def cancel(venue: Venue, state: State, message: CancelOrder, now: int) -> Step[State]:
    """Take an order back as far as it has not traded; asked again, the answer is the same."""
    name = name_of(message.participant, message.key)
    state, wh, why = _taken_back(venue, state, message.session, name, now)
    if why is not Refusal.NONE:
        return state, [refused(message.session, name, why)]
    return state, [_cancelled(message.session, message.participant, message.key, wh)]


def _taken_back(
    venue: Venue, state: State, session: str, name: str, now: int
) -> tuple[State, int, Refusal]:
    """Return the state after, how much was taken back, and why not if nothing was."""
    for at, each in enumerate(state.waiting):
        if name_of(each.order.participant, each.order.key) == name:
            return _from_waiting(state, at, now)
    book = state.books.get(session)
    if book is None:
        return state, 0, Refusal.GATE_CLOSED
    if name in book.cancelled:
        return state, book.cancelled[name], Refusal.NONE
    if (why := _why_not(book, name, now)) is not Refusal.NONE:
        return state, 0, why
    after, wh = _without(venue, state.sessions[session], without_expired(book, now), name, now)
    return with_book(state, session, after), wh, Refusal.NONE


def _from_waiting(state: State, at: int, now: int) -> tuple[State, int, Refusal]:
    each = state.waiting[at]
    if each.order.expired(now):
        return state, 0, Refusal.VALIDITY
    gone = msgspec.structs.replace(each, cancelled=True)
    waiting = (*state.waiting[:at], gone, *state.waiting[at + 1 :])
    return msgspec.structs.replace(state, waiting=waiting), each.whole_wh, Refusal.NONE


def _why_not(book: Book, name: str, now: int) -> Refusal:
    """Why an order cannot be taken back."""
    if name not in book.keys:
        return Refusal.UNKNOWN_ORDER
    if book.placed[name].expired(now):
        return Refusal.VALIDITY
    rests = book.placed[name].is_block or name in open_amounts(book, now)
    return Refusal.NONE if rests else Refusal.ALREADY_TRADED


def _without(venue: Venue, session: Session, book: Book, name: str, now: int) -> tuple[Book, int]:
    """Take what is left of one order out of a book; return it and how much that was."""
    order = book.placed[name]
    if order.is_block:
        wh = order.quantity_wh * order.slots
    else:
        wh = open_amounts(book, now)[name]
        sequences = np.array([book.keys[name]], dtype=np.int64)
        book = out_of(venue, session, book, sequences, now)
    return mark_cancelled(book, {name: wh}), wh


def out_of(
    venue: Venue,
    session: Session,
    book: Book,
    sequences: Ints,
    now: int,
) -> Book:
    """Take what is left of orders out of a book."""
    terms = venue.terms(session.kind)
    if terms.continuous:
        return leave(book, sequences, venue, terms, now)
    return take_back(book, rows_of(book, sequences))


def withdraw(venue: Venue, state: State, participant: str, now: int) -> Step[State]:
    """Take all of a participant's open orders out of the market, its agent's too."""
    outs: list[Message] = []
    row = venue.rows.get(participant, -1)
    for name, session in sorted(state.sessions.items()):
        book = without_expired(state.books[name], now)
        open_now = _open_names(book, participant, now)
        mine = (book.orders.member == row) & (left_wh(book) > 0)
        if not (open_now or mine.any()):
            continue
        book = out_of(venue, session, book, book.orders.sequence[mine], now)
        state = with_book(state, name, mark_cancelled(book, open_now))
        outs += _told_cancelled(name, open_now)
    for each in state.waiting:
        if each.order.participant == participant and not each.cancelled:
            outs.append(_cancelled(each.session, participant, each.order.key, each.whole_wh))
    kept = tuple(each for each in state.waiting if each.order.participant != participant)
    return msgspec.structs.replace(state, waiting=kept), outs


def _open_names(book: Book, participant: str, now: int) -> dict[str, int]:
    """A participant's open orders by name, with what is left of each."""
    left = sorted(open_amounts(book, now).items())
    return {name: wh for name, wh in left if book.placed[name].participant == participant}


def _told_cancelled(session: str, gone: dict[str, int]) -> list[OrderCancelled]:
    split = ((name.partition(" "), wh) for name, wh in gone.items())
    return [_cancelled(session, who, key, wh) for (who, _, key), wh in split]


def first_placing(session: str, order: PlacedOrder) -> Waiting:
    """Return an order as it is first placed, with all of it left."""
    return Waiting(session, order, order.quantity_wh)
