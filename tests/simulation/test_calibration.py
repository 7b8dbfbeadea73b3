"""The statistics against plain numpy, and against the measured homes they were taken from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.simulation import calibration

AT = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_autocorrelation_is_pearsons(seed, lag):
    rows = stream(seed, "x").random((3, 60))
    expected = [np.corrcoef(row[:-lag], row[lag:])[0, 1] for row in rows]
    np.testing.assert_allclose(calibration.autocorrelation(rows, lag), expected, atol=1e-12)


def test_autocorrelation_leaves_pairs_with_gaps_out():
    row = stream(1, "x").random(100)
    row[[10, 11, 50]] = np.nan
    early, late = row[:-2], row[2:]
    used = ~np.isnan(early) & ~np.isnan(late)
    expected = np.corrcoef(early[used], late[used])[0, 1]
    np.testing.assert_allclose(calibration.autocorrelation(row, 2), [expected])


def test_coincidence_by_hand():
    load = np.array([[0, 4, 0, 1], [2, 0, 0, 2], [np.nan, 0, 5, 0]])
    assert calibration.coincidence_factor(load, np.array([[0, 1]])) == pytest.approx(4 / 6)
    assert calibration.coincidence_factor(load, np.array([[0, 2]])) == pytest.approx(5 / 9)
    assert calibration.coincidence_factor(load, np.array([[1]])) == 1.0


def test_quantiles_and_range_by_hand():
    load = np.array([[100, 300], [0, 800]])  # Wh per half hour
    got = calibration.daily_kwh_quantiles(load, 1800, (0.0, 1.0))
    np.testing.assert_allclose(got, [9.6, 19.2])
    pooled = calibration.load_to_mean_quantiles(load, (0.0, 1.0))
    np.testing.assert_allclose(pooled, [0.0, 2.0])
    assert calibration.in_day_range(np.array([1, 5, 2, 2]), 2) == 2.0


@pytest.fixture(scope="module")
def measured(shared_data):
    """Homes that miss less than 2 % of 2013, [30, slots] in kWh per half hour."""
    import polars as pl

    table = pl.read_parquet(shared_data / "homes_sgsc_30min.parquet")
    table = table.filter(pl.col("timestamp_aest") >= pl.datetime(2013, 1, 1))
    load = table.drop("timestamp_aest").fill_null(float("nan")).to_numpy().T.astype(np.float64)
    return load[np.isnan(load).mean(axis=1) < 0.02]


@pytest.mark.data
def test_measured_homes_give_the_table(measured):
    """Which 30 homes and months the table used is not recorded; these come within 12 %."""
    assert len(measured) == 30
    daily = calibration.daily_kwh_quantiles(measured * 1000, 1800, (0.1, 0.5, 0.9))
    np.testing.assert_allclose(daily, (5.0, 9.9, 17.9), rtol=0.12)
    ratio = calibration.load_to_mean_quantiles(measured, AT)
    np.testing.assert_allclose(ratio, (0, 0.22, 0.40, 0.94, 4.05, 7.7), rtol=0.12, atol=0.01)
    memory = [calibration.autocorrelation(measured, lag).mean() for lag in (1, 2, 48, 336)]
    np.testing.assert_allclose(memory, (0.43, 0.23, 0.18, 0.14), atol=0.05)


@pytest.mark.data
@pytest.mark.parametrize(
    ("n", "factor"), [(2, 0.71), (5, 0.46), (10, 0.36), (20, 0.28), (30, 0.25)]
)
def test_measured_homes_coincide_as_in_the_table(measured, n, factor):
    got = calibration.coincidence_factor(measured, _groups(len(measured), n))
    assert got == pytest.approx(factor, rel=0.15)


@pytest.mark.data
@pytest.mark.parametrize(("n", "memory"), [(10, 0.43), (30, 0.64)])
def test_measured_sums_remember_as_in_the_table(measured, n, memory):
    got = calibration.sum_autocorrelation(measured, _groups(len(measured), n), 48)
    assert got == pytest.approx(memory, abs=0.07)


def _groups(homes, n):
    draw = stream(0, "groups", n)
    return np.array([draw.choice(homes, n, replace=False) for _ in range(40)])
