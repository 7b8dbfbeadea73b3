"""The market's part of the loop: sessions open, orders come in, gates close, books are cleared."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints
from gridpact.kernel.messages import Later
from gridpact.kernel.rooms import Room, Step
from gridpact.market import agents
from gridpact.market.book import Book, admit, open_book, place
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.outcome import energy_by_member
from gridpact.market.gates import ORDERS_OPEN_S, day_ahead, intraday
from gridpact.market.messages import (
    GateClosed,
    OrdersPlaced,
    OrdersRefused,
    PlaceOrder,
    PricesPublished,
    PricesRequested,
    Session,
    SessionCleared,
    SessionOpened,
)
from gridpact.market.orders import Admission, Refusal, Side
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.messages import ScheduleSolved

DAYS_KEPT = 3


class Day(msgspec.Struct, frozen=True):
    """One local day: main-market prices [slots] and positions (bought less sold) in Wh."""

    slots: Slots
    spot_micro_per_kwh: Ints
    position_wh: Ints


class State(msgspec.Struct, frozen=True):
    """Open sessions with their books, by session, and the latest days by ISO date."""

    sessions: dict[str, Session]
    books: dict[str, Book]
    days: dict[str, Day]


class Market:
    """Handlers bound to one community."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._calendar, self._rules = community.calendar, community.market
        self._rows = {name: row for row, name in enumerate(community.members.ids)}

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        return Room(
            "market",
            State({}, {}, {}),
            {
                CommunityOpened: self.opened,
                SessionOpened: self.session,
                PricesPublished: self.prices,
                ScheduleSolved: self.plan,
                OrdersPlaced: self.placed,
                PlaceOrder: self.order,
                GateClosed: self.gate,
                SessionCleared: self.cleared,
            },
        )

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Set the first day's session."""
        return state, [self._day_ahead(date.fromisoformat(message.first_day))]

    def _day_ahead(self, day: date) -> Later:
        session = day_ahead(self._rules, self._calendar, day)
        return Later(session.gate - ORDERS_OPEN_S, SessionOpened(session=session))

    def session(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Open a book and set its gate; a day's first session also sets those that follow."""
        session = message.session
        outs: list[Later | PricesRequested] = [Later(session.gate, GateClosed(session=session.id))]
        if session.kind == "day-ahead":
            day = date.fromisoformat(session.day)
            outs.append(PricesRequested(day=session.day, slots=session.window))
            for later in intraday(self._rules, self._calendar, day):
                outs.append(Later(later.gate - ORDERS_OPEN_S, SessionOpened(session=later)))
            outs.append(self._day_ahead(day + timedelta(days=1)))
        return msgspec.structs.replace(
            state,
            sessions={**state.sessions, session.id: session},
            books={**state.books, session.id: open_book(session.window)},
        ), outs

    def prices(self, state: State, message: PricesPublished, now: int) -> Step[State]:
        """Open a day's positions at zero, beside its prices."""
        nothing = np.zeros((len(self._rows), message.slots.count), np.int64)
        fresh = Day(message.slots, message.spot_micro_per_kwh, nothing)
        days = dict(sorted({**state.days, message.day: fresh}.items())[-DAYS_KEPT:])
        return msgspec.structs.replace(state, days=days), []

    def plan(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Let every member's agent order what its plan needs beyond its position.

        What is on order in another open session is not ordered again: whatever becomes of that
        order, no member trades more than its plan needs.
        """
        session = state.sessions[message.session]
        day = state.days[session.day]
        here, _ = overlap(day.slots, session.window)
        planned = message.plan.net_wh[:, : session.window.count]
        wanted = planned - day.position_wh[:, here]
        buying, selling = self._on_order(state, session)
        wanted = np.where(
            wanted > 0, np.maximum(wanted - buying, 0), np.minimum(wanted + selling, 0)
        )
        orders = agents.orders(
            planned,
            planned - wanted,
            outside_prices(self._community.tariffs, day.spot_micro_per_kwh[here]),
            self._community.members,
            self._rules,
        )
        return state, [OrdersPlaced(session=session.id, orders=orders)]

    def _on_order(self, state: State, session: Session) -> Ints:
        """Energy on order in other open sessions, [2, members, window slots]: bought, sold."""
        total = np.zeros((2, len(self._rows), session.window.count), np.int64)
        for name, book in state.books.items():
            here, there = overlap(session.window, book.slots)
            if name == session.id or here.start == here.stop:
                continue
            ordered, orders = (
                np.zeros((2, len(self._rows), book.slots.count), np.int64),
                book.orders,
            )
            sells = (orders.side == Side.SELL).astype(np.int64)
            np.add.at(ordered, (sells, orders.member, orders.slot), orders.quantity_wh)
            total[..., here] += ordered[..., there]
        return total

    def _admission(self, book: Book) -> Admission:
        members = len(self._rows)
        return Admission(
            np.ones(book.slots.count, np.bool_),
            np.ones(members, np.bool_),
            self._rules.lowest_micro_per_kwh,
            self._rules.highest_micro_per_kwh,
            np.full(members, -1, np.int64),
            np.full(members, -1, np.int64),
        )

    def placed(self, state: State, message: OrdersPlaced, now: int) -> Step[State]:
        """Take the agents' orders into the book."""
        book = state.books[message.session]
        book, codes = admit(book, message.orders, self._admission(book))
        outs = []
        if refused := np.flatnonzero(codes).tolist():
            keys = tuple(str(row) for row in refused)
            reasons = tuple(Refusal(int(codes[row])).name.lower() for row in refused)
            outs = [OrdersRefused(session=message.session, keys=keys, reasons=reasons)]
        return self._with_book(state, message.session, book), outs

    def order(self, state: State, message: PlaceOrder, now: int) -> Step[State]:
        """Take one person's order, or refuse it with the reason."""
        key = f"{message.order.participant} {message.order.key}"
        book = state.books.get(message.session)
        if book is None:
            reason = Refusal.GATE_CLOSED.name.lower()
            return state, [OrdersRefused(session=message.session, keys=(key,), reasons=(reason,))]
        done = place(book, [message.order], self._rows, self._admission(book))
        code = Refusal(int(done.refusal[0]))
        if code is Refusal.NONE:
            return self._with_book(state, message.session, done.book), []
        reasons = (code.name.lower(),)
        return state, [OrdersRefused(session=message.session, keys=(key,), reasons=reasons)]

    def _with_book(self, state: State, session: str, book: Book) -> State:
        return msgspec.structs.replace(state, books={**state.books, session: book})

    def gate(self, state: State, message: GateClosed, now: int) -> Step[State]:
        """Clear the book, tell what was traded and forget the session."""
        session, book = state.sessions[message.session], state.books[message.session]
        clearing = uniform_price.clear(book.orders, book.slots.count)
        bought, sold = energy_by_member(book.orders, clearing, len(self._rows))
        buys = book.orders.side == Side.BUY
        cleared = SessionCleared(
            session=session,
            price_micro_per_kwh=clearing.price_micro_per_kwh,
            traded=clearing.traded,
            bought_wh=bought,
            sold_wh=sold,
            asked_wh=_per_slot(book, book.orders.quantity_wh * buys),
            offered_wh=_per_slot(book, book.orders.quantity_wh * ~buys),
            orders=book.orders.count,
        )
        sessions, books = dict(state.sessions), dict(state.books)
        del sessions[session.id], books[session.id]
        return msgspec.structs.replace(state, sessions=sessions, books=books), [cleared]

    def cleared(self, state: State, message: SessionCleared, now: int) -> Step[State]:
        """Add what was traded to the day's positions."""
        day = state.days.get(message.session.day)
        if day is None:  # no prices, so no orders either
            return state, []
        here, there = overlap(day.slots, message.session.window)
        position = day.position_wh.copy()
        position[:, here] += (message.bought_wh - message.sold_wh)[:, there]
        changed = msgspec.structs.replace(day, position_wh=position)
        days = {**state.days, message.session.day: changed}
        return msgspec.structs.replace(state, days=days), []


def _per_slot(book: Book, quantity_wh: Ints) -> Ints:
    total = np.zeros(book.slots.count, np.int64)
    np.add.at(total, book.orders.slot, quantity_wh)
    return total
