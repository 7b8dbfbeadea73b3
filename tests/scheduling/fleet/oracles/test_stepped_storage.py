"""Least powers, steps and negative prices against mixed-integer programmes of HiGHS."""

import highspy
import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.stepped_rows import BY_LEVELS, BY_PIECES, BY_TOTAL
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage, covers, impossible

HOURS = 0.25


class Programme:
    """One storage row as a mixed-integer programme, in kWh and ¤."""

    def __init__(self, table, prices):
        self.model = highspy.Highs()
        self.model.setOptionValue("output_flag", False)
        for name in ("primal_feasibility_tolerance", "mip_feasibility_tolerance"):
            self.model.setOptionValue(name, 1e-9)
        for name in ("mip_rel_gap", "mip_abs_gap"):
            self.model.setOptionValue(name, 0.0)
        self.table, self.slots = table, len(prices)
        before = None
        for slot, price in enumerate(prices):
            charge, charging = self.action("charge", slot, price)
            discharge, discharging = self.action("discharge", slot, self.number("wear") - price)
            self.model.addRow(-np.inf, 1, 2, [charging, discharging], [1, 1])
            before = self.state(slot, before, charge, discharge)

    def number(self, name):
        scale = 1e-6 if name == "wear" else 1
        return float(per_asset(getattr(self.table, name), 1)[0]) * scale

    def at(self, name, slot):
        return float(per_slot(getattr(self.table, name), 1, self.slots)[0, slot])

    def column(self, low, high, cost=0.0, whole=False):
        self.model.addVar(low, high)
        place = self.model.getNumCol() - 1
        self.model.changeColCost(place, cost)
        if whole:
            self.model.changeColIntegrality(place, highspy.HighsVarType.kInteger)
        return place

    def action(self, name, slot, price):
        scale = HOURS / 1000
        most, least = self.at(f"{name}_w", slot) * scale, self.number(f"{name}_min_w") * scale
        step = self.number(f"{name}_step_w") * scale
        energy = self.column(0, most, price)
        on = self.column(0, 1 if most > 0 else 0, whole=True)
        self.model.addRow(-np.inf, 0, 2, [energy, on], [1, -most])
        self.model.addRow(0, np.inf, 2, [energy, on], [1, -least])
        if step > 0:
            steps = self.column(0, np.floor(most / step + 1e-9), whole=True)
            self.model.addRow(0, 0, 3, [energy, on, steps], [1, -least, -step])
        return energy, on

    def state(self, slot, before, charge, discharge):
        low, high = self.at("lo_wh", slot) / 1000, self.at("hi_wh", slot) / 1000
        if slot == self.slots - 1:
            low = max(low, self.number("terminal_wh") / 1000)
        after = self.column(low, high)
        kept, change = self.number("kept"), -self.at("draw_wh", slot) / 1000
        index = [after, charge, discharge]
        value = [1, -self.at("efficiency_in", slot), 1 / self.number("efficiency_out")]
        if before is None:
            change += kept * self.number("initial_wh") / 1000
        else:
            index, value = [*index, before], [*value, -kept]
        self.model.addRow(change, change, len(index), index, value)
        return after

    def bounds(self, seconds):
        """Bounds on the least cost from both sides, found within a time."""
        self.model.setOptionValue("time_limit", seconds)
        self.model.run()
        found = self.model.getInfo()
        return found.mip_dual_bound, found.objective_function_value

    def least(self):
        """Least cost, or None where no plan keeps the bounds."""
        self.model.run()
        if self.model.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return self.model.getInfo().objective_function_value
        assert self.model.getModelStatus() == highspy.HighsModelStatus.kInfeasible
        return None


def replay(table, plan, slots):
    """States after each slot of a plan [2, slots], by the storage's equation, Wh."""
    states, state = [], float(per_asset(table.initial_wh, 1)[0])
    out = float(per_asset(table.efficiency_out, 1)[0])
    inward = per_slot(table.efficiency_in, 1, slots)[0]
    draw = per_slot(table.draw_wh, 1, slots)[0]
    for slot in range(slots):
        state *= float(per_asset(table.kept, 1)[0])
        state += inward[slot] * plan[0, slot] * 1000 - plan[1, slot] * 1000 / out - draw[slot]
        states.append(state)
    return np.array(states)


def check_plan(table, plan, slots):
    """Bounds, least powers, steps, and never both at once."""
    states = replay(table, plan, slots)
    lo, hi = (per_slot(getattr(table, name), 1, slots)[0].copy() for name in ("lo_wh", "hi_wh"))
    lo[-1] = max(lo[-1], float(per_asset(table.terminal_wh, 1)[0]))
    assert (states >= lo - 1e-4).all()
    assert (states <= hi + 1e-4).all()
    assert (np.minimum(plan[0], plan[1]) == 0).all()
    for channel, name in enumerate(("charge", "discharge")):
        power = plan[channel] / HOURS * 1000
        on = power > 1e-4
        least = float(per_asset(getattr(table, f"{name}_min_w"), 1)[0])
        step = float(per_asset(getattr(table, f"{name}_step_w"), 1)[0])
        assert (power <= per_slot(getattr(table, f"{name}_w"), 1, slots)[0] + 1e-4).all()
        assert (power[on] >= least - 1e-4).all()
        if step > 0:
            steps = (power[on] - least) / step
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)


def car(draw, slots):
    """A one-way car with a least power, perhaps in steps, that needs a total by a time."""
    arrive = int(draw.integers(0, slots - 3))
    leave = int(draw.integers(arrive + 3, slots + 1))
    there = (np.arange(slots) >= arrive) & (np.arange(slots) < leave)
    step = float(draw.choice([0, 230]))
    most = float(draw.choice([3680, 7360]))
    due = float(draw.integers(2, 9)) * 230 * HOURS * 2 if step else float(draw.uniform(200, 4000))
    more = float(draw.choice([0, 0, 500]))
    return {
        "initial_wh": 0.0,
        "charge_w": (there * most)[None],
        "discharge_w": 0.0,
        "hi_wh": due + more,
        "lo_wh": np.where(np.arange(slots) >= leave - 1, due, 0.0)[None],
        "charge_min_w": 1380.0,
        "charge_step_w": step,
        "efficiency_in": float(draw.choice([1, 0.9])) if not step else 1.0,
    }


def stepped_battery(draw, slots):
    """A battery without losses, powers in whole steps, drawn from, tied to a range of states."""
    return {
        "initial_wh": 2000.0 + float(draw.uniform(0, 60)),
        "charge_w": 1500.0,
        "discharge_w": float(draw.choice([0, 1000, 1500])),
        "hi_wh": float(draw.uniform(2500, 4000)),
        "lo_wh": float(draw.uniform(0, 900)),
        "terminal_wh": float(draw.uniform(1000, 2200)),
        "charge_step_w": float(draw.choice([250, 500])),
        "discharge_step_w": 500.0,
        "charge_min_w": float(draw.choice([0, 500, 750])),
        "wear": float(draw.choice([0, 20_000])),
        "draw_wh": draw.uniform(0, 60, slots)[None],
    }


def general(draw, slots):
    """Losses, draws, varying efficiency, least powers: tanks, buildings, batteries."""
    heat = bool(draw.random() < 0.5)
    hi = float(draw.uniform(2500, 6000))
    on_off = draw.random() < 0.2
    return {
        "initial_wh": hi * float(draw.uniform(0.3, 0.7)),
        "charge_w": draw.uniform(2500, 3500, slots)[None] if not on_off else 2500.0,
        "discharge_w": 0.0 if heat else float(draw.choice([0, 2000])),
        "hi_wh": hi,
        "lo_wh": (hi * draw.uniform(0, 0.3, slots))[None],
        "terminal_wh": hi * float(draw.uniform(0.2, 0.6)),
        "efficiency_in": draw.uniform(2, 4, slots)[None] if heat else 0.93,
        "efficiency_out": 0.94,
        "kept": float(draw.choice([1, 0.97])),
        "draw_wh": draw.uniform(0, 900 if heat else 200, slots)[None],
        "wear": float(draw.choice([0, 20_000])),
        "charge_min_w": 2500.0 if on_off else float(draw.choice([0, 900, 2000])),
        "discharge_min_w": float(draw.choice([0, 700])),
        "charge_step_w": float(draw.choice([0, 0, 400])),
    }


@pytest.mark.parametrize(
    ("make", "method", "count"),
    [(car, BY_TOTAL, 150), (stepped_battery, BY_LEVELS, 150), (general, BY_PIECES, 200)],
)
def test_equals_highs(cases, one_group, make, method, count):
    solved, used = 0, 0
    for case, draw, prices in cases(make.__name__, (5, 9), count):
        slots = len(prices)
        table = Storage(zone=np.zeros(1, np.int64), **make(draw, slots))
        least = Programme(table, prices).least()
        assert (least is None) == impossible(table, slots, HOURS)[0], case
        if least is None:
            continue
        solved += 1
        oracle = SteppedStorage.build(table, one_group(1), slots, HOURS)
        used += int(oracle.stores.method[0] == method)
        answers = oracle.best(prices[None])
        assert answers.slack[0] == 0.0
        assert answers.own_cost[0] + prices @ answers.energy[0] == pytest.approx(least, abs=2e-8), (
            case
        )
        check_plan(table, oracle.plans(np.array([0]), prices)[0], slots)
    assert solved > count / 2
    assert used > 0.9 * solved


def rows_of(draw, slots, count):
    """Rows of all kinds that can keep their bounds, as one table."""
    rows = []
    while len(rows) < count:
        make = (car, stepped_battery, general)[len(rows) % 3]
        columns = make(draw, slots)
        if not impossible(Storage(zone=np.zeros(1, np.int64), **columns), slots, HOURS)[0]:
            rows.append(columns)
    by_slot = {name for row in rows for name, value in row.items() if np.ndim(value) == 2}
    names = {name for row in rows for name in row}
    defaults = {"terminal_wh": -np.inf, "efficiency_in": 1.0, "efficiency_out": 1.0, "kept": 1.0}
    spread = {
        name: [np.squeeze(row.get(name, defaults.get(name, 0.0))) for row in rows] for name in names
    }
    columns = {
        name: np.array([np.broadcast_to(v, slots) if name in by_slot else v for v in values], float)
        for name, values in spread.items()
    }
    return Storage(zone=np.zeros(count, np.int64), **columns)


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("stepped-groups", (24, 24), 10):
        table = rows_of(draw, 24, 12)
        layout = Layout(draw.permutation(12), np.array([0, 5, 5, 12]))
        oracle = SteppedStorage.build(table, layout, 24, HOURS)
        given = np.stack([prices, prices + 0.1, prices * 2])
        agrees(oracle, given, net=lambda plans: plans[:, 0] - plans[:, 1])
        plans = oracle.plans(np.arange(12), prices)
        wear = per_asset(table.wear, 12)[layout.rows] * 1e-6 * plans[:, 1].sum(axis=1)
        assert oracle.best(np.stack([prices] * 3)).own_cost.sum() == pytest.approx(wear.sum())
        assert not oracle.divisible


def test_a_battery_never_burns_energy_at_once():
    """Where a linear programme would charge and discharge at once, one of the two is chosen."""
    table = Storage(
        zone=np.zeros(1, np.int64),
        initial_wh=500.0,
        charge_w=1000.0,
        discharge_w=1000.0,
        hi_wh=1000.0,
        efficiency_in=0.8,
        efficiency_out=0.8,
    )
    oracle = SteppedStorage.build(table, Layout(np.array([0]), np.array([0, 1])), 4, 1.0)
    plan = oracle.plans(np.array([0]), np.full(4, -0.5))[0]
    assert (np.minimum(plan[0], plan[1]) == 0).all()
    # empties (0.4 given), takes 1 (0.8 stored), gives 0.48 (0.6 taken), takes 1 until it is full
    assert plan[0].sum() - plan[1].sum() == pytest.approx(2.0 - 0.88)


def test_ramps_that_bind_are_left_and_others_covered():
    table = Storage(
        zone=np.zeros(3, np.int64),
        initial_wh=0.0,
        charge_w=1000.0,
        discharge_w=500.0,
        hi_wh=2000.0,
        ramp_w=np.array([1499.0, 1500.0, np.inf]),
    )
    assert covers(table, 4).tolist() == [False, True, True]


def test_rounded_functions_leave_a_proven_slack(cases, one_group):
    """On-off heat that loses little takes more pieces than there is room for, over two days."""
    slack = []
    for case, draw, prices in cases("on-off", (192, 192), 30):
        if case not in (2, 17, 27):  # strongly negative prices keep most pieces apart
            continue
        table = Storage(
            zone=np.zeros(1, np.int64),
            initial_wh=4000.0,
            charge_w=2000.0,
            discharge_w=0.0,
            hi_wh=10_000.0,
            kept=0.998,
            draw_wh=(draw.uniform(0, 300, 192) * (draw.random(192) < 0.5))[None],
            charge_min_w=2000.0,
        )
        oracle = SteppedStorage.build(table, one_group(1), 192, HOURS)
        answers = oracle.best(prices[None])
        check_plan(table, oracle.plans(np.array([0]), prices)[0], 192)
        value = prices @ answers.energy[0]
        low, high = Programme(table, prices).bounds(0.2)
        assert value >= low - 1e-7
        assert value - answers.slack[0] <= high + 1e-7
        assert 0 <= answers.slack[0] <= 1e-3 * abs(value)
        slack.append(answers.slack[0])
    assert max(slack) > 0
