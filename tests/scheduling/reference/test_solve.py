"""The reference against another solver and another writer, and what its answers promise."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    OneWay,
    Portfolio,
    Prices,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.solution import Missed, Status
from gridpact.scheduling.reference.highs import Search, minimise, safe_bound
from gridpact.scheduling.reference.model import build, no_modes
from gridpact.scheduling.reference.solve import optimum, solve

PENALTY = 5_000_000.0


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_equals_another_programme(first, fleets, written_out):
    compared = 0
    for seed in range(first, first + 30):
        fleet, prices = fleets.random_fleet(seed, assets=(3, 12))
        if None in (fleet.one_way, fleet.storage, fleet.curtailable):
            continue  # the other writer expects assets in every table that a set may name
        compared += 1
        least = written_out(fleet, prices, PENALTY)
        answer = solve(fleet, prices, PENALTY)
        assert answer.upper_nano == pytest.approx(least, rel=1e-7, abs=1), seed
        assert answer.lower_nano <= answer.upper_nano
        assert answer.gap <= 1e-6, seed
    assert compared >= 20


def one_car(energy=4_000.0, limit=np.inf, portfolio=None):
    zones = Zones(np.array([-1]), import_limit_w=limit)
    car = OneWay(np.zeros(1, np.int64), np.array([0]), np.array([4]), np.array([energy]), 4_000.0)
    return Fleet(slots=4, step_s=3600, zones=zones, one_way=car, portfolio=portfolio)


def rows_on_the_car(lower, upper):
    bound = np.array([lower]), np.array([upper])
    none = np.zeros(0, np.int64)
    one = np.zeros(1, np.int64)
    return Portfolio(one, one, np.array([2]), *bound, none, none, one, one, one)


PRICES = Prices(np.array([100_000.0, 200_000.0, 300_000.0, 400_000.0]))


def test_prices_of_limits_by_hand():
    answer = solve(one_car(limit=3_000.0), PRICES)
    assert answer.schedules().one_way_wh.tolist() == [[3_000.0, 1_000.0, 0.0, 0.0]]
    assert answer.status is Status.OPTIMAL
    assert answer.upper_nano == pytest.approx(3_000 * 100_000 + 1_000 * 200_000)
    assert answer.prices.imports.tolist() == [[pytest.approx(100_000.0), 0.0, 0.0, 0.0]]
    assert answer.limit_cost_nano.tolist() == [pytest.approx(3_000 * 100_000)]
    assert answer.net_wh.tolist() == [[3_000.0, 1_000.0, 0.0, 0.0]]


def test_portfolio_prices_by_hand():
    upper = solve(one_car(portfolio=rows_on_the_car(-np.inf, 3_000.0)), PRICES)
    assert upper.schedules().one_way_wh[0].tolist() == [3_000.0, 0.0, 1_000.0, 0.0]
    assert upper.prices.upper.tolist() == [pytest.approx(200_000.0)]
    falling = Prices(PRICES.buy[::-1].copy())
    lower = solve(one_car(portfolio=rows_on_the_car(1_000.0, np.inf)), falling)
    assert lower.schedules().one_way_wh[0].tolist() == [0.0, 1_000.0, 0.0, 3_000.0]
    assert lower.prices.lower.tolist() == [pytest.approx(200_000.0)]
    assert lower.row_cost_nano.tolist() == [pytest.approx(-1_000 * 200_000)]


def test_limits_that_cannot_be_kept_are_missed_by_the_least():
    answer = solve(one_car(limit=900.0), PRICES)
    assert answer.status is Status.LIMITS_MISSED
    assert sum(one.missing_wh for one in answer.missed) == pytest.approx(400.0)
    row = rows_on_the_car(5_000.0, np.inf)
    answer = solve(one_car(portfolio=row), PRICES)
    assert answer.missed == (Missed("lower", 0, 0, pytest.approx(1_000.0)),)


def store(**changes):
    table = Storage(np.zeros(1, np.int64), 5_000.0, 4_000.0, 4_000.0, 10_000.0)
    table = msgspec.structs.replace(table, **changes)
    return Fleet(slots=4, step_s=3600, zones=Zones(np.array([-1])), storage=table)


def test_burning_energy_does_not_pay_where_prices_are_negative():
    battery = store(efficiency_in=0.9, efficiency_out=0.9, initial_wh=9_000.0)
    answer = solve(battery, Prices(np.full(4, -100_000.0)))
    plan = answer.schedules()
    assert not ((plan.charge_wh > 0) & (plan.discharge_wh > 0)).any()
    relaxed = build(battery, Prices(np.full(4, -100_000.0)), 1.0, no_modes(battery))
    burnt = minimise(relaxed.arrays, Search())
    assert burnt.objective * 1e9 < answer.upper_nano - 1e6, "the case does not need modes"


def test_free_cycles_are_parted():
    answer = solve(store(), Prices(np.zeros(4)))
    plan = answer.schedules()
    assert not ((plan.charge_wh > 0) & (plan.discharge_wh > 0)).any()
    assert answer.upper_nano == pytest.approx(0.0, abs=1e-3)


def test_assets_with_impossible_needs_are_named():
    needs = store(charge_min_w=3_900.0, charge_w=4_000.0, lo_wh=np.array([[0, 0, 0, 7_000.0]]))
    needs = msgspec.structs.replace(
        needs, storage=msgspec.structs.replace(needs.storage, discharge_w=0.0, hi_wh=7_500.0)
    )
    with pytest.raises(BadInput, match=r"storage\[0\]"):
        solve(needs, PRICES)
    with pytest.raises(BadInput, match="power"):
        solve(one_car(energy=99_000.0), PRICES)


def test_the_bound_holds_for_any_duals():
    fleet = one_car(limit=900.0)
    arrays = build(fleet, PRICES, 5.0, no_modes(fleet)).arrays
    best = minimise(arrays, Search())
    draw = np.random.default_rng(1)
    for _ in range(200):
        dual = best.row_dual + draw.normal(0, 0.2, len(best.row_dual))
        assert safe_bound(arrays, dual) <= best.objective + 1e-9
    assert safe_bound(arrays, best.row_dual) == pytest.approx(best.objective)


def test_the_same_twice(fleets):
    fleet, prices = fleets.random_fleet(3, fleets.CONTINUOUS + fleets.DISCRETE)
    one, other = solve(fleet, prices, PENALTY), solve(fleet, prices, PENALTY)
    assert one.upper_nano == other.upper_nano
    np.testing.assert_array_equal(one.net_wh, other.net_wh)


def test_a_meter_does_not_buy_and_sell_at_once_where_selling_earns_more():
    zones = Zones(np.array([-1]), load_wh=np.full((1, 2), 1_000.0))
    sun = Curtailable(np.zeros(1, np.int64), np.array([[2_000.0, 700.0]]))
    fleet = Fleet(slots=2, step_s=3600, zones=zones, curtailable=sun)
    prices = Prices(np.full((1, 2), 100_000.0), np.full((1, 2), 400_000.0))
    answer = solve(fleet, prices)
    assert answer.net_wh[0] == pytest.approx([-1_000.0, 300.0])
    assert answer.upper_nano == pytest.approx(-1_000 * 400_000 + 300 * 100_000)
    assert answer.gap <= 1e-6


def test_strict_limits_have_an_optimum_or_none():
    assert optimum(one_car(limit=900.0), PRICES, np.inf, Search()) is None
    strict = optimum(one_car(limit=3_000.0), PRICES, np.inf, Search())
    assert strict.cost == pytest.approx(3 * 0.1 + 1 * 0.2)
