"""Small fleets on several paths, and all paths in one programme that shares its first slots."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Curtailable, Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.scenarios.paths import Path, along

HOURS = 0.25


class Programme:
    """Columns and rows one by one."""

    def __init__(self):
        self.cost, self.bounds, self.rows = [], [], []

    def column(self, high, cost=0.0, low=0.0):
        self.cost.append(cost)
        self.bounds.append((low, high))
        return len(self.cost) - 1

    def most(self, entries, right):
        self.rows.append((entries, right))

    def equal(self, entries, right):
        self.most(entries, right)
        self.most([(column, -factor) for column, factor in entries], -right)

    def least(self):
        at = [row for row, (entries, _) in enumerate(self.rows) for _ in entries]
        pairs = [pair for entries, _ in self.rows for pair in entries]
        places = (at, [column for column, _ in pairs])
        shape = (len(self.rows), len(self.cost))
        matrix = csr_array(([value for _, value in pairs], places), shape=shape)
        right = [right for _, right in self.rows]
        found = linprog(self.cost, matrix, right, bounds=self.bounds, method="highs")
        assert found.status == 0, found.message
        return float(found.fun)


def extensive(fleet, paths, weight, first):
    """Least expected cost [nano-¤] of plans that are one in the first slots."""
    lp, shared = Programme(), {}

    def column(key, slot, high, cost):
        if slot >= first:
            return lp.column(high, cost)
        if key not in shared:
            shared[key] = lp.column(high)
        lp.cost[shared[key]] += cost
        return shared[key]

    for path, part in zip(paths, weight, strict=True):
        one = along(fleet, path)
        net = [[[] for _ in range(fleet.slots)] for _ in fleet.zones.parent]
        _cars(lp, one.one_way, net, column)
        _stores(lp, one.storage, net, column, part)
        _solar(one.curtailable, net, column, part)
        _grid(lp, one, path.prices, net, part)
    constant = sum(
        part * float((along(fleet, path).curtailable.forecast_wh * fleet.curtailable.cost).sum())
        for path, part in zip(paths, weight, strict=True)
    )
    return lp.least() + constant


def _cars(lp, table, net, column):
    for car in range(len(table.zone)):
        due = []
        for slot in range(table.arrive[car], table.leave[car]):
            x = column(("car", car, slot), slot, table.power_w[car] * HOURS, 0.0)
            net[table.zone[car]][slot].append((x, 1.0))
            due.append((x, 1.0))
        lp.equal(due, table.energy_wh[car])


def _stores(lp, table, net, column, part):
    for row in range(len(table.zone)):
        before = []
        for slot, taken in enumerate(net[table.zone[row]]):
            c = column(("in", row, slot), slot, table.charge_w * HOURS, 0.0)
            d = column(("out", row, slot), slot, table.discharge_w * HOURS, part * table.wear)
            taken += [(c, 1.0), (d, -1.0)]
            low = table.terminal_wh[row] if slot == len(net[0]) - 1 else 0.0
            state = lp.column(table.hi_wh[row], low=low)
            moves = [(state, 1.0), (c, -table.efficiency_in), (d, 1 / table.efficiency_out)]
            lp.equal(moves + before, 0.0 if before else table.initial_wh[row])
            before = [(state, -1.0)]


def _solar(table, net, column, part):
    for row in range(len(table.zone)):
        for slot, most in enumerate(table.forecast_wh[row]):
            x = column(("sun", row, slot), slot, most, -part * table.cost)
            net[table.zone[row]][slot].append((x, -1.0))


def _grid(lp, fleet, prices, net, part):
    for zone, parent in enumerate(fleet.zones.parent):
        for slot in range(fleet.slots):
            inside = net[zone][slot] if parent >= 0 else [x for z in net for x in z[slot]]
            load = fleet.zones.load_wh[zone, slot]
            bought = lp.column(np.inf, part * prices.buy[zone, slot])
            sold = lp.column(np.inf, -part * prices.sell[zone, slot])
            lp.equal([*net[zone][slot], (bought, -1.0), (sold, 1.0)], -load)
            fixed = load if parent >= 0 else fleet.zones.load_wh[:, slot].sum()
            lp.most(inside, fleet.zones.import_limit_w[zone] * HOURS - fixed)


def random_case(seed, paths=3, first=3):
    """Two zones, the second below the first; limits wide enough to be kept."""
    draw = stream(seed, "scenarios")
    slots = int(draw.integers(8, 13))
    cars, stores = int(draw.integers(2, 5)), int(draw.integers(1, 4))
    arrive = draw.integers(0, 3, cars)
    leave = draw.integers(6, slots + 1, cars)
    power = draw.uniform(3_000, 8_000, cars)
    size = draw.uniform(3_000, 8_000, stores)
    fleet = Fleet(
        slots=slots,
        step_s=900,
        zones=Zones(
            np.array([-1, 0]), np.array([24_000.0, 15_000.0]), load_wh=np.full((2, slots), 200.0)
        ),
        one_way=OneWay(
            draw.integers(0, 2, cars),
            arrive,
            leave,
            power * HOURS * (leave - arrive) * draw.uniform(0.2, 0.6, cars),
            power,
        ),
        storage=Storage(
            zone=draw.integers(0, 2, stores),
            initial_wh=size / 2,
            charge_w=4_000.0,
            discharge_w=4_000.0,
            hi_wh=size,
            terminal_wh=size / 2,
            efficiency_in=0.95,
            efficiency_out=0.95,
            wear=10_000.0,
        ),
        curtailable=Curtailable(np.array([1]), draw.uniform(0, 800, (1, slots)), 5_000.0),
    )
    later = np.arange(slots) >= first
    known = draw.uniform(80_000, 300_000, slots)
    futures = []
    for _ in range(paths):
        buy = np.where(later, draw.uniform(50_000, 400_000, slots), known)
        sun = np.where(later, draw.uniform(0, 1_500, (1, slots)), fleet.curtailable.forecast_wh)
        load = np.where(later, draw.uniform(0, 500, (2, slots)), fleet.zones.load_wh)
        buy = np.tile(buy, (2, 1))
        sell = buy - np.array([[0.0], [20_000.0]])
        futures.append(Path(prices=Prices(buy, sell), load_wh=load, forecast_wh=sun))
    weight = draw.uniform(0.2, 1.0, paths)
    return fleet, futures, weight / weight.sum(), first


@pytest.fixture(scope="session")
def small():
    return SimpleNamespace(case=random_case, extensive=extensive)
