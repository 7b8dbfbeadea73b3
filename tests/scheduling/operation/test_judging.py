"""What set-points miss is what the solver says of its own plan, and worse for worse set-points."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.messages import Misses
from gridpact.scheduling.operation.judging import misses, told_by, worse
from gridpact.scheduling.problem import Firm, Wished

MANY = 10**9


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_plan_is_judged_as_the_solver_judges_it(problems, data):
    """Needs to rounding; runs and limits to the Wh."""
    problem = data.draw(problems(homes=2, slots=5))
    plan = solve(problem)
    capacity = np.full(len(problem.storage.home), MANY)
    found = misses(problem, told_by(plan, problem.slots.count), capacity)
    said = {"need": 0, "run": 0, "zone-import": 0, "zone-export": 0}
    for each in plan.conflicts:
        said[each.kind] += each.missing_wh
    held = (plan.state_wh >= 0).all()
    if held:  # where draws empty storage below nothing, following stops at what is held
        assert abs(found.needs_wh - said["need"]) <= 2 * int(state_tolerance(problem.storage).sum())
        assert found.limits_wh == said["zone-import"] + said["zone-export"]
    assert found.runs_wh == said["run"]


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_no_other_set_points_are_better_than_the_solvers(problems, data):
    problem = data.draw(problems(homes=2, slots=4, lossless=True))
    floor = problem.storage.lo_wh * 0
    firm = Firm(floor, np.zeros(len(problem.runs.home), np.bool_))
    problem = msgspec.structs.replace(problem, firm=firm)
    plan = solve(problem)
    if (plan.state_wh < 0).any():
        return
    capacity = np.full(len(problem.storage.home), MANY)
    shape = problem.storage.charge_max_wh.shape
    share = np.array(data.draw(st.lists(st.floats(0, 1), min_size=shape[1], max_size=shape[1])))
    charge = np.rint(problem.storage.charge_max_wh * share).astype(np.int64)
    other = msgspec.structs.replace(plan, charge_wh=charge, discharge_wh=plan.discharge_wh * 0)
    rounding = 2 * int(state_tolerance(problem.storage).sum())
    new, old = (misses(problem, told_by(each, shape[1]), capacity) for each in (plan, other))
    only_firm = msgspec.structs.replace(problem.storage, lo_wh=floor)
    physical = msgspec.structs.replace(problem, storage=only_firm)
    if misses(physical, told_by(other, shape[1]), capacity).needs_wh:
        return  # what is firm comes before all
    assert not worse(new, old, rounding)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_an_appliance_that_may_no_longer_run_when_it_was_told_to_is_missed(problems, data):
    problem = data.draw(problems(homes=2, slots=5))
    plan = solve(problem)
    capacity = np.full(len(problem.storage.home), MANY)
    count = problem.slots.count
    before = misses(problem, told_by(plan, count), capacity)
    forbidden = msgspec.structs.replace(
        problem.runs, earliest=plan.run_start + 1, latest=MANY + 0 * plan.run_start
    )
    barred = msgspec.structs.replace(problem, runs=forbidden)
    found = misses(barred, told_by(plan, count), capacity)
    assert found.runs_wh == int((problem.runs.energy_wh * problem.runs.length).sum())
    left_out = msgspec.structs.replace(plan, run_start=plan.run_start * 0 - 1)
    assert found == misses(problem, told_by(left_out, count), capacity)
    assert found.runs_wh >= before.runs_wh


def test_wishes_are_judged_as_the_solver_says_and_after_all_else(problem_of):
    """A car would like 3 kWh by noon but none at first, and its washer late; limits forbid it."""
    car = {"charge": 4000, "lo": [0, 0, 0, 1000], "hi": 9000}
    zone = {"homes": [0], "buy": [900, 900, 900, 500]}
    problem = problem_of([[0] * 4], storage=[car], zones=[zone], runs=[(0, 800, 2, 0, 2)])
    table, runs = problem.storage, problem.runs
    firm = Firm(np.zeros_like(table.lo_wh), np.zeros(1, np.bool_))
    wish = Wished(
        charge_max_wh=np.array([[0, 4000, 4000, 4000]]),
        discharge_max_wh=table.discharge_max_wh,
        lo_wh=np.array([[0, 3000, 0, 1000]]),
        hi_wh=table.hi_wh,
        earliest=runs.earliest + 2,
        latest=runs.latest,
    )
    problem = msgspec.structs.replace(problem, firm=firm, wished=wish)
    plan = solve(problem)
    found = misses(problem, told_by(plan, 4), np.array([MANY]))
    said = {one.kind: one.missing_wh for one in plan.conflicts}
    assert said.keys() == {"wished-state", "wished-power", "wished-run"} & said.keys()
    assert found.wishes_wh == sum(said.values()) > 2000
    assert (found.needs_wh, found.limits_wh, found.runs_wh) == (0, 0, 0)
    better = msgspec.structs.replace(found, wishes_wh=0)
    assert worse(found, better)
    assert not worse(better, found)
    assert not worse(found, msgspec.structs.replace(better, needs_wh=100), 2)
    assert not worse(found, Misses(0, 1, 0, 0, 0))
