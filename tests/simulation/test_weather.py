import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.simulation.calibration import autocorrelation
from gridpact.simulation.weather import Site, air_temperature, clear_sky_index
from gridpact.simulation.windows import DAY_S

TWO_YEARS = Slots(20_454 * DAY_S, 900, 96 * 730)


def test_clear_sky_index_has_the_measured_memory():
    index = np.array([clear_sky_index(seed, TWO_YEARS) for seed in range(3)])
    assert abs(autocorrelation(index, 1).mean() - 0.94) < 0.01
    assert abs(autocorrelation(index, 96).mean() - 0.36) < 0.05
    assert index.min() > 0
    assert index.max() <= 1.1
    assert 0.5 < index.mean() < 0.75


def test_temperature_has_season_day_and_weather():
    # Against Aalborg 2018 and 2019: sd of daily means 6.5 K, 2.9 K about the season, memory 0.8.
    daily = air_temperature(2, Site(57.0, 9.9), TWO_YEARS).reshape(-1, 96)
    mean = daily.mean(axis=1)
    assert 5.0 < mean.mean() < 10.0
    assert 5.5 < mean.std() < 9.0
    angle = 2 * np.pi * np.arange(730) / 365.2425
    season = np.stack([np.ones(730), np.cos(angle), np.sin(angle)], axis=1)
    rest = mean - season @ np.linalg.lstsq(season, mean, rcond=None)[0]
    assert 2.2 < rest.std() < 3.6
    assert abs(autocorrelation(rest, 1)[0] - 0.81) < 0.1
    assert 5.0 < np.ptp(daily, axis=1).mean() < 9.0


def test_january_is_cold_in_the_north_and_warm_in_the_south():
    january, july = Slots(20_454 * DAY_S, 3600, 744), Slots(20_635 * DAY_S, 3600, 744)
    for latitude in (50.0, -35.0):
        gap = (
            air_temperature(1, Site(latitude, 0.0), january).mean()
            - air_temperature(1, Site(latitude, 0.0), july).mean()
        )
        assert np.sign(gap) == -np.sign(latitude)


def test_afternoon_is_warm_by_the_sun_wherever_the_clock_stands():
    for longitude in (-120.0, 0.0, 150.0):
        quarters = air_temperature(4, Site(45.0, longitude), TWO_YEARS).reshape(-1, 96)
        solar = (quarters.mean(axis=0).argmax() / 4 + longitude / 15) % 24
        assert 14 <= solar <= 16


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**31), st.integers(18_000, 22_000), st.floats(-65, 65))
def test_same_in_every_window(same_in_every_window, seed, first, latitude):
    site = Site(latitude, 10.0)
    same_in_every_window(lambda s: air_temperature(seed, site, s), first, 3, adds_up=False)
    same_in_every_window(lambda s: clear_sky_index(seed, s), first, 3, adds_up=False)


def test_longer_slots_carry_the_mean():
    site, start = Site(50.0, 8.0), 20_000 * DAY_S
    for generate in (lambda s: air_temperature(1, site, s), lambda s: clear_sky_index(1, s)):
        fine = generate(Slots(start, 900, 96))
        coarse = generate(Slots(start, 21600, 4))
        np.testing.assert_allclose(coarse, fine.reshape(4, 24).mean(axis=1), atol=0.001)
        np.testing.assert_array_equal(generate(Slots(start, 300, 288)), np.repeat(fine, 3))
