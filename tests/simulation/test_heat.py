import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.simulation.heat import (
    building_need_wh,
    expected_building_wh,
    expected_tank_wh,
    heat_pump_cop,
    tank_draw_wh,
)
from gridpact.simulation.weather import Site, air_temperature
from gridpact.simulation.windows import DAY_S

NEW_YEAR = 20_454 * DAY_S
SITE = Site(52.0, 10.0)
LOSS = np.array([120.0, 180.0, 240.0])


def test_cop_falls_with_the_cold():
    cop = heat_pump_cop(np.array([-15.0, -7.0, 2.0, 7.0, 12.0]))
    assert (np.diff(cop) > 0).all()
    np.testing.assert_allclose(cop[3], 6.81 - 0.121 * 33 + 0.00063 * 33**2)
    assert 1.8 < cop[0] < cop[-1] < 4.5


def test_expected_need_by_hand():
    got = expected_building_wh(np.array([200.0]), np.array([5.0, 15.0, 25.0]), 900)
    lift = 35.0
    cop = 6.81 - 0.121 * lift + 0.00063 * lift**2
    assert got.tolist() == [[round(200 * 10 / cop / 4), 0, 0]]


def test_a_year_of_a_house_costs_a_heat_pumps_usual_energy():
    need = building_need_wh(1, SITE, LOSS, Slots(NEW_YEAR, 3600, 8760))
    assert 1_500_000 < need[1].sum() < 5_000_000
    assert (np.diff(need.sum(axis=1)) > 0).all()


def test_truth_scatters_about_the_expectation():
    slots = Slots(NEW_YEAR, 900, 96 * 90)
    truth = building_need_wh(1, SITE, LOSS, slots)
    expected = expected_building_wh(LOSS, air_temperature(1, SITE, slots), 900)
    np.testing.assert_allclose(truth.sum(axis=1), expected.sum(axis=1), rtol=0.02)
    ratio = truth[expected > 50] / expected[expected > 50]
    assert 0.1 < ratio.std() < 0.2


def test_tanks_draw_their_day_on_average(berlin):
    daily = np.array([2000, 4000, 8000])
    slots = Slots(NEW_YEAR, 900, 96 * 200)
    truth, expected = tank_draw_wh(1, daily, berlin, slots), expected_tank_wh(daily, berlin, slots)
    np.testing.assert_allclose(truth.sum(axis=1) / 200, daily, rtol=0.06)
    np.testing.assert_allclose(expected.sum(axis=1) / 200, daily, rtol=0.01)
    mean_day = truth.sum(axis=0).reshape(200, 96).mean(axis=0).reshape(24, 4).sum(axis=1)
    planned = expected.sum(axis=0).reshape(200, 96).mean(axis=0).reshape(24, 4).sum(axis=1)
    assert np.corrcoef(mean_day, planned)[0, 1] > 0.95
    assert (truth == 0).mean() > 0.6


def test_tanks_follow_the_wall_clock(berlin):
    day = np.array([4000])
    winter = expected_tank_wh(day, berlin, Slots(20_474 * DAY_S, 3600, 24))[0]
    summer = expected_tank_wh(day, berlin, Slots(20_633 * DAY_S, 3600, 24))[0]
    assert winter.argmax() == 6
    assert summer.argmax() == 5


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**31), st.integers(18_000, 22_000))
def test_same_in_every_window(same_in_every_window, berlin, seed, first):
    daily = np.array([1000, 5000])
    same_in_every_window(lambda s: building_need_wh(seed, SITE, LOSS, s), first, 3)
    same_in_every_window(lambda s: tank_draw_wh(seed, daily, berlin, s), first, 3)
    same_in_every_window(lambda s: expected_tank_wh(daily, berlin, s), first, 3)


def test_nothing_to_heat(berlin):
    slots = Slots(NEW_YEAR, 900, 96)
    assert building_need_wh(1, SITE, np.zeros(0), slots).shape == (0, 96)
    assert tank_draw_wh(1, np.zeros(0, dtype=np.int64), berlin, slots).shape == (0, 96)
