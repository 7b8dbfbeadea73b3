"""The room against a plain model of it: anything may happen in any order, and all adds up.

After each step the orders that are open, what of them has traded, and every answer must be those
of the model.
"""

import msgspec
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gridpact.kernel.codec import encode
from gridpact.market.listing import open_orders
from gridpact.market.messages import (
    OrderAccepted,
    OrderCancelled,
    OrdersClosed,
    OrdersRefused,
    SessionCleared,
    SessionOpened,
)
from gridpact.registry.model import MarketRules, TradingRules, free_trading

GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)

KEYS = st.sampled_from(["a", "b", "c", "d"])
WHO = st.sampled_from(["m000", "m000", "m001", "m001", "m002", "m009"])
MEMBER = st.sampled_from(["m000", "m001", "m002"])
AT = st.integers(0, 2)
SIDE = st.sampled_from([1, -1])
SLOT = st.sampled_from([60, 60, 60, 30, 0, 96])
WH = st.sampled_from([1, 3, 7, 12, 12, 20, 0, -1, 10**9 + 1])
LIMIT = st.sampled_from([0, 10, 10, 20, -5, 4_000_001])
ROW = st.tuples(st.integers(0, 2), SIDE, st.integers(1, 15), st.sampled_from([0, 10, 20]))
UNTIL = st.sampled_from(["none", "none", "soon", "gate", "after", "forever", "over"])


class Room(RuleBasedStateMachine):
    """The machine; a test gives it the kind of market and what it needs of the fixtures."""

    floor = plain = community = continuous = clear = None

    def __init__(self):
        super().__init__()
        self.home = self.floor(self.community)
        self.gates = [session.gate for session in self.home.sessions]
        self.model = self.plain(self.continuous, self.gates, self.clear)
        self.home.now = self.gates[0] - 4000
        self.open_next()

    @property
    def now(self):
        return self.home.now

    def until(self, word, at):
        gate = self.gates[at]
        return {
            "none": 0,
            "soon": self.now + 20,
            "gate": gate,
            "after": gate + 1,
            "forever": self.gates[2] + 10**6,
            "over": self.now,
        }[word]

    def content(self, side, slot, wh, limit, until):
        return {"side": side, "slot": slot, "wh": wh, "limit": limit, "until": until}

    @rule(at=AT, who=WHO, key=KEYS, side=SIDE, slot=SLOT, wh=WH, limit=LIMIT, word=UNTIL)
    def place(self, at, who, key, side, slot, wh, limit, word):
        content = self.content(side, slot, wh, limit, self.until(word, at))
        self.put(at, who, key, content)

    @rule(
        pick=st.integers(0, 2),
        who=MEMBER,
        key=KEYS,
        side=SIDE,
        wh=st.integers(1, 15),
        limit=st.sampled_from([0, 10, 20]),
        word=st.sampled_from(["none", "soon", "forever", "forever"]),
    )
    def place_fairly(self, pick, who, key, side, wh, limit, word):
        """Mostly accepted, so that something happens."""
        if self.model.open:
            at = sorted(self.model.open)[pick % len(self.model.open)]
            content = self.content(side, 60, wh, limit, self.until(word, at))
            self.put(at, who, key, content)

    @rule(pick=st.integers(0, 50))
    def again(self, pick):
        known = [o for o in self.model.orders if o.key is not None]
        if known:
            order = known[pick % len(known)]
            self.put(order.at, order.who, order.key, order.content)

    def put(self, at, who, key, content):
        known = self.model.find(at, who, key)
        frozen = encode(self.home.state)
        slot = content["slot"] - self.model.first_slot[at]
        told = self.home.place(
            key, who, content["side"], content["wh"], content["limit"], slot, at,
            valid_until=content["until"],
        )  # fmt: skip
        fresh = known is None or known.content != content or known.cancelled is not None
        if at in self.model.open and not fresh:
            assert [type(each) for each in told] == [OrderAccepted]
            assert told[0].traded_wh == (known.traded if self.continuous else 0)
            assert encode(self.home.state) == frozen
            return
        expected = self.model.reasons(at, who, key, content, self.now)
        if expected:
            (refused,) = told
            assert set(refused.reasons[0].split(", ")) == expected
            assert encode(self.home.state) == frozen, "the book stays as it was"
            return
        order = self.model.enter(at, who, key, content, content["wh"], self.now)
        assert isinstance(told[0], OrderAccepted)
        assert told[0].traded_wh == order.traded
        assert [each.cancelled_wh for each in told[1:]] == (
            [] if order.cancelled is None else [order.cancelled]
        )

    @rule(at=AT, who=WHO, key=KEYS)
    def cancel_any(self, at, who, key):
        self.take_back(at, who, key)

    @rule(pick=st.integers(0, 50), times=st.integers(1, 2))
    def cancel_known(self, pick, times):
        known = [o for o in [*self.model.orders, *self.model.waiting] if o.key is not None]
        for order in known[pick % len(known) :][:1] * times if known else ():
            self.take_back(order.at, order.who, order.key)

    def take_back(self, at, who, key):
        frozen = encode(self.home.state)
        (told,) = self.home.cancel(key, who, at)
        expected = self.model.cancel(at, who, key, self.now)
        if isinstance(expected, str):
            assert isinstance(told, OrdersRefused)
            assert told.reasons == (expected,)
            assert encode(self.home.state) == frozen
        else:
            assert isinstance(told, OrderCancelled)
            assert told.cancelled_wh == expected

    @rule(
        at=AT,
        rows=st.lists(
            st.tuples(st.integers(0, 2), SIDE, st.integers(1, 15), st.sampled_from([0, 10, 20])),
            max_size=3,
        ),
    )
    def agents(self, at, rows):
        at = at if at in self.model.open else min(self.model.open, default=0)
        told = self.home.columns(
            [
                (row, 60 - self.model.first_slot[at], side, wh, limit)
                for row, side, wh, limit in rows
            ],
            at,
        )
        expected, fresh = {}, []
        for place, (row, side, wh, limit) in enumerate(rows):
            who = f"m{row:03}"
            before = sum(w for o, s, w, _ in fresh if (o, s) == (who, side))
            over = side > 0 and row == 0
            over = (
                over
                and self.model.on_order(who, 1, 60, self.now) + before + wh > self.model.buy_limit
            )
            if at not in self.model.open:
                expected[str(place)] = "gate_closed"
            elif who in self.model.suspended:
                expected[str(place)] = "suspended"
            elif over:
                expected[str(place)] = "volume_limit"
            else:
                fresh.append((who, side, wh, limit))
        for who, side, wh, limit in fresh:
            content = self.content(side, 60, wh, limit, 0)
            self.model.enter(at, who, None, content, wh, self.now)
        found = {} if not told else dict(zip(told[0].keys, told[0].reasons, strict=True))
        assert found == expected

    @rule(who=WHO, suspended=st.booleans())
    def standing(self, who, suspended):
        told = self.home.suspend(who, suspended)
        gone = {}
        if suspended:
            self.model.suspended.add(who)
            gone = self.model.withdraw(who, self.now)
        else:
            self.model.suspended.discard(who)
        names = {session.id: at for at, session in enumerate(self.home.sessions)}
        assert {(names[m.session], m.key): m.cancelled_wh for m in told} == gone

    @rule(seconds=st.sampled_from([1, 19, 20, 600]))
    def wait(self, seconds):
        closing = [self.gates[at] for at in range(3) if at not in self.model.done]
        if closing:
            self.home.now = min(self.now + seconds, min(closing) - 1)

    @rule()
    def open_next(self):
        fresh = [at for at in range(3) if at not in self.model.open | self.model.done]
        if fresh:
            self.home.tell(SessionOpened(session=self.home.sessions[fresh[0]]))
            self.model.opened(fresh[0], self.now)

    @rule(really=st.integers(0, 2))
    def gate(self, really):
        at = min((at for at in range(3) if at not in self.model.done), default=None)
        if really or at is None or at not in self.model.open:
            return
        told = self.home.gate(at)
        book = self.model.close(at)
        cleared = next(each for each in told if isinstance(each, SessionCleared))
        for side, table in ((1, cleared.bought_wh), (-1, cleared.sold_wh)):
            expected = np.zeros_like(table)
            for order in book:
                if order.side == side:
                    expected[int(order.who[1:]), order.slot - self.model.first_slot[at]] += (
                        order.traded
                    )
            np.testing.assert_array_equal(table, expected)
        np.testing.assert_array_equal(cleared.bought_wh.sum(0), cleared.sold_wh.sum(0))
        persons = [order for order in book if order.key is not None]
        closed = [each for each in told if isinstance(each, OrdersClosed)]
        assert len(closed) == bool(persons)
        for each in closed:
            assert each.keys == tuple(order.key for order in persons)
            assert each.traded_wh.tolist() == [order.traded for order in persons]
            gate = self.gates[at]
            left = [order.left if order.alive(gate) else 0 for order in persons]
            assert each.left_wh.tolist() == left

    @invariant()
    def what_is_open_is_what_the_model_has(self):
        expected = sorted(
            (self.home.sessions[o.at].id, o.who, o.key, o.left)
            for o in self.model.orders
            if o.at in self.model.open and o.key is not None and o.alive(self.now)
        )
        expected += sorted(
            (self.home.sessions[o.at].id, o.who, o.key, o.left)
            for o in self.model.waiting
            if o.alive(self.now)
        )
        found = [
            (each.session, each.participant, each.key, each.left_wh)
            for each in open_orders(self.home.state, self.now)
        ]
        assert sorted(found) == sorted(expected)

    @invariant()
    def nothing_is_lost_or_counted_twice(self):
        """What a person placed under one name is where it was taken in, or further on."""
        for at in self.model.open:
            book = self.home.book(at)
            mine = [o for o in self.model.orders if o.at == at]
            alive = sum(o.traded + (o.left if o.alive(self.now) else 0) for o in mine)
            expired = sum(o.left for o in mine if o.over(self.now))
            total = int(book.orders.quantity_wh.sum())
            assert alive <= total <= alive + expired


@pytest.mark.parametrize("mechanism", ["uniform-price", "continuous"])
def test_the_room_is_its_plain_model(mechanism, floor, plain_model, small_community, slow_clear):
    rules = TradingRules(mechanism)
    market = MarketRules(*GATES, opens_s=86_400, day_ahead=rules, intraday=rules)
    trading = msgspec.structs.replace(
        free_trading(3), buy_limit_wh=np.array([plain_model.buy_limit, -1, -1])
    )
    community = small_community(3, market=market, trading=trading)
    bound = {
        "floor": staticmethod(floor),
        "plain": plain_model,
        "community": community,
        "continuous": mechanism == "continuous",
        "clear": staticmethod(slow_clear),
    }
    run_state_machine_as_test(
        type("BoundRoom", (Room,), bound),
        settings=settings(deadline=None, max_examples=60, stateful_step_count=40),
    )
