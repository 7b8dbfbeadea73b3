"""A session under every mechanism: what is told of it is what the mechanism decided."""

from fractions import Fraction
from functools import partial

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market import dispatch
from gridpact.market.clearing.blocks.clearing import clear_blocks
from gridpact.market.clearing.matched import Matched
from gridpact.market.clearing.mechanisms import MECHANISMS, choose
from gridpact.market.dispatch import session_trades
from gridpact.market.handlers import Market
from gridpact.market.messages import OrdersClosed, SessionCleared
from gridpact.market.orders import Orders
from gridpact.market.terms import Venue, terms_of, zone_steps
from gridpact.registry.model import MarketRules, TradingRules, free_trading

GATES = (46_800, (21_600, 43_200), 1800, -500_000, 4_000_000)
UNIFORM = {"uniform-price", "k-uniform", "merit-order", "block-orders"}
EVERY = pytest.mark.parametrize("name", sorted(MECHANISMS))


@pytest.fixture(scope="module")
def house(floor, small_community):
    def made(rules, zones=((-1, -1, -1),), zone=(0, 0, 0, 0), **other):
        market = MarketRules(*GATES, day_ahead=rules, intraday=rules)
        community = small_community(4, zones, market=market, zone=np.array(zone), **other)
        return floor(community).open()

    return made


ROW = st.tuples(
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from([1, -1]),
    st.integers(1, 50),
    st.integers(-40, 60).map(lambda price: price * 1000),
)


def check_told(cleared, slots):
    """What every clearing tells fits together."""
    np.testing.assert_array_equal(cleared.bought_wh.sum(axis=0), cleared.sold_wh.sum(axis=0))
    np.testing.assert_array_equal(cleared.traded, cleared.bought_wh.any(axis=0))
    assert np.all(cleared.bought_wh.sum(axis=0) <= cleared.asked_wh)
    assert np.all(cleared.sold_wh.sum(axis=0) <= cleared.offered_wh)
    if cleared.trades is None:
        return
    trades = cleared.trades
    for member, table in ((trades.buyer, cleared.bought_wh), (trades.seller, cleared.sold_wh)):
        total = np.zeros_like(table)
        np.add.at(total, (member, trades.slot), trades.quantity_wh)
        np.testing.assert_array_equal(total, table)
    assert np.all(trades.buyer_micro_per_kwh >= trades.seller_micro_per_kwh)
    for slot in range(slots):
        here = trades.slot == slot
        if here.any():
            worth = int(trades.quantity_wh[here] @ trades.buyer_micro_per_kwh[here])
            mean = round(Fraction(worth, int(trades.quantity_wh[here].sum())))
            assert cleared.price_micro_per_kwh[slot] == mean


@EVERY
@given(rows=st.lists(ROW, max_size=14), by_hand=st.lists(ROW, max_size=4), ties=st.booleans())
@settings(deadline=None, max_examples=25)
def test_a_session_is_cleared_by_its_mechanism(name, rows, by_hand, ties, house):
    k, tie = 300_000, "time" if ties else "pro-rata"
    home = house(TradingRules(name, k_ppm=k, ties=tie))
    home.columns(rows)
    for number, (member, slot, side, wh, limit) in enumerate(by_hand):
        home.place(f"k{number}", f"m{member:03}", side, wh, limit, slot)
    columns = np.array([*rows, *by_hand], dtype=np.int64).reshape(-1, 5).T
    orders = Orders(np.arange(columns.shape[1]), *columns)
    told = home.gate()
    cleared = told[0]
    check_told(cleared, 96)
    assert (cleared.trades is None) == (name in UNIFORM)
    options = {"k_ppm": k, "ties": tie}
    mechanism = choose(name, {at: options[at] for at in MECHANISMS[name].options})
    found = mechanism.clear(orders, 96)
    expected = np.zeros((2, 4, 96), np.int64)
    sells = (orders.side < 0).astype(int)
    np.add.at(expected, (sells, orders.member, orders.slot), found.accepted_wh)
    np.testing.assert_array_equal([cleared.bought_wh, cleared.sold_wh], expected)
    if isinstance(found, Matched):
        named = session_trades(orders, found)
        assert as_set(cleared.trades) == as_set(named)
    else:
        np.testing.assert_array_equal(cleared.price_micro_per_kwh, found.price_micro_per_kwh)
    check_closed(told, cleared, by_hand, found, len(rows))


def as_set(trades):
    fields = trades.__struct_fields__
    return sorted(zip(*(getattr(trades, at).tolist() for at in fields), strict=True))


def check_closed(told, cleared, by_hand, found, first):
    """Each person's order has what the mechanism gave it."""
    if not by_hand:
        assert len(told) == 1
        return
    closed = told[1]
    assert isinstance(closed, OrdersClosed)
    assert closed.keys == tuple(f"k{number}" for number in range(len(by_hand)))
    assert closed.traded_wh.tolist() == found.accepted_wh[first:].tolist()
    for place, (_, slot, side, _, limit) in enumerate(by_hand):
        wh, paid = int(closed.traded_wh[place]), int(closed.paid_nano[place])
        assert paid <= wh * limit if side > 0 else -paid >= wh * limit
        if cleared.trades is None:
            assert paid == side * wh * int(cleared.price_micro_per_kwh[slot])


def test_both_markets_have_rules_of_their_own(floor, small_community):
    market = MarketRules(
        *GATES, day_ahead=TradingRules("pay-as-bid"), intraday=TradingRules("pay-as-offer")
    )
    home = floor(small_community(2, market=market)).open(0, 1)
    for at, price in ((0, 120_000), (1, 80_000)):
        home.columns([(0, 0, 1, 10, 120_000), (1, 0, -1, 10, 80_000)], at=at)
        cleared = home.cleared(at)
        assert cleared.trades.buyer_micro_per_kwh.tolist() == [price]
        assert cleared.trades.sell_order.tolist() == [1]


def test_members_preferences_and_the_fee_by_distance_count(house):
    trading = msgspec.structs.replace(
        free_trading(4),
        partner=np.array([3, -1, -1, -1]),
        partner_micro_per_kwh=np.array([30_000, 0, 0, 0]),
        near_micro_per_kwh=np.array([0, 5_000, 0, 0]),
        green_micro_per_kwh=np.array([0, 0, 7_000, 0]),
    )
    rules = TradingRules("preference", k_ppm=1_000_000, distance_fee_micro_per_kwh=10_000)
    # zones: root, two below it; members 0 and 1 in the first, 2 and 3 in the second of them
    zones = ((-1, -1, -1), (0, -1, -1), (0, -1, -1))
    home = house(rules, zones, (1, 1, 2, 2), trading=trading)
    home.buy("b", "m000", 10, 100_000)
    home.sell("near", "m001", 10, 90_000)
    home.sell("far", "m003", 10, 95_000)
    (trade,) = as_set(home.cleared().trades)
    # worth 130,000 from its partner, of which the network takes two steps; the seller gets all else
    assert trade[:6] == (3, 0, 0, 10, 110_000, 130_000)


def test_what_an_order_says_goes_before_what_its_member_prefers(house):
    trading = msgspec.structs.replace(free_trading(4), green_micro_per_kwh=np.full(4, 50_000))
    rules = TradingRules("preference", k_ppm=0)
    for says, price in ((-1, 120_000), (0, 100_000), (15_000, 115_000)):
        home = house(rules, trading=trading)
        home.buy("b", "m000", 10, 100_000, green_micro_per_kwh=says)
        home.sell("s", "m001", 10, 120_000 if says < 0 else 100_000 + says, green=True)
        (trade,) = as_set(home.cleared().trades)
        assert trade[4:6] == (price, price)
        home = house(rules, trading=trading)
        home.buy("b", "m000", 10, 100_000, green_micro_per_kwh=says)
        home.sell("s", "m001", 10, 100_001, green=False)
        assert not home.cleared().traded.any()


def test_an_agents_offer_is_green_where_nothing_else_can_be_in_it(house):
    battery = ("battery", 1, 3000, 3000, 5000, 0.95, 0.95, 1.0)
    car = ("car", 2, 3000, 0, 5000, 0.95, 0.95, 1.0)
    pv = ((0, 5000), (1, 5000), (2, 5000))
    home = house(TradingRules("preference"), pv=pv, storage=(battery, car))
    assert Venue(home.community).green.tolist() == [True, False, True, False]


def test_steps_between_zones():
    #  0      4      roots
    #  1 2    5
    #  3
    steps = zone_steps(np.array([-1, 0, 0, 1, -1, 4]))
    assert steps.tolist() == [
        [0, 1, 1, 2, 1, 2],
        [1, 0, 2, 1, 2, 3],
        [1, 2, 0, 3, 2, 3],
        [2, 1, 3, 0, 3, 4],
        [1, 2, 2, 3, 0, 1],
        [2, 3, 3, 4, 1, 0],
    ]


def test_limits_of_the_grid_split_prices(house):
    # the second zone takes in 400 W: 100 Wh in a slot
    home = house(TradingRules(grid_limits=True), ((-1, -1, -1), (0, 400, -1)), (0, 0, 1, 1))
    home.columns([(0, 0, -1, 1000, 50_000), (2, 0, 1, 300, 200_000), (3, 0, -1, 80, 150_000)])
    cleared = home.cleared()
    check_told(cleared, 96)
    assert cleared.bought_wh[2, 0] == 180
    assert as_set(cleared.trades) == [
        (0, 2, 0, 100, 50_000, 200_000, 0, 1),
        (3, 2, 0, 80, 200_000, 200_000, 2, 1),
    ]


def test_blocks_trade_all_or_nothing_beside_hourly_orders(house):
    home = house(TradingRules("block-orders"))
    home.buy("block", "m000", 10, 100_000, 0, slots=3)
    home.buy("in part", "m000", 10, 100_000, 0, slots=2, minimum_ppm=400_000)
    home.columns([(1, 0, -1, 30, 50_000), (1, 1, -1, 15, 50_000), (1, 2, -1, 12, 60_000)])
    told = home.gate()
    cleared = told[1]
    assert isinstance(cleared, SessionCleared)
    check_told(cleared, 96)
    assert cleared.bought_wh[0, :4].tolist() == [15, 15, 10, 0]
    assert (cleared.orders, cleared.asked_wh[:4].tolist()) == (5, [20, 20, 10, 0])
    assert (cleared.trades, cleared.proven) == (None, True)
    closed = told[2]
    assert closed.traded_wh.tolist() == [30, 10]
    assert closed.left_wh.tolist() == [0, 10]
    price = cleared.price_micro_per_kwh
    assert closed.paid_nano.tolist() == [10 * int(price[:3].sum()), 5 * int(price[:2].sum())]


@pytest.mark.parametrize(("patience", "proven"), [(50, True), (0, False)])
def test_a_search_cut_short_says_so(house, monkeypatch, patience, proven):
    monkeypatch.setattr(dispatch, "clear_blocks", partial(clear_blocks, patience=patience))
    home = house(TradingRules("block-orders"))
    home.sell("block", "m002", 8, 50_000, group="alone")  # would set a price at which it loses
    home.columns([(0, 0, 1, 10, 100_000), (1, 0, -1, 5, 10_000)])
    cleared = home.cleared()
    assert cleared.proven is proven
    assert cleared.sold_wh[:, 0].tolist() == [0, 5, 0, 0]


def test_between_gate_and_solution_nothing_comes_in(house):
    """The solver's answer is recorded; an order in the meantime is told that the gate is closed."""
    home = house(TradingRules("block-orders"))
    home.buy("block", "m000", 10, slots=2)
    home.room = without_effects(home.room)
    home.gate()
    assert list(home.state.closing) == [home.first.id]
    (refused,) = home.buy("late", "m000", 10)
    assert refused.reasons == ("gate_closed",)


def without_effects(room):
    """The room without its effects, as if they took their time."""
    return type(room)(room.name, room.state, room.handlers, {})


@pytest.mark.parametrize(
    "rules",
    [
        TradingRules("vickrey"),
        TradingRules("pay-as-bid", grid_limits=True),
        TradingRules("k-pricing", ties="alphabet"),
        TradingRules("k-pricing", k_ppm=1_000_001),
        TradingRules("preference", distance_fee_micro_per_kwh=-1),
    ],
)
def test_rules_that_cannot_be_kept_are_refused_before_a_run(small_community, rules):
    market = MarketRules(*GATES, intraday=rules)
    with pytest.raises(ValueError, match=r"mechanism|limits|alphabet|ppm|negative"):
        Market(small_community(2, market=market))


@EVERY
def test_a_book_can_be_cleared_under_any_rules(house, name):
    home = house(TradingRules("continuous"))
    home.columns([(0, 0, 1, 10, 100_000), (1, 0, -1, 4, 80_000), (2, 0, -1, 9, 90_000)])
    venue, book = Venue(home.community), home.book()
    terms = terms_of(home.community.market, TradingRules(name))
    found = dispatch.clear_under(book, venue, terms, home.first.gate)
    assert found.accepted_wh.tolist() == [10, 4, 6]
    assert found.paid_nano.sum() == 0


def test_many_orders_at_once_trade_as_one_by_one(house, monkeypatch):
    rng = np.random.default_rng(5)
    rows = np.stack(
        [
            rng.integers(0, 4, 300),
            rng.integers(0, 5, 300),
            rng.choice([1, -1], 300),
            rng.integers(1, 90, 300),
            rng.integers(-50, 50, 300) * 1000,
        ],
        axis=1,
    )
    found = []
    for few in (10**6, 0):
        monkeypatch.setattr("gridpact.market.trading._FEW", few)
        home = house(TradingRules("continuous"))
        for part in np.split(rows, 3):
            home.columns(part)
            home.sell(f"k{len(found)}-{part[0, 0]}-{part[0, 3]}", "m003", 5, -50_000, 2)
        found.append((home.book().resting, home.cleared()))
    (one, cleared), (other, other_cleared) = found
    assert as_set(cleared.trades) == as_set(other_cleared.trades)
    for name in one.placed.__struct_fields__:
        np.testing.assert_array_equal(getattr(one.placed, name), getattr(other.placed, name))
