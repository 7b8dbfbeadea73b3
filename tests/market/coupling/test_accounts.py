import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.market.coupling.accounts import (
    link_money,
    payments_nano,
    statement_nano,
    surplus_nano,
    totals,
    totals_by_market,
    welfare_nano,
)
from gridpact.market.coupling.clearing import clear_tree
from gridpact.market.coupling.tree import Market, tree

SLOTS = 2


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_paid_is_received_and_fees_and_rent(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    payments = payments_nano(orders, market, found)
    money = link_money(joined, found)
    assert np.all(money.fee_nano >= 0)
    assert np.all(money.rent_nano >= 0)
    linked = joined.parent >= 0
    assert not money.fee_nano[~linked].any()
    assert not money.rent_nano[~linked].any()
    # by market: what its orders pay is what its links bring or take at its price
    price, by_market = found.price_micro_per_kwh, totals_by_market(payments, orders, market, found)
    np.testing.assert_array_equal(by_market, price * (found.bought_wh - found.sold_wh))
    # by slot and in total
    kept = (money.fee_nano + money.rent_nano).sum(axis=0)
    np.testing.assert_array_equal(totals(payments, orders.slot, SLOTS), kept)
    paid, received = statement_nano(orders, payments, max(orders.count, 1))
    assert min(paid.min(), received.min()) >= 0
    assert paid.sum() == received.sum() + kept.sum()
    # by link: what the importing end pays for it, less what the exporting end receives
    for row in np.flatnonzero(linked):
        rise = price[joined.parent[row]] - price[row]
        earned = money.fee_nano[row] + money.rent_nano[row]
        np.testing.assert_array_equal(earned, found.export_wh[row] * rise)


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_welfare_is_everyones_gain(data, joined_books, columns):
    rows, joined = data.draw(joined_books())
    orders, market = columns(rows)
    found = clear_tree(orders, market, joined, SLOTS)
    surplus = surplus_nano(orders, market, found)
    assert np.all(surplus >= 0)
    rent = link_money(joined, found).rent_nano.sum(axis=0)
    gain = totals(surplus, orders.slot, SLOTS) + rent
    np.testing.assert_array_equal(welfare_nano(orders, joined, found), gain)


def test_sums_beyond_64_bits_are_refused(columns):
    joined = tree([Market("r"), Market("a", "r")], 1)
    orders, market = columns([(0, 0, 1, 2**31, 2**33), (1, 0, -1, 2**31, 2**33)])
    found = clear_tree(orders, market, joined, 1)
    with pytest.raises(NumberOverflow):
        payments_nano(orders, market, found)
    assert totals(np.array([2**62, -(2**62), 2**62]), np.zeros(3, np.int64), 1).tolist() == [2**62]
    with pytest.raises(NumberOverflow):
        totals(np.array([2**62, 2**62]), np.zeros(2, np.int64), 1)
