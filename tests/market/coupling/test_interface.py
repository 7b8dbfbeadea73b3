import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridpact.market import agents
from gridpact.market.admission import NO_LIMIT, Admission, refusals
from gridpact.market.clearing import outcome, uniform_price
from gridpact.market.coupling.accounts import link_money, payments_nano, surplus_nano, welfare_nano
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.interface import (
    Joined,
    Player,
    admit_players,
    clear_inside,
    residual_offer,
    wholesale,
)
from gridpact.market.coupling.tree import Market, locate, subtree, tree, written_out
from gridpact.market.orders import Orders, Refusal, concatenate
from gridpact.market.terms import Terms
from gridpact.registry.model import TradingRules
from gridpact.registry.tariffs import outside_prices

SLOTS = 2


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_an_aggregators_offer_stands_for_all_inside(data, joined_books, columns):
    """Clearing parent and inside by turns is clearing the whole tree at once."""
    rows, joined = data.draw(joined_books(most=18))
    below = np.flatnonzero(joined.parent >= 0)
    if not below.size:
        return
    orders, market = columns(rows)
    top = int(data.draw(st.sampled_from(below.tolist())))
    whole = clear_tree(orders, market, joined, SLOTS)

    inside_rows = subtree(joined, top)[1]
    outer = np.flatnonzero(~np.isin(market, inside_rows))
    member = orders.count + 1
    offer = residual_offer(Joined(orders, market, joined, SLOTS), top, member, orders.count)
    book = concatenate(orders.take(outer), offer)
    places = np.full(offer.count, joined.parent[top])
    parent = clear_tree(book, np.concatenate([market[outer], places]), joined, SLOTS)
    sold = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(sold, offer.slot, (-offer.side * parent.accepted_wh[outer.size :]))
    above = int(joined.parent[top])
    inside = clear_inside(
        Joined(orders, market, joined, SLOTS),
        top,
        sold,
        parent.price_micro_per_kwh[above],
        parent.priced[above],
    )
    assert inside.market_row.tolist() == inside_rows.tolist()
    # outside has the prices of the whole, inside those that go with them
    others = np.setdiff1d(np.arange(joined.count), inside_rows)
    np.testing.assert_array_equal(
        parent.price_micro_per_kwh[others], whole.price_micro_per_kwh[others]
    )
    np.testing.assert_array_equal(parent.priced[others], whole.priced[others])
    full = written_out(joined, SLOTS)
    inner_price = inside.coupled.price_micro_per_kwh
    for slot in np.flatnonzero(sold):
        if -full.import_limit_wh[top, slot] < sold[slot] < full.export_limit_wh[top, slot]:
            at = inner_price[inside_rows == top, slot]
            assert at.tolist() == [whole.price_micro_per_kwh[top, slot]]
    assert np.all(
        surplus_nano(orders.take(inside.order_row), market_in(inside, market), inside.coupled) >= 0
    )
    # and what all orders gain together, less all fees, is the greatest there is
    accepted = np.zeros(orders.count, dtype=np.int64)
    accepted[outer] = parent.accepted_wh[: outer.size]
    accepted[inside.order_row] = inside.coupled.accepted_wh
    worth = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(worth, orders.slot, orders.side * accepted * orders.limit_micro_per_kwh)
    root = np.flatnonzero(inside.tree.parent < 0)
    np.testing.assert_array_equal(inside.coupled.export_wh[root[0]], sold)
    inner = link_money(inside.tree, inside.coupled, parent.price_micro_per_kwh[above])
    fees = inner.fee_nano.sum(axis=0) + link_money(joined, parent).fee_nano.sum(axis=0)
    np.testing.assert_array_equal(worth - fees, welfare_nano(orders, joined, whole))
    # money: inside pays the parent what the aggregator pays there, and the link keeps the rest
    assert np.all(inner.rent_nano >= 0)
    paid = payments_nano(orders.take(inside.order_row), market_in(inside, market), inside.coupled)
    by_slot = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(by_slot, orders.slot[inside.order_row], paid)
    kept = (inner.fee_nano + inner.rent_nano).sum(axis=0)
    np.testing.assert_array_equal(by_slot, kept - sold * parent.price_micro_per_kwh[above])


def market_in(inside, market):
    return np.searchsorted(inside.market_row, market[inside.order_row])


def test_a_residual_is_one_line_of_steps(columns):
    joined = tree([Market("region"), Market("village", "region", 4, 6, 1, 1)], 1)
    rows = [(1, 0, 1, 3, 9), (1, 0, 1, 5, 8), (1, 0, -1, 2, 4), (1, 0, -1, 7, 8), (1, 0, -1, 9, 8)]
    offer = residual_offer(Joined(*columns(rows), joined, 1), 1, 77, 100)
    # 8 Wh are wanted and 2 offered below that: of the import of 6 the link passes 4. At 8 the
    # five unserved and the sixteen offered Wh turn it round, six of which the link lets out.
    found = list(
        zip(
            offer.side.tolist(),
            offer.quantity_wh.tolist(),
            offer.limit_micro_per_kwh.tolist(),
            strict=True,
        )
    )
    assert found == [(1, 4, 7), (-1, 6, 9)]
    assert offer.sequence.tolist() == [100, 101]
    assert set(offer.member.tolist()) == {77}


def test_nothing_inside_offers_nothing(columns):
    joined = tree([Market("region"), Market("village", "region")], 1)
    assert residual_offer(Joined(*columns([(0, 0, 1, 3, 9)]), joined, 1), 1, 0, 0).count == 0


WANTED = st.lists(st.integers(-9, 9), min_size=SLOTS, max_size=SLOTS)
BETTER = st.sampled_from([0, 0, 3_000, 7_001])
MEMBERS = st.lists(st.tuples(WANTED, BETTER, BETTER), min_size=1, max_size=6)
SPOT = st.lists(st.integers(-200_000, 400_000), min_size=SLOTS, max_size=SLOTS)


@given(MEMBERS, SPOT)
@settings(deadline=None, max_examples=200)
def test_a_price_taking_community_pays_the_same_bills(small_community, rows, spot):
    """A day's books cleared alone, the rest from the supplier, or joined to a deep main market.

    The main market stands beyond the link with the supplier's prices, and what a neighbour's kWh
    saves of the network charge is the link's fee on imports.
    """
    net, discount, premium = (np.array(column) for column in zip(*rows, strict=True))
    community = small_community(
        len(rows), discount_micro_per_kwh=discount, premium_micro_per_kwh=premium
    )
    prices = outside_prices(community.tariffs, np.array(spot))
    assume(np.all(prices.supplier_export < prices.supplier_import))
    saved = prices.avoided - prices.supplier_import
    free = Terms(TradingRules(), -10_000_000, 10_000_000)
    orders = agents.orders(net, np.zeros_like(net), prices, community.members, free)

    def bills(count, accepted, payments):
        """Payments in the market, and the rest with the supplier and its network charge."""
        bill, rest = np.zeros((count, SLOTS), dtype=np.int64), net.copy()
        mine = slice(0, orders.count)
        np.subtract.at(rest, (orders.member, orders.slot), orders.side * accepted[mine])
        np.add.at(bill, (orders.member, orders.slot), payments[mine])
        return bill + np.where(rest > 0, prices.avoided, prices.supplier_export) * rest

    alone = uniform_price.clear(orders, SLOTS)
    expected = bills(len(rows), alone.accepted_wh, outcome.payments_nano(orders, alone))

    joined = tree(
        [Market("main"), Market("homes", "main", import_fee_micro_per_kwh=tuple(saved.tolist()))],
        SLOTS,
    )
    main = wholesale(prices.supplier_import, prices.supplier_export, orders, len(rows))
    both = concatenate(orders, main)
    market = np.concatenate([np.ones(orders.count, np.int64), np.zeros(main.count, np.int64)])
    found = clear_tree(both, market, joined, SLOTS)
    payments = payments_nano(both, market, found)
    np.testing.assert_array_equal(bills(len(rows), found.accepted_wh, payments), expected)
    inside = found.price_micro_per_kwh[1, alone.traded]
    np.testing.assert_array_equal(inside, alone.price_micro_per_kwh[alone.traded])
    # what the members pay, the main market receives, or the network
    assert payments.sum() == link_money(joined, found).fee_nano.sum()
    if not (discount.any() or premium.any()):  # then all that members want crosses the market
        np.testing.assert_array_equal(found.export_wh[1], -net.sum(axis=0))


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_orders_better_than_the_main_market_trade_inside_as_if_alone(data, joined_books, columns):
    """With a discount and a premium, as the members' agents order, nothing crosses the link."""
    rows, _ = data.draw(joined_books(wide=False))
    orders, _ = columns(rows)
    main = wholesale(np.full(SLOTS, 7), np.full(SLOTS, -7), orders, orders.count)
    joined = tree([Market("main"), Market("community", "main")], SLOTS)
    market = np.concatenate([np.ones(orders.count, np.int64), np.zeros(main.count, np.int64)])
    found = clear_tree(concatenate(orders, main), market, joined, SLOTS)
    alone = uniform_price.clear(orders, SLOTS)
    np.testing.assert_array_equal(found.accepted_wh[: orders.count], alone.accepted_wh)
    assert not found.export_wh.any()
    traded = alone.traded
    np.testing.assert_array_equal(
        found.price_micro_per_kwh[1, traded], alone.price_micro_per_kwh[traded]
    )


@pytest.mark.parametrize("export_price", [3, 4])
def test_a_main_market_buys_below_the_price_at_which_it_sells(export_price, columns):
    orders, _ = columns([(0, 0, 1, 1, 1)])
    with pytest.raises(ValueError, match="sells"):
        wholesale(np.array([3]), np.array([export_price]), orders, 0)


def test_main_market_players_trade_inside_under_the_inside_rules(columns):
    yes, free = np.array([True]), np.array([NO_LIMIT])
    volume, places = np.full((1, 2, 2), NO_LIMIT), np.full(2, NO_LIMIT)
    rules = Admission(np.array([True, False]), yes, ~yes, yes, -50, 90, volume, free, places)
    players = [
        Player("trader-1", "trader", "main", buy_limit_wh=10),
        Player("generator-1", "generator", "main"),
        Player("trader-2", "trader", "nowhere"),
    ]
    extended = admit_players(rules, players, {"trader", "aggregator"})
    rows = [
        (0, 0, 1, 8, 60),  # the trader within its limit
        (0, 0, 1, 3, 60),  # beyond it
        (0, 0, -1, 500, 60),  # no limit to sell
        (0, 0, -1, 5, 91),  # beyond the inside price limit
        (0, 1, -1, 5, 60),  # the inside gate is closed
        (0, 0, -1, 5, 60),  # the generator's role is not admitted
        (0, 0, -1, 5, 60),  # a member, as before
    ]
    orders, _ = columns(rows)
    orders = Orders(
        orders.sequence,
        np.array([1, 1, 1, 1, 1, 2, 0]),
        orders.slot,
        orders.side,
        orders.quantity_wh,
        orders.limit_micro_per_kwh,
    )
    codes = refusals(orders, extended, np.zeros(orders.count, dtype=np.int64))
    assert [Refusal(code).name for code in codes.tolist()] == [
        "NONE", "VOLUME_LIMIT", "NONE", "PRICE_LIMIT", "GATE_CLOSED", "NOT_AUTHORISED", "NONE",
    ]  # fmt: skip
    # the accepted trader's energy comes over the link, at its fee
    joined = tree([Market("main"), Market("community", "main", 100, 100, 10, 10)], 2)
    market = locate(joined, ["main", "community"])
    pair = orders.take(np.array([2, 0]))
    found = clear_tree(pair, market, joined, 2)
    assert found.export_wh[1].tolist() == [0, 0]  # 60 and a fee of 10 are more than 60
    bid = Orders(
        *(column[1:] for column in (pair.sequence, pair.member, pair.slot, pair.side)),
        pair.quantity_wh[1:],
        pair.limit_micro_per_kwh[1:] + 10,
    )
    found = clear_tree(concatenate(pair.take(np.array([0])), bid), market, joined, 2)
    assert found.export_wh[1].tolist() == [-8, 0]
    assert link_money(joined, found).fee_nano[1].tolist() == [80, 0]
