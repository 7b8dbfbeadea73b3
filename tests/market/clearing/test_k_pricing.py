from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.units import INT64_MAX
from gridpact.market.clearing import discriminatory, k_pricing, uniform_price
from gridpact.market.clearing.discriminatory import Pays

SLOTS = 4
PRICE = st.integers(-9, 9) | st.integers(-INT64_MAX, INT64_MAX)
K = st.integers(0, 10**6) | st.sampled_from([0, 10**6, 500_000, 250_000])


@given(PRICE, PRICE, K)
@settings(deadline=None, max_examples=500)
def test_a_price_is_the_exact_one_rounded(one, other, k):
    low, high = min(one, other), max(one, other)
    found = k_pricing.between(np.array([low]), np.array([high]), k)
    exact = Fraction(k * high + (10**6 - k) * low, 10**6)
    assert found.tolist() == [round(exact)]
    assert low <= found[0] <= high


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_the_ends_are_pay_as_offer_and_pay_as_bid(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    for k, pays in ((0, Pays.OFFER), (10**6, Pays.BID)):
        found = k_pricing.clear_pairs(orders, SLOTS, k).trades
        same = discriminatory.clear(orders, SLOTS, pays).trades
        for name in found.__struct_fields__:
            np.testing.assert_array_equal(getattr(found, name), getattr(same, name))


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_half_way_is_the_uniform_price(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    found, same = k_pricing.clear_uniform(orders, SLOTS), uniform_price.clear(orders, SLOTS)
    for name in found.__struct_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(same, name))


def test_the_ends_of_the_interval(orders_of):
    # volume 4; low = max(offer 10, rejected bid 12), high = min(bid 40, rejected offer 31)
    orders = orders_of([(0, 1, 4, 40), (0, 1, 4, 12), (0, -1, 4, 10), (0, -1, 4, 31)])
    prices = [
        k_pricing.clear_uniform(orders, 1, k).price_micro_per_kwh.tolist()
        for k in (0, 100_000, 500_000, 10**6)
    ]
    assert prices == [[12], [14], [22], [31]]  # 13.9 and 21.5, half to even


@pytest.mark.parametrize("k", [-1, 10**6 + 1])
def test_a_share_is_at_most_the_whole(k, orders_of):
    with pytest.raises(ValueError, match="within"):
        k_pricing.clear_pairs(orders_of([(0, 1, 1, 5), (0, -1, 1, 5)]), 1, k)
