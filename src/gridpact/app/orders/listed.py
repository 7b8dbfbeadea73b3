"""Every order that a person or program placed in a run, and what became of it, from the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from gridpact.app.orders.acting import answers_in
from gridpact.app.record import Record
from gridpact.kernel.messages import Message
from gridpact.market.listing import OpenOrder
from gridpact.market.messages import (
    OrderAccepted,
    OrderCancelled,
    OrdersClosed,
    OrdersRefused,
    PlaceOrder,
)
from gridpact.market.orders import PlacedOrder, Refusal
from gridpact.registry.messages import StandingChanged

_KINDS = (
    PlaceOrder, OrderAccepted, OrdersRefused, OrderCancelled, OrdersClosed, StandingChanged,
)  # fmt: skip


class Status(StrEnum):
    """What became of an order."""

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    OPEN = "open"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    TRADED = "traded"
    IN_PART = "traded in part"
    NOT_TRADED = "not traded"
    EXPIRED = "expired"
    BARRED = "cannot trade"
    WAITING = "waits for the session to open"


class Listed(msgspec.Struct):
    """One order in one session; an order that went on to another session is there again.

    ``traded_wh`` of it traded, over all its slots, for ``paid_nano`` without the market's fees
    (negative where received); in a session that is still open they are what was told last.
    ``left_wh`` was open at the end, ``cancelled_wh`` taken back or withdrawn. ``because`` says why
    an order was withdrawn, or cannot trade; "" where there is nothing to say.
    """

    session: str
    order: PlacedOrder
    placed_at: int
    status: Status = Status.UNANSWERED
    sequence: int = -1
    traded_wh: int = 0
    paid_nano: int | None = None
    left_wh: int = 0
    cancelled_wh: int = 0
    refusals: tuple[Refusal, ...] = ()
    because: str = ""

    @property
    def whole_wh(self) -> int:
        """What was ordered, over all slots."""
        return self.order.quantity_wh * self.order.slots

    @property
    def id(self) -> tuple[str, str, str]:
        """Session, member and key."""
        return self.session, self.order.participant, self.order.key


def listed(record: Record, still_open: Sequence[OpenOrder], now: int) -> list[Listed]:
    """List all orders of people in the order in which they came; a repeated one is there once.

    ``still_open`` are those that the market has open ``now`` [s since the epoch].
    """
    book = _Orders()
    for time, message in _in_order(record):
        book.hear(time, message)
    told = book.told
    _look_again(told, still_open, now)
    _explain_children(told)
    return told


def _look_again(orders: list[Listed], still_open: Sequence[OpenOrder], now: int) -> None:
    """Tell of open orders what their books have of them by now."""
    found = {(each.session, each.participant, each.key): each for each in still_open}
    for order in [each for each in orders if each.status is Status.UNANSWERED]:
        found.pop(order.id, None)  # the process that placed it was killed before the answer
    for order in [each for each in orders if each.status is Status.OPEN]:
        here = found.pop(order.id, None)
        if here is not None:
            order.traded_wh, order.left_wh = here.traded_wh, here.left_wh
        elif order.order.expired(now):
            order.status, order.left_wh = Status.EXPIRED, 0
        elif order.order.parent:  # a block leaves its book where its parent does
            order.status, order.left_wh = Status.BARRED, 0
        else:  # in a market that trades continuously
            order.status, order.traded_wh, order.left_wh = Status.TRADED, order.whole_wh, 0
    for here in found.values():
        waiting = Listed(here.session, here.order, now, Status.WAITING)
        waiting.left_wh = here.left_wh
        orders.append(waiting)


def _explain_children(orders: list[Listed]) -> None:
    """Say of blocks that cannot trade, or did not, what became of their parents."""
    known = {each.id: each for each in orders if each.status is not Status.REFUSED}
    for order in orders:  # a parent was placed before its children
        parent = known.get((order.session, order.order.participant, order.order.parent))
        if parent is not None and order.status in (Status.BARRED, Status.NOT_TRADED):
            order.because = _left_by(parent)


def _left_by(parent: Listed) -> str:
    """Say why a parent keeps its children from trading, "" where it does not."""
    if parent.status in (Status.CANCELLED, Status.WITHDRAWN):
        return f"its parent was {parent.status}"
    if parent.status is Status.EXPIRED:
        return "its parent has expired"
    if parent.status is Status.BARRED or parent.because:
        return "its parent cannot trade"
    return "its parent did not trade" if parent.status is Status.NOT_TRADED else ""


def _in_order(record: Record) -> Iterator[tuple[int, Message]]:
    """Yield what concerns people's orders with its time, as it was journalled."""
    kept = [each for kind in _KINDS for each in record.kept(kind)]
    for each in sorted(kept, key=lambda one: one.seq):
        yield each.time, each.message


class _Orders:
    """Orders as they come to be known."""

    def __init__(self) -> None:
        self.all: list[Listed] = []
        self._asked: dict[tuple[str, str, str], list[Listed]] = {}
        self._taken: dict[tuple[str, str, str], Listed] = {}
        self._refused: set[tuple[str, PlacedOrder, tuple[Refusal, ...]]] = set()
        self._repeats: set[int] = set()
        self._suspended: set[str] = set()

    @property
    def told(self) -> list[Listed]:
        """All orders but those that only say once more what others did."""
        return [each for each in self.all if id(each) not in self._repeats]

    def hear(self, time: int, message: Message) -> None:
        """Learn of one message."""
        if isinstance(message, PlaceOrder):
            asked = Listed(message.session, message.order, time)
            self.all.append(asked)
            self._asked.setdefault(asked.id, []).append(asked)
        elif isinstance(message, OrdersClosed):
            self._close(message)
        elif isinstance(message, StandingChanged):
            who = {message.participant}
            self._suspended = self._suspended | who if message.suspended else self._suspended - who
        for answer in answers_in(message):
            name = (answer.session, answer.member, answer.key)
            if isinstance(message, OrderAccepted):
                self._accept(name, message, time)
            elif isinstance(message, OrderCancelled):
                self._cancel(name, message)
            elif self._asked.get(name):
                self._refuse(self._asked[name].pop(0), answer.refusals)

    def _accept(self, name: tuple[str, str, str], message: OrderAccepted, time: int) -> None:
        asked, taken = self._asked.get(name), self._taken.get(name)
        order = asked.pop(0) if asked else self._carried(message, time)
        if taken is not None:  # the same order once more
            self._repeats.add(id(order))
        else:
            order.status, order.sequence = Status.OPEN, message.sequence
            order.traded_wh = message.traded_wh
            order.left_wh = order.whole_wh - message.traded_wh
            self._taken[name] = order

    def _refuse(self, order: Listed, refusals: tuple[Refusal, ...]) -> None:
        order.status, order.refusals = Status.REFUSED, refusals
        said = (order.session, order.order, refusals)
        if said in self._refused:
            self._repeats.add(id(order))
        self._refused.add(said)

    def _carried(self, message: OrderAccepted, time: int) -> Listed:
        """An order that goes on from the session before, with what is left of it."""
        owner = (message.participant, message.key)
        before = [each for each in self.all if each.id[1:] == owner][-1]
        left = max(before.left_wh, 0) or before.order.quantity_wh
        order = msgspec.structs.replace(before.order, quantity_wh=left)
        carried = Listed(message.session, order, time)
        self.all.append(carried)
        return carried

    def _cancel(self, name: tuple[str, str, str], message: OrderCancelled) -> None:
        order = self._taken.get(name)
        if order is None or order.status in (Status.CANCELLED, Status.WITHDRAWN):
            return  # the answer to one who asks again
        order.cancelled_wh, order.left_wh = message.cancelled_wh, 0
        order.status = Status.CANCELLED
        if message.participant in self._suspended:  # all that it had open went at once
            order.status, order.because = Status.WITHDRAWN, "suspended"

    def _close(self, message: OrdersClosed) -> None:
        columns = (message.traded_wh, message.paid_nano, message.left_wh)
        rows = zip(message.participants, message.keys, *(c.tolist() for c in columns), strict=True)
        for participant, key, traded, paid, left in rows:
            order = self._taken[message.session, participant, key]
            order.traded_wh, order.left_wh = traded, left
            order.paid_nano = paid if traded else None
            if traded:
                order.status = Status.TRADED if traded == order.whole_wh else Status.IN_PART
            elif order.status is Status.OPEN:
                order.status = Status.NOT_TRADED
