"""Storage behind a meter against HiGHS, and against the oracle that knows no meter."""

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.metered_storage import MeteredStorageOracle
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.storage import StorageOracle

HOURS = 0.25


class Asked(NamedTuple):
    """One home as plain numbers by slot, kWh and ¤/kWh."""

    table: Storage
    load: np.ndarray
    spread: np.ndarray
    price: np.ndarray


def row(values, slots):
    """The first row of a column by slot."""
    array = np.asarray(values, float)
    return np.broadcast_to(array[0] if array.ndim else array, (slots,))


def least_cost(asked):
    """Programme of one home over charge, discharge and feed-in [¤]; never both of the first."""
    table, slots = asked.table, len(asked.price)
    column = {name: row(getattr(table, name), slots) for name in table.__struct_fields__}
    kept, steps = column["kept"][0], np.arange(slots)
    decay = np.tril(kept ** np.maximum(steps[:, None] - steps[None], 0).astype(float))
    idle = kept ** (steps + 1.0) * column["initial_wh"] - decay @ column["draw_wh"]
    least = column["lo_wh"].copy()
    least[-1] = max(least[-1], column["terminal_wh"][-1])
    unit, none = np.eye(slots), np.zeros((slots, slots))
    into, out = (column[name] * HOURS for name in ("charge_w", "discharge_w"))
    store = [decay * column["efficiency_in"], -decay / column["efficiency_out"][0]]
    never_both = (asked.price - asked.spread).min() < 0
    rows = [
        LinearConstraint(np.hstack([*store, none, none]), least - idle, column["hi_wh"] - idle),
        LinearConstraint(np.hstack([unit, -unit, unit, none]), -asked.load * 1000, np.inf),
        LinearConstraint(np.hstack([unit, none, none, -np.diag(into)]), -np.inf, 0.0),
        LinearConstraint(np.hstack([none, unit, none, np.diag(out)]), -np.inf, out),
    ]
    price, wear = asked.price, column["wear"] * 1e-6
    highest = np.concatenate([into, out, np.full(slots, np.inf), np.ones(slots)])
    result = milp(
        np.concatenate([price, wear - price, asked.spread, np.zeros(slots)]),
        constraints=rows if never_both else rows[:2],
        bounds=Bounds(0.0, highest),
        integrality=np.repeat([0, 1 if never_both else 0], [3 * slots, slots]),
        options={"mip_rel_gap": 1e-10},
    )
    assert result.status == 0, result.message
    return result.fun / 1000 - asked.spread @ np.maximum(-asked.load, 0.0)


def random_homes(draw, count, slots):
    """Batteries, leaking tanks and cars with a trip, each behind a load with or without solar."""
    shape = (count, slots)
    size = draw.uniform(2_000, 8_000, count)
    start = size * draw.uniform(0.3, 0.7, count)
    sink, both = draw.random(count) < 0.3, draw.random(count) < 0.6
    power = draw.uniform(500, 6_000, shape) * (draw.random(shape) < 0.9)
    power[sink] = np.maximum(power[sink], 1_500)
    table = Storage(
        zone=np.zeros(count, np.int64),
        initial_wh=start,
        charge_w=power,
        discharge_w=np.where((both & ~sink)[:, None], draw.uniform(500, 5_000, shape), 0.0),
        hi_wh=size[:, None] * draw.uniform(0.9, 1.0, shape),
        lo_wh=np.where(draw.random(shape) < 0.1, 0.2 * start[:, None], 0.0),
        terminal_wh=np.where(sink, 0.0, start * 0.9),
        efficiency_in=draw.uniform(0.85, 1.0, shape) * np.where(sink, 3.0, 1.0)[:, None],
        efficiency_out=draw.uniform(0.85, 1.0, count),
        kept=np.where(sink, draw.uniform(0.97, 1.0, count), 1.0),
        draw_wh=np.where(sink[:, None], draw.uniform(-20, 150, shape), 0.0),
        wear=draw.choice([0.0, 15_000.0], count),
    )
    solar = draw.uniform(0, 2.0, shape) * (draw.random(shape) < 0.5)
    load = np.where(draw.random(shape) < 0.1, 0.0, draw.uniform(0, 0.8, shape) - solar)
    spread = draw.uniform(0, 0.2, shape) * (draw.random((count, 1)) < 0.85)
    return table, Meter(load, spread)


def test_equals_highs(cases, one_group):
    """The least cost where no steps were pooled; else on both sides of it, by the slack."""
    slack = 0
    for case, draw, prices in cases("metered", (3, 14), 450):
        slots = len(prices)
        table, meter = random_homes(draw, 1, slots)
        least = least_cost(Asked(table, meter.load[0], meter.spread[0], prices))
        oracle = MeteredStorageOracle.build(table, one_group(1), slots, HOURS, meter)
        answers = oracle.best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert answers.slack[0] >= -1e-12
        assert value >= least - 1e-8, case
        assert value - answers.slack[0] <= least + 1e-8, case
        slack += answers.slack[0] > 1e-9
    assert slack < 100  # strongly negative prices alone, where plans stop between pooled steps


def test_plans_keep_bounds_and_cost_what_they_say(cases, one_group):
    for _, draw, prices in cases("metered-plans", (96, 96), 20):
        table, meter = random_homes(draw, 30, 96)
        oracle = MeteredStorageOracle.build(table, one_group(30), 96, HOURS, meter)
        plans = oracle.plans(np.arange(30), prices)
        charge, discharge = plans[:, 0], plans[:, 1]
        assert (np.minimum(charge, discharge) == 0).all()
        assert (charge * 1000 <= table.charge_w * HOURS + 1e-9).all()
        assert (discharge * 1000 <= table.discharge_w * HOURS + 1e-9).all()
        state = table.initial_wh
        for slot in range(96):
            state = table.kept * state - table.draw_wh[:, slot]
            state = state + 1000 * charge[:, slot] * table.efficiency_in[:, slot]
            state = state - 1000 * discharge[:, slot] / table.efficiency_out
            assert (state <= table.hi_wh[:, slot] + 1e-6).all()
            assert (state >= table.lo_wh[:, slot] - 1e-6).all()
        assert (state >= table.terminal_wh - 1e-6).all()
        answers = oracle.best(prices[None])
        wear = table.wear * 1e-6 * discharge.sum(axis=1)
        paid = feed_in_cost(meter, charge - discharge).sum(axis=1)
        np.testing.assert_allclose(answers.own_cost[0], (wear + paid).sum(), atol=1e-9)


def test_a_meter_without_spread_is_none(cases, one_group):
    for _, draw, prices in cases("unmetered", (24, 24), 100):
        table, meter = random_homes(draw, 6, 24)
        plain = StorageOracle.build(table, one_group(6), 24, HOURS)
        meter = Meter(meter.load, np.zeros((6, 24)))
        oracle = MeteredStorageOracle.build(table, one_group(6), 24, HOURS, meter)
        one, other = plain.best(prices[None]), oracle.best(prices[None])
        np.testing.assert_allclose(other.energy, one.energy, atol=1e-12)
        np.testing.assert_allclose(other.own_cost, one.own_cost, atol=1e-12)
        np.testing.assert_allclose(other.slack, one.slack, atol=1e-12)


def test_without_a_meter_too_slots_that_cannot_charge_discharge_below_zero(cases, one_group):
    """Room made before prices fall further, in slots that have no power to charge."""
    for case, draw, prices in cases("no-charge", (6, 12), 150):
        slots = len(prices)
        table, meter = random_homes(draw, 1, slots)
        power = np.where(draw.random((1, slots)) < 0.5, table.charge_w, 0.0)
        table = msgspec.structs.replace(table, charge_w=power, draw_wh=0.0, kept=1.0, lo_wh=0.0)
        table = msgspec.structs.replace(table, terminal_wh=0.0)
        least = least_cost(Asked(table, meter.load[0], np.zeros(slots), prices))
        answers = StorageOracle.build(table, one_group(1), slots, HOURS).best(prices[None])
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value - answers.slack[0] <= least + 1e-8, case
        assert value >= least - 1e-8, case


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_load_out_of_reach_leaves_one_price(cases, one_group, sign):
    """Loads larger than any power: the price is that of buying, or of selling, throughout."""
    for _, draw, prices in cases("far", (24, 24), 50):
        table, meter = random_homes(draw, 6, 24)
        far = Meter(np.full((6, 24), sign * 100.0), np.tile(meter.spread[:1], (6, 1)))
        plain = StorageOracle.build(table, one_group(6), 24, HOURS)
        oracle = MeteredStorageOracle.build(table, one_group(6), 24, HOURS, far)
        settled = prices - (far.spread[0] if sign < 0 else 0.0)
        one, other = plain.best(settled[None]), oracle.best(prices[None])
        np.testing.assert_allclose(other.energy, one.energy, atol=1e-12)
        np.testing.assert_allclose(
            other.own_cost + other.energy @ prices, one.own_cost + one.energy @ settled, atol=1e-9
        )


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("metered-groups", (24, 24), 20):
        table, meter = random_homes(draw, 12, 24)
        layout = Layout(draw.permutation(12), np.array([0, 5, 5, 12]))
        oracle = MeteredStorageOracle.build(table, layout, 24, HOURS, meter)
        given = np.stack([prices, prices + 0.1, prices * 2])
        agrees(oracle, given, net=lambda plans: plans[:, 0] - plans[:, 1])
        assert oracle.divisible
        assert oracle.exact() is oracle
