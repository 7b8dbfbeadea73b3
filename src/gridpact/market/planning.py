"""From plans to orders: what agents still want to trade, and how their orders are taken."""

from __future__ import annotations

import numpy as np

from gridpact.base.slots import overlap
from gridpact.base.units import Ints
from gridpact.kernel.rooms import Step
from gridpact.market import agents
from gridpact.market.admission import NO_LIMIT, refusals
from gridpact.market.book import append, without_expired
from gridpact.market.conditions import admission_of, standing
from gridpact.market.exposure import columns_may_owe_nano, on_order_wh, volume_left_wh
from gridpact.market.messages import OrdersPlaced, OrdersRefused, Session
from gridpact.market.orders import Refusal
from gridpact.market.state import State, with_book
from gridpact.market.terms import Venue
from gridpact.market.trading import admit_continuously
from gridpact.registry.tariffs import outside_prices
from gridpact.scheduling.messages import ScheduleSolved


def plan(venue: Venue, state: State, message: ScheduleSolved, now: int) -> Step[State]:
    """Let every member's agent order what its plan needs beyond its position.

    What is on order in another open session is not ordered again: whatever becomes of that
    order, no member trades more than its plan needs.
    """
    session = state.sessions[message.session]
    day = state.days[session.day]
    here, _ = overlap(day.slots, session.window)
    planned = message.plan.net_wh[:, : session.window.count]
    wanted = planned - day.position_wh[:, here]
    buying, selling = on_order_wh(venue, state, session.window, now, but=session.id)
    wanted = np.where(wanted > 0, np.maximum(wanted - buying, 0), np.minimum(wanted + selling, 0))
    wanted = _allowed(venue, state, session, wanted, now)
    orders = agents.orders(
        planned,
        planned - wanted,
        outside_prices(venue.community.tariffs, day.spot_micro_per_kwh[here]),
        venue.community.members,
        venue.terms(session.kind),
    )
    return state, [OrdersPlaced(session=session.id, orders=orders)]


def _allowed(venue: Venue, state: State, session: Session, wanted_wh: Ints, now: int) -> Ints:
    """What of their wants [members, slots] members may order, by standing and volume limits."""
    wanted_wh = np.where(standing(venue, state, session.kind).may_trade[:, None], wanted_wh, 0)
    left = np.maximum(volume_left_wh(venue, state, session.window, now), 0)
    if (left == NO_LIMIT).all():
        return wanted_wh
    return np.clip(wanted_wh, -left[..., 0], left[..., 1])


def admit_columns(venue: Venue, state: State, message: OrdersPlaced, now: int) -> Step[State]:
    """Take the agents' orders into the book, as far as the session is open to them."""
    session = state.sessions.get(message.session)
    if session is None:
        closed = np.full(message.orders.count, Refusal.GATE_CLOSED, dtype=np.int64)
        return state, _refused(message.session, closed)
    terms = venue.terms(session.kind)
    book = without_expired(state.books[session.id], now)
    rules = admission_of(venue, state, session, book, now)
    codes = refusals(message.orders, rules, columns_may_owe_nano(message.orders, venue, terms))
    taken = message.orders.take(codes == Refusal.NONE)
    if terms.continuous:
        book = admit_continuously(book, taken, venue, terms, now)
    else:
        book = append(book, taken)
    return with_book(state, message.session, book), _refused(message.session, codes)


def _refused(session: str, codes: Ints) -> list[OrdersRefused]:
    """Tell which rows were refused and why, if any."""
    rows = np.flatnonzero(codes).tolist()
    if not rows:
        return []
    keys = tuple(str(row) for row in rows)
    reasons = tuple(Refusal(int(codes[row])).name.lower() for row in rows)
    return [OrdersRefused(session=session, keys=keys, reasons=reasons)]
