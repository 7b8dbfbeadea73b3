"""Sums over slots in a problem: drawn ones, judged by the independent check and by each other."""

import msgspec
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.operation.judging import misses, told_by
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Problem, RunColumns, StorageColumns, Sum, ZoneColumns
from gridpact.scheduling.sums import Flows, comes_to, conflicts, missed, without

MANY = 10**9
LEVELS = st.sampled_from([Level.GRID, Level.CONTRACTS, Level.NEEDS])


@st.composite
def sums_on(draw, problem):
    """One sum of each kind at most, over any slots, at a bound that may bind."""
    slots, assets = problem.slots.count, len(problem.storage.home)
    found = []
    for kind in draw(st.lists(st.sampled_from(["net", "discharge", "cost"]), unique=True)):
        first = draw(st.integers(0, slots - 1))
        end = draw(st.integers(first + 1, slots))
        if kind == "net" and len(problem.zones.parent) and draw(st.booleans()):
            zones = (draw(st.integers(0, len(problem.zones.parent) - 1)),)
            upper, level = draw(st.integers(-500, 3_000)), draw(LEVELS)
            found.append(Sum(kind, first, end, (), zones, upper=upper, level=level))
            continue
        if not assets:
            continue
        row = draw(st.integers(0, assets - 1))
        most = draw(st.integers(0, 2_000)) * (200_000 if kind == "cost" else 1)
        lower = draw(st.none() | st.integers(-2_000, most)) if kind == "net" else None
        found.append(Sum(kind, first, end, (row,), lower=lower, upper=most))
    return tuple(found)


def flows_of(plan):
    return Flows(plan.charge_wh, plan.discharge_wh, plan.net_wh)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_plan_keeps_sums_or_says_by_how_much_it_does_not(problems, data):
    problem = data.draw(problems(homes=2, slots=5))
    problem = msgspec.structs.replace(problem, sums=data.draw(sums_on(problem)))
    assert violations(problem, solve(problem)) == []


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_sums_that_hold_anyway_change_no_cost_and_others_never_make_it_less(problems, data):
    problem = data.draw(problems(homes=2, slots=5, lossless=True))
    free = solve(problem)
    sums = data.draw(sums_on(problem))
    bound = msgspec.structs.replace(problem, sums=sums)
    plan = solve(bound)
    assume(not free.conflicts and not plan.conflicts)
    highest = int(np.abs(problem.import_price).max(initial=1))
    rounding = 4 * (len(problem.storage.home) + 1) * problem.slots.count * highest
    assert plan.cost_nano.sum() >= free.cost_nano.sum() - rounding
    room = [one for one in sums if not missed(bound, one, flows_of(free))]
    if len(room) == len(sums):
        assert plan.cost_nano.sum() <= free.cost_nano.sum() + 3 * rounding


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_sums_of_a_plan_are_judged_as_its_conflicts_say(problems, data):
    problem = data.draw(problems(homes=2, slots=5))
    problem = msgspec.structs.replace(problem, sums=data.draw(sums_on(problem)))
    plan = solve(problem)
    assume((plan.state_wh >= 0).all() and not any(one.kind == "need" for one in plan.conflicts))
    found = misses(problem, told_by(plan, problem.slots.count), np.full(len(plan.state_wh), MANY))
    said = {Level.GRID: 0, Level.CONTRACTS: 0, Level.NEEDS: 0}
    for one in plan.conflicts:
        if one.kind == "sum":
            said[problem.sums[one.row].level] += one.missing_wh
        elif one.kind.startswith("zone"):
            said[Level.GRID] += one.missing_wh
    assert (found.limits_wh, found.contracts_wh, found.needs_wh) == tuple(said.values())


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_what_is_held_counts_and_the_rest_is_left(problems, data):
    """What a sum comes to is what is held and what the rest may come to beside it."""
    problem = data.draw(problems(homes=2, slots=5))
    sums = data.draw(sums_on(problem))
    problem = msgspec.structs.replace(problem, sums=sums)
    shape = problem.storage.lo_wh.shape
    numbers = st.lists(st.integers(0, 300), min_size=2 * shape[0] * shape[1], max_size=999)
    drawn = np.array(data.draw(numbers)[: 2 * shape[0] * shape[1]]).reshape(2, *shape)
    charge, discharge = drawn.astype(np.int64)
    nothing = np.zeros_like(problem.load_wh)
    for one, left in zip(sums, without(problem, charge, discharge), strict=True):
        done = comes_to(problem, one, Flows(charge, discharge, nothing))
        for own, rest in ((one.lower, left.lower), (one.upper, left.upper)):
            if own is None:
                assert rest is None
            elif one.kind == "net":
                assert rest == own - done
            else:
                assert rest == max(own - done, 0)


def test_too_much_money_is_told_as_money_and_as_energy():
    """1 kWh at 0.10 and 0.8 kWh at 0.25 cost 0.30: 0.10 beyond 0.20, for which 0.4 kWh is had."""
    one, none = np.ones(1), np.zeros((1, 2), np.int64)
    full = np.full((1, 2), 5000)
    storage = StorageColumns(np.zeros(1, np.int64), np.zeros(1, np.int64), full, none, none, full,
                             none, one, one, one)  # fmt: skip
    alone = ZoneColumns(np.array([-1]), np.zeros(0, np.int64), *[np.zeros((0, 2), np.int64)] * 2)
    problem = Problem(Slots(0, 900, 2), none, none, none, np.array([[100_000, 250_000]]), none,
                      storage, RunColumns(*np.zeros((5, 0), np.int64)), alone)  # fmt: skip
    charged = np.array([[1000, 800]])
    flows = Flows(charged, none, charged)
    for most, wanted in ((200_000_000, [(100_000_000, 400)]), (300_000_000, [])):
        budget = msgspec.structs.replace(problem, sums=(Sum("cost", 0, 2, (0,), upper=most),))
        found = [(each.missing_nano, each.missing_wh) for each in conflicts(budget, flows)]
        assert found == wanted
