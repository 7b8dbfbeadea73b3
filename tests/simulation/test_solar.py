import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.simulation.solar import Plants, Sky, clear_sky_energy_wh, draw_plants, pv_energy_wh
from gridpact.simulation.weather import Site
from gridpact.simulation.windows import DAY_S

NEW_YEAR = 20_454 * DAY_S
YEAR = Slots(NEW_YEAR, 900, 96 * 365)
JUNE = Slots(20_605 * DAY_S, 900, 96 * 30)
SITE = Site(52.0, 10.0)


def south(peak_w=1000, tilt=35.0, azimuth=180.0):
    return Plants(np.array([peak_w]), np.array([tilt]), np.array([azimuth]))


@pytest.fixture(scope="module")
def year():
    return pv_energy_wh(3, SITE, south(), YEAR)[0]


def test_a_south_roof_yields_what_such_roofs_yield(year):
    assert 950_000 < year.sum() < 1_250_000  # Wh per kW and year in central Europe
    month = year.reshape(365, 96).sum(axis=1)
    assert month[:31].sum() < 0.5 * month[151:181].sum()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pvlib's own use of pandas
def test_clear_sky_agrees_with_pvlibs_own_chain():
    # Same physics through pvlib's dataframe interface, one plant, no helper of ours.
    import pandas as pd
    from pvlib import inverter, irradiance, location, pvsystem, temperature

    slots = Slots(JUNE.start, 900, 96)
    index = pd.DatetimeIndex(pd.to_datetime(slots.starts() + 450, unit="s", utc=True))
    place = location.Location(52.0, 10.0, altitude=100.0)
    sun = place.get_solarposition(index)
    sky = place.get_clearsky(index, model="ineichen", linke_turbidity=3.0, solar_position=sun)
    plane = irradiance.get_total_irradiance(
        35, 180, sun["zenith"], sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"], albedo=0.2
    )["poa_global"].to_numpy()
    cell = temperature.faiman(plane, 15.0)
    power = inverter.pvwatts(
        pvsystem.pvwatts_dc(plane, cell, 10_000, -0.0037) * 0.86, 10_000 / 0.96
    )
    ours = clear_sky_energy_wh(SITE, south(10_000), slots)[0] * 4.0
    np.testing.assert_allclose(ours, np.nan_to_num(np.maximum(power, 0)), atol=80)
    np.testing.assert_allclose(ours.sum(), np.nansum(power), rtol=0.01)


def test_nights_are_dark_and_nothing_exceeds_the_plant(year):
    day = year.reshape(365, 96)
    assert not day[:, :10].any()  # up to 02:30 UTC
    assert year.min() >= 0
    assert year.max() <= 250


def test_clouds_stay_near_or_under_the_clear_sky(year):
    clear = clear_sky_energy_wh(SITE, south(), YEAR)[0]
    assert year.sum() < 0.75 * clear.sum()
    assert (year <= 1.35 * clear + 12).all()


def test_east_is_early_and_west_is_late():
    plants = Plants(np.full(2, 5000), np.full(2, 30.0), np.array([90.0, 270.0]))
    east, west = clear_sky_energy_wh(SITE, plants, JUNE).reshape(2, 30, 96).sum(axis=1)
    assert east.argmax() + 8 < west.argmax()


def test_roofs_face_the_equator():
    peak = np.full(400, 5000)
    assert abs(np.mean(draw_plants(1, peak, 50.0).azimuth_deg) - 180) < 6
    south_of_it = draw_plants(1, peak, -35.0).azimuth_deg
    assert np.cos(np.deg2rad(south_of_it)).mean() > 0.7


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**31), st.integers(18_000, 22_000), st.floats(-60, 68))
def test_same_in_every_window(same_in_every_window, seed, first, latitude):
    plants = draw_plants(seed, np.array([3000, 9000]), latitude)
    site = Site(latitude, 10.0)
    same_in_every_window(lambda s: pv_energy_wh(seed, site, plants, s), first, 3)
    same_in_every_window(lambda s: clear_sky_energy_wh(site, plants, s), first, 3)


def test_polar_night_and_no_plants():
    dark = pv_energy_wh(1, Site(78.0, 15.0), south(), Slots(NEW_YEAR, 900, 96))
    assert not dark.any()
    none = draw_plants(1, np.zeros(0, dtype=np.int64), 50.0)
    assert pv_energy_wh(1, SITE, none, Slots(NEW_YEAR, 900, 96)).shape == (0, 96)
    assert pv_energy_wh(1, SITE, south(), Slots(NEW_YEAR, 900, 0)).shape == (1, 0)


def test_a_month_of_a_hundred_plants_is_quick():
    plants = draw_plants(1, np.full(100, 8000), 52.0)
    begin = time.process_time()
    pv_energy_wh(1, SITE, plants, JUNE)
    assert time.process_time() - begin < 10


@pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear")
def test_a_measured_sky_takes_the_place_of_the_made_up_one():
    import pandas as pd
    from pvlib.location import Location

    june = Slots(JUNE.start, 900, 96)
    flat = Plants(np.array([5000]), np.array([0.0]), np.array([180.0]))
    times = pd.to_datetime(june.starts() + 450, unit="s", utc=True)
    here = Location(SITE.latitude, SITE.longitude, altitude=SITE.altitude_m)
    clear = here.get_clearsky(times, linke_turbidity=3.0)["ghi"].to_numpy()
    fine = clear_sky_energy_wh(SITE, flat, june).sum()
    for part in (1.0, 0.5, 0.0):
        made = pv_energy_wh(3, SITE, flat, june, Sky(part * clear, np.full(96, 15.0))).sum()
        assert made == pytest.approx(part * fine, rel=0.06, abs=5)
    unknown = Sky(np.full(96, np.nan), np.full(96, np.nan))
    made_up = pv_energy_wh(3, SITE, flat, june)
    assert (pv_energy_wh(3, SITE, flat, june, unknown) == made_up).all()
