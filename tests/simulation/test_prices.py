import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.simulation.calibration import autocorrelation, in_day_range
from gridpact.simulation.prices import day_ahead_price, imbalance_spread
from gridpact.simulation.windows import DAY_S

TWO_YEARS = Slots(20_454 * DAY_S, 3600, 24 * 730)


@pytest.fixture(scope="module")
def prices(berlin):
    made = [day_ahead_price(seed, 31_600, berlin, TWO_YEARS) for seed in range(12)]
    return np.array(made) / 1000  # ¤/MWh


def test_price_moves_as_the_german_one(prices):
    assert abs(prices.std(axis=1).mean() / 15.5 - 1) < 0.15
    # Two-year shares scatter by 0.8 % about their mean: twelve runs settle it to a quarter of it.
    assert abs((prices < 0).mean() - 0.014) < 0.005
    assert abs(in_day_range(prices, 24) / 26.9 - 1) < 0.15
    assert abs(autocorrelation(prices, 24).mean() - 0.64) < 0.05
    assert abs(prices.mean() - 31.6) < 1.5


def test_real_price_gives_the_row_of_the_table(shared_data):
    import polars as pl

    table = pl.read_parquet(shared_data / "price_dayahead_DE_1h.parquet")
    price = table["price"].to_numpy()[-728 * 24 :].astype(np.float64)
    assert abs(price.std() - 15.5) < 0.05
    assert abs((price < 0).mean() - 0.014) < 0.0005
    assert abs(in_day_range(price, 24) - 26.9) < 0.05
    assert abs(autocorrelation(price, 24)[0] - 0.64) < 0.005


def test_price_is_of_the_hour_and_evenings_cost_more_than_nights(prices, berlin):
    quarters = day_ahead_price(0, 31_600, berlin, Slots(TWO_YEARS.start, 900, 96 * 20))
    assert not np.ptp(quarters.reshape(-1, 4), axis=1).any()
    hour = prices.mean(axis=0).reshape(-1, 24).mean(axis=0)
    assert hour[17:19].mean() > hour[1:4].mean() + 10


def test_price_follows_its_mean(berlin):
    low = day_ahead_price(1, 40_000, berlin, TWO_YEARS)
    high = day_ahead_price(1, 90_000, berlin, TWO_YEARS)
    np.testing.assert_array_equal(high - low, 50_000)


def test_imbalance_spread_is_fair_heavy_and_persistent():
    spread = np.array(
        [imbalance_spread(seed, 40_000, Slots(TWO_YEARS.start, 900, 96 * 365)) for seed in range(4)]
    ).astype(np.float64)
    assert abs(spread.mean()) < 1000
    assert abs(spread.std() / 40_000 - 1) < 0.06
    excess = (spread**4).mean() / (spread**2).mean() ** 2
    assert excess > 6  # a normal variable has 3
    assert 0.6 < autocorrelation(spread, 1).mean() < 0.85
    assert 0.45 < (spread > 0).mean() < 0.55


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**31), st.integers(18_000, 22_000), st.integers(-50_000, 200_000))
def test_same_in_every_window(same_in_every_window, berlin, seed, first, mean):
    same_in_every_window(lambda s: day_ahead_price(seed, mean, berlin, s), first, 3, adds_up=False)
    same_in_every_window(lambda s: imbalance_spread(seed, 40_000, s), first, 3, adds_up=False)


def test_longer_and_shorter_slots(berlin):
    start = TWO_YEARS.start
    hours = day_ahead_price(1, 80_000, berlin, Slots(start, 3600, 24))
    fine = day_ahead_price(1, 80_000, berlin, Slots(start, 300, 288))
    np.testing.assert_array_equal(fine, np.repeat(hours, 12))
    coarse = day_ahead_price(1, 80_000, berlin, Slots(start, 21600, 4))
    np.testing.assert_allclose(coarse, hours.reshape(4, 6).mean(axis=1), atol=0.5)
    assert fine.dtype == coarse.dtype == np.int64
