"""Against a second formulation: one dense mixed-integer programme over everything, by scipy.

Every exclusive choice is a binary from the start there, every shortfall a column. Three solves give
the least shortfall, the least energy above limits, and the least cost with a Wh above a limit
weighed as the solver does. It shares neither code nor structure with the solver.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.base.randomness import stream
from gridpact.scheduling.case import net_energy
from gridpact.scheduling.check import violations
from gridpact.scheduling.solve import optimum, solve

SLACK = 1e-5  # Wh given to the least shortfall, or the next solve is strangled by rounding


class Dense:
    """Columns by name, rows as dicts; slow and plain."""

    def __init__(self):
        self.bounds, self.whole, self.rows = [], [], []

    def column(self, low, high, whole=False):
        self.bounds.append((low, high))
        self.whole.append(whole)
        return len(self.bounds) - 1

    def row(self, low, high, *terms):
        self.rows.append((low, high, terms))

    def minimise(self, cost):
        matrix = np.zeros((len(self.rows), len(self.bounds)))
        for at, (_, _, terms) in enumerate(self.rows):
            for column, value in terms:
                matrix[at, column] += value
        vector = np.zeros(len(self.bounds))
        for column, value in cost:
            vector[column] += value
        low, high = zip(*self.bounds, strict=True)
        found = milp(
            vector,
            integrality=self.whole,
            bounds=Bounds(low, high),
            constraints=LinearConstraint(
                matrix, [row[0] for row in self.rows], [row[1] for row in self.rows]
            ),
            options={"mip_rel_gap": 0},
        )
        assert found.status == 0, found.message
        return found.fun, found.x


def reference(problem):
    """(least shortfall, least energy above limits, least weighed cost, energy above then)."""
    dense, (homes, slots) = Dense(), problem.load_wh.shape
    net = [[[] for _ in range(slots)] for _ in range(homes)]
    missed = _storage(dense, problem, net)
    _runs(dense, problem, net, slots)
    cost = _grid(dense, problem, net, homes, slots)
    above = _limits(dense, problem, net)
    least_missed, _ = dense.minimise([(column, 1) for column in missed])
    if least_missed < SLACK:
        for column in missed:
            dense.bounds[column] = (0, 0)
    else:
        dense.row(-np.inf, least_missed + SLACK, *((column, 1) for column in missed))
    least_above, _ = dense.minimise([(column, 1) for column in above])
    weighed, values = dense.minimise(cost + [(column, weight(problem)) for column in above])
    return least_missed, least_above, weighed, values[above].sum()


def weight(problem):
    """What the solver lets a Wh above a limit cost, in nano-¤."""
    prices = (problem.import_price, problem.export_price)
    return 1000 * max(1, *(int(np.abs(price).max(initial=0)) for price in prices))


def _storage(dense, problem, net):
    table, missed = problem.storage, []
    for asset, home in enumerate(table.home):
        into, out = table.efficiency_in[asset], table.efficiency_out[asset]
        kept, before = table.kept[asset], None
        idle = not (table.charge_max_wh[asset].any() or table.discharge_max_wh[asset].any())
        for slot in range(problem.load_wh.shape[1]):
            most_in = int(table.charge_max_wh[asset, slot])
            most_out = int(table.discharge_max_wh[asset, slot])
            charge, discharge = dense.column(0, most_in), dense.column(0, most_out)
            mode = dense.column(0, 1, whole=True)
            dense.row(-np.inf, 0, (charge, 1), (mode, -most_in))
            dense.row(-np.inf, most_out, (discharge, 1), (mode, most_out))
            state = dense.column(-np.inf, np.inf)
            draw = -float(table.draw_wh[asset, slot])
            terms = [(state, 1), (charge, -into), (discharge, 1 / out)]
            if before is None:
                draw += kept * float(table.initial_wh[asset])
            else:
                terms.append((before, -kept))
            dense.row(draw, draw, *terms)
            before = state
            low, high = sorted((int(table.lo_wh[asset, slot]), int(table.hi_wh[asset, slot])))
            short, over = dense.column(0, np.inf), dense.column(0, np.inf)
            dense.row(low, np.inf, (state, 1), (short, 1))
            dense.row(-np.inf, high, (state, 1), (over, -1))
            if not idle:
                missed += [short, over]
            net[home][slot] += [(charge, 1), (discharge, -1)]
    return missed


def _runs(dense, problem, net, slots):
    table = problem.runs
    for run, home in enumerate(table.home):
        length, energy = int(table.length[run]), int(table.energy_wh[run])
        first, last = int(table.earliest[run]), min(int(table.latest[run]), slots - length)
        starts = [dense.column(0, 1, whole=True) for _ in range(first, last + 1)]
        if not starts:
            continue
        dense.row(1, 1, *((start, 1) for start in starts))
        for place, start in enumerate(starts):
            for slot in range(first + place, first + place + length):
                net[home][slot].append((start, energy))


def _grid(dense, problem, net, homes, slots):
    """Tie net energy to buying and selling, of which only one may happen; return the cost."""
    cost, most = [], _most(problem)
    for home in range(homes):
        for slot in range(slots):
            pv = int(problem.pv_wh[home, slot])
            net[home][slot].append((dense.column(0, pv), 1))
            bought, sold = dense.column(0, most), dense.column(0, most)
            buying = dense.column(0, 1, whole=True)
            dense.row(-np.inf, 0, (bought, 1), (buying, -most))
            dense.row(-np.inf, most, (sold, 1), (buying, most))
            level = int(problem.load_wh[home, slot]) - pv - int(problem.position_wh[home, slot])
            terms = [(column, -value) for column, value in net[home][slot]]
            dense.row(level, level, (bought, 1), (sold, -1), *terms)
            cost.append((bought, int(problem.import_price[home, slot])))
            cost.append((sold, -int(problem.export_price[home, slot])))
    return cost


def _most(problem):
    """More than any home can buy or sell in a slot; no larger, for binaries leak a millionth."""
    table = problem.storage
    parts = (problem.load_wh, problem.pv_wh, problem.position_wh)
    levels = sum(int(np.abs(part).max(initial=0)) for part in parts)
    moved = table.charge_max_wh.sum(axis=0) + table.discharge_max_wh.sum(axis=0)
    return float(levels + int(moved.max(initial=0)) + int(problem.runs.energy_wh.sum()) + 1)


def _limits(dense, problem, net):
    zones, above = problem.zones, []
    for zone in range(len(zones.parent)):
        homes = [home for home in range(len(zones.zone)) if _below(zones, home, zone)]
        for slot in range(problem.load_wh.shape[1]):
            level = sum(int((problem.load_wh - problem.pv_wh)[home, slot]) for home in homes)
            terms = [term for home in homes for term in net[home][slot]]
            for sign, limit in ((1, zones.import_limit_wh), (-1, zones.export_limit_wh)):
                most = int(limit[zone, slot])
                if most < 0:
                    continue
                above.append(dense.column(0, np.inf))
                signed = [(column, sign * value) for column, value in terms]
                dense.row(-np.inf, most - sign * level, *signed, (above[-1], -1))
    return above


def _below(zones, home, zone):
    at = int(zones.zone[home])
    while at not in (-1, zone):
        at = int(zones.parent[at])
    return at == zone


def cost_of(case, draft):
    problem = case.problem
    open_wh = net_energy(case, draft) - problem.position_wh
    price = np.where(open_wh > 0, problem.import_price, problem.export_price)
    return float(np.sum(open_wh * price))


def state_misses(case, draft):
    """Shortfall of active storage, simulated from a draft's own charge and discharge."""
    table, total = case.problem.storage, 0.0
    state = table.initial_wh.astype(float)
    low = np.minimum(table.lo_wh, table.hi_wh)
    high = np.maximum(table.lo_wh, table.hi_wh)
    for slot in range(table.lo_wh.shape[1]):
        state = table.kept * state - table.draw_wh[:, slot]
        state += table.efficiency_in * draft.charge[:, slot]
        state -= draft.discharge[:, slot] / table.efficiency_out
        missed = np.maximum(np.maximum(low[:, slot] - state, state - high[:, slot]), 0)
        total += float(np.sum(missed * case.active))
    return total


def above_of(problem, net):
    zones, total = problem.zones, 0.0
    for zone in range(len(zones.parent)):
        homes = [home for home in range(len(zones.zone)) if _below(zones, home, zone)]
        flow = net[homes].sum(axis=0)
        for limit, signed in ((zones.import_limit_wh, flow), (zones.export_limit_wh, -flow)):
            over = np.where(limit[zone] >= 0, signed - limit[zone], 0)
            total += float(np.maximum(over, 0).sum())
    return total


def compare(problem):
    case, draft = optimum(problem)
    missed, least, weighed, traded = reference(problem)
    above = above_of(problem, net_energy(case, draft))
    assert np.all(np.minimum(draft.charge, draft.discharge) <= 1e-6)
    assert state_misses(case, draft) <= missed + 1e-2
    assert above <= least + 1.01
    if traded <= least + 0.99:  # else the solver must not trade so much for money
        wear = float(np.sum(draft.charge + draft.discharge))
        noise = 1e4 + 1e-3 * weight(problem) * (least > 1e-6)
        assert cost_of(case, draft) + above * weight(problem) <= weighed + wear + noise
    assert violations(problem, solve(problem)) == []


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_drawn_problems_cost_what_a_dense_programme_finds(data, problems):
    compare(data.draw(problems(homes=3, slots=6)))


@pytest.mark.parametrize("seed", range(24))
def test_full_problems_cost_what_a_dense_programme_finds(seed, problem_of):
    """Everything at once, of realistic size and price, on 3 homes and 8 slots."""
    compare(full(stream(seed, "dense schedules"), problem_of))


def full(random, problem_of):
    homes, slots = 3, 8

    def wh(most, least=0):
        return random.integers(least, most, (homes, slots))

    buy = random.integers(-60, 400, slots) * 1000
    sell = buy - random.integers(20, 200) * 1000
    if random.random() < 0.3:
        sell = np.where(random.random(slots) < 0.3, buy + 40_000, sell)
    storage = [
        {
            "home": int(random.integers(homes)),
            "start": int(random.integers(500, 3000)),
            "charge": random.integers(300, 1500, slots) * (random.random(slots) < 0.8),
            "discharge": random.integers(0, 1500) * int(random.random() < 0.6),
            "lo": random.integers(0, 1500, slots) * (random.random(slots) < 0.4),
            "hi": int(random.integers(3000, 6000)),
            "draw": random.integers(0, 500, slots) * (random.random(slots) < 0.5),
            "into": random.uniform(0.8, 1.0),
            "out": random.uniform(0.8, 1.0),
            "kept": random.uniform(0.97, 1.0),
        }
        for _ in range(4)
    ]
    runs = [(int(random.integers(homes)), int(random.integers(100, 900)), 2, 0, 6) for _ in "ab"]
    zones = [
        {"homes": [0], "buy": int(random.integers(800, 3500)), "sell": 2500},
        {"homes": [1, 2], "parent": 0, "buy": int(random.integers(500, 2500)), "sell": 900},
    ]
    return problem_of(
        wh(600), wh(2000), buy, sell, wh(500, -500), storage=storage, runs=runs, zones=zones
    )
