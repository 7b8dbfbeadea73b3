"""Zonal clearing: the tree's outcome with counterparties, whose money adds up link by link."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.matched import accounts_nano, from_accepted, welfare_nano
from gridpact.market.coupling.accounts import link_money
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.tree import Market, tree
from gridpact.market.grid import zonal
from gridpact.market.grid.pairing import nearest_first

SLOTS = 2


def zones_above(joined, zone):
    way = [zone]
    while joined.parent[way[-1]] >= 0:
        way.append(int(joined.parent[way[-1]]))
    return way


def common(joined, one, other):
    return next(zone for zone in zones_above(joined, one) if zone in zones_above(joined, other))


def flows_of(joined, location, orders, trades):
    """What every link exports, trade by trade along the way of each [zones, slots]."""
    export = np.zeros((joined.count, SLOTS), np.int64)
    gross = np.zeros_like(export)
    for buy, sell, wh in zip(trades.buy, trades.sell, trades.quantity_wh, strict=True):
        slot, top = orders.slot[buy], common(joined, location[buy], location[sell])
        for order, sign in ((sell, 1), (buy, -1)):
            for zone in zones_above(joined, location[order]):
                if zone == top:
                    break
                export[zone, slot] += sign * wh
                gross[zone, slot] += wh
    return export, gross


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_trades_follow_the_flows_and_pay_for_them(joined_books, columns, data):
    rows, joined = data.draw(joined_books())
    orders, location = columns(rows)
    found = zonal.clear(orders, SLOTS, location, joined)
    trades, coupled = found.matched.trades, found.coupled
    plain = clear_tree(orders, location, joined, SLOTS)
    assert msgspec.structs.asdict(coupled).keys() == msgspec.structs.asdict(plain).keys()
    for name in plain.__struct_fields__:
        assert np.array_equal(getattr(coupled, name), getattr(plain, name))
    # every order's trades are what it was accepted for, in its own slot and on its own side
    total = np.zeros(orders.count, np.int64)
    np.add.at(total, trades.buy, trades.quantity_wh)
    np.add.at(total, trades.sell, trades.quantity_wh)
    assert np.array_equal(total, coupled.accepted_wh)
    assert np.array_equal(found.matched.accepted_wh, coupled.accepted_wh)
    assert np.array_equal(orders.slot[trades.buy], orders.slot[trades.sell])
    assert np.all(trades.quantity_wh > 0)
    # net and gross flow agree: no trade goes against another one
    export, gross = flows_of(joined, location, orders, trades)
    assert np.array_equal(export, coupled.export_wh)
    assert np.array_equal(np.abs(export), gross)
    assert np.all(trades.buyer_micro_per_kwh >= trades.seller_micro_per_kwh)
    assert np.all(trades.buyer_micro_per_kwh <= orders.limit_micro_per_kwh[trades.buy])
    assert np.all(trades.seller_micro_per_kwh >= orders.limit_micro_per_kwh[trades.sell])
    money = link_money(joined, coupled)
    paid, received, fees = accounts_nano(orders, found.matched, orders.count)
    assert fees == money.fee_nano.sum() + money.rent_nano.sum()
    assert paid.sum() - received.sum() == fees


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_within_a_zone_comes_first(joined_books, columns, data):
    rows, joined = data.draw(joined_books())
    orders, location = columns(rows)
    found = zonal.clear(orders, SLOTS, location, joined)
    trades, coupled = found.matched.trades, found.coupled
    inside = location[trades.buy] == location[trades.sell]
    within = np.zeros((joined.count, SLOTS), np.int64)
    place = location[trades.buy][inside], orders.slot[trades.buy][inside]
    np.add.at(within, place, trades.quantity_wh[inside])
    assert np.array_equal(within, np.minimum(coupled.bought_wh, coupled.sold_wh))
    assert np.array_equal(trades.buyer_micro_per_kwh[inside], trades.seller_micro_per_kwh[inside])


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_without_limits_and_fees_it_is_one_auction(joined_books, columns, data):
    rows, joined = data.draw(joined_books(limited=False, fees=False))
    # one tree: what has no parent hangs below the first root
    root = int(np.flatnonzero(joined.parent < 0)[0])
    parent = np.where(joined.parent < 0, root, joined.parent)
    parent[root] = -1
    joined = msgspec.structs.replace(joined, parent=parent)
    orders, location = columns(rows)
    found = zonal.clear(orders, SLOTS, location, joined).matched
    flat = from_accepted(orders, uniform_price.clear(orders, SLOTS))
    assert np.array_equal(found.accepted_wh, flat.accepted_wh)
    assert welfare_nano(orders, found) == welfare_nano(orders, flat)
    money = [accounts_nano(orders, matched, orders.count) for matched in (found, flat)]
    for one, other in zip(*money, strict=True):
        assert np.array_equal(one, other)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_the_order_of_rows_does_not_matter(joined_books, columns, data):
    rows, joined = data.draw(joined_books())
    orders, location = columns(rows)
    shuffled = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    one = zonal.clear(orders, SLOTS, location, joined).matched
    other = zonal.clear(orders.take(shuffled), SLOTS, location[shuffled], joined).matched
    assert np.array_equal(one.accepted_wh[shuffled], other.accepted_wh)
    assert np.array_equal(one.trades.buy, shuffled[other.trades.buy])
    assert np.array_equal(one.trades.sell, shuffled[other.trades.sell])
    assert np.array_equal(one.trades.quantity_wh, other.trades.quantity_wh)


def test_two_streets_with_a_limit(orders_of):
    """North sells at 10, south buys at 30 over a link of 40 Wh; each has its own price."""
    joined = tree(
        [Market("village"), Market("north", "village", 40, 40), Market("south", "village")], 1
    )
    orders = orders_of([(0, -1, 100, 10), (0, 1, 20, 12), (0, 1, 90, 30), (0, -1, 30, 28)])
    location = np.array([1, 1, 2, 2])
    found = zonal.clear(orders, 1, location, joined)
    assert found.coupled.price_micro_per_kwh[:, 0].tolist()[1:] == [10, 30]
    trades = found.matched.trades
    shown = zip(
        trades.buy.tolist(),
        trades.sell.tolist(),
        trades.quantity_wh.tolist(),
        trades.buyer_micro_per_kwh.tolist(),
        trades.seller_micro_per_kwh.tolist(),
        strict=True,
    )
    assert list(shown) == [(1, 0, 20, 10, 10), (2, 0, 40, 30, 10), (2, 3, 30, 30, 30)]
    assert accounts_nano(orders, found.matched, 4)[2] == 40 * (30 - 10)


def test_what_does_not_balance_is_refused(orders_of):
    orders = orders_of([(0, 1, 5, 10), (0, -1, 5, 1)])
    lone = tree([Market("a"), Market("b")], 1)
    with pytest.raises(ValueError, match="as much must be bought as sold"):
        nearest_first(orders, np.array([0, 1]), lone, np.array([5, 5]))
    none = zonal.clear(orders, 1, np.array([0, 1]), lone)
    assert none.matched.trades.count == 0
    assert none.matched.accepted_wh.tolist() == [0, 0]
