"""The commitment of generators against every on/off pattern written out."""

import itertools

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Generators
from gridpact.scheduling.fleet.generator_oracle import Commitment, covers, plain
from gridpact.scheduling.fleet.oracles import Layout

HOURS = 0.5


def random_unit(draw, slots):
    most = draw.uniform(500, 5000, slots if draw.random() < 0.5 else 1)
    return {
        "max_w": np.broadcast_to(most, (1, slots)),
        "min_w": np.broadcast_to(most * draw.choice([0, 0.3, 1]), (1, slots)),
        "fuel": float(draw.uniform(-50_000, 300_000)),
        "idle_cost": float(draw.choice([0, draw.uniform(0, 200_000)])),
        "start_cost": float(draw.choice([0, draw.uniform(0, 500_000)])),
        "min_up": int(draw.integers(1, 5)),
        "min_down": int(draw.integers(1, 5)),
        "before": int(draw.choice([-9, -2, -1, 1, 2, 9])),
    }


def allowed(pattern, unit):
    """Whether runs of on and off, counted with the slots before, are long enough."""
    before = unit["before"]
    state, length = before > 0, abs(before)
    for now in pattern:
        if now == state:
            length += 1
            continue
        if length < (unit["min_up"] if state else unit["min_down"]):
            return False
        state, length = now, 1
    return True


def least_cost(unit, prices):
    """Enumerate all patterns; in each slot on, try both ends of the power."""
    slots = len(prices)
    on_cost = np.full(slots, np.inf)
    for power in (unit["min_w"][0], unit["max_w"][0]):
        kwh = power * HOURS / 1000
        on_cost = np.minimum(on_cost, (unit["fuel"] * 1e-6 - prices) * kwh)
    on_cost += unit["idle_cost"] * 1e-6
    best = np.inf
    for pattern in itertools.product([False, True], repeat=slots):
        if allowed(pattern, unit):
            on = np.array(pattern)
            starts = (on & ~np.concatenate([[unit["before"] > 0], on[:-1]])).sum()
            best = min(best, on_cost[on].sum() + starts * unit["start_cost"] * 1e-6)
    return best


def test_equals_enumeration(cases, one_group):
    for case, draw, prices in cases("generators", (4, 9)):
        unit = random_unit(draw, len(prices))
        table = Generators(zone=np.zeros(1, np.int64), **unit)
        oracle = Commitment.build(table, one_group(1), len(prices), HOURS)
        answers = oracle.best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(least_cost(unit, prices), abs=1e-9), case
        output = -oracle.plans(np.array([0]), prices)[0, 0] * 1000 / HOURS
        on = output > 0
        assert (output <= unit["max_w"][0] + 1e-9).all()
        assert (output[on] >= unit["min_w"][0][on] - 1e-9).all()
        if unit["min_w"].min() > 0:
            assert allowed(on.tolist(), unit)


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("generator-groups", (24, 24), 20):
        units = [random_unit(draw, 24) for _ in range(12)]
        columns = {name: np.array([np.squeeze(u[name]) for u in units]) for name in units[0]}
        table = Generators(zone=np.zeros(12, np.int64), **columns)
        layout = Layout(draw.permutation(12), np.array([0, 5, 5, 12]))
        oracle = Commitment.build(table, layout, 24, HOURS)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))


def test_plain_units_mix_and_binding_ramps_are_left():
    zone = np.zeros(3, np.int64)
    table = Generators(zone, max_w=1000.0, min_w=np.array([0, 0, 100.0]), ramp_w=np.inf)
    assert plain(table).tolist() == [True, True, False]
    whole = Layout(np.array([0, 1]), np.array([0, 2]))
    assert Commitment.build(table, whole, 4, 1.0).divisible
    assert not plain(Generators(zone, max_w=1000.0, min_up=2)).any()
    ramps = Generators(zone, max_w=1000.0, ramp_w=np.array([500, 1000, np.inf]))
    assert covers(ramps, 4).tolist() == [False, True, True]
