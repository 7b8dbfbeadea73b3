"""The market's room: sessions open and close, orders come in, positions add up."""

from datetime import date

import numpy as np
import pytest

from gridpact.kernel.messages import Later
from gridpact.market.gates import day_ahead, intraday
from gridpact.market.handlers import DAYS_KEPT, Market
from gridpact.market.messages import (
    GateClosed,
    OrdersPlaced,
    OrdersRefused,
    PlaceOrder,
    PricesPublished,
    PricesRequested,
    SessionCleared,
    SessionOpened,
)
from gridpact.market.orders import LARGEST_ORDER_WH, Orders, PlacedOrder, Side
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import MarketRules
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.scheduling.problem import Plan

DAY = date(2026, 6, 15)
FIRST = f"{DAY}.day-ahead"


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(3)


@pytest.fixture(scope="module")
def sessions(community):
    rules, calendar = community.market, community.calendar
    return [day_ahead(rules, calendar, DAY), *intraday(rules, calendar, DAY)]


@pytest.fixture
def room(community):
    return Market(community).room()


def tell(room, state, message, now=0):
    return room.handlers[type(message)](state, message, now)


def published(session, day=str(DAY), price=100_000):
    spot = np.full(session.window.count, price)
    return PricesPublished(day=day, slots=session.window, spot_micro_per_kwh=spot)


def opened(room, sessions, *which):
    """A state with prices and some sessions open."""
    state = room.state
    for at in which or (0,):
        state, _ = tell(room, state, SessionOpened(session=sessions[at]))
    return tell(room, state, published(sessions[0]))[0]


def solved(session, net):
    shape = (3, session.horizon.count)
    full = np.zeros(shape, np.int64)
    full[:, : session.window.count] = net
    none = np.zeros((0, session.horizon.count), np.int64)
    plan = Plan(full, np.zeros(shape, np.int64), none, none, none, none[:, 0], none[:, 0], none, ())
    return ScheduleSolved(
        session=session.id, window=session.window, horizon=session.horizon, plan=plan
    )


def place(session, key, participant, side, quantity, limit=100_000, slot=0):
    start = session.window.start + slot * session.window.step
    order = PlacedOrder(key, participant, side, start, quantity, limit)
    return PlaceOrder(session=session.id, order=order)


def refused(outs):
    (message,) = outs
    assert isinstance(message, OrdersRefused)
    return dict(zip(message.keys, message.reasons, strict=True))


def test_a_run_opens_the_first_session_before_its_gate(room, community, sessions):
    message = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    _, (later,) = tell(room, room.state, message)
    assert later == Later(
        sessions[0].gate - community.market.opens_s, SessionOpened(session=sessions[0])
    )


def test_a_day_ahead_session_sets_the_days_others_and_the_next_day(room, community, sessions):
    state, outs = tell(room, room.state, SessionOpened(session=sessions[0]))
    following = day_ahead(community.market, community.calendar, date(2026, 6, 16))
    assert outs == [
        Later(sessions[0].gate, GateClosed(session=FIRST)),
        PricesRequested(day=str(DAY), slots=sessions[0].window),
        *(Later(s.gate - community.market.opens_s, SessionOpened(session=s)) for s in sessions[1:]),
        Later(following.gate - community.market.opens_s, SessionOpened(session=following)),
    ]
    assert list(state.sessions) == list(state.books) == [FIRST]
    _, outs = tell(room, state, SessionOpened(session=sessions[1]))
    assert outs == [Later(sessions[1].gate, GateClosed(session=sessions[1].id))]


@pytest.mark.parametrize("opens_s", [0, 60, 86_400])
def test_a_market_says_how_long_it_takes_orders(small_community, opens_s):
    market = MarketRules(46_800, (21_600, 43_200), 1800, -500_000, 4_000_000, opens_s=opens_s)
    community = small_community(3, market=market)
    room, rules, calendar = Market(community).room(), market, community.calendar
    opening = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    _, (first,) = tell(room, room.state, opening)
    assert first.at == first.message.session.gate - opens_s
    _, outs = tell(room, room.state, first.message)
    later = [out for out in outs if isinstance(out, Later)][1:]
    sessions = [*intraday(rules, calendar, DAY), day_ahead(rules, calendar, date(2026, 6, 16))]
    assert [each.message.session for each in later] == sessions
    assert [each.at for each in later] == [session.gate - opens_s for session in sessions]


def test_agents_order_what_a_plan_needs_beyond_the_position(room, sessions):
    state = opened(room, sessions)
    net = np.zeros((3, 96), np.int64)
    net[0, 4], net[2, 95] = 250, -80
    state, (placed,) = tell(room, state, solved(sessions[0], net))
    assert placed.session == FIRST
    assert placed.orders.quantity_wh.tolist() == [250, 80]
    assert placed.orders.side.tolist() == [Side.BUY, Side.SELL]
    state, outs = tell(room, state, placed)
    assert outs == []
    assert state.books[FIRST].orders.count == 2


def test_gate_closure_clears_and_forgets_and_positions_add_up(room, sessions):
    state = opened(room, sessions, 0, 2)  # day-ahead and the session from 12:30
    for at, (slot, quantity) in ((0, (60, 400)), (2, (60 - 50, 30))):
        session = sessions[at]
        for message in (
            place(session, "b", "m000", Side.BUY, quantity, 120_000, slot),
            place(session, "s", "m001", Side.SELL, 1000, 80_000, slot),
        ):
            state, (accepted,) = tell(room, state, message)
            assert (accepted.session, accepted.traded_wh) == (session.id, 0)
        state, (cleared, closed) = tell(room, state, GateClosed(session=session.id))
        paid = quantity * int(cleared.price_micro_per_kwh[slot])
        assert closed.keys == ("b", "s")
        assert closed.traded_wh.tolist() == [quantity, quantity]
        assert closed.left_wh.tolist() == [0, 1000 - quantity]
        assert closed.paid_nano.tolist() == [paid, -paid]
        assert session.id not in state.sessions
        assert session.id not in state.books
        assert cleared.session == session
        assert np.flatnonzero(cleared.traded).tolist() == [slot]
        assert cleared.bought_wh[0, slot] == cleared.sold_wh[1, slot] == quantity
        assert cleared.asked_wh.sum() == cleared.asked_wh[slot] == quantity
        assert cleared.offered_wh.sum() == cleared.offered_wh[slot] == 1000
        assert cleared.orders == 2
        assert 80_000 <= cleared.price_micro_per_kwh[slot] <= 120_000
        state, outs = tell(room, state, cleared)
        assert outs == []
    expected = np.zeros((3, 96), np.int64)
    expected[0, 60], expected[1, 60] = 430, -430
    np.testing.assert_array_equal(state.days[str(DAY)].position_wh, expected)


def test_a_plan_after_a_trade_orders_the_difference_only(room, sessions):
    state = opened(room, sessions, 0, 2)
    zero = np.zeros((3, 96), np.int64)
    bought, sold = zero.copy(), zero.copy()
    bought[0, 70], sold[1, 70] = 500, 500
    state, _ = tell(room, state, cleared_by(sessions[0], bought, sold))
    net = np.zeros((3, sessions[2].window.count), np.int64)
    net[0, 20], net[1, 20] = 450, -500
    _, (placed,) = tell(room, state, solved(sessions[2], net))
    assert placed.orders.member.tolist() == [0]
    assert placed.orders.slot.tolist() == [20]
    assert placed.orders.side.tolist() == [Side.SELL], "50 Wh too many were bought"
    assert placed.orders.quantity_wh.tolist() == [50]


def cleared_by(session, bought, sold):
    count = session.window.count
    nothing = np.zeros(count, np.int64)
    return SessionCleared(
        session=session,
        price_micro_per_kwh=nothing,
        traded=np.ones(count, bool),
        bought_wh=bought,
        sold_wh=sold,
        offered_wh=nothing,
        asked_wh=nothing,
        orders=0,
    )


def test_orders_after_the_gate_or_for_no_session_are_refused(room, sessions):
    state = opened(room, sessions)
    closed, _ = tell(room, state, GateClosed(session=FIRST))
    late = place(sessions[0], "k", "m000", Side.BUY, 100)
    after, outs = tell(room, closed, late)
    assert refused(outs) == {"m000 k": "gate_closed"}
    assert after == closed
    _, outs = tell(room, state, place(sessions[1], "k", "m000", Side.BUY, 100))
    assert refused(outs) == {"m000 k": "gate_closed"}, "not open yet"


@pytest.mark.parametrize(
    ("participant", "quantity", "limit", "slot", "reason"),
    [
        ("nobody", 100, 0, 0, "not_authorised"),
        ("m000", 0, 0, 0, "quantity"),
        ("m000", -1, 0, 0, "quantity"),
        ("m000", LARGEST_ORDER_WH + 1, 0, 0, "quantity"),
        ("m000", 1, 4_000_001, 0, "price_limit"),
        ("m000", 1, -500_001, 0, "price_limit"),
        ("m000", 1, 0, 96, "unknown_slot"),
        ("m000", 1, 0, -1, "unknown_slot"),
    ],
)
def test_an_order_that_may_not_be_is_refused_and_told_why(
    room, sessions, participant, quantity, limit, slot, reason
):
    state = opened(room, sessions)
    order = place(sessions[0], "k", participant, Side.BUY, quantity, limit, slot)
    after, outs = tell(room, state, order)
    assert refused(outs) == {f"{participant} k": reason}
    assert after is state


def test_the_same_order_twice_is_one_order_and_another_under_its_key_is_refused(room, sessions):
    state = opened(room, sessions)
    order = place(sessions[0], "k", "m000", Side.BUY, 100)
    once, first = tell(room, state, order)
    twice, outs = tell(room, once, order)
    assert outs == first, "asked again, the answer is the same"
    assert twice.books[FIRST].orders.count == 1
    other = place(sessions[0], "k", "m000", Side.BUY, 101)
    thrice, outs = tell(room, twice, other)
    assert refused(outs) == {"m000 k": "duplicate"}
    assert thrice.books[FIRST].orders.count == 1
    mine = place(sessions[0], "k", "m001", Side.BUY, 100)
    four, (accepted,) = tell(room, thrice, mine)
    assert accepted.sequence == 1, "keys are the participant's own"
    assert four.books[FIRST].orders.count == 2


def test_columns_of_orders_are_taken_or_refused_row_by_row(room, sessions):
    state = opened(room, sessions)
    columns = [[0, 1, 2], [0, 9, 2], [0, 0, 96], [1, -1, 1], [10, 10, 10], [5, 5, 5]]
    orders = Orders(*(np.array(column, np.int64) for column in columns))
    state, outs = tell(room, state, OrdersPlaced(session=FIRST, orders=orders))
    assert refused(outs) == {"1": "not_authorised", "2": "unknown_slot"}
    assert state.books[FIRST].orders.count == 1


def test_an_empty_book_clears_to_nothing(room, sessions):
    state = opened(room, sessions)
    state, (cleared,) = tell(room, state, GateClosed(session=FIRST))
    assert not cleared.traded.any()
    assert not cleared.bought_wh.any()
    assert cleared.orders == 0


def test_a_day_without_prices_takes_no_positions(room, sessions):
    state, _ = tell(room, room.state, SessionOpened(session=sessions[0]))
    state, (cleared,) = tell(room, state, GateClosed(session=FIRST))
    after, outs = tell(room, state, cleared)
    assert (after, outs) == (state, [])


def test_only_the_latest_days_are_kept(room, sessions):
    state = room.state
    days = [f"2026-06-{day}" for day in range(10, 18)]
    for day in days:
        state, _ = tell(room, state, published(sessions[0], day))
        assert not state.days[day].position_wh.any()
    assert list(state.days) == days[-DAYS_KEPT:]
