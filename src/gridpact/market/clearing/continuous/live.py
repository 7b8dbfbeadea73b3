"""Continuous books for live use: one event in, what became of it out.

In plain Python: it starts at once and an event costs O(log n) in the resting orders of its book.
Many events at a time are the business of :mod:`.engine`, which keeps to the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.clearing.continuous.events import (
    Applied,
    Books,
    Event,
    Fill,
    Kind,
    Outcome,
)
from gridpact.market.clearing.continuous.queue import Order, Queue
from gridpact.market.clearing.continuous.state import Placed, State, check_known, opening

_PLACES = (Kind.PLACE, Kind.IMMEDIATE)


class ContinuousBook:
    """Continuous books that keep their state; :func:`apply` is the only way to change it.

    Parameters
    ----------
    books : Books
        What they admit.
    state : State, optional
        As an earlier :func:`snapshot`, or the column engine, gave it.
    """

    def __init__(self, books: Books, state: State | None = None) -> None:
        state = state or opening()
        check_known(state, books)
        self._books = books
        self._closes = books.closes.tolist()
        self._authorised = books.authorised.tolist()
        self._clock = state.clock
        self._next_entered = state.next_entered
        self._orders = _orders(state.placed)
        self._queues: defaultdict[tuple[int, int], Queue] = defaultdict(Queue)
        for order in sorted(self._orders.values(), key=lambda order: order.entered):
            if order.left:
                self._queue(order).push(order)

    def apply(self, event: Event) -> Applied:
        """Let an event happen and tell what became of it; a refused one changes only the clock."""
        outcome = self._judge(event)
        if outcome not in (Outcome.KIND, Outcome.TIME):
            self._clock = event.at
        if outcome is not Outcome.DONE:
            return Applied(int(outcome))
        if event.kind == Kind.CANCEL:
            return self._cancel(self._orders[event.order])
        if event.kind == Kind.AMEND:
            return self._amend(event, self._orders[event.order])
        size = event.quantity_wh
        order = Order(event, event.limit_micro_per_kwh, event.expires, size, size)
        self._orders[event.order] = order
        return self._enter(event, order)

    def snapshot(self) -> State:
        """Return the state as columns."""
        orders = [self._orders[number] for number in sorted(self._orders)]
        now = ((o.limit, o.expires, o.total, o.left, o.entered) for o in orders)
        return State(
            Placed(
                *_columns((_content(order.placed) for order in orders), 8),
                *_columns(now, 5),
            ),
            self._clock,
            self._next_entered,
        )

    def _queue(self, order: Order) -> Queue:
        return self._queues[order.placed.book, order.placed.side]

    # -- what is refused -------------------------------------------------------------------

    def _judge(self, event: Event) -> Outcome:
        if not Kind.PLACE <= event.kind <= Kind.AMEND:
            return Outcome.KIND
        if event.at < self._clock:
            return Outcome.TIME
        places = event.kind in _PLACES
        order = self._orders.get(event.order)
        if places and order:
            same = _content(event) == _content(order.placed)
            return Outcome.REPEATED if same else Outcome.DUPLICATE
        outcome = self._judge_access(event)
        if outcome is Outcome.DONE and not places:
            outcome = _judge_order(event, order)
        if outcome is Outcome.DONE and event.kind != Kind.CANCEL:
            outcome = self._judge_terms(event, order)
        return outcome

    def _judge_access(self, event: Event) -> Outcome:
        if not 0 <= event.book < len(self._closes):
            return Outcome.UNKNOWN_BOOK
        if self._closes[event.book] <= event.at:
            return Outcome.BOOK_CLOSED
        if not (0 <= event.member < len(self._authorised) and self._authorised[event.member]):
            return Outcome.NOT_AUTHORISED
        return Outcome.DONE

    def _judge_terms(self, event: Event, order: Order | None) -> Outcome:
        books = self._books
        if abs(event.side) != 1 or (order and event.side != order.placed.side):
            return Outcome.SIDE
        if not 0 < event.quantity_wh <= books.largest_wh:
            return Outcome.QUANTITY
        price = event.limit_micro_per_kwh
        if not books.lowest_micro_per_kwh <= price <= books.highest_micro_per_kwh:
            return Outcome.PRICE_LIMIT
        if event.kind != Kind.IMMEDIATE and event.expires <= event.at:
            return Outcome.EXPIRY
        if order and event.quantity_wh <= order.total - order.left:
            return Outcome.ALREADY_TRADED
        return Outcome.DONE

    # -- what happens ----------------------------------------------------------------------

    def _cancel(self, order: Order) -> Applied:
        left, order.left = order.left, 0
        order.total -= left
        self._queue(order).leave()
        return Applied(int(Outcome.DONE), cancelled_wh=left)

    def _amend(self, event: Event, order: Order) -> Applied:
        size = event.quantity_wh
        cut = max(order.total - size, 0)
        stays = event.limit_micro_per_kwh == order.limit and size <= order.total
        left = size - (order.total - order.left)
        order.total, order.left = size, left
        order.limit, order.expires = event.limit_micro_per_kwh, event.expires
        if stays:
            return Applied(int(Outcome.DONE), cancelled_wh=cut, left_wh=left)
        order.entered = -1
        self._queue(order).leave()
        return self._enter(event, order, cut)

    def _enter(self, event: Event, order: Order, cut: int = 0) -> Applied:
        """Trade what can be traded; let the rest stand, or cancel it where a rule says so."""
        came = order.left
        outcome, fills = self._trade(event, order)
        traded = came - order.left
        if order.left and outcome is Outcome.DONE and event.kind == Kind.IMMEDIATE:
            outcome = Outcome.REMAINDER_CANCELLED
        if outcome is not Outcome.DONE:
            cut += order.left
            order.total -= order.left
            order.left = 0
        if order.left:
            order.entered = self._next_entered
            self._next_entered += 1
            self._queue(order).push(order)
        return Applied(int(outcome), traded, cut, order.left, tuple(fills))

    def _trade(self, event: Event, order: Order) -> tuple[Outcome, list[Fill]]:
        side, fills = event.side, list[Fill]()
        queue = self._queues[event.book, -side]
        while order.left:
            maker = queue.best(event.at)
            if maker is None or side * (order.limit - maker.limit) < 0:
                break
            if maker.placed.member == event.member:
                return Outcome.SELF_TRADE, fills
            size = min(order.left, maker.left)
            order.left -= size
            maker.left -= size
            fills.append(Fill(maker.placed.order, event.order, size, maker.limit))
            if not maker.left:
                queue.leave()
        return Outcome.DONE, fills


def _judge_order(event: Event, order: Order | None) -> Outcome:
    """Say whether a known order may be cancelled or amended by an event."""
    if order is None or order.placed.book != event.book:
        return Outcome.UNKNOWN_ORDER
    if order.placed.member != event.member:
        return Outcome.OTHER_MEMBER
    if not order.left:
        return Outcome.NOT_RESTING
    if order.expires <= event.at:
        return Outcome.ORDER_EXPIRED
    return Outcome.DONE


def _content(event: Event) -> tuple[int, ...]:
    """What makes an order this order, whenever it is placed."""
    return (
        *(event.order, event.kind, event.book, event.member, event.side),
        *(event.quantity_wh, event.limit_micro_per_kwh, event.expires),
    )


def _columns(rows: Iterable[tuple[int, ...]], width: int) -> list[Ints]:
    return list(np.array([*rows], dtype=np.int64).reshape(-1, width).T.copy())


def _orders(placed: Placed) -> dict[int, Order]:
    """Read orders back from columns."""
    fields = (getattr(placed, name).tolist() for name in Placed.__struct_fields__)
    orders = {}
    for number, kind, book, member, side, size, limit, expires, *now in zip(*fields, strict=True):
        event = Event(kind, number, 0, book, member, side, size, limit, expires)
        orders[number] = Order(event, *now)
    return orders
