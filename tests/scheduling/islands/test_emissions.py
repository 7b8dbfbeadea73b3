"""The frontier of cost and emissions, against caps solved by hand and every commitment."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.scheduling.fleet.columns import Fleet, Generators, OneWay, Prices, Zones
from gridpact.scheduling.islands.emissions import Rates, emissions_g, frontier

CAR = (4_000, 3_000)
DEAREST = 10_000_000.0


def car_park(slots):
    at = np.zeros(1, np.int64)
    return Fleet(
        slots=slots,
        step_s=3600,
        zones=Zones(np.array([-1])),
        one_way=OneWay(at, at, at + slots, np.array([CAR[0]]), np.array([CAR[1]])),
    )


def capped(spot, rate, cap_g):
    """Least cost of charging with no more emissions than a cap."""
    found = linprog(
        spot,
        A_ub=[np.asarray(rate) / 1000],
        b_ub=[cap_g],
        A_eq=[np.ones(len(spot))],
        b_eq=[CAR[0]],
        bounds=[(0, CAR[1])] * len(spot),
        method="highs",
    )
    assert found.status == 0
    return float(found.fun)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(20_000, 300_000), min_size=4, max_size=4),
    st.lists(st.integers(0, 900), min_size=4, max_size=4),
    st.floats(0.05, 0.95),
)
def test_between_corners_it_is_the_cost_under_a_cap(spot, rate, share):
    rates = Rates(np.array(rate))
    points = frontier(car_park(4), Prices(np.array(spot, float)), rates, DEAREST)
    costs = [point.cost_nano for point in points]
    emitted = [point.emissions_g for point in points]
    assert np.all(np.diff(costs) > 0)
    assert np.all(np.diff(emitted) < 0)
    for point in points:
        assert point.emissions_g == pytest.approx(emissions_g(car_park(4), rates, point.solution))
    cap = emitted[-1] + share * (emitted[0] - emitted[-1])
    cost = np.interp(cap, emitted[::-1], costs[::-1])
    assert cost == pytest.approx(capped(spot, rate, cap + 1e-6), rel=1e-4, abs=1e4)


def test_with_units_that_start_it_is_the_hull_of_all_commitments():
    """Two units that are on at 1 kWh or off, and the grid, for two slots of 2 kWh."""
    at = np.zeros(2, np.int64)
    fleet = Fleet(
        slots=2,
        step_s=3600,
        zones=Zones(np.array([-1]), load_wh=np.array([[2_000.0, 2_000.0]])),
        generators=Generators(
            at,
            max_w=1_000.0,
            min_w=1_000.0,
            fuel=np.array([200_000.0, 350_000.0]),
            start_cost=np.array([30_000.0, 10_000.0]),
        ),
    )
    spot, grid, fuel = np.array([100_000.0, 150_000.0]), 800.0, np.array([500.0, 100.0])
    points = frontier(fleet, Prices(spot), Rates(np.full(2, grid), fuel), DEAREST)
    options = []
    for on in itertools.product([0, 1], repeat=4):
        one = np.array(on).reshape(2, 2)
        starts = (np.diff(one, axis=1, prepend=0) > 0).sum(axis=1)
        bought = 2_000.0 - 1_000.0 * one.sum(axis=0)
        cost = spot @ bought + 1_000 * ([200_000, 350_000] @ one.sum(axis=1))
        cost += 1_000 * (np.array([30_000, 10_000]) @ starts)
        options.append(
            (float(cost), float((grid * bought.sum() + 1_000 * fuel @ one.sum(axis=1)) / 1000))
        )
    for price in np.linspace(0, 5_000_000, 201):
        best = min(cost + price * emitted for cost, emitted in options)
        mine = min(point.cost_nano + price * point.emissions_g for point in points)
        assert mine == pytest.approx(best, rel=1e-6)
    assert {(round(p.cost_nano), round(p.emissions_g, 3)) for p in points} <= {
        (round(cost), round(emitted, 3)) for cost, emitted in options
    }


def test_a_frontier_needs_a_price_and_limits_that_hold():
    with pytest.raises(ValueError, match="above 0"):
        frontier(car_park(2), Prices(np.ones(2)), Rates(np.ones(2)), 0.0)
    tight = Zones(np.array([-1]), import_limit_w=100.0)
    fleet = car_park(2)
    fleet = Fleet(slots=2, step_s=3600, zones=tight, one_way=fleet.one_way)
    with pytest.raises(ValueError, match="limits"):
        frontier(fleet, Prices(np.ones(2)), Rates(np.ones(2)), 1.0)
