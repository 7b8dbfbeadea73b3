"""The market's part of the loop: sessions open, orders come in, gates close, books are cleared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import msgspec
import numpy as np

from gridpact.base.slots import overlap
from gridpact.kernel.messages import Later, Message, Out
from gridpact.kernel.rooms import Room, Step
from gridpact.market import closing, ordering, planning, standing
from gridpact.market.book import open_book
from gridpact.market.gates import day_ahead, intraday
from gridpact.market.messages import (
    BlocksDue,
    CancelOrder,
    GateClosed,
    OrdersClosed,
    OrdersPlaced,
    PlaceOrder,
    PricesPublished,
    PricesRequested,
    SessionCleared,
    SessionCounted,
    SessionOpened,
)
from gridpact.market.ratings import after_day, joined, no_history
from gridpact.market.state import Day, State
from gridpact.market.terms import Venue, terms_of
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened, StandingChanged
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.messages import DaySettled

DAYS_KEPT = 3


class Market:
    """Handlers bound to one community.

    Raises ValueError where the rules of a market cannot be kept, see
    :func:`~gridpact.market.terms.terms_of`.
    """

    def __init__(self, community: Community) -> None:
        self._calendar, self._rules = community.calendar, community.market
        self._venue = Venue(community)
        for rules in (self._rules.day_ahead, self._rules.intraday):
            terms_of(self._rules, rules)  # refuses now what could not be cleared at a gate

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        venue = self._venue
        history = no_history(venue.members) if venue.rated else None
        return Room(
            "market",
            State({}, {}, {}, history=history),
            {
                CommunityOpened: self.opened,
                SessionOpened: self.session,
                PricesPublished: self.prices,
                ScheduleSolved: partial(planning.plan, venue),
                OrdersPlaced: partial(planning.admit_columns, venue),
                PlaceOrder: self.order,
                CancelOrder: partial(ordering.cancel, venue),
                StandingChanged: partial(standing.changed, venue),
                GateClosed: partial(closing.close, venue),
                SessionCleared: self.cleared,
                SessionCounted: self.counted,
                OrdersClosed: partial(closing.closed, venue),
                DayMetered: self.metered,
                DaySettled: self.settled,
            },
            {BlocksDue: self.solve},
        )

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Set the first day's session."""
        return state, [self._day_ahead(date.fromisoformat(message.first_day))]

    def _day_ahead(self, day: date) -> Later:
        session = day_ahead(self._rules, self._calendar, day)
        return Later(session.gate - self._rules.opens_s, SessionOpened(session=session))

    def session(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Open a book and set its gate; a day's first session also sets those that follow."""
        session = message.session
        outs: list[Out] = [Later(session.gate, GateClosed(session=session.id))]
        if session.kind == "day-ahead":
            day = date.fromisoformat(session.day)
            outs.append(PricesRequested(day=session.day, slots=session.window))
            for later in intraday(self._rules, self._calendar, day):
                outs.append(Later(later.gate - self._rules.opens_s, SessionOpened(session=later)))
            outs.append(self._day_ahead(day + timedelta(days=1)))
        state = msgspec.structs.replace(
            state,
            sessions={**state.sessions, session.id: session},
            books={**state.books, session.id: open_book(session.window)},
        )
        state, arrived = closing.arrive(self._venue, state, session, now)
        return state, [*outs, *arrived]

    def prices(self, state: State, message: PricesPublished, now: int) -> Step[State]:
        """Open a day's positions at zero, beside its prices."""
        nothing = np.zeros((self._venue.members, message.slots.count), np.int64)
        fresh = Day(message.slots, message.spot_micro_per_kwh, nothing)
        days = dict(sorted({**state.days, message.day: fresh}.items())[-DAYS_KEPT:])
        return msgspec.structs.replace(state, days=days), []

    def order(self, state: State, message: PlaceOrder, now: int) -> Step[State]:
        """Take one person's order, or refuse it with all reasons."""
        placing = ordering.first_placing(message.session, message.order)
        return ordering.take(self._venue, state, placing, now)

    def solve(self, state: State, message: BlocksDue) -> Sequence[Message]:
        """Clear a session with blocks."""
        return closing.solve(self._venue, state, message)

    def cleared(self, state: State, message: SessionCleared, now: int) -> Step[State]:
        """Add what was traded to the day's positions."""
        if message.session.id in state.closing:
            state = closing.note_owed(self._venue, state, message)
        day = state.days.get(message.session.day)
        if day is None:  # no prices, so no orders either
            return state, []
        here, there = overlap(day.slots, message.session.window)
        position = day.position_wh.copy()
        position[:, here] += (message.bought_wh - message.sold_wh)[:, there]
        changed = msgspec.structs.replace(day, position_wh=position)
        days = {**state.days, message.session.day: changed}
        return msgspec.structs.replace(state, days=days), []

    def counted(self, state: State, message: SessionCounted, now: int) -> Step[State]:
        """Add a session's orders and transactions to members' histories."""
        if state.history is None:
            return state, []
        counts = msgspec.structs.replace(
            no_history(self._venue.members),
            orders_placed=message.orders_placed,
            orders_traded=message.orders_traded,
            transactions=message.transactions,
        )
        return msgspec.structs.replace(state, history=joined(state.history, counts)), []

    def metered(self, state: State, message: DayMetered, now: int) -> Step[State]:
        """Add to the history how a day's trades were kept to, where a market looks at it."""
        day = state.days.get(message.day)
        if state.history is None or day is None:
            return state, []
        net = message.withdrawal_wh - message.injection_wh
        history = after_day(state.history, day.position_wh, net, ~message.estimated)
        return msgspec.structs.replace(state, history=history), []

    def settled(self, state: State, message: DaySettled, now: int) -> Step[State]:
        """Free the collateral that a day's trades held."""
        if message.day not in state.owed_nano:
            return state, []
        owed = {day: nano for day, nano in state.owed_nano.items() if day != message.day}
        return msgspec.structs.replace(state, owed_nano=owed), []
