"""What a member can come to owe never exceeds its collateral, counted by a second, plain account.

The plain account knows each order and each trade by itself. Whatever happens, the sum of all a
member has traded and not settled, plus the worst that its open orders could still cost, must be
within its collateral: at every instant, under every mechanism.
"""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.exposure import funds_nano, reserved_nano
from gridpact.market.listing import open_orders
from gridpact.market.messages import OrdersClosed, SessionCleared
from gridpact.market.orders import Side
from gridpact.market.terms import Venue
from gridpact.registry.model import MarketRules, TradingRules, free_trading

GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)
EVERY = pytest.mark.parametrize("name", sorted(MECHANISMS))


@pytest.fixture(scope="module")
def house(floor, small_community):
    def made(rules, collateral, **preferences):
        columns = {name: np.array(column) for name, column in preferences.items()}
        trading = msgspec.structs.replace(
            free_trading(3), collateral_nano=np.array(collateral), **columns
        )
        market = MarketRules(*GATES, opens_s=86_400, day_ahead=rules, intraday=rules)
        zone = np.array([0, 0, 1])
        zones = ((-1, -1, -1), (0, -1, -1))
        community = small_community(3, zones, market=market, trading=trading, zone=zone)
        return floor(community).open(0, 1)

    return made


def reserved(home, row):
    return int(reserved_nano(Venue(home.community), home.state, home.now)[row])


def test_by_hand(house):
    rules = TradingRules(buyer_fee_micro_per_kwh=2_000, seller_fee_micro_per_kwh=1_000)
    home = house(rules, [100_000_000, 5_000_000, -1])
    home.buy("b", "m000", 500, 98_000)
    assert reserved(home, 0) == 500 * 100_000
    home.buy("c", "m000", 500, -2_000)  # would be paid to take it, less the fee: nothing to owe
    assert reserved(home, 0) == 500 * 100_000
    (refused,) = home.buy("d", "m000", 501, 98_000)
    assert refused.reasons == ("collateral",)
    home.buy("e", "m000", 500, 98_000, at=1)
    assert reserved(home, 0) == 100_000_000
    (refused,) = home.buy("f", "m000", 1, -1_999, at=1)
    assert refused.reasons == ("collateral",), "every open session counts"
    home.sell("g", "m001", 100, -49_000)  # pays to be rid of it, and the fee
    assert reserved(home, 1) == 100 * 50_000
    home.sell("h", "m001", 10**6, 1_000)  # at worst the fee eats it all up
    assert reserved(home, 1) == 100 * 50_000
    home.sell("i", "m002", 10**9, -500_000)
    assert reserved(home, 2) == 0, "no collateral asked for, none reserved"
    home.cancel("e", "m000", at=1)
    assert reserved(home, 0) == 500 * 100_000
    cleared = home.cleared()
    price = int(cleared.price_micro_per_kwh[0])
    assert cleared.bought_wh[0, 0] == 1000
    owed = max(1000 * (price + 2_000), 0)
    assert reserved(home, 0) == owed
    home.settle("2026-06-14")
    assert reserved(home, 0) == owed
    home.settle("2026-06-15")
    assert reserved(home, 0) == 0
    assert home.state.owed_nano == {}


def test_what_a_bid_pays_for_preferences_is_held_too(house):
    held = 100 * 109_000
    home = house(TradingRules("preference"), [held, held, -1], green_micro_per_kwh=[9_000, 0, 0])
    (refused,) = home.buy("a", "m000", 101, 100_000)
    assert refused.reasons == ("collateral",)
    (refused,) = home.buy("a", "m001", 100, 100_000, near_micro_per_kwh=9_001)
    assert refused.reasons == ("collateral",)
    (refused,) = home.columns([(0, 0, 1, 101, 100_000), (1, 0, 1, 109, 100_000)])
    assert refused.keys == ("0",)
    home.buy("a", "m000", 100, 100_000)
    assert reserved(home, 0) == held


def test_agents_orders_are_bound_too(house):
    home = house(TradingRules(), [30_000_000, -1, 0])
    (refused,) = home.columns(
        [
            (0, 0, 1, 100, 200_000),
            (0, 1, 1, 100, 200_000),  # 10 left
            (0, 1, 1, 50, 200_000),
            (1, 0, 1, 10**9, 4_000_000),
            (2, 0, 1, 1, 0),  # costs nothing
            (2, 0, 1, 1, 1),
            (2, 0, -1, 100, 5),
            (2, 0, -1, 1, -5),
        ]
    )
    assert refused.keys == ("1", "5", "7")
    assert set(refused.reasons) == {"collateral"}


ACTION = st.tuples(
    st.sampled_from(["place", "place", "place", "cancel", "columns", "later"]),
    st.integers(0, 5),
    st.integers(0, 2),
    st.sampled_from([1, -1]),
    st.integers(1, 60),
    st.integers(-30, 60).map(lambda price: price * 1000),
    st.integers(0, 1),
    st.sampled_from([0, 0, 40, 10**9]),
)


def worst(home, rules, order, wh):
    """The most that so much of an order can come to cost."""
    if order.side == Side.SELL:
        return wh * max(rules.seller_fee_micro_per_kwh - order.limit_micro_per_kwh, 0)
    most = order.limit_micro_per_kwh + rules.buyer_fee_micro_per_kwh
    if rules.mechanism == "preference":
        most += 9_000 if order.green_micro_per_kwh < 0 else order.green_micro_per_kwh
    return wh * max(most, 0)


def net_of(cleared, rules, row):
    """What a session's trades cost a member after fees."""
    if cleared.trades is None:
        price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
        paid = cleared.bought_wh[row] @ (price + rules.buyer_fee_micro_per_kwh)
        return int(paid - cleared.sold_wh[row] @ (price - rules.seller_fee_micro_per_kwh))
    t, total = cleared.trades, 0
    for at in range(t.slot.size):
        wh = int(t.quantity_wh[at])
        if t.buyer[at] == row:
            total += wh * (int(t.buyer_micro_per_kwh[at]) + rules.buyer_fee_micro_per_kwh)
        if t.seller[at] == row:
            total -= wh * (int(t.seller_micro_per_kwh[at]) - rules.seller_fee_micro_per_kwh)
    return total


def check(home, rules, owed, agents):
    """All a member has traded and may yet trade, by orders one by one, is covered."""
    for row, collateral in ((0, 3_000_000), (1, 500_000)):
        name = f"m{row:03}"
        total = sum(max(net, 0) for net in owed.get(row, []))
        for each in open_orders(home.state, home.now):
            if each.participant == name:
                total += worst(home, rules, each.order, each.left_wh)
        total += sum(nano for member, nano in agents if member == row)
        assert total <= reserved(home, row) <= collateral
    assert funds_nano(Venue(home.community), home.state, home.now)[2] == np.iinfo(np.int64).max


@EVERY
@given(actions=st.lists(ACTION, max_size=14), fees=st.tuples(*[st.sampled_from([0, 3_000])] * 2))
@settings(deadline=None, max_examples=20)
def test_nobody_can_come_to_owe_more_than_its_collateral(name, actions, fees, house):
    distance = 4_000 if name == "preference" else 0
    rules = TradingRules(name, 300_000, "pro-rata", *fees, distance)
    prefer = {"green_micro_per_kwh": [9_000] * 3} if name == "preference" else {}
    home = house(rules, [3_000_000, 500_000, -1], **prefer)
    owed, agents = {}, []
    for kind, key, member, side, wh, limit, at, lasts in actions:
        if kind == "place":
            slots = 2 if name == "block-orders" and key % 2 else 1
            green = 2_000 if name == "preference" and key == 3 else -1
            until = home.now + lasts if lasts else 0
            home.place(
                f"k{key}", f"m{member:03}", side, wh, limit, at=at,
                slots=slots, green_micro_per_kwh=green, valid_until=until,
            )  # fmt: skip
        elif kind == "cancel":
            home.cancel(f"k{key}", f"m{member:03}", at=at)
        elif kind == "columns":
            before = home.book(at).orders.count
            home.columns([(member, 0, side, wh, limit)], at=at)
            if home.book(at).orders.count > before and name != "continuous":
                order = home.order("a", "m000", side, wh, limit)
                agents.append((member, worst(home, rules, order, wh)))
        else:
            home.now += 30
        check(home, rules, owed, agents)
    agents.clear()
    for at in (0, 1):
        told = home.gate(at)
        cleared = next(each for each in told if isinstance(each, SessionCleared))
        for row in (0, 1):
            owed.setdefault(row, []).append(net_of(cleared, rules, row))
        check(home, rules, owed, agents)
        assert all(
            each.left_wh.min(initial=0) >= 0 for each in told if isinstance(each, OrdersClosed)
        )
    home.settle("2026-06-15")
    check(home, rules, {}, [])
