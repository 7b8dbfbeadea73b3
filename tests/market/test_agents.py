"""Agents' orders: what a plan leaves open, at limits that no side can lose by."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.market.agents import orders
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.outcome import energy_by_member
from gridpact.market.orders import Side
from gridpact.market.terms import Terms
from gridpact.registry.model import Tariffs, TradingRules
from gridpact.registry.tariffs import outside_prices

WIDE = Terms(TradingRules(), -10_000_000, 10_000_000)


def half_even(value):
    return round(value)  # Python rounds a Fraction's half to even


def member_prices(tariffs, spot):
    """What one kWh from the supplier costs with all fees, and what it earns there."""
    markup_in = half_even(Fraction(tariffs.import_spot_ppm * spot, 10**6))
    markup_out = half_even(Fraction(tariffs.export_spot_ppm * spot, 10**6))
    buy = markup_in + tariffs.import_markup_micro_per_kwh
    sell = markup_out + tariffs.export_markup_micro_per_kwh
    alone = buy + tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
    return alone, sell


def test_by_hand(small_community):
    community = small_community(
        3,
        discount_micro_per_kwh=np.array([0, 5000, 0]),
        premium_micro_per_kwh=np.array([0, 0, 7000]),
    )
    prices = outside_prices(community.tariffs, np.array([100_000, -30_000]))
    net = np.array([[500, 0], [300, 40], [-900, -1]])
    position = np.array([[500, 0], [100, 50], [-100, -1]])
    found = orders(net, position, prices, community.members, WIDE)
    # import 160,000 and 50,000 saved on the network; export 90,000
    assert [column.tolist() for column in (found.member, found.slot, found.quantity_wh)] == [
        [1, 1, 2], [0, 1, 0], [200, 10, 800],
    ]  # fmt: skip
    assert found.side.tolist() == [Side.BUY, Side.SELL, Side.SELL]
    assert found.limit_micro_per_kwh.tolist() == [205_000, -40_000, 97_000]
    assert found.sequence.tolist() == [0, 1, 2]


def test_no_order_is_larger_than_one_may_be(small_community):
    community = small_community(2)
    prices = outside_prices(community.tariffs, np.array([100_000, 100_000]))
    net, position = np.array([[900, -900], [300, -301]]), np.array([[100, 0], [0, 0]])
    few = Terms(TradingRules(largest_order_wh=300), -10_000_000, 10_000_000)
    found = orders(net, position, prices, community.members, few)
    assert found.quantity_wh.tolist() == [300, 300, 300, 300]
    assert found.side.tolist() == [Side.BUY, Side.SELL] * 2
    free = orders(net, position, prices, community.members, WIDE)
    assert free.quantity_wh.tolist() == [800, 900, 300, 301]
    assert free.limit_micro_per_kwh.tolist() == found.limit_micro_per_kwh.tolist()


def test_a_plan_that_is_fully_traded_orders_nothing(small_community):
    community, net = small_community(2), np.array([[70, -3], [0, 9]])
    prices = outside_prices(community.tariffs, np.array([0, 0]))
    assert orders(net, net, prices, community.members, WIDE).count == 0


def test_limits_that_the_market_does_not_allow_give_way_only_where_nobody_loses(small_community):
    community = small_community(2)
    prices = outside_prices(community.tariffs, np.array([200_000, 200_000]))
    net, nothing = np.array([[100, 0], [0, -100]]), np.zeros((2, 2), np.int64)
    bid, ask = 310_000, 190_000
    for low, high, expected in (
        (-1, 400_000, [bid, ask]),
        (-1, 250_000, [250_000, ask]),  # buys cheaper than it would
        (250_000, 400_000, [bid, 250_000]),  # sells dearer than it would
        (-1, 100_000, [100_000]),  # the seller keeps its energy
        (350_000, 400_000, [350_000]),  # the buyer stays with its supplier
    ):
        rules = Terms(TradingRules(), low, high)
        found = orders(net, nothing, prices, community.members, rules)
        assert found.limit_micro_per_kwh.tolist() == expected


WH = st.integers(-50, 50) | st.just(0)
PRICE = st.integers(-400_000, 400_000)
PPM = st.integers(0, 1_200_000)
FEE = st.integers(0, 150_000)


@st.composite
def cases(draw):
    tariffs = Tariffs(
        draw(PPM), draw(PRICE), draw(PPM), draw(PRICE), draw(FEE), draw(FEE), draw(FEE)
    )
    low = draw(st.integers(-500_000, 300_000))
    rules = Terms(TradingRules(), low, low + draw(st.integers(1, 600_000)))
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 3)))
    net, position = (draw(arrays(np.int64, shape, elements=WH)) for _ in range(2))
    spot = draw(arrays(np.int64, shape[1], elements=PRICE))
    margins = [draw(arrays(np.int64, shape[0], elements=st.integers(0, 50_000))) for _ in range(2)]
    return tariffs, rules, net, position, spot, margins


@given(case=cases())
@settings(deadline=None, max_examples=250)
def test_any_trade_leaves_both_better_off_than_their_supplier(case, small_community):
    tariffs, rules, net, position, spot, (discount, premium) = case
    community = small_community(
        len(net),
        tariffs=tariffs,
        discount_micro_per_kwh=discount,
        premium_micro_per_kwh=premium,
    )
    found = orders(net, position, outside_prices(tariffs, spot), community.members, rules)
    limits = found.limit_micro_per_kwh
    assert ((limits >= rules.lowest_micro_per_kwh) & (limits <= rules.highest_micro_per_kwh)).all()
    fees = tariffs.network_local_micro_per_kwh + tariffs.levy_micro_per_kwh
    seen = set()
    for row in range(found.count):
        member, slot = int(found.member[row]), int(found.slot[row])
        wanted = int(net[member, slot] - position[member, slot])
        assert wanted == int(found.side[row] * found.quantity_wh[row]) != 0
        alone, sold = member_prices(tariffs, int(spot[slot]))
        if found.side[row] == Side.BUY:
            assert limits[row] + fees <= alone - discount[member]
        else:
            assert limits[row] >= sold + premium[member]
        seen.add((member, slot))
    for member, slot in np.argwhere(net != position).tolist():
        if (member, slot) in seen:
            continue
        alone, sold = member_prices(tariffs, int(spot[slot]))
        worth, least = alone - fees - discount[member], sold + premium[member]
        if net[member, slot] > position[member, slot]:
            assert worth < rules.lowest_micro_per_kwh
        else:
            assert least > rules.highest_micro_per_kwh


@given(case=cases())
@settings(deadline=None, max_examples=100)
def test_what_is_cleared_costs_nobody_more_than_the_supplier(case, small_community):
    """The same through a clearing: each member's energy, at the price that was really made."""
    tariffs, rules, net, position, spot, (discount, premium) = case
    community = small_community(
        len(net), tariffs=tariffs, discount_micro_per_kwh=discount, premium_micro_per_kwh=premium
    )
    book = orders(net, position, outside_prices(tariffs, spot), community.members, rules)
    clearing = uniform_price.clear(book, net.shape[1])
    bought, sold = energy_by_member(book, clearing, len(net))
    fees = tariffs.network_local_micro_per_kwh + tariffs.levy_micro_per_kwh
    for slot in range(net.shape[1]):
        alone, earned = member_prices(tariffs, int(spot[slot]))
        price = int(clearing.price_micro_per_kwh[slot])
        for member in range(len(net)):
            traded = int(bought[member, slot]) * (price + fees) - int(sold[member, slot]) * price
            supplied = int(bought[member, slot]) * alone - int(sold[member, slot]) * earned
            assert traded <= supplied
    assert (bought.sum(axis=0) == sold.sum(axis=0)).all()


@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_nobody_or_no_slots(small_community, shape):
    community, nothing = small_community(shape[0]), np.zeros(shape, np.int64)
    prices = outside_prices(community.tariffs, np.zeros(shape[1], np.int64))
    assert orders(nothing, nothing, prices, community.members, WIDE).count == 0
