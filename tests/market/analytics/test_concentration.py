"""Concentration: textbook cases, and member by member on random ones."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.analytics.concentration import (
    HIGHLY_CONCENTRATED_PPM,
    PPM_PER_POINT,
    concentration,
    energy_of_side,
)
from gridpact.market.clearing.mechanisms import MECHANISMS, match
from gridpact.market.orders import Side


@pytest.mark.parametrize(
    ("energy", "points", "first", "four"),
    [
        ([7], 10_000, 1_000_000, 1_000_000),
        ([5, 5, 0], 5_000, 500_000, 1_000_000),
        ([30, 30, 20, 20], 2_600, 300_000, 1_000_000),  # example of the Merger Guidelines of 1992
        ([10] * 10, 1_000, 100_000, 400_000),
        ([0, 40, 15, 15, 10, 10, 10], 2_350, 400_000, 800_000),
    ],
)
def test_by_hand(energy, points, first, four):
    found = concentration(np.array(energy))
    assert found is not None
    assert found.hhi_ppm == points * PPM_PER_POINT
    assert (found.cr1_ppm, found.cr4_ppm) == (first, four)
    assert found.energy_wh == sum(energy)
    assert found.members == sum(wh > 0 for wh in energy)


def test_bounds_of_what_is_called_concentrated():
    assert HIGHLY_CONCENTRATED_PPM == 180_000


def test_a_market_without_trade_has_no_concentration():
    assert concentration(np.zeros(3, np.int64)) is None
    assert concentration(np.empty(0, np.int64)) is None
    with pytest.raises(ValueError, match="negative"):
        concentration(np.array([5, -1]))


@given(st.lists(st.integers(0, 2**60), min_size=1, max_size=12))
@settings(deadline=None, max_examples=200)
def test_from_shares(energy):
    found, total = concentration(np.array(energy)), sum(energy)
    if not total:
        assert found is None
        return
    shares = sorted((Fraction(wh, total) for wh in energy), reverse=True)
    assert found is not None
    assert found.hhi_ppm == round(1_000_000 * sum(share**2 for share in shares))
    assert found.cr1_ppm == round(1_000_000 * shares[0])
    assert found.cr4_ppm == round(1_000_000 * sum(shares[:4]))
    assert found.hhi_ppm * found.members >= 1_000_000 - found.members


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_energy_by_side(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    accepted = match(MECHANISMS["pay-as-bid"], orders, 4).accepted_wh
    for side in Side:
        expected = [0] * (orders.count + 1)
        for row in range(orders.count):
            if orders.side[row] == side:
                expected[int(orders.member[row])] += int(accepted[row])
        assert energy_of_side(orders, accepted, side, orders.count + 1).tolist() == expected
