"""A person's order through its life: taken, taken back, expired, carried on, withdrawn."""

import msgspec
import numpy as np
import pytest

from gridpact.kernel.codec import encode
from gridpact.market.listing import OpenOrder, open_orders
from gridpact.market.messages import (
    OrderAccepted,
    OrderCancelled,
    OrdersClosed,
    OrdersRefused,
    SessionCleared,
    SessionOpened,
)
from gridpact.market.orders import Side
from gridpact.registry.model import MarketRules, TradingRules, free_trading

GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)
CONTINUOUS = TradingRules("continuous")
BOTH = pytest.mark.parametrize("rules", [TradingRules(), CONTINUOUS], ids=["auction", "continuous"])


@pytest.fixture
def house(floor, small_community):
    def made(rules=None, later=None, opens_s=900):
        rules = rules or TradingRules()
        market = MarketRules(*GATES, opens_s=opens_s, day_ahead=rules, intraday=later or rules)
        return floor(small_community(3, market=market)).open()

    return made


def cancelled(told):
    (message,) = told
    assert isinstance(message, OrderCancelled)
    return message.cancelled_wh


@BOTH
def test_what_was_taken_back_does_not_trade(house, rules):
    home = house(rules)
    home.buy("b", "m000", 100)
    home.buy("c", "m000", 40)
    assert cancelled(home.cancel("b", "m000")) == 100
    before = encode(home.state)
    assert cancelled(home.cancel("b", "m000")) == 100, "asked again, the answer is the same"
    assert encode(home.state) == before
    home.sell("s", "m001", 100)
    cleared = home.cleared()
    assert cleared.bought_wh.sum() == cleared.sold_wh.sum() == 40
    assert cleared.asked_wh.sum() == 40
    assert cleared.orders == 2


@BOTH
def test_what_cannot_be_taken_back(house, reasons_of, rules):
    home = house(rules)
    home.buy("short", "m000", 100, valid_until=home.now + 10)
    home.buy("k", "m000", 5)
    for who, key in (("m001", "k"), ("m000", "other"), ("stranger", "k")):
        assert reasons_of(home.cancel(key, who)) == "unknown_order"
    assert reasons_of(home.cancel("k", "m000", at=1)) == "gate_closed"
    assert reasons_of(home.cancel("short", "m000", now=home.now + 10)) == "validity"
    home.gate()
    assert reasons_of(home.cancel("k", "m000")) == "gate_closed"


def test_only_what_has_not_traded_is_taken_back(house, reasons_of):
    home = house(CONTINUOUS)
    home.sell("s", "m001", 100, 90_000)
    (accepted,) = home.buy("b", "m000", 130, 95_000)
    assert accepted.traded_wh == 100
    assert reasons_of(home.cancel("s", "m001")) == "already_traded"
    (again,) = home.buy("b", "m000", 130, 95_000)
    assert again == accepted
    assert cancelled(home.cancel("b", "m000")) == 30
    assert cancelled(home.cancel("b", "m000")) == 30
    home.sell("t", "m001", 50, 90_000)
    cleared, closed = home.gate()
    assert cleared.bought_wh.sum() == 100
    assert cleared.orders == 3
    assert closed.keys == ("s", "b", "t")
    assert closed.traded_wh.tolist() == [100, 100, 0]
    assert closed.left_wh.tolist() == [0, 0, 50]
    assert closed.paid_nano.tolist() == [-9_000_000, 9_000_000, 0]


def test_nobody_trades_with_itself_in_a_continuous_market(house):
    home = house(CONTINUOUS)
    home.sell("s", "m000", 10, 90_000)
    home.sell("t", "m001", 10, 80_000)
    accepted, cut = home.buy("b", "m000", 30, 95_000)
    assert (accepted.traded_wh, cut.cancelled_wh) == (10, 20)
    assert cancelled(home.cancel("b", "m000")) == 20, "told again"
    cleared = home.cleared()
    assert cleared.bought_wh.sum() == 10
    assert cleared.asked_wh.sum() == 10


@BOTH
def test_an_order_expires(house, rules):
    home = house(rules)
    end = home.now + 60
    home.buy("b", "m000", 100, valid_until=end)
    assert len(open_orders(home.state, end - 1)) == 1
    assert open_orders(home.state, end) == ()
    home.sell("s", "m001", 100, now=end)
    cleared, closed = home.gate()
    assert not cleared.traded.any()
    assert dict(zip(closed.keys, closed.left_wh.tolist(), strict=True)) == {"b": 0, "s": 100}


def test_an_order_that_ends_with_its_gate_does_not_trade_in_an_auction(house):
    home = house()
    home.buy("b", "m000", 100, valid_until=home.first.gate)
    home.buy("c", "m000", 30, valid_until=home.first.gate + 1)
    home.sell("s", "m001", 200)
    assert home.cleared().bought_wh.sum() == 30


def noon(home):
    """Position in the day-ahead session of the first slot of the second intraday session."""
    start = home.sessions[2].window.start - home.first.window.start
    return start // home.first.window.step


def carried(told):
    (accepted,) = [each for each in told if isinstance(each, OrderAccepted)]
    return accepted


@BOTH
def test_what_is_left_goes_on_to_the_next_session_for_its_slot(house, rules):
    home = house(rules)
    slot, end = noon(home), home.first.window.end
    home.buy("b", "m000", 100, slot=slot, valid_until=end)
    home.sell("s", "m001", 30, slot=slot, valid_until=end)
    home.buy("early", "m000", 7, slot=0, valid_until=end)  # no session trades midnight again
    home.buy("short", "m000", 9, 90_000, slot=slot)
    _, closed = home.gate()
    assert closed.left_wh.tolist() == [70, 0, 7, 9]
    (waits,) = open_orders(home.state, home.now)
    morning = home.sessions[1]
    assert (waits.session, waits.sequence, waits.left_wh) == (morning.id, -1, 70)
    assert waits.traded_wh == 30
    opened = home.tell(SessionOpened(session=morning), morning.gate - 900)
    assert (carried(opened).key, carried(opened).session) == ("b", morning.id)
    assert home.state.waiting == ()
    (now_open,) = open_orders(home.state, home.now)
    assert now_open.left_wh == 70
    home.sell("t", "m001", 50, slot=slot - noon_of(home, 1), at=1)
    told = home.gate(1)
    cleared = next(each for each in told if isinstance(each, SessionCleared))
    assert cleared.bought_wh.sum() == 50
    opened = home.tell(SessionOpened(session=home.sessions[2]), home.sessions[2].gate - 900)
    assert carried(opened).sequence == 0
    _, closed = home.gate(2)
    assert closed.left_wh.tolist() == [20]
    assert home.state.waiting == (), "no session is left"


def noon_of(home, at):
    return (home.sessions[at].window.start - home.first.window.start) // home.first.window.step


@BOTH
def test_where_the_next_session_is_open_already_it_goes_on_at_once(house, rules):
    home = house(rules, opens_s=86_400).open(1, 2)
    slot = noon(home)
    home.buy("b", "m000", 100, slot=slot, valid_until=home.first.window.end)
    told = home.gate()
    assert carried(told).session == home.sessions[1].id
    assert home.state.waiting == ()
    assert [each.left_wh for each in open_orders(home.state, home.now)] == [100]


def test_a_carried_order_is_judged_by_the_rules_of_its_new_market(house, reasons_of):
    later = TradingRules(highest_micro_per_kwh=50_000)
    home = house(TradingRules(), later, opens_s=86_400).open(1)
    home.buy("b", "m000", 100, slot=noon(home), valid_until=home.first.window.end)
    assert reasons_of(home.gate()) == "price_limit"


@pytest.mark.parametrize("session", [0, 1])
def test_an_order_that_waits_can_be_taken_back(house, session):
    home = house()
    home.buy("b", "m000", 100, slot=noon(home), valid_until=home.first.window.end)
    home.gate()
    assert cancelled(home.cancel("b", "m000", at=session)) == 100
    assert cancelled(home.cancel("b", "m000", at=session)) == 100
    assert open_orders(home.state, home.now) == ()
    assert home.open(1).book(1).orders.count == 0
    assert cancelled(home.cancel("b", "m000", at=1)) == 100
    (refused,) = home.buy("b", "m000", 5, at=1)
    assert refused.reasons == ("duplicate",)


def test_an_order_that_expires_while_it_waits_is_gone(house, reasons_of):
    home = house()
    end = home.first.gate + 100
    home.buy("b", "m000", 100, slot=noon(home), valid_until=end)
    home.gate()
    assert reasons_of(home.cancel("b", "m000", now=end)) == "validity"
    assert home.open(1).book(1).orders.count == 0
    assert home.state.waiting == ()


def test_blocks_go_on_whole_and_unlinked(house):
    blocks = TradingRules("block-orders")
    home = house(blocks, opens_s=86_400).open(1)
    slot, end = noon(home), home.first.window.end
    home.buy("free", "m000", 10, slot=slot, slots=2, valid_until=end)
    home.buy("over", "m000", 10, slot=noon_of(home, 1) - 1, slots=2, valid_until=end)
    home.buy("parent", "m000", 10, slot=slot, slots=2, valid_until=end)
    home.buy("child", "m000", 10, slot=slot, slots=2, valid_until=end, parent="parent")
    home.buy("one", "m000", 10, slot=slot, slots=2, valid_until=end, group="g")
    home.buy("part", "m000", 10, slot=slot + 4, slots=2, minimum_ppm=0, valid_until=end)
    home.sell("s", "m001", 5, 50_000, slot=slot + 4)
    home.sell("t", "m001", 5, 50_000, slot=slot + 5)
    told = home.gate()
    closed = next(each for each in told if isinstance(each, OrdersClosed))
    traded = dict(zip(closed.keys, closed.traded_wh.tolist(), strict=True))
    assert traded == {"free": 0, "over": 0, "parent": 0, "child": 0, "one": 0, "part": 10} | {
        "s": 5,
        "t": 5,
    }
    assert carried(told).key == "free"
    assert home.state.closing == {}


def test_a_block_that_waits_counts_with_all_its_slots(floor, small_community, reasons_of):
    trading = msgspec.structs.replace(
        free_trading(3),
        buy_limit_wh=np.array([15, -1, -1]),
        collateral_nano=np.array([3_000_000, -1, -1]),
    )
    rules = TradingRules("block-orders")
    market = MarketRules(*GATES, day_ahead=rules, intraday=rules)
    home = floor(small_community(3, market=market, trading=trading)).open()
    slot, end = noon(home), home.first.window.end
    home.buy("b", "m000", 10, slot=slot, slots=2, valid_until=end)
    home.gate()
    (waits,) = open_orders(home.state, home.now)
    assert (waits.traded_wh, waits.left_wh) == (0, 20)
    home.tell(SessionOpened(session=home.sessions[2]))  # another one opens first
    told = home.buy("c", "m000", 6, 1, at=2)
    assert reasons_of(told) == "volume_limit"
    told = home.buy("c", "m000", 5, 200_001, at=2)
    assert reasons_of(told) == "collateral"
    (accepted,) = home.buy("c", "m000", 5, 200_000, at=2)
    assert isinstance(accepted, OrderAccepted)
    assert cancelled(home.cancel("b", "m000")) == 20


def test_a_suspended_participants_orders_leave_the_market(house):
    for rules in (TradingRules(), CONTINUOUS):
        home = house(rules, opens_s=86_400).open(1)
        home.columns([(0, 3, 1, 50, 90_000), (1, 3, 1, 60, 90_000)])
        home.buy("b", "m000", 100)
        home.buy("x", "m000", 5, valid_until=home.now + 1)
        home.buy("c", "m000", 70, at=1)
        home.buy("d", "m001", 80)
        home.now += 1
        told = home.suspend("m000")
        assert [(each.session, each.key, each.cancelled_wh) for each in told] == [
            (home.first.id, "b", 100),
            (home.sessions[1].id, "c", 70),
        ]
        assert [each.key for each in open_orders(home.state, home.now)] == ["d"]
        (refused,) = home.buy("e", "m000", 1)
        assert refused.reasons == ("suspended",)
        (refused,) = home.columns([(0, 3, 1, 50, 90_000), (2, 3, -1, 500, 10_000)])
        assert (refused.keys, refused.reasons) == (("0",), ("suspended",))
        home.suspend("m000", suspended=False)
        (accepted,) = home.buy("e", "m000", 1, 100_000, 3)
        assert isinstance(accepted, OrderAccepted)
        cleared = home.cleared()
        assert cleared.bought_wh.sum(axis=1).tolist() == [1, 60, 0]


def test_what_traded_before_a_suspension_stands(house):
    home = house(CONTINUOUS)
    home.sell("s", "m001", 60, 90_000)
    home.buy("b", "m000", 100, 95_000)
    (told,) = home.suspend("m000")
    assert told.cancelled_wh == 40
    cleared = home.cleared()
    assert cleared.bought_wh.sum() == 60
    assert cleared.asked_wh.sum() == 60


def test_an_order_that_waits_is_withdrawn_too(house):
    home = house()
    home.buy("b", "m000", 100, slot=noon(home), valid_until=home.first.window.end)
    home.gate()
    (told,) = home.suspend("m000")
    assert (told.session, told.cancelled_wh) == (home.sessions[1].id, 100)
    assert home.state.waiting == ()
    assert home.suspend("m000") == [], "nothing is left to withdraw"


def test_the_standing_of_others_is_noted_and_changes_no_book(house):
    home = house()
    home.buy("b", "m000", 100)
    assert home.suspend("supplier") == []
    assert home.state.suspended == ("supplier",)
    assert home.book().orders.count == 1


def test_a_cancelled_parent_takes_its_children_along(house):
    home = house(TradingRules("block-orders"))
    home.buy("p", "m000", 10, slots=2)
    home.buy("c", "m000", 10, slots=2, parent="p")
    home.sell("s", "m001", 50)
    home.sell("t", "m001", 50, slot=1)
    home.cancel("p", "m000")
    assert [each.key for each in open_orders(home.state, home.now)] == ["s", "t"]
    assert cancelled(home.cancel("c", "m000")) == 20
    assert not home.cleared().traded.any()


def test_orders_are_listed_as_they_stand(house):
    home = house(CONTINUOUS)
    home.sell("s", "m001", 60, 90_000)
    home.buy("b", "m000", 100, 95_000)
    (found,) = open_orders(home.state, home.now)
    order = home.order("b", "m000", Side.BUY, 100, 95_000)
    assert found == OpenOrder(home.first.id, "m000", "b", 1, order, 60, 40)


def test_agents_orders_for_a_session_that_is_over_are_refused(house):
    home = house()
    home.gate()
    before = encode(home.state)
    (refused,) = home.columns([(0, 0, 1, 5, 100), (1, 0, -1, 5, 100)])
    assert isinstance(refused, OrdersRefused)
    assert refused.reasons == ("gate_closed", "gate_closed")
    assert encode(home.state) == before
    assert np.array_equal(refused.keys, ("0", "1"))
