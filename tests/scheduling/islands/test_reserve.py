"""Spinning reserve, against the cheapest of all commitments that hold it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.scheduling.fleet.columns import Fleet, Generators, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.emissions import Rates, frontier
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.operation import holding, operate
from gridpact.scheduling.islands.reserve import Spinning
from gridpact.scheduling.islands.survival import Island

MOST, LEAST = np.array([1_000.0, 800.0]), np.array([300.0, 200.0])
FUEL, START = np.array([200_000.0, 260_000.0]), np.array([40_000.0, 10_000.0])
STORED, POWER, HELD = 900.0, 500.0, 1_200.0
SHARE = 0.5
EXACT = Options(gap=1e-7)


def fleet(load):
    at, slots = np.zeros(2, np.int64), len(load)
    return Fleet(
        slots=slots,
        step_s=3600,
        zones=Zones(np.array([-1]), load_wh=np.array([load], float)),
        storage=Storage(at[:1], initial_wh=STORED, charge_w=POWER, discharge_w=POWER, hi_wh=HELD),
        generators=Generators(at, max_w=MOST, min_w=LEAST, fuel=FUEL, start_cost=START),
    )


def given_on(load, on, reserve, largest, fuel=FUEL):
    """Least cost of one commitment [units, slots], by a programme written by hand.

    Columns by slot: energy of both units, charge, discharge, state after, room of storage.
    """
    slots, wide = len(load), 6
    cost = np.tile([*fuel, 0, 0, 0, 0], slots)
    equal, right, above, most = [], [], [], []
    bounds = []
    for t in range(slots):
        bounds += [(LEAST[u] * on[u, t], MOST[u] * on[u, t]) for u in range(2)]
        bounds += [(0, POWER), (0, POWER), (0, HELD), (0, None)]

        def row(t=t, **entries):
            line = np.zeros(wide * slots)
            for name, value in entries.items():
                line[wide * t + ["a", "b", "charge", "give", "state", "room"].index(name)] = value
            return line

        equal.append(row(a=1, b=1, charge=-1, give=1))
        right.append(load[t])
        state = row(state=1, charge=-1, give=1)
        if t:
            state[wide * (t - 1) + 4] = -1
        equal.append(state)
        right.append(0.0 if t else STORED)
        above += [row(room=1, give=1, charge=-1), row(room=SHARE, state=-1)]
        most += [POWER, 0.0]
        before = row(room=SHARE)
        if t:
            before[wide * (t - 1) + 4] = -1
        above.append(before)
        most.append(0.0 if t else STORED)
        running = MOST * on[:, t]
        above.append(row(a=1, b=1, room=-1))
        most.append(running.sum() - reserve)
        if largest:  # what is lost must be covered by the other unit and storage
            above += [row(a=1, b=1, room=-1)] * 2
            most += [running[1], running[0]]
    found = linprog(cost, np.array(above), most, np.array(equal), right, bounds, method="highs")
    if found.status != 0:
        return np.inf
    starts = (np.diff(on, axis=1, prepend=0) > 0).sum(axis=1)
    return float(found.fun) + 1_000 * float(START @ starts)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(0, 1_600), min_size=3, max_size=3), st.integers(0, 900), st.booleans())
def test_it_is_the_cheapest_of_all_commitments_that_hold_it(load, reserve, largest):
    spinning = Spinning(
        first=0,
        end=3,
        units=np.array([0, 1]),
        storage=np.array([0]),
        reserve_w=reserve,
        largest_unit=largest,
        sustained_s=1_800,
    )
    island = Island(fleet=fleet(load), prices=Prices(np.full((1, 3), 100_000.0)), zone=0)
    found = operate(island, 0, 3, EXACT, spinning)
    patterns = itertools.product([0, 1], repeat=6)
    best = min(given_on(load, np.array(one).reshape(2, 3), reserve, largest) for one in patterns)
    assert found.reserve_held == np.isfinite(best)
    if found.reserve_held:
        assert found.solution.upper_nano == pytest.approx(best, rel=1e-6, abs=1e3)


def test_corners_of_emissions_are_of_commitments_that_hold_it():
    load, emits, reserve = [700, 300], np.array([300.0, 900.0]), 600.0
    units = {"units": np.array([0, 1]), "storage": np.array([0]), "sustained_s": 1_800}
    spinning = Spinning(first=0, end=2, reserve_w=reserve, largest_unit=False, **units)
    island = isolated(fleet(load), 0, 0, 2)
    points = frontier(
        island, Prices(np.ones((1, 2))), Rates(np.zeros(2), emits), 1e6, holding(spinning, 1e-7)
    )
    assert len(points) > 1
    patterns = [np.array(one).reshape(2, 2) for one in itertools.product([0, 1], repeat=4)]
    for price in np.linspace(0, 1e6, 21):
        fuel = FUEL + price / 1000 * emits
        best = min(given_on(load, on, reserve, False, fuel) for on in patterns)
        mine = min(point.cost_nano + price * point.emissions_g for point in points)
        assert mine == pytest.approx(best, rel=1e-6, abs=1e3)


def test_corners_of_a_reserve_that_nothing_holds_are_refused():
    spinning = Spinning(
        first=0, end=2, units=np.array([0, 1]), storage=np.array([0]), reserve_w=1e6
    )
    with pytest.raises(ValueError, match="reserve"):
        holding(spinning, 1e-7)(isolated(fleet([500, 500]), 0, 0, 2), Prices(np.ones((1, 2))))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"first": 3, "end": 3}, "no window"),
        ({"units": np.array([5])}, "2 rows of generators"),
        ({"reserve_w": -1.0}, "0 or more"),
    ],
)
def test_a_reserve_that_makes_no_sense_is_refused(terms, reason):
    asked = {"first": 0, "end": 3, "units": np.array([0, 1]), **terms}
    island = Island(fleet=fleet([500] * 3), prices=Prices(np.full((1, 3), 1.0)), zone=0)
    with pytest.raises(ValueError, match=reason):
        operate(island, 0, 3, EXACT, Spinning(**asked))
