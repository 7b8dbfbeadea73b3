"""Bounds that may be missed for money: against one dense programme of scipy's, and by hand."""

import msgspec
import numpy as np
import pytest
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import scheduled, solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.problem import Conflict, Firm, Soft, Sum


def soft(problem, *bounds):
    firm = Firm(np.zeros_like(problem.storage.lo_wh), np.zeros(len(problem.runs.home), np.bool_))
    return msgspec.structs.replace(problem, firm=firm, soft=bounds)


@pytest.mark.parametrize(("worth", "held"), [(200_000, 0), (400_000, 2000)])
def test_a_state_is_had_where_it_costs_less_than_it_is_worth(problem_of, worth, held):
    car = {"charge": 1000, "hi": 9000}
    problem = problem_of([[0] * 4], buy=[300_000] * 4, storage=[car])
    asked = soft(problem, Soft("lo", 0, 2, 3, 2000, worth))
    plan = solve(asked)
    assert plan.state_wh[0, 2] == held
    said = (Conflict("soft", 0, 2, 2000),) if not held else ()
    assert plan.conflicts == said
    assert violations(asked, plan) == []


def test_a_limit_comes_before_whatever_is_worth_more(problem_of):
    car = {"charge": 4000, "hi": 9000}
    zone = {"homes": [0], "buy": 500}
    problem = problem_of([[0] * 4], buy=[1000] * 4, storage=[car], zones=[zone])
    plan = solve(soft(problem, Soft("lo", 0, 3, 4, 5000, 10**9)))
    assert plan.net_wh.tolist() == [[500] * 4]
    assert plan.conflicts == (Conflict("soft", 0, 3, 3000),)


@pytest.mark.parametrize(("worth", "start"), [(50_000, 0), (200_000, 2)])
def test_a_run_waits_where_that_is_worth_it(problem_of, worth, start):
    problem = problem_of(
        [[0] * 4], buy=[100_000, 100_000, 200_000, 200_000], runs=[(0, 800, 2, 0, 2)]
    )
    plan = solve(soft(problem, Soft("run", 0, 2, 3, 0, worth)))
    assert plan.run_start.tolist() == [start]
    assert [one.kind for one in plan.conflicts] == ([] if start else ["soft"])


@pytest.mark.parametrize("seed", range(6))
def test_soft_bounds_cost_what_a_dense_programme_says(seed, problem_of):
    random, slots = stream(seed, "soft bounds"), 6
    table = {
        "start": 1000,
        "charge": int(random.integers(500, 1500)),
        "discharge": int(random.integers(300, 900)),
        "hi": 5000,
        "into": 0.9,
        "out": 0.9,
    }
    buy = random.integers(50, 400, slots) * 1000
    problem = problem_of(np.full((1, slots), 2000), buy=buy, storage=[table])
    every = (
        Soft("lo", 0, 2, 4, int(random.integers(1000, 4000)), int(random.integers(20, 600)) * 1000),
        Soft("hi", 0, 5, 6, int(random.integers(0, 900)), int(random.integers(20, 600)) * 1000),
        Soft("charge", 0, 0, 2, int(random.integers(0, 400)), int(random.integers(20, 300)) * 1000),
        Soft("discharge", 0, 3, 5, 100, int(random.integers(20, 300)) * 1000),
        Soft("sum", 0, 0, 3, 0, 90_000, Sum("net", 0, 3, (0,), lower=900, upper=1000)),
        Soft("sum", 0, 1, 6, 0, 150_000, Sum("discharge", 1, 6, (0,), upper=200)),
    )
    found = scheduled(soft(problem, *every), Options(gap=1e-9)).solution
    assert found.upper_nano == pytest.approx(dense_cost(table, buy, every), rel=1e-6, abs=2e4)


@pytest.mark.parametrize("seed", [7, 11, 22, 27, 33])
def test_duals_that_are_off_by_rounding_still_prove_a_bound(seed, problem_of):
    """Where what a bound misses has no end, a reduced cost of -1e-16 proves nothing: -inf."""
    table = {"start": 1000, "charge": 800, "discharge": 500, "hi": 9000}
    buy = stream(seed, "unbounded").integers(50, 400, 16) * 1000
    problem = problem_of(
        np.full((1, 16), 100),
        buy=buy,
        storage=[table | {"into": 0.9486833, "out": 0.9486833}],
        zones=[{"homes": [0], "buy": 450}],
    )
    asked = soft(
        problem, Soft("lo", 0, 10, 11, 6000, 300_000), Soft("lo", 0, 14, 15, 8000, 350_000)
    )
    found = scheduled(asked).solution
    assert found.lower_nano == pytest.approx(found.upper_nano, rel=1e-6)
    assert solve(asked).unproved_nano == 0


class Dense:
    """One battery behind a meter that always takes: what it charges and discharges, slot by slot.

    Rows bound weights from above; those with a worth may be exceeded.
    """

    def __init__(self, table, slots):
        self.table, self.slots = table, slots
        self.rows, self.extra = [], []
        self.unit = np.eye(2 * slots)

    def bound(self, weights, right, worth=0):
        self.rows.append((weights, right, len(self.extra) if worth else None))
        self.extra += [worth] if worth else []

    def state(self, slot):
        before = np.arange(self.slots) <= slot
        return np.r_[before * self.table["into"], before * (-1 / self.table["out"])]

    def add(self, one):
        if one.total is not None:
            self.add_sum(one)
            return
        for slot in range(one.first, one.end):
            if one.side in ("lo", "hi"):
                sign = 1 if one.side == "hi" else -1
                right = sign * (one.bound_wh - self.table["start"])
                self.bound(sign * self.state(slot), right, one.worth_micro)
            else:
                at = slot + self.slots * (one.side == "discharge")
                self.bound(self.unit[at], one.bound_wh, one.worth_micro)

    def add_sum(self, one):
        span = range(one.first, one.end)
        gives = sum(self.unit[self.slots + slot] for slot in span)
        weights = sum(self.unit[slot] for slot in span) - gives
        weights = gives if one.total.kind == "discharge" else weights
        self.bound(weights, one.total.upper, one.worth_micro)
        if one.total.lower is not None:
            self.bound(-weights, -one.total.lower, one.worth_micro)

    def least(self, cost):
        width, most = 2 * self.slots, [right for _, right, _ in self.rows]
        matrix = np.zeros((len(self.rows), width + len(self.extra)))
        for at, (weights, _, column) in enumerate(self.rows):
            matrix[at, :width] = weights
            if column is not None:
                matrix[at, width + column] = -1
        bounds = [(0, self.table["charge"])] * self.slots
        bounds += [(0, self.table["discharge"])] * self.slots + [(0, None)] * len(self.extra)
        found = linprog([*cost, *self.extra], A_ub=matrix, b_ub=most, bounds=bounds)
        assert found.status == 0
        return found.fun


def dense_cost(table, buy, every):
    """Least cost [nano-¤], with a nano-¤ of wear for each Wh that is given, as plans have it."""
    dense = Dense(table, len(buy))
    for slot in range(len(buy)):
        dense.bound(dense.state(slot), table["hi"] - table["start"])
        dense.bound(-dense.state(slot), table["start"])
    for one in every:
        dense.add(one)
    return dense.least([*buy.astype(float), *(1.0 - buy)]) + float(buy.sum() * 2000)
