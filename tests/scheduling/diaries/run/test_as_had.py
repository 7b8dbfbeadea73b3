"""Homes planned alone are asked for what gave way in the plan only as far as it was had."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.diaries.as_had import as_had
from gridpact.scheduling.diaries.without import home_alone
from gridpact.scheduling.problem import Firm, Sum

NO_RUNS = np.zeros(0, np.int64)


def soft(problem, **changes):
    """A problem in which nothing is firm."""
    nothing = np.zeros_like(problem.storage.lo_wh)
    firm = Firm(nothing, np.zeros(len(problem.runs.home), np.bool_))
    return msgspec.structs.replace(problem, firm=firm, **changes)


def alone(problem, plan, home, runs=NO_RUNS):
    """What a home does alone, as it is asked for in full and for what was had."""
    price = plan.zone_price[0]
    asked = (problem, as_had(problem, plan, runs))
    return [solve(home_alone(each, home, price)) for each in asked]


def test_a_state_that_gave_way_to_a_limit_gives_way_no_more(problem_of):
    """6 kWh are let through for two cars that want 5 each, and get 3."""
    cars = [{"home": home, "charge": 2000, "lo": [0, 0, 0, 5000]} for home in (0, 1)]
    zone = {"homes": [0, 1], "buy": 1500}
    problem = soft(problem_of(np.zeros((2, 4)), storage=cars, zones=[zone]))
    plan = solve(problem)
    assert [one.kind for one in plan.conflicts] == ["need", "need"]
    full, had = alone(problem, plan, 1)
    assert full.charge_wh.sum() == 5000
    assert had.charge_wh.sum() == pytest.approx(3000, abs=1)
    assert had.conflicts == ()


def test_an_appliance_that_was_left_out_stays_out(problem_of):
    problem = problem_of([[100] * 4], runs=[(0, 800, 2, 0, 2)], zones=[{"homes": [0], "buy": 500}])
    problem = soft(problem)
    plan = solve(problem)
    assert plan.run_start.tolist() == [-1]
    full, had = alone(problem, plan, 0, np.array([0]))
    assert full.run_start.tolist() != [-1]
    assert had.run_start.tolist() == [-1]


def test_a_budget_that_was_overspent_is_that_wide(problem_of):
    car = {"charge": 3000, "lo": [0, 2000]}
    zone, budget = {"homes": [0], "buy": [500, 3000]}, Sum("cost", 0, 2, (0,), upper=300_000_000)
    problem = problem_of([[0, 0]], buy=[100_000, 300_000], storage=[car], zones=[zone])
    problem = soft(problem, sums=(budget,))
    plan = solve(problem)
    assert plan.charge_wh.tolist() == [[500, 1500]]
    (spent,) = as_had(problem, plan, NO_RUNS).sums
    assert spent.upper == 500 * 100_000 + 1500 * 300_000


def test_what_was_kept_is_asked_for_as_before(problem_of):
    car = {"charge": 2000, "lo": [0, 0, 0, 5000]}
    problem = soft(problem_of(np.zeros((1, 4)), storage=[car]))
    had = as_had(problem, solve(problem), NO_RUNS)
    assert (had.storage.lo_wh == problem.storage.lo_wh).all()
    assert had.sums == problem.sums
