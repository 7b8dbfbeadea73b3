import warnings

import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.simulation.standard_profile import h0_factor, h0_table
from gridpact.simulation.windows import DAY_S

NEW_YEAR_2025 = 20_089 * DAY_S


def test_profile_is_the_one_demandlib_makes(monkeypatch):
    # demandlib 0.2.2 turns warnings into errors for the whole process; hold it off to compare.
    from demandlib import bdew

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setattr(warnings, "simplefilter", lambda *_, **__: None)
        slp = bdew.ElecSlp(2025)
        slp.create_dynamic_h0_profile()
        theirs = slp.get_scaled_power_profiles({"h0_dyn": 8760.0})["h0_dyn"].to_numpy()
    ours = h0_factor(Calendar("UTC", 900), Slots(NEW_YEAR_2025, 900, 96 * 365))
    # Their seasonal factor moves within the day and has its leading digit adjusted.
    np.testing.assert_allclose(ours / ours.mean(), theirs / theirs.mean(), rtol=0.005)


def test_a_year_has_mean_one_and_an_evening_peak():
    year = h0_factor(Calendar("UTC", 900), Slots(NEW_YEAR_2025, 900, 96 * 365))
    assert abs(year.mean() - 1) < 0.002
    day = year.reshape(-1, 96).mean(axis=0)
    assert 18 <= day.argmax() / 4 <= 20
    assert day.argmin() / 4 < 5
    assert h0_table().shape == (3, 7, 96)


def test_profile_follows_the_wall_clock_through_the_change():
    summer_time = 20_177 * DAY_S  # 2025-03-30: the clock goes from 2 to 3
    berlin = h0_factor(Calendar("Europe/Berlin", 900), Slots(summer_time - 3600, 900, 92))
    utc = h0_factor(Calendar("UTC", 900), Slots(summer_time, 900, 96))
    np.testing.assert_array_equal(berlin, np.delete(utc, np.arange(8, 12)))
