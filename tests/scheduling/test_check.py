"""The checker finds what is wrong: a right plan is spoilt in one place at a time."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.problem import Conflict


@pytest.fixture(scope="module")
def case(problem_of):
    battery = {"charge": 500, "discharge": 500, "start": 500, "hi": 1000, "into": 0.9}
    problem = problem_of(
        [[100, 900, 100, 100], [50, 50, 50, 50]],
        pv=[[0, 0, 800, 0], [0, 0, 0, 0]],
        buy=[100_000, 400_000, 300_000, 300_000],
        storage=[battery],
        runs=[(1, 100, 2, 1, 2)],
        zones=[{"homes": [0, 1], "buy": 1000}],
    )
    return problem, solve(problem)


SPOILT = {
    "too much charge": ("charge_wh", (0, 0), 600, "outside its bounds"),
    "negative discharge": ("discharge_wh", (0, 0), -1, "outside its bounds"),
    "wrong state": ("state_wh", (0, 2), 1, "simulated"),
    "net energy": ("net_wh", (0, 3), 1, "balance"),
    "curtailment": ("curtail_wh", (0, 0), 1, "curtails"),
    "late start": ("run_start", (0,), 2, "starts at"),
    "cost": ("cost_nano", (1,), 1, "cost"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_plan_is_found_out(case, name):
    problem, plan = case
    field, place, more, message = SPOILT[name]
    array = getattr(plan, field).copy()
    array[place] += more
    found = violations(problem, msgspec.structs.replace(plan, **{field: array}))
    assert any(message in line for line in found), found


def test_a_right_plan_has_no_violations(case):
    assert violations(*case) == []


def test_both_ways_at_once_is_found_out(case):
    problem, plan = case
    both = np.full_like(plan.charge_wh, 10)
    found = violations(problem, msgspec.structs.replace(plan, charge_wh=both, discharge_wh=both))
    assert any("at once" in line for line in found)


def test_an_unreported_or_invented_conflict_is_found_out(case):
    problem, plan = case
    tight = msgspec.structs.replace(
        problem,
        zones=msgspec.structs.replace(
            problem.zones, import_limit_wh=np.full_like(problem.zones.import_limit_wh, 10)
        ),
        storage=msgspec.structs.replace(
            problem.storage, lo_wh=np.full_like(problem.storage.lo_wh, 999)
        ),
    )
    found = violations(tight, plan)
    assert any(line.startswith("zone-import 0") for line in found)
    assert any(line.startswith("need 0") for line in found)
    for kind, row in (("need", 0), ("zone-export", 0), ("run", 0), ("need", 7), ("other", 0)):
        invented = msgspec.structs.replace(plan, conflicts=(Conflict(kind, row, 0, 5),))
        assert violations(problem, invented)


def test_a_price_without_a_limit_and_a_wrong_shape_are_found_out(case):
    problem, plan = case
    price = np.full_like(plan.zone_price, -5)
    assert violations(problem, msgspec.structs.replace(plan, zone_price=price))
    found = violations(problem, msgspec.structs.replace(plan, net_wh=plan.net_wh[:, :2]))
    assert found == ["net_wh is int64 (2, 2), not int64 (2, 4)"]
