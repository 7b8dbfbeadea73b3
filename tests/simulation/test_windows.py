from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots
from gridpact.simulation.calibration import autocorrelation
from gridpact.simulation.windows import (
    DAY_S,
    ar1,
    energy_on,
    local_seconds,
    mean_on,
    price_on,
    utc_days,
)

ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "Australia/Sydney", "America/St_Johns", "UTC")


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(ZONES), st.integers(0, 366 * 3), st.sampled_from((900, 1800, 3600)))
def test_local_time_is_the_zone_databases(zone, day, step):
    slots = Slots((19_700 + day) * DAY_S, step, 2 * DAY_S // step)
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock time has no zone
    expected = [
        (datetime.fromtimestamp(int(t), ZoneInfo(zone)).replace(tzinfo=None) - epoch)
        for t in slots.starts()
    ]
    got = local_seconds(Calendar(zone, 900), slots)
    assert got.tolist() == [int(delta.total_seconds()) for delta in expected]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 10**6), min_size=96, max_size=96),
    st.sampled_from((60, 100, 300, 450, 900, 1800, 3600, 21600)),
)
def test_resampled_energy_is_the_same_energy(values, step):
    quarters = np.array([values, values[::-1]], dtype=np.int64)
    slots = Slots(20_000 * DAY_S, step, DAY_S // step)
    got = energy_on(quarters, slots)
    block = max(1, 3600 // step) if step != 21600 else 1
    width = 24 if step == 21600 else 4
    np.testing.assert_array_equal(
        got.reshape(2, -1, block).sum(axis=-1), quarters.reshape(2, -1, width).sum(axis=-1)
    )
    if step < 900:
        assert np.ptp(got.reshape(2, 96, -1), axis=-1).max() <= 1


def test_prices_and_temperatures_average():
    quarters = np.array([1, 2, 4, 5] * 24, dtype=np.int64)
    day = 20_000 * DAY_S
    assert price_on(quarters, Slots(day, 3600, 2)).tolist() == [3, 3]
    assert price_on(quarters, Slots(day, 1800, 2)).tolist() == [2, 4]  # 1.5 and 4.5 half to even
    assert price_on(quarters, Slots(day + 300, 300, 4)).tolist() == [1, 1, 2, 2]
    assert mean_on(quarters.astype(float), Slots(day, 3600, 1)).tolist() == [3.0]


def test_odd_steps_are_refused():
    with pytest.raises(ValueError, match="neither divide nor fill"):
        energy_on(np.zeros(96, dtype=np.int64), Slots(0, 700, 3))


def test_empty_windows_are_empty():
    slots = Slots(20_000 * DAY_S, 900, 0)
    assert len(utc_days(slots)) == 0
    assert local_seconds(Calendar("UTC", 900), slots).shape == (0,)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 9), st.integers(19_000, 21_000), st.integers(1, 6), st.floats(1e-9, 0.9))
def test_noise_does_not_depend_on_the_window(seed, first, days, memory):
    whole = ar1(seed, "x", range(first, first + days), 24, memory)
    alone = [ar1(seed, "x", range(d, d + 1), 24, memory)[0] for d in range(first, first + days)]
    np.testing.assert_array_equal(whole, alone)


def test_noise_has_the_memory_asked_for():
    series = ar1(3, "x", range(19_000, 21_000), 24, 0.6).ravel()
    assert abs(series.std() - 1) < 0.05
    assert abs(autocorrelation(series, 24)[0] - 0.6) < 0.05
    assert abs(autocorrelation(series, 1)[0] - 0.6 ** (1 / 24)) < 0.01
