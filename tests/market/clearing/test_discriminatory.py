"""The greedy fill, walked consumer by consumer and offer by offer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.market.clearing import discriminatory, uniform_price
from gridpact.market.clearing.discriminatory import Pays
from gridpact.market.clearing.matched import accounts_nano, welfare_nano

SLOTS = 4


def greedy(orders, slot, consumers):
    """Trades (buy, sell, Wh) of consumers in the given order."""
    left = dict(enumerate(orders.quantity_wh.tolist()))
    limit = orders.limit_micro_per_kwh.tolist()
    offers = [row for row in left if orders.slot[row] == slot and orders.side[row] < 0]
    offers.sort(key=lambda row: (limit[row], row))
    trades = []
    for buy in consumers:
        for sell in offers:
            size = min(left[buy], left[sell])
            if limit[sell] <= limit[buy] and size:
                trades.append((buy, sell, size))
                left[buy] -= size
                left[sell] -= size
    return trades


def consumers(orders, slot):
    rows = np.flatnonzero((orders.slot == slot) & (orders.side > 0)).tolist()
    return sorted(rows, key=lambda row: (-int(orders.limit_micro_per_kwh[row]), row))


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_each_price_level_trades_as_in_the_greedy_fill(data, book_rows, orders_of):
    """Ties share a level's energy among its orders, but not which level meets which."""
    orders = orders_of(data.draw(book_rows))
    found = discriminatory.clear(orders, SLOTS).trades
    limit = orders.limit_micro_per_kwh.tolist()

    def levels(trades):
        total = {}
        for buy, sell, size in trades:
            at = int(orders.slot[buy]), limit[buy], limit[sell]
            total[at] = total.get(at, 0) + size
        return total

    expected = [
        trade for slot in range(SLOTS) for trade in greedy(orders, slot, consumers(orders, slot))
    ]
    columns = found.buy.tolist(), found.sell.tolist(), found.quantity_wh.tolist()
    assert levels(zip(*columns, strict=True)) == levels(expected)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_without_ties_trades_are_those_of_the_greedy_fill(data, orders_of):
    limits = data.draw(st.lists(st.integers(-500, 500), unique=True, max_size=20))
    row = st.tuples(st.integers(0, SLOTS - 1), st.sampled_from([1, -1]), st.integers(1, 9))
    orders = orders_of([(*data.draw(row), limit) for limit in limits])
    found = discriminatory.clear(orders, SLOTS).trades
    expected = [
        trade for slot in range(SLOTS) for trade in greedy(orders, slot, consumers(orders, slot))
    ]
    columns = found.buy.tolist(), found.sell.tolist(), found.quantity_wh.tolist()
    assert list(zip(*columns, strict=True)) == expected


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_another_order_of_consumers_never_has_more_welfare(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    found = discriminatory.clear(orders, SLOTS)
    assert found.accepted_wh.tolist() == uniform_price.clear(orders, SLOTS).accepted_wh.tolist()
    limit = orders.limit_micro_per_kwh.tolist()
    other = 0
    for slot in range(SLOTS):
        mixed = data.draw(st.permutations(consumers(orders, slot)))
        trades = greedy(orders, slot, mixed)
        other += sum(size * (limit[buy] - limit[sell]) for buy, sell, size in trades)
    assert other <= welfare_nano(orders, found)


def test_low_bids_first_trade_more_with_less_welfare(orders_of):
    orders = orders_of([(0, 1, 10, 30), (0, 1, 10, 20), (0, -1, 10, 10), (0, -1, 10, 25)])
    found = discriminatory.clear(orders, 1)
    assert found.accepted_wh.tolist() == [10, 0, 10, 0]
    assert welfare_nano(orders, found) == 200
    assert greedy(orders, 0, [1, 0]) == [(1, 2, 10), (0, 3, 10)]  # 20 Wh, welfare 150


def test_pay_as_bid_and_pay_as_offer(orders_of):
    orders = orders_of([(0, 1, 10, 30), (0, 1, 10, 20), (0, -1, 15, 10)])
    accounts = {}
    for pays in Pays:
        found = discriminatory.clear(orders, 1, pays)
        paid, received, fees = accounts_nano(orders, found, 3)
        assert fees == 0
        accounts[pays] = paid.tolist(), received.tolist()
    assert accounts[Pays.OFFER] == ([100, 50, 0], [0, 0, 150])
    assert accounts[Pays.BID] == ([300, 100, 0], [0, 0, 400])
    with pytest.raises(ValueError, match="neither"):
        discriminatory.clear(orders, 1, "neither")


def test_a_large_book_against_a_bare_walk(orders_of):
    draw = stream(5, "test", "discriminatory")
    count = 20_000
    side = np.tile([1, -1], count // 2)
    limit = draw.permutation(count) + np.where(side > 0, 6000, 0)
    limit += np.where(limit % 2 == (side > 0), count, 0)  # bids and offers never at one price
    orders = orders_of(
        np.stack([np.zeros(count), side, draw.integers(50, 1001, count), limit], axis=1)
    )
    found = discriminatory.clear(orders, 1).trades
    bids = consumers(orders, 0)
    offers = np.flatnonzero(side < 0)
    offers = offers[np.lexsort((offers, orders.limit_micro_per_kwh[offers]))].tolist()
    expected, left = [], orders.quantity_wh.tolist()
    buy, sell = 0, 0
    while buy < len(bids) and sell < len(offers) and limit[bids[buy]] >= limit[offers[sell]]:
        size = min(left[bids[buy]], left[offers[sell]])
        expected.append((bids[buy], offers[sell], size))
        for row in expected[-1][:2]:
            left[row] -= size
        buy, sell = buy + (left[bids[buy]] == 0), sell + (left[offers[sell]] == 0)
    columns = found.buy.tolist(), found.sell.tolist(), found.quantity_wh.tolist()
    assert list(zip(*columns, strict=True)) == expected
    assert len(expected) > 1000
