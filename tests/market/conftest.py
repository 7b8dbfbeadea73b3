"""Books drawn at random, the auction's rules a second time, slowly, and a floor to trade on."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.kernel.messages import Later
from gridpact.market.gates import day_ahead, intraday
from gridpact.market.handlers import Market
from gridpact.market.messages import (
    CancelOrder,
    GateClosed,
    OrdersPlaced,
    OrdersRefused,
    PlaceOrder,
    PricesPublished,
    SessionCleared,
    SessionOpened,
)
from gridpact.market.orders import Orders, PlacedOrder, Side
from gridpact.market.state import State
from gridpact.registry.messages import StandingChanged
from gridpact.settlement.messages import DaySettled


def build(rows):
    """Orders from tuples (slot, side, quantity, limit); sequence and member count the rows."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    count = np.arange(columns.shape[1], dtype=np.int64)
    return Orders(count, count, *columns)


@pytest.fixture(scope="session")
def orders_of():
    return build


@pytest.fixture(scope="session")
def slow_clear():
    return reference


def reference(rows):
    """One slot, Wh by Wh: (volume, price or None, accepted per row).

    Every Wh is its own order; the dearest wish meets the cheapest offer as long as they can agree.
    """
    bids = sorted((limit for _, side, size, limit in rows if side > 0 for _ in range(size)))[::-1]
    offers = sorted(limit for _, side, size, limit in rows if side < 0 for _ in range(size))
    volume = 0
    while volume < min(len(bids), len(offers)) and bids[volume] >= offers[volume]:
        volume += 1
    if not volume:
        return 0, None, [0] * len(rows)
    accepted = fill(rows, 1, volume, reverse=True), fill(rows, -1, volume, reverse=False)
    low = [offers[volume - 1], *bids[volume : volume + 1]]
    high = [bids[volume - 1], *offers[volume : volume + 1]]
    price = round(Fraction(max(low) + min(high), 2))
    return volume, price, [a + b for a, b in zip(*accepted, strict=True)]


def fill(rows, side, volume, reverse):
    """Fill price groups in merit order; the last one pro rata, largest remainder first."""
    accepted = [0] * len(rows)
    for price in sorted({row[3] for row in rows if row[1] == side}, reverse=reverse):
        group = [at for at, row in enumerate(rows) if row[1] == side and row[3] == price]
        whole = sum(rows[at][2] for at in group)
        got = min(volume, whole)
        ideal = {at: Fraction(got * rows[at][2], whole) for at in group}
        for at in group:
            accepted[at] = int(ideal[at])
        left = got - sum(accepted[at] for at in group)
        for at in sorted(group, key=lambda at: (accepted[at] - ideal[at], at))[:left]:
            accepted[at] += 1
        volume -= got
    return accepted


SLOTS = 4
QUANTITY = st.integers(1, 12) | st.sampled_from([1, 5, 10])
TIED = st.integers(-3, 3)
WIDE = st.integers(-400_000, 400_000) | st.sampled_from([0, -1, 1])


@st.composite
def books(draw, slots=SLOTS, most=24):
    """Rows (slot, side, quantity, limit): many ties, negative and zero prices, one-sided slots."""
    price = draw(st.sampled_from([TIED, WIDE, st.just(7), TIED.map(lambda at: at * 10**17)]))
    row = st.tuples(st.integers(0, slots - 1), st.sampled_from([1, -1]), QUANTITY, price)
    return draw(st.lists(row, max_size=most))


@pytest.fixture(scope="session")
def book_rows():
    return books()


DAY = date(2026, 6, 15)


class Floor:
    """The market's room by itself: messages go in, what they lead to at once is handled too."""

    def __init__(self, community):
        self.community, self.room = community, Market(community).room()
        self.state = self.room.state
        rules, calendar = community.market, community.calendar
        self.sessions = [day_ahead(rules, calendar, DAY), *intraday(rules, calendar, DAY)]
        self.now = self.sessions[0].gate - rules.opens_s

    @property
    def first(self):
        return self.sessions[0]

    def tell(self, message, now=None):
        """Handle a message and all that follows from it at once; return what followed."""
        self.now = self.now if now is None else now
        told, queue = [], [message]
        while queue:
            each = queue.pop(0)
            if type(each) in self.room.effects:
                answers = self.room.effects[type(each)](self.state, each)
                told += answers
                queue += answers
            if type(each) in self.room.handlers:
                frozen = encode(self.state)
                before = self.state
                self.state, outs = self.room.handlers[type(each)](before, each, self.now)
                assert encode(before) == frozen, "a state never changes"
                outs = [out for out in outs if not isinstance(out, Later)]
                told += outs
                queue += outs
        self.state = decode(encode(self.state), State)  # as after a snapshot
        return told

    def open(self, *which):
        for at in which or (0,):
            session = self.sessions[at]
            self.tell(SessionOpened(session=session), session.gate - self.community.market.opens_s)
            if session.kind == "day-ahead":
                spot = np.full(session.window.count, 100_000)
                self.tell(
                    PricesPublished(day=str(DAY), slots=session.window, spot_micro_per_kwh=spot)
                )
        return self

    def order(self, key, who, side, wh, limit=100_000, slot=0, at=0, **says):
        start = self.sessions[at].window.start + slot * self.first.window.step
        return PlacedOrder(key, who, side, start, wh, limit, **says)

    def place(self, key, who, side, wh, limit=100_000, slot=0, at=0, now=None, **says):
        order = self.order(key, who, side, wh, limit, slot, at, **says)
        return self.tell(PlaceOrder(session=self.sessions[at].id, order=order), now)

    def buy(self, key, who, wh, *more, **says):
        return self.place(key, who, Side.BUY, wh, *more, **says)

    def sell(self, key, who, wh, *more, **says):
        return self.place(key, who, Side.SELL, wh, *more, **says)

    def cancel(self, key, who, at=0, now=None):
        message = CancelOrder(session=self.sessions[at].id, participant=who, key=key)
        return self.tell(message, now)

    def columns(self, rows, at=0):
        """Agents' orders from rows (member, slot, side, Wh, limit)."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 5).T
        orders = Orders(np.arange(table.shape[1], dtype=np.int64), *table)
        return self.tell(OrdersPlaced(session=self.sessions[at].id, orders=orders))

    def suspend(self, who, suspended=True):
        return self.tell(StandingChanged(participant=who, suspended=suspended, reason="test"))

    def settle(self, day):
        return self.tell(settled(day))

    def gate(self, at=0):
        session = self.sessions[at]
        return self.tell(GateClosed(session=session.id), session.gate)

    def cleared(self, at=0):
        return next(told for told in self.gate(at) if isinstance(told, SessionCleared))

    def book(self, at=0):
        return self.state.books[self.sessions[at].id]


def settled(day):
    """A day's statements, without any line."""
    words = {"day": day, "slots": Slots(0, 900, 0), "kinds": (), "operator_kinds": ()}
    columns = [name for name in DaySettled.__struct_fields__ if name not in words]
    return DaySettled(**words, **{name: np.zeros(0, np.int64) for name in columns})


@pytest.fixture(scope="session")
def settled_day():
    return settled


@pytest.fixture(scope="session")
def floor():
    return Floor


def reasons_in(told):
    (message,) = (each for each in told if isinstance(each, OrdersRefused))
    (reasons,) = message.reasons
    return reasons


@pytest.fixture(scope="session")
def reasons_of():
    return reasons_in
