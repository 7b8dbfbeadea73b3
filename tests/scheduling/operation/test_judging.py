"""What set-points miss is what the solver says of its own plan, and worse for worse set-points."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.operation.judging import misses, told_by, worse
from gridpact.scheduling.problem import Firm

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
