"""Cars behind a meter against a linear programme, and against the oracle that knows no meter."""

import numpy as np
import pytest
from scipy.optimize import linprog

from gridpact.scheduling.fleet.columns import OneWay
from gridpact.scheduling.fleet.metered_one_way import MeteredOneWayOracle
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Layout

HOURS = 0.25


def random_cars(draw, count, slots):
    """Cars that get all they need, powers that may vary, and homes with or without solar."""
    arrive = draw.integers(0, slots - 1, count)
    leave = np.minimum(arrive + draw.integers(1, slots + 1, count), slots)
    power = draw.uniform(1_000, 11_000, (count, slots)) * (draw.random((count, slots)) < 0.9)
    there = (np.arange(slots) >= arrive[:, None]) & (np.arange(slots) < leave[:, None])
    share = np.where(draw.random(count) < 0.1, 1.0, draw.uniform(0.0, 0.9, count))
    energy = HOURS * (power * there).sum(axis=1) * share
    load = draw.uniform(-2.5, 0.8, (count, slots))
    spread = draw.uniform(0, 0.2, (count, slots)) * (draw.random((count, slots)) < 0.8)
    return OneWay(np.zeros(count, np.int64), arrive, leave, energy, power), Meter(load, spread)


def least_cost(table, meter, price, at=0):
    """Programme of one home over what the car takes and what is fed in [¤]."""
    slots, unit = len(price), np.eye(len(price))
    there = (np.arange(slots) >= table.arrive[at]) & (np.arange(slots) < table.leave[at])
    most = table.power_w[at] * there * HOURS
    result = linprog(
        np.concatenate([price, meter.spread[at]]),
        A_ub=np.hstack([-unit, -unit]),
        b_ub=meter.load[at] * 1000,
        A_eq=np.concatenate([np.ones(slots), np.zeros(slots)])[None],
        b_eq=[table.energy_wh[at]],
        bounds=[(0, each) for each in most] + [(0, None)] * slots,
    )
    assert result.status == 0, result.message
    return result.fun / 1000 - meter.spread[at] @ np.maximum(-meter.load[at], 0.0)


def test_equals_a_linear_programme(cases, one_group):
    for case, draw, prices in cases("metered-cars", (3, 20), 400):
        slots = len(prices)
        table, meter = random_cars(draw, 1, slots)
        oracle = MeteredOneWayOracle.build(table, one_group(1), slots, HOURS, meter)
        answers = oracle.best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(least_cost(table, meter, prices), abs=1e-8), case
        assert answers.slack[0] == 0
        assert answers.energy[0].sum() * 1000 == pytest.approx(table.energy_wh[0], abs=1e-6)
        assert (answers.energy[0] * 1000 <= table.power_w[0] * HOURS + 1e-9).all()
        away = (np.arange(slots) < table.arrive[0]) | (np.arange(slots) >= table.leave[0])
        assert not answers.energy[0][away].any()


def test_a_meter_without_spread_is_none(cases, one_group):
    for _, draw, prices in cases("unmetered-cars", (24, 24), 100):
        table, meter = random_cars(draw, 6, 24)
        meter = Meter(meter.load, np.zeros((6, 24)))
        oracle = MeteredOneWayOracle.build(table, one_group(6), 24, HOURS, meter)
        plain = OneWayOracle.build(table, one_group(6), 24, HOURS)
        rows = np.arange(6)
        np.testing.assert_array_equal(oracle.plans(rows, prices), plain.plans(rows, prices))
        assert not oracle.best(prices[None]).own_cost.any()


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("metered-car-groups", (24, 24), 20):
        table, meter = random_cars(draw, 12, 24)
        layout = Layout(draw.permutation(12), np.array([0, 5, 5, 12]))
        oracle = MeteredOneWayOracle.build(table, layout, 24, HOURS, meter)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))
        plans = oracle.plans(np.arange(12), prices)[:, 0]
        paid = feed_in_cost(Meter(*(column[layout.rows] for column in meter)), plans).sum()
        assert oracle.best(np.stack([prices] * 3)).own_cost.sum() == pytest.approx(paid, abs=1e-9)
        assert oracle.divisible
        assert oracle.exact() is oracle


def test_power_that_does_not_vary_may_be_one_number(one_group):
    car = OneWay(np.zeros(1, np.int64), np.array([1]), np.array([4]), 1_500.0, 4_000.0)
    meter = Meter(np.array([[0.0, 0.2, -0.4, -2.0]]), np.full((1, 4), 0.1))
    oracle = MeteredOneWayOracle.build(car, one_group(1), 4, HOURS, meter)
    price = np.array([0.01, 0.2, 0.25, 0.25])
    # a whole slot out of the surplus at 0.15, 0.4 out of that of the slot before, 0.1 bought
    np.testing.assert_allclose(oracle.plans(np.array([0]), price)[0, 0], [0, 0.1, 0.4, 1.0])
