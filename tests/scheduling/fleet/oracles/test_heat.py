"""Buildings and tanks as storage against their physics in steps of seconds."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.assets import GridConnection, build
from gridpact.scheduling.fleet.heat import (
    AIR,
    GROUND,
    Building,
    WaterTank,
    building_temperature,
    coefficient_of_performance,
    heated_building,
    heated_tank,
    tank_temperature,
)

STEP_S, SLOTS = 900, 24
OUTSIDE = np.linspace(-6, 4, SLOTS)


def states(storage, electric_wh):
    """States of a row of storage after each slot, by its equation."""
    state, found = float(storage.initial_wh[0]), []
    for slot in range(len(electric_wh)):
        inward = np.broadcast_to(storage.efficiency_in, (1, SLOTS))[0, slot]
        draw = np.broadcast_to(np.reshape(storage.draw_wh, (1, -1)), (1, SLOTS))[0, slot]
        state = float(storage.kept[0]) * state + inward * electric_wh[slot] - draw
        found.append(state)
    return np.array(found)


@pytest.fixture
def electric_wh():
    return np.where(np.arange(SLOTS) % 5 < 2, 500.0, 120.0)


def test_coefficients_of_performance():
    # 0.4 · 308.15 K / 33 K, 0.55 · 308.15 K / 35 K, and a lift that counts as 15 K
    assert coefficient_of_performance(2.0, 35.0, AIR) == pytest.approx(3.7352, abs=1e-4)
    assert coefficient_of_performance(0.0, 35.0, GROUND) == pytest.approx(4.8424, abs=1e-4)
    assert coefficient_of_performance(34.0, 35.0, AIR) == pytest.approx(8.2173, abs=1e-4)
    by_slot = coefficient_of_performance(OUTSIDE, 45.0)
    assert by_slot.shape == (SLOTS,)
    assert (np.diff(by_slot) > 0).all()


def test_a_building_follows_its_physics(electric_wh):
    gains = np.where(np.arange(SLOTS) > 12, 800.0, 150.0)
    building = Building(
        zone="home",
        power_w=3000.0,
        capacity_wh_per_k=9000.0,
        loss_w_per_k=190.0,
        initial_c=20.5,
        coolest_c=np.where(np.arange(SLOTS) < 8, 18.0, 20.0),
        warmest_c=23.0,
        outside_c=OUTSIDE,
        gains_w=gains,
    )
    fleet = build(SLOTS, STEP_S, [GridConnection("home")], [heated_building(building, STEP_S)])
    found = building_temperature(building, states(fleet.storage, electric_wh))
    temperature, want = 20.5, []
    for slot in range(SLOTS):
        heat = electric_wh[slot] * 4 * 0.4 * 308.15 / (35 - OUTSIDE[slot])
        for _ in range(STEP_S):
            flow = heat + gains[slot] - 190.0 * (temperature - OUTSIDE[slot])
            temperature += flow / 9000.0 / 3600
        want.append(temperature)
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        building_temperature(building, fleet.storage.lo_wh[0]), building.coolest_c
    )
    np.testing.assert_allclose(building_temperature(building, fleet.storage.hi_wh[0]), 23.0)


@pytest.mark.parametrize("outside", [None, 7.0])
def test_a_tank_follows_its_physics(electric_wh, outside):
    drawn = np.where(np.arange(SLOTS) % 8 == 3, 12.0, 0.0)
    tank = WaterTank(
        zone="home",
        power_w=2000.0,
        litres=300.0,
        initial_c=52.0,
        warmest_c=60.0,
        drawn_litres=drawn,
        standing_loss_w=90.0,
        outside_c=outside,
    )
    fleet = build(SLOTS, STEP_S, [GridConnection("home")], [heated_tank(tank, STEP_S)])
    found = tank_temperature(tank, states(fleet.storage, electric_wh))
    capacity, temperature, want = 300.0 * 4.186 / 3.6, 52.0, []
    gain = 1.0 if outside is None else 0.4 * 338.15 / 58.0
    for slot in range(SLOTS):
        for _ in range(STEP_S):
            flow = electric_wh[slot] * 4 * gain - 2.0 * (temperature - 20.0)
            flow -= drawn[slot] * 4 * 4.186 / 3.6 * (40.0 - 10.0)
            temperature += flow / capacity / 3600
        want.append(temperature)
    np.testing.assert_allclose(found, want, rtol=0, atol=2e-3)


def test_nothing_is_lost_without_loss():
    tank = WaterTank(zone="home", power_w=2000.0, litres=100.0, initial_c=50.0, warmest_c=60.0)
    storage = heated_tank(tank, STEP_S)
    assert storage.kept == 1.0
    assert storage.heat_per_wh == 1.0
