"""Runs behind a meter against every start, and against the oracle that knows no meter."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Runs
from gridpact.scheduling.fleet.metered_runs import MeteredRunOracle, covers
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.run_programmes import RunOracle

HOURS = 0.25


def random_runs(draw, count, slots):
    """Runs of one power and programmes, some only where they are worth it; homes with solar."""
    length = draw.integers(1, 5, count)
    first = draw.integers(0, slots - 4, count)
    end = np.minimum(first + length + draw.integers(0, slots, count), slots)
    power = draw.uniform(200, 3_000, (count, 4))
    power = np.where(draw.random((count, 1)) < 0.5, power[:, :1], power)
    table = Runs(
        zone=np.zeros(count, np.int64),
        first=first,
        end=end,
        length=length,
        power_w=power,
        value=np.where(draw.random(count) < 0.4, draw.uniform(-50_000, 400_000, count), np.inf),
    )
    load = draw.uniform(-1.5, 0.6, (count, slots))
    return table, Meter(load, draw.choice([0.0, 0.05, 0.2], (count, slots)))


def bill(meter, slot, price, net):
    """What one slot of the first home costs [¤]."""
    return price * net if net > 0 else (price - meter.spread[0, slot]) * net


def least_cost(table, meter, prices):
    """Least cost of all starts, or of not running where it need not [¤]."""
    costs = [] if np.isinf(table.value[0]) else [0.0]
    worth = 0.0 if np.isinf(table.value[0]) else table.value[0] * 1e-6
    for start in range(table.first[0], table.end[0] - table.length[0] + 1):
        cost = -worth
        for step in range(table.length[0]):
            slot, load = start + step, meter.load[0, start + step]
            taken = table.power_w[0, step] * HOURS / 1000
            cost += bill(meter, slot, prices[slot], load + taken)
            cost -= bill(meter, slot, prices[slot], load)
        costs.append(cost)
    return min(costs)


def test_equals_the_best_start(cases, one_group):
    left = 0
    for case, draw, prices in cases("metered-runs", (6, 30)):
        table, meter = random_runs(draw, 1, len(prices))
        oracle = MeteredRunOracle.build(table, one_group(1), len(prices), HOURS, meter)
        answers = oracle.best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(least_cost(table, meter, prices), abs=1e-12), case
        due = table.power_w[0, : table.length[0]].sum() * HOURS / 1000
        assert answers.energy[0].sum() == pytest.approx(due) or not answers.energy[0].any()
        left += not answers.energy[0].any()
    assert 20 < left < 200


def test_a_meter_without_spread_is_none(cases, one_group):
    for _, draw, prices in cases("unmetered-runs", (24, 24), 100):
        table, meter = random_runs(draw, 6, 24)
        meter = Meter(meter.load, np.zeros((6, 24)))
        oracle = MeteredRunOracle.build(table, one_group(6), 24, HOURS, meter)
        plain = RunOracle.build(table, one_group(6), 24, HOURS)
        one, other = plain.best(prices[None]), oracle.best(prices[None])
        np.testing.assert_allclose(
            other.own_cost + other.energy @ prices, one.own_cost + one.energy @ prices, atol=1e-12
        )
        if len(np.unique(prices)) > 2:  # equal prices may be broken apart by rounding
            np.testing.assert_allclose(other.energy, one.energy, atol=1e-12)


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("metered-run-groups", (24, 24), 20):
        table, meter = random_runs(draw, 12, 24)
        layout = Layout(draw.permutation(12), np.array([0, 5, 5, 12]))
        oracle = MeteredRunOracle.build(table, layout, 24, HOURS, meter)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))
        plans = oracle.plans(np.arange(12), prices)[:, 0]
        paid = feed_in_cost(Meter(*(column[layout.rows] for column in meter)), plans).sum()
        value = table.value[layout.rows] * 1e-6
        paid -= value[plans.any(axis=1) & np.isfinite(value)].sum()
        assert oracle.best(np.stack([prices] * 3)).own_cost.sum() == pytest.approx(paid, abs=1e-9)
        assert not oracle.divisible
        assert oracle.exact() is oracle


def test_runs_that_pause_or_repeat_are_left():
    table = Runs(
        zone=np.zeros(4, np.int64),
        first=np.zeros(4, np.int64),
        end=np.full(4, 9),
        length=np.array([2, 2, 2, 1]),
        power_w=np.full((4, 2), 1_000.0),
        interruptible=np.array([False, True, False, True]),
        times=np.array([1, 1, 2, 1]),
    )
    assert covers(table).tolist() == [True, False, False, True]
