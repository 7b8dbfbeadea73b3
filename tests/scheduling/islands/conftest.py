"""A small microgrid, and programmes of it written by hand for HiGHS through scipy."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    Prices,
    Storage,
    Zones,
)
from gridpact.scheduling.islands.survival import Island

HOUR = 3600


def microgrid(load, solar, *, battery=(2_000, 1_500, 4_000), generator=None, tank=np.inf):
    """One zone with solar, a battery (initial, power, capacity) and a generator (min, max)."""
    slots, at = len(load), np.zeros(1, np.int64)
    row = Row((), (("generators", at),), 0, slots, -tank, np.inf)
    portfolio = with_rows(None, [row] if np.isfinite(tank) else [])
    return Fleet(
        slots=slots,
        step_s=HOUR,
        zones=Zones(np.array([-1]), load_wh=np.asarray(load, np.float64)[None]),
        curtailable=Curtailable(at, np.asarray(solar, np.float64)[None]),
        storage=Storage(
            at, initial_wh=battery[0], charge_w=battery[1], discharge_w=battery[1], hi_wh=battery[2]
        ),
        generators=None
        if generator is None
        else Generators(
            at,
            min_w=generator[0],
            max_w=generator[1],
            fuel=300_000.0,
            idle_cost=2_000.0,
            start_cost=50_000.0,
            min_up=2,
            min_down=2,
        ),
        portfolio=portfolio,
    )


def flat(slots, price=100_000):
    return Prices(np.full((1, slots), float(price)))


class ByHand:
    """Columns and rows for :func:`scipy.optimize.milp`."""

    def __init__(self):
        self.cost, self.low, self.high, self.whole, self.rows = [], [], [], [], []

    def column(self, high, cost=0.0, low=0.0, whole=False):
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.cost) - 1

    def row(self, entries, low, high):
        self.rows.append((entries, low, high))

    def least(self):
        matrix = np.zeros((len(self.rows), len(self.cost)))
        for at, (entries, _, _) in enumerate(self.rows):
            for column, value in entries:
                matrix[at, column] += value
        low, high = np.array([row[1:] for row in self.rows], float).T
        found = milp(
            self.cost,
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(self.low, self.high),
            integrality=self.whole,
            options={"mip_rel_gap": 0},
        )
        return float(found.fun) if found.status == 0 else np.inf


def by_hand(load, solar, battery, generator, *, tank=np.inf, grid=None, sheds=()):
    """Least cost of serving a load [Wh, slots]; ``grid`` is (price, most) by slot, or nothing.

    ``sheds`` are (energy by slot, value, whole).
    """
    lp, slots = ByHand(), len(load)
    balance = [[(lp.column(solar[t]), 1.0)] for t in range(slots)]
    _battery(lp, balance, battery)
    if generator is not None:
        _generator(lp, balance, generator, tank)
    for t in range(slots):
        if grid is not None and grid[1][t] > 0:
            balance[t].append((lp.column(grid[1][t], grid[0][t]), 1.0))
            balance[t].append((lp.column(grid[1][t], -grid[0][t]), -1.0))
        for energy, value, whole in sheds:
            most, size = (1, energy[t]) if whole else (energy[t], 1.0)
            balance[t].append((lp.column(most, value * size, whole=whole), size))
        lp.row(balance[t], load[t], load[t])
    return lp.least()


def _battery(lp, balance, battery):
    states = []
    for t, one in enumerate(balance):
        charge, discharge = lp.column(battery[1]), lp.column(battery[1])
        states.append(lp.column(battery[2]))
        before = [(states[t - 1], -1.0)] if t else []
        first = 0.0 if t else battery[0]
        lp.row([(states[t], 1.0), (charge, -1.0), (discharge, 1.0), *before], first, first)
        one += [(discharge, 1.0), (charge, -1.0)]


def _generator(lp, balance, generator, tank):
    """Two slots up and two down at least; fuel, idle and start costs as of the microgrid."""
    on, given, slots = [], [], len(balance)
    for t, one in enumerate(balance):
        given.append(lp.column(generator[1], 300_000))
        on.append(lp.column(1, 2_000_000, whole=True))
        start = lp.column(1, 50_000_000, whole=True)
        lp.row([(given[t], 1.0), (on[t], -generator[1])], -np.inf, 0)
        lp.row([(given[t], 1.0), (on[t], -generator[0])], 0, np.inf)
        was = [(on[t - 1], 1.0)] if t else []
        lp.row([(start, 1.0), (on[t], -1.0), *was], 0, np.inf)
        one.append((given[t], 1.0))
    for t in range(slots - 1):
        was = [(on[t - 1], 1.0)] if t else []
        lp.row([(on[t + 1], 1.0), (on[t], -1.0), *was], 0, np.inf)
        if t:
            lp.row([(on[t - 1], 1.0), (on[t], -1.0), (on[t + 1], 1.0)], -np.inf, 1)
    lp.row([(column, 1.0) for column in given], 0, tank)


def served(survived, first, load):
    """Follow a plan slot by slot, storage within bounds; tell how long the load is served."""
    plan, fleet = survived.plan.schedules(), survived.fleet
    state, table = float(np.max(fleet.storage.initial_wh)), fleet.storage
    for slot in range(fleet.slots):
        charge, discharge = plan.charge_wh[0, slot], plan.discharge_wh[0, slot]
        state += charge - discharge
        assert -1e-3 <= state <= float(np.max(table.hi_wh)) + 1e-3
        made = plan.output_wh[:, slot].sum() + plan.generators_wh[:, slot].sum()
        if slot >= first + survived.slots:
            return slot - first
        if slot >= first and abs(made + discharge - charge - load[slot]) > 1e-2:
            return slot - first
    return fleet.slots - first


@pytest.fixture(scope="session")
def tools():
    return SimpleNamespace(
        microgrid=microgrid, flat=flat, by_hand=by_hand, served=served, Island=Island
    )
