"""Under every mechanism, with fees and fees by distance, no agent's trade is worse than none."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.messages import OrdersPlaced, OrdersRefused
from gridpact.registry.model import MarketRules, Tariffs, TradingRules, free_trading
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.scheduling.problem import Plan

GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)
SPOT = 100_000
ZONES = ((-1, -1, -1), (0, 400, 200), (0, -1, -1))
EVERY = pytest.mark.parametrize("name", [*sorted(MECHANISMS), "uniform-price within limits"])


def solved(session, net):
    members, more = net.shape[0], session.horizon.count
    full, none = np.zeros((members, more), np.int64), np.zeros((0, more), np.int64)
    full[:, : net.shape[1]] = net
    zero = np.zeros_like(full)
    plan = Plan(full, zero, none, none, none, none[:, 0], none[:, 0], none, ())
    return ScheduleSolved(
        session=session.id, window=session.window, horizon=session.horizon, plan=plan
    )


@st.composite
def cases(draw, name):
    fee = st.sampled_from([0, 1, 4_999, 30_000])
    rules = TradingRules(
        name.partition(" ")[0],
        draw(st.integers(0, 1_000_000)),
        buyer_fee_micro_per_kwh=draw(fee),
        seller_fee_micro_per_kwh=draw(fee),
        distance_fee_micro_per_kwh=draw(fee) if name == "preference" else 0,
        grid_limits=" " in name,
        lowest_micro_per_kwh=draw(st.sampled_from([None, 20_000])),
        highest_micro_per_kwh=draw(st.sampled_from([None, 150_000])),
        largest_order_wh=draw(st.sampled_from([msgspec.UNSET, 1, 20])),
    )
    price = st.integers(-100_000, 100_000)
    spare = st.integers(0, 60_000)
    tariffs = Tariffs(
        1_000_000, draw(price), 1_000_000, draw(price), draw(spare), draw(spare), draw(spare)
    )
    members = draw(st.integers(2, 5))
    some = {"min_size": members, "max_size": members}
    net = np.array(draw(st.lists(st.lists(st.integers(-90, 90), min_size=2, max_size=2), **some)))
    margins = [np.array(draw(st.lists(st.integers(0, 9_000), **some))) for _ in range(2)]
    premium = np.array(draw(st.lists(st.sampled_from([0, 0, 12_000]), **some)))
    return rules, tariffs, net, margins, premium * (name == "preference")


def made(floor, small_community, case):
    rules, tariffs, net, (discount, premium), near = case
    members = len(net)
    trading = msgspec.structs.replace(free_trading(members), near_micro_per_kwh=near)
    community = small_community(
        members,
        ZONES,
        market=MarketRules(*GATES, day_ahead=rules, intraday=rules),
        zone=np.arange(members) % 3,
        trading=trading,
        tariffs=tariffs,
        discount_micro_per_kwh=discount,
        premium_micro_per_kwh=premium,
    )
    return floor(community).open()


@EVERY
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_no_agent_is_worse_off_than_with_its_supplier(name, data, floor, small_community):
    rules, tariffs, net, (discount, premium), near = case = data.draw(cases(name))
    home = made(floor, small_community, case)
    assert not [
        told for told in home.tell(solved(home.first, net)) if isinstance(told, OrdersRefused)
    ]
    cleared = home.cleared()
    trades = cleared.trades
    # What a kWh costs and earns with the supplier alone, fees, network and levy included.
    buy, sell = (
        SPOT + tariffs.import_markup_micro_per_kwh,
        SPOT + tariffs.export_markup_micro_per_kwh,
    )
    alone = buy + tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
    local = tariffs.network_local_micro_per_kwh + tariffs.levy_micro_per_kwh
    zone = np.arange(len(net)) % 3
    for member, slot, side, wh, price, other in each_trade(cleared, trades):
        if side > 0:
            welcome = near[member] if other is not None and zone[other] == zone[member] else 0
            pays = price + rules.buyer_fee_micro_per_kwh + local
            assert pays <= alone - discount[member] + welcome
        else:
            assert price - rules.seller_fee_micro_per_kwh >= sell + premium[member]
        assert 0 < wh <= abs(net[member, slot])
        assert np.sign(net[member, slot]) == side


def each_trade(cleared, trades):
    """Who bought (1) or sold (-1) how much at which price, from whom if that is known."""
    if trades is None:
        for side, table in ((1, cleared.bought_wh), (-1, cleared.sold_wh)):
            for member, slot in np.argwhere(table).tolist():
                price = int(cleared.price_micro_per_kwh[slot])
                yield member, slot, side, int(table[member, slot]), price, None
        return
    for at in range(trades.slot.size):
        buyer, seller = int(trades.buyer[at]), int(trades.seller[at])
        slot, wh = int(trades.slot[at]), int(trades.quantity_wh[at])
        yield buyer, slot, 1, wh, int(trades.buyer_micro_per_kwh[at]), seller
        yield seller, slot, -1, wh, int(trades.seller_micro_per_kwh[at]), buyer


@EVERY
def test_agents_do_trade(name, floor, small_community):
    """The property above says something: with room for the fees, energy changes hands."""
    rules = TradingRules(
        name.partition(" ")[0],
        buyer_fee_micro_per_kwh=2_000,
        seller_fee_micro_per_kwh=3_000,
        distance_fee_micro_per_kwh=1_000 if name == "preference" else 0,
        grid_limits=" " in name,
    )
    tariffs = Tariffs(1_000_000, 60_000, 1_000_000, -10_000, 90_000, 40_000, 20_000)
    net, zero = np.array([[50, -20], [-30, 10], [20, 20]]), np.zeros(3, np.int64)
    home = made(floor, small_community, (rules, tariffs, net, (zero, zero), zero))
    home.tell(solved(home.first, net))
    cleared = home.cleared()
    assert cleared.sold_wh[:, :2].sum(axis=0).tolist() == [30, 20]
    low, high = 90_000 + 3_000, 210_000 - 2_000
    limits = {price for *_, price, _ in each_trade(cleared, cleared.trades)}
    assert all(low <= price <= high for price in limits)


@EVERY
def test_agents_order_no_more_at_once_than_one_may(name, floor, small_community):
    rules = TradingRules(name.partition(" ")[0], grid_limits=" " in name, largest_order_wh=20)
    tariffs = Tariffs(1_000_000, 60_000, 1_000_000, -10_000, 90_000, 40_000, 20_000)
    net, zero = np.array([[50, -20], [-30, 10], [-40, 7]]), np.zeros(3, np.int64)
    home = made(floor, small_community, (rules, tariffs, net, (zero, zero), zero))
    told = home.tell(solved(home.first, net))
    (placed,) = (each.orders for each in told if isinstance(each, OrdersPlaced))
    assert placed.quantity_wh.tolist() == [20, 20, 20, 10, 20, 7]
    assert not [each for each in told if isinstance(each, OrdersRefused)]
    assert home.cleared().sold_wh[:, :2].sum(axis=0).tolist() == [20, 17]


def test_the_least_fee_that_eats_up_the_gain_keeps_agents_apart(floor, small_community):
    tariffs = Tariffs(0, 100_000, 0, 90_000, 0, 0, 0)
    net, zero = np.array([[50, 0], [-30, 0]]), np.zeros(2, np.int64)
    for fee, wh in ((10_000, 30), (10_001, 0)):
        rules = TradingRules(buyer_fee_micro_per_kwh=fee)
        home = made(floor, small_community, (rules, tariffs, net, (zero, zero), zero))
        home.tell(solved(home.first, net))
        assert home.cleared().sold_wh.sum() == wh


def test_an_agent_orders_only_what_its_member_may(floor, small_community):
    trading = msgspec.structs.replace(
        free_trading(4),
        authorised=np.array([True, True, False, True]),
        buy_limit_wh=np.array([25, -1, -1, -1]),
        sell_limit_wh=np.array([-1, 0, -1, -1]),
    )
    home = floor(small_community(4, trading=trading)).open()
    home.suspend("m003")
    home.buy("own", "m000", 10, 50_000)
    net = np.zeros((4, 96), np.int64)
    net[:, 0] = 40, -40, 40, -40
    net[1, 1] = 30
    told = home.tell(solved(home.first, net))
    assert not [each for each in told if isinstance(each, OrdersRefused)]
    orders = told[0].orders
    assert list(zip(orders.member.tolist(), orders.quantity_wh.tolist(), strict=True)) == [
        (0, 15),
        (1, 30),
    ]


def test_fees_are_exact_to_the_last_micro(floor, small_community):
    tariffs = Tariffs(1_000_000, 1, 1_000_000, -1, 0, 0, 0)
    net, zero = np.array([[1, 0], [-1, 0]]), np.zeros(2, np.int64)
    rules = TradingRules("pay-as-bid", buyer_fee_micro_per_kwh=1, seller_fee_micro_per_kwh=1)
    home = made(floor, small_community, (rules, tariffs, net, (zero, zero), zero))
    home.tell(solved(home.first, net))
    cleared = home.cleared()
    assert cleared.trades.buyer_micro_per_kwh.tolist() == [SPOT]
    assert cleared.bought_wh[0, 0] == 1
