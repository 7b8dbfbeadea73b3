"""The engine against one dense programme, with which it shares nothing, on the same homes."""

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import plan_of, scheduled, solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status, closed

NOISE = 2e4
"""Nano-¤: what tolerances of both solvers and 1 Wh over limits may come to."""


def wear_of(found):
    """Most that preferring less cycling can cost: 1 nano-¤ per Wh moved."""
    storage = found.case.problem.storage
    return float((storage.charge_max_wh + storage.discharge_max_wh).sum())


@pytest.mark.parametrize("method", ["engine", "auto"])
@settings(deadline=None, max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_homes_cost_what_a_dense_programme_finds(data, problems, dense, method):
    problem = data.draw(problems())
    found = scheduled(problem, Options(method=method, rounds=40))
    plan = plan_of(found)
    assert violations(problem, plan) == []
    solution, least = found.solution, dense.least(problem)
    missed = sum(one.missing_wh for one in solution.missed)
    assert missed >= least.above_wh - 0.5
    if closed((solution.lower_nano, solution.upper_nano), Options().gap):
        assert missed <= least.above_wh + 1.5
    if solution.missed:
        return
    apart = NOISE + wear_of(found)
    if least.missed_wh < dense.SLACK:  # else the slots that miss are chosen beforehand
        assert solution.lower_nano <= least.cost_nano + apart
    assert solution.upper_nano >= least.cost_nano - apart
    if solution.status is Status.OPTIMAL:
        assert solution.upper_nano - solution.lower_nano <= 1e-3 * abs(solution.upper_nano) + NOISE


def three_homes(problem_of, limit):
    """A battery, a car and a plant below one feeder with an import limit [Wh]."""
    load = np.tile([300, 300, 500, 900, 700, 300], (3, 1))
    battery = {"home": 0, "start": 1000, "charge": 800, "discharge": 800, "hi": 3000}
    car = {"home": 1, "charge": 1500, "hi": 6000, "lo": [0, 0, 0, 0, 3000, 3000], "into": 0.9}
    return problem_of(
        load,
        pv=[[0] * 6, [0] * 6, [0, 800, 1200, 100, 0, 0]],
        buy=[100_000, 90_000, 300_000, 400_000, 350_000, 200_000],
        sell=60_000,
        storage=[battery | {"into": 0.95, "out": 0.95}, car],
        zones=[{"homes": range(3), "buy": limit, "sell": 400}],
    )


def test_a_binding_feeder_gets_a_price_and_is_kept(problem_of, dense):
    problem = three_homes(problem_of, 2200)
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert plan.conflicts == ()
    assert (plan.net_wh.sum(axis=0) <= 2200).all()
    assert (plan.zone_price > 0).any()
    free = solve(three_homes(problem_of, -1))
    assert free.cost_nano.sum() <= plan.cost_nano.sum()
    assert (free.net_wh.sum(axis=0) > 2200).any()
    assert abs(plan.cost_nano.sum() - dense.least(problem).cost_nano) <= 3 * 6 * 400_000


def village(problem_of, limit, runs=True):
    """Twelve homes of up to three assets on two feeders; all limits [Wh] are nested."""
    draw = stream(3, "village")
    slot = np.arange(24)
    evening = np.exp(-(((slot - 18) / 3) ** 2))
    load = draw.integers(100, 300, (12, 1)) + np.rint(400 * evening).astype(int)
    sun = np.maximum(np.sin((slot - 6) / 12 * np.pi), 0)
    storage = []
    for home in range(12):
        battery = {"home": home, "start": 500 * home, "charge": 900, "discharge": 900, "hi": 7000}
        car = {"home": home, "charge": 2000, "hi": 9000, "lo": [0] * 23 + [4000 + 200 * home]}
        storage += [battery | {"into": 0.95, "out": 0.95}] * (home % 3 > 0) + [car] * (home % 2)
    return problem_of(
        load,
        pv=np.rint(draw.integers(0, 2, (12, 1)) * 1200 * sun).astype(int),
        buy=np.rint(200_000 + 150_000 * evening - 60_000 * (slot < 5)).astype(int),
        sell=70_000,
        storage=storage,
        runs=[(home, 800, 3, 8, 20) for home in range(0, 12, 4)] * runs,
        zones=[
            {"homes": [], "buy": limit * 17 // 10, "sell": limit},
            {"homes": range(6), "parent": 0, "buy": limit, "sell": limit},
            {"homes": range(6, 12), "parent": 0, "buy": limit, "sell": limit},
        ],
    )


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("limit", [4500, 5500])
def test_homes_of_several_assets_below_nested_limits_cost_the_least(problem_of, dense, limit, runs):
    problem = village(problem_of, limit, runs)
    found = scheduled(problem, Options(gap=1e-5))
    plan = plan_of(found)
    assert violations(problem, plan) == []
    assert plan.conflicts == ()
    assert (plan.zone_price > 0).any()
    assert found.solution.gap <= 1e-5
    wanted = dense.least(problem).cost_nano
    room = 1e-5 * abs(wanted) + 12 * 24 * 350_000 / 2  # half a Wh a home and slot
    assert abs(int(plan.cost_nano.sum()) - wanted) <= room


def test_homes_whose_own_plans_keep_all_limits_take_one_round(problem_of):
    problem = village(problem_of, 50_000, runs=False)
    found = scheduled(problem, Options(method="engine", gap=1e-6))
    assert len(found.solution.rounds) == 1
    assert plan_of(found).unproved_nano == 0
    assert found.community.solar.size == 0


def test_positions_are_settled_at_the_meter_and_counted_in_the_zone(problem_of):
    problem = three_homes(problem_of, 2200)
    traded = msgspec.structs.replace(problem, position_wh=np.full((3, 6), 200))
    found = scheduled(traded)
    zone = len(problem.zones.parent)
    net = found.solution.net_wh
    assert net[0] == pytest.approx(net[zone:].sum(axis=0) + 600)
    plan = plan_of(found)
    assert violations(traded, plan) == []
    assert (plan.net_wh.sum(axis=0) <= 2200).all()


@pytest.mark.parametrize("method", ["engine", "reference"])
def test_limits_that_cannot_be_kept_are_missed_by_the_least(problem_of, dense, method):
    problem = three_homes(problem_of, [2200, 2200, 100, 100, 2200, 2200])
    found = scheduled(problem, Options(method=method))
    plan = plan_of(found)
    assert violations(problem, plan) == []
    above = dense.least(problem).above_wh
    assert above > 100
    assert sum(one.missing_wh for one in found.solution.missed) == pytest.approx(above, abs=1.5)
    assert {one.kind for one in plan.conflicts} == {"zone-import"}
    assert 400_000 < plan.zone_price.max() <= 10 * 400_000


def test_needs_beyond_reach_are_missed_by_the_least(problem_of):
    car = {"home": 0, "start": 0, "charge": 500, "lo": [0, 0, 0, 3000], "hi": 5000}
    buy = [400_000, 100_000, 200_000, 300_000]
    problem = problem_of(np.full((1, 4), 100), buy=buy, storage=[car])
    plan = solve(problem)
    assert plan.charge_wh.tolist() == [[500] * 4]
    assert [one.missing_wh for one in plan.conflicts] == [1000]
    assert plan.cost_nano.tolist() == [600 * sum(buy)]


def test_a_run_starts_where_enumeration_finds_it_cheapest(problem_of):
    buy = np.array([310, 180, 220, 150, 400, 90]) * 1000
    runs = [(0, 700, 2, 0, 4), (0, 300, 3, 1, 5)]
    problem = problem_of(np.full((1, 6), 50), buy=buy, sell=20_000, runs=runs)
    plan = solve(problem)
    assert violations(problem, plan) == []
    best = min(
        sum(
            energy * int(buy[start : start + length].sum())
            for start, (_, energy, length, _, _) in zip(starts, runs, strict=True)
        )
        for starts in itertools.product(range(5), range(1, 4))
    )
    assert plan.cost_nano.sum() == best + 50 * int(buy.sum())


def test_homes_without_anything_to_move_cost_what_their_load_costs(problem_of):
    problem = problem_of([[500, 600], [100, 0]], pv=[[0, 0], [300, 300]], buy=200_000)
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert plan.cost_nano.tolist() == [1100 * 200_000, -500 * 80_000]


def test_plants_curtail_only_where_prices_or_limits_make_them(problem_of):
    calm = problem_of(np.zeros((2, 3)), pv=500, sell=50_000)
    assert scheduled(calm).community.solar.size == 0
    limited = problem_of(
        np.zeros((2, 3)), pv=500, sell=50_000, zones=[{"homes": [0, 1], "sell": 600}]
    )
    assert scheduled(limited).community.solar.tolist() == [0, 1]
    plan = solve(limited)
    assert violations(limited, plan) == []
    assert plan.curtail_wh.sum(axis=0).tolist() == [400] * 3
    negative = problem_of(np.zeros((1, 3)), pv=500, sell=[-50_000, 10_000, -1_000])
    assert solve(negative).curtail_wh.tolist() == [[500, 0, 500]]
