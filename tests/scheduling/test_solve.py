"""What a solved schedule means, in cases small enough to work out by hand."""

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import plan_of, scheduled, solve
from gridpact.scheduling.fleet import home_programme
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.problem import Conflict, Plan

SETTINGS = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


def solved(problem):
    plan = solve(problem)
    assert violations(problem, plan) == []
    return plan


def same(one, other):
    for name in Plan.__struct_fields__:
        left, right = getattr(one, name), getattr(other, name)
        assert left == right if name == "conflicts" else np.array_equal(left, right), name


def test_no_homes_no_plan(problem_of):
    plan = solved(problem_of(np.zeros((0, 4))))
    assert plan.net_wh.shape == (0, 4)
    assert plan.conflicts == ()


def test_a_home_without_choice_pays_for_its_load(problem_of):
    plan = solved(problem_of([100, 200], pv=[0, 500], buy=300_000, sell=80_000))
    assert plan.net_wh.tolist() == [[100, -300]]
    assert plan.cost_nano.tolist() == [100 * 300_000 - 300 * 80_000]


def test_what_is_already_bought_is_not_bought_again(problem_of):
    plan = solved(problem_of([100, 100], position=[100, 160], buy=300_000, sell=80_000))
    assert plan.cost_nano.tolist() == [-60 * 80_000]


def test_solar_energy_nobody_wants_is_curtailed_only_at_negative_prices(problem_of):
    plan = solved(problem_of([100, 100], pv=500, buy=300_000, sell=[80_000, -10_000]))
    assert plan.curtail_wh.tolist() == [[0, 400]]


def test_a_battery_moves_energy_to_the_dear_slot(problem_of):
    battery = {"charge": 1000, "discharge": 1000, "into": 0.9, "out": 1.0, "hi": 900}
    plan = solved(problem_of([0, 900], buy=[100_000, 300_000], sell=0, storage=[battery]))
    assert plan.charge_wh.tolist() == [[1000, 0]]
    assert plan.discharge_wh.tolist() == [[0, 900]]
    assert plan.cost_nano.tolist() == [100_000_000]


def test_a_battery_does_not_cycle_without_gain(problem_of):
    battery = {"charge": 500, "discharge": 500, "start": 500, "lo": [0, 0, 500]}
    plan = solved(problem_of([100, 100, 100], storage=[battery]))
    assert not plan.charge_wh.any()
    assert not plan.discharge_wh.any()


def test_a_car_at_a_flat_price_charges_what_it_needs_and_no_more(problem_of):
    car = {"charge": 1000, "discharge": 1000, "lo": [0, 0, 0, 2000]}
    plan = solved(problem_of([0] * 4, storage=[car]))
    assert plan.charge_wh.sum() == 2000
    assert not plan.discharge_wh.any()


def test_nothing_charges_and_discharges_at_once_at_negative_prices(problem_of):
    battery = {"charge": 1000, "discharge": 1000, "start": 0, "hi": 100, "into": 0.8, "out": 0.8}
    plan = solved(problem_of([0] * 4, buy=-100_000, sell=-100_000, storage=[battery] * 2))
    assert not np.any((plan.charge_wh > 0) & (plan.discharge_wh > 0))
    assert plan.cost_nano[0] < 0


def test_dear_export_is_not_fed_from_import_of_the_same_slot(problem_of):
    plan = solved(problem_of([50, 50], pv=[0, 80], buy=100_000, sell=200_000))
    assert plan.cost_nano.tolist() == [50 * 100_000 - 30 * 200_000]


def test_a_run_avoids_the_dear_slots(problem_of):
    prices = [300_000, 100_000, 110_000, 300_000]
    for storage in ([], [{"charge": 10, "discharge": 10}]):
        plan = solved(problem_of([0] * 4, buy=prices, storage=storage, runs=[(0, 100, 2, 0, 3)]))
        assert plan.run_start.tolist() == [1]


def test_a_run_too_late_is_reported_and_not_run(problem_of):
    plan = solved(problem_of([0] * 4, runs=[(0, 100, 3, 2, 3)]))
    assert plan.run_start.tolist() == [-1]
    assert plan.conflicts == (Conflict("run", 0, 2, 300),)


def test_a_need_out_of_reach_is_met_as_far_as_possible(problem_of):
    car = {"charge": [500, 500, 0, 0], "lo": [0, 0, 3000, 3000], "start": 1000}
    plan = solved(problem_of([0] * 4, storage=[car]))
    assert plan.charge_wh.tolist() == [[500, 500, 0, 0]]
    assert plan.conflicts == (Conflict("need", 0, 2, 1000),)


def test_storage_without_power_is_what_it_is(problem_of):
    tank = {"start": 100, "draw": [0, 80, 80], "kept": 0.5}
    plan = solved(problem_of([0] * 3, storage=[tank]))
    assert plan.state_wh.tolist() == [[50, -55, -108]]
    assert plan.conflicts == (Conflict("need", 0, 1, 108),)


def test_a_shared_limit_spreads_two_cars_and_has_a_price(problem_of):
    cars = [{"home": home, "charge": 1000, "lo": [0, 0, 0, 1000]} for home in (0, 1)]
    prices = [100_000, 200_000, 400_000, 400_000]
    zone = {"homes": [0, 1], "buy": 1000}
    apart = solved(problem_of([[0] * 4] * 2, buy=prices, storage=cars))
    assert apart.net_wh.sum(axis=0).tolist() == [2000, 0, 0, 0]
    plan = solved(problem_of([[0] * 4] * 2, buy=prices, storage=cars, zones=[zone]))
    assert plan.net_wh.sum(axis=0).tolist() == [1000, 1000, 0, 0]
    assert plan.zone_price[0, 0] == pytest.approx(100_000, abs=2)
    assert plan.zone_price[0, 1:].tolist() == [0, 0, 0]


def test_a_limit_on_export_curtails_and_has_a_negative_price(problem_of):
    zone = {"homes": [0, 1], "sell": 300}
    plan = solved(problem_of([[0, 0]] * 2, pv=[[500, 100], [200, 100]], zones=[zone]))
    assert plan.net_wh.sum(axis=0).tolist() == [-300, -200]
    assert plan.zone_price.tolist() == [[-80_000, 0]]


def test_a_limit_that_cannot_hold_is_exceeded_least_and_reported(problem_of):
    battery = {"charge": 100, "discharge": 100, "start": 150}
    zone = {"homes": [0], "buy": 200}
    plan = solved(problem_of([100, 500, 100], storage=[battery], zones=[zone]))
    assert plan.conflicts == (Conflict("zone-import", 0, 1, 200),)
    assert plan.zone_price[0, 1] > 300_000


def test_needs_go_before_limits(problem_of):
    car = {"charge": 1000, "lo": [0, 2000]}
    plan = solved(problem_of([0, 0], storage=[car], zones=[{"homes": [0], "buy": 600}]))
    assert plan.charge_wh.sum() == 2000
    assert plan.conflicts == (Conflict("zone-import", 0, 0, 800),)


def test_a_limit_above_binds_when_those_below_hold(problem_of):
    cars = [{"home": home, "charge": 1000, "lo": [0, 0, 1000]} for home in (0, 1)]
    zones = [
        {"homes": [], "buy": 1200},
        {"homes": [0], "parent": 0, "buy": 900},
        {"homes": [1], "parent": 0},
    ]
    prices = [100_000, 200_000, 300_000]
    plan = solved(problem_of([[0] * 3] * 2, buy=prices, storage=cars, zones=zones))
    assert plan.net_wh.sum(axis=0).tolist() == [1200, 800, 0]
    assert plan.net_wh[0, 0] <= 900
    assert plan.conflicts == ()


def test_zones_in_a_circle_are_refused(problem_of):
    zones = [{"homes": [0], "parent": 1}, {"homes": [], "parent": 0}]
    with pytest.raises(ValueError, match="circle"):
        solve(problem_of([0], zones=zones))


def test_rounding_does_not_add_up_over_a_day_of_a_binding_limit(problem_of):
    rows = np.arange(12)
    cars = [
        {"home": int(row), "charge": 700, "lo": [0] * 95 + [9000 + 37 * int(row)], "into": 0.93}
        for row in rows
    ]
    load = 40 + (7 * rows[:, None] + 5 * np.arange(96)) % 11
    prices = 250_000 + 1000 * ((13 * np.arange(96)) % 29)
    zone = {"homes": rows, "buy": int(load.sum(axis=0).max()) + 1501}
    plan = solved(problem_of(load, buy=prices, storage=cars, zones=[zone]))
    assert plan.conflicts == ()
    assert np.count_nonzero(plan.zone_price) > 50
    assert np.all(plan.state_wh[:, -1] >= [item["lo"][-1] - 3 for item in cars])


def test_the_own_search_and_that_of_highs_agree(problem_of, monkeypatch):
    """Homes of several assets and runs below a limit, by either search for whole numbers."""
    battery = {"charge": 700, "discharge": 700, "start": 300, "hi": 2000, "into": 0.9}
    slots = np.arange(24)
    problem = problem_of(
        100 + 50 * ((slots * 7) % 5) + np.zeros((2, 1), np.int64),
        pv=800 * (abs(slots - 12) < 4),
        buy=200_000 + 9_000 * ((slots * 11) % 17),
        storage=[battery, {**battery, "home": 1}],
        runs=[(0, 400, 3, 0, 20), (0, 300, 4, 5, 15), (1, 500, 2, 0, 22)],
        zones=[{"homes": [0, 1], "buy": 700}],
    )
    found = []
    for nodes in (home_programme.NODES, 1):
        monkeypatch.setattr(home_programme, "NODES", nodes)
        answer = scheduled(problem, Options(method="engine", gap=1e-6))
        assert violations(problem, plan_of(answer)) == []
        found.append((answer.solution.lower_nano, answer.solution.upper_nano))
    assert found[0][0] <= found[1][1] + 1e3
    assert found[1][0] <= found[0][1] + 1e3
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-3)


@SETTINGS
@given(data=st.data())
def test_equal_problems_have_equal_plans(data, problems):
    problem = data.draw(problems())
    same(solve(problem), solve(msgspec.structs.replace(problem)))


@SETTINGS
@given(data=st.data())
def test_homes_without_shared_limits_cost_what_each_costs_alone(data, problems):
    problem = data.draw(problems(zoned=False))
    homes = len(problem.load_wh)
    together = scheduled(problem, Options(gap=1e-6)).solution
    alone = [scheduled(only(problem, home), Options(gap=1e-6)).solution for home in range(homes)]
    touch = 1e3 + 1e-9 * sum(abs(one.upper_nano) for one in alone)
    assert together.lower_nano <= sum(one.upper_nano for one in alone) + touch
    assert sum(one.lower_nano for one in alone) <= together.upper_nano + touch
    apart = together.upper_nano - sum(one.upper_nano for one in alone)
    assert abs(apart) <= touch + 1e-6 * sum(abs(one.upper_nano) for one in [together, *alone])


def only(problem, home):
    def rows(table):
        own = table.home == home
        picked = {name: getattr(table, name)[own] for name in table.__struct_fields__}
        return msgspec.structs.replace(table, **{**picked, "home": np.zeros(own.sum(), np.int64)})

    names = ("load_wh", "pv_wh", "position_wh", "import_price", "export_price")
    return msgspec.structs.replace(
        problem,
        **{name: getattr(problem, name)[home : home + 1] for name in names},
        storage=rows(problem.storage),
        runs=rows(problem.runs),
        zones=msgspec.structs.replace(problem.zones, zone=problem.zones.zone[home : home + 1]),
    )
