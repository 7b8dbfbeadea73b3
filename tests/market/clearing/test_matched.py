"""Counterparties named: pairs walked Wh by Wh, accounts added up in Python's integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.matched import (
    Matched,
    Trades,
    accounts_nano,
    exact_sum,
    from_accepted,
    in_merit_order,
    meet,
    to_matched,
    total_by,
    welfare_nano,
)

SLOTS = 4


def walked(orders, accepted):
    """Pairs by two pointers, one slot after the other."""
    pairs = []
    for slot in range(SLOTS):
        queues = []
        for sign in (1, -1):
            rows = [
                row
                for row in range(orders.count)
                if orders.slot[row] == slot and orders.side[row] == sign and accepted[row] > 0
            ]
            rows.sort(key=lambda row: (-orders.side[row] * orders.limit_micro_per_kwh[row], row))
            queues.append([[row, int(accepted[row])] for row in rows])
        bids, offers = queues
        while bids and offers:
            size = min(bids[0][1], offers[0][1])
            pairs.append((bids[0][0], offers[0][0], size))
            for queue in queues:
                queue[0][1] -= size
                if not queue[0][1]:
                    queue.pop(0)
        assert not bids
        assert not offers
    return pairs


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_pairs_are_those_of_two_pointers(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    clearing = uniform_price.clear(orders, SLOTS)
    found = from_accepted(orders, clearing)
    trades = found.trades
    pairs = list(
        zip(trades.buy.tolist(), trades.sell.tolist(), trades.quantity_wh.tolist(), strict=True)
    )
    assert pairs == walked(orders, clearing.accepted_wh)
    price = clearing.price_micro_per_kwh[orders.slot[trades.buy]]
    np.testing.assert_array_equal(trades.buyer_micro_per_kwh, price)
    np.testing.assert_array_equal(trades.seller_micro_per_kwh, price)
    again = to_matched(orders, trades)
    np.testing.assert_array_equal(again.accepted_wh, found.accepted_wh)
    for slot in range(SLOTS):
        here = orders.slot[trades.buy] == slot
        traders = np.count_nonzero((orders.slot == slot) & (found.accepted_wh > 0))
        assert np.count_nonzero(here) <= max(traders - 1, 0)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_sequence_decides_among_equal_limits_whatever_the_rows(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    mix = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    mixed = orders.take(mix)
    one = from_accepted(orders, uniform_price.clear(orders, SLOTS)).trades
    other = from_accepted(mixed, uniform_price.clear(mixed, SLOTS)).trades
    np.testing.assert_array_equal(orders.sequence[one.buy], mixed.sequence[other.buy])
    np.testing.assert_array_equal(orders.sequence[one.sell], mixed.sequence[other.sell])
    np.testing.assert_array_equal(one.quantity_wh, other.quantity_wh)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_single_sort_finds_the_same_pairs(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    clearing, found = uniform_price.match(orders, SLOTS)
    np.testing.assert_array_equal(
        clearing.accepted_wh, uniform_price.clear(orders, SLOTS).accepted_wh
    )
    same = from_accepted(orders, clearing)
    for name in same.trades.__struct_fields__:
        np.testing.assert_array_equal(getattr(found.trades, name), getattr(same.trades, name))


TRADE = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.integers(1, 50), *[st.integers(-99, 99)] * 2
)


@given(st.lists(TRADE, max_size=12), st.sampled_from([1, 10**5, 10**12, 10**14]))
@settings(deadline=None, max_examples=200)
def test_accounts_are_the_trades_added_up(orders_of, rows, scale):
    orders = orders_of([(0, 1, 10**18, 0)] * 4 + [(0, -1, 10**18, 0)] * 4)
    rows = [(a, b + 4, wh, pays * scale, gets * scale) for a, b, wh, pays, gets in rows]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    found = to_matched(orders, Trades(*columns))
    paid, received, fees = accounts_nano(orders, found, 8)
    for member in range(8):
        assert paid[member] == sum(wh * pays for buy, _, wh, pays, _ in rows if buy == member)
        assert received[member] == sum(wh * gets for _, sell, wh, _, gets in rows if sell == member)
    assert sum(paid.tolist()) == sum(received.tolist()) + fees


def test_sums_that_leave_64_bits_are_refused_and_others_are_exact(orders_of):
    half = INT64_MAX // 2 + 1
    orders = orders_of([(0, 1, 2, half), (0, -1, 2, -half)])
    one, two = np.array([0]), np.array([0, 0])

    def account(buy, price):
        trades = Trades(buy, buy + 1, buy + 1, buy + price, buy + price)
        return accounts_nano(orders, Matched(np.array([buy.size, buy.size]), trades), 2)

    assert account(one, half)[0].tolist() == [half, 0]
    with pytest.raises(NumberOverflow):
        account(two, half)
    with pytest.raises(NumberOverflow):
        welfare_nano(orders, Matched(np.array([2, 2]), Trades(two, two, two, two, two)))
    assert total_by(two, np.array([half, -half]), 1).tolist() == [0]
    wide = np.array([INT64_MAX, INT64_MAX, -INT64_MAX, 5])
    assert exact_sum(wide) == INT64_MAX + 5


def test_lines_of_different_length_are_a_bug():
    with pytest.raises(ValueError, match="bought"):
        meet(np.array([3]), np.array([2]))
    with pytest.raises(ValueError, match="bought"):
        meet(np.array([3]), np.array([], dtype=np.int64))


def test_energy_cannot_move_between_slots(orders_of):
    orders = orders_of([(0, 1, 5, 9), (1, -1, 5, 1)])
    with pytest.raises(ValueError, match="every slot"):
        in_merit_order(orders, orders.quantity_wh)
