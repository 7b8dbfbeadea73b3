"""Price distributions: by hand, and Wh by Wh against the standard library's statistics."""

import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.analytics.prices import QUARTILES, prices, prices_over_time

TRADES = st.lists(st.tuples(st.integers(-40, 60), st.integers(0, 9)), max_size=15)
SCALE = st.sampled_from([1, 1000, 10**12])


def arrays_of(trades):
    return np.array(trades, dtype=np.int64).reshape(-1, 2).T


def test_by_hand():
    """1 Wh at 10, 2 Wh at 20 and 1 Wh at 40: mean 22.5, variance (156.25 + 12.5 + 306.25) ÷ 4."""
    found = prices(np.array([40, 20, 10, 99]), np.array([1, 2, 1, 0]))
    assert found is not None
    assert (found.energy_wh, found.mean_micro_per_kwh) == (4, 22)  # half to even
    assert found.deviation_micro_per_kwh == 11  # √118.75 is 10.9
    assert (found.lowest_micro_per_kwh, found.highest_micro_per_kwh) == (10, 40)
    assert found.levels_ppm == QUARTILES
    assert found.quantiles_micro_per_kwh == (10, 20, 20)


def test_without_trade_there_is_no_price():
    nothing = np.empty(0, np.int64)
    assert prices(nothing, nothing) is None
    assert prices(np.array([7]), np.array([0])) is None
    over = prices_over_time(np.array([7]), np.array([0]), np.array([1]), 2)
    assert over.traded.tolist() == [False, False]
    assert prices_over_time(nothing, nothing, nothing, 0).slots_traded.total_ppm is None


@given(trades=TRADES, scale=SCALE)
@settings(deadline=None, max_examples=200)
def test_every_wh_is_one_observation(trades, scale):
    price, energy = arrays_of([(each * scale, wh) for each, wh in trades])
    levels = (1, 100_000, 250_000, 500_000, 999_999, 1_000_000)
    found = prices(price, energy, levels)
    each_wh = sorted(each * scale for each, wh in trades for _ in range(wh))
    if not each_wh:
        assert found is None
        return
    assert found is not None
    mean = Fraction(sum(each_wh), len(each_wh))
    assert found.mean_micro_per_kwh == round(mean)
    spread = statistics.pvariance([Fraction(each) for each in each_wh])
    nearest = found.deviation_micro_per_kwh
    assert (Fraction(2 * nearest - 1, 2) ** 2 <= spread) or nearest == 0
    assert spread <= Fraction(2 * nearest + 1, 2) ** 2
    for level, quantile in zip(levels, found.quantiles_micro_per_kwh, strict=True):
        below = [sum(wh <= each for wh in each_wh) for each in each_wh]
        enough = (
            each
            for each, count in zip(each_wh, below, strict=True)
            if count * 1_000_000 >= level * len(each_wh)
        )
        assert quantile == min(enough)
    assert found.quantiles_micro_per_kwh[-1] == found.highest_micro_per_kwh == each_wh[-1]
    assert found.lowest_micro_per_kwh == each_wh[0]


@given(trades=TRADES, data=st.data(), scale=SCALE)
@settings(deadline=None, max_examples=150)
def test_over_time_period_by_period(trades, data, scale):
    count = len(trades)
    period = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    price, energy = arrays_of([(each * scale, wh) for each, wh in trades])
    found = prices_over_time(price, energy, np.array(period, dtype=np.int64), 4)
    for at in range(4):
        alone = np.array(period, dtype=np.int64) == at
        whole = prices(price[alone], energy[alone])
        assert found.traded[at] == (whole is not None)
        if whole is not None:
            assert found.mean_micro_per_kwh[at] == whole.mean_micro_per_kwh
            assert found.energy_wh[at] == whole.energy_wh


@pytest.mark.parametrize("level", [0, -5, 1_000_001])
def test_levels_out_of_range_are_refused(level):
    with pytest.raises(ValueError, match="levels"):
        prices(np.array([1]), np.array([1]), [level])


@pytest.mark.parametrize(
    ("price", "energy", "problem"),
    [([1, 2], [1], "one length"), ([1], [-1], "negative"), ([[1]], [[1]], "one length")],
)
def test_unsound_columns_are_refused(price, energy, problem):
    with pytest.raises(ValueError, match=problem):
        prices(np.array(price), np.array(energy))
    with pytest.raises(ValueError, match=problem):
        prices_over_time(np.array(price), np.array(energy), np.array([0]), 1)
