"""Oracle speed: best answers of single assets to prices, by class, beside another way to get them.

Every class answers N seeded assets over 96 slots in one call; times are CPU time of one thread per
asset, the least of a few calls after compilation. The reference answers some of the same assets one
by one, plain numpy or HiGHS (which may end within 0.1 %), and its values must agree; ten seconds
are the longest it gets. Growth is the time per asset at half and twice the slots and at a tenth of
the assets, as multiples. Run ``python benchmarks/fleet_oracles.py``; ``--quick`` for small sizes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time
from typing import NamedTuple, TypeAlias

import highspy
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.solver import quiet_solver
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Generators,
    OneWay,
    Runs,
    Storage,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.generator_oracle import Commitment
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Layout, Oracle
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage
from gridpact.scheduling.fleet.storage import StorageOracle
from timing import least_seconds

HOURS = 0.25
SLOTS = 96
SECONDS = 10.0
"""Longest a programme of HiGHS may take."""
WITHIN = 1e-3

Found: TypeAlias = tuple[float | None, float]
"""Least cost [¤] of one asset, None where none was proven in time, and the CPU time it took."""
Reference: TypeAlias = Callable[[int, Floats], Found]
Maker: TypeAlias = Callable[[int, int], tuple[Oracle, Reference]]


class Kind(NamedTuple):
    """A class of assets: what makes N of them over T slots, and how many answer at a time."""

    name: str
    make: Maker
    assets: int
    checked: int


def prices_of(slots: int) -> Floats:
    """Seeded day-ahead prices with two peaks, ¤/kWh."""
    hour = (12 + np.arange(slots) * 24 / slots) % 24
    peaks = 0.09 * np.exp(-(((hour - 19) / 2) ** 2)) + 0.05 * np.exp(-(((hour - 8) / 1.5) ** 2))
    valleys = 0.05 * np.exp(-(((hour - 13.5) / 2) ** 2)) + 0.04 * np.exp(
        -(((hour - 3.5) / 2.5) ** 2)
    )
    return 0.14 + peaks - valleys + 0.006 * stream(7, "prices").standard_normal(slots)


def timed(least: Callable[[int, Floats], float]) -> Reference:
    """Measure a reference in plain numpy."""

    def reference(row: int, prices: Floats) -> Found:
        begin = process_time()
        return least(row, prices), process_time() - begin

    return reference


def layout(count: int) -> Layout:
    """Ten groups of one asset each, so that single answers can be seen, and one of the rest."""
    return Layout(np.arange(count), np.array([*range(11), count]))


def windows(draw: np.random.Generator, count: int, slots: int, shortest: int) -> tuple[Ints, Ints]:
    """Arrival about six in the evening, departure about half past seven."""
    arrive = np.clip(draw.normal(slots / 4, slots / 12, count), 0, slots * 0.7).astype(np.int64)
    leave = np.clip(draw.normal(slots * 0.81, slots / 24, count), 0, slots).astype(np.int64)
    return arrive, np.minimum(np.maximum(leave, arrive + shortest), slots)


def one_way(count: int, slots: int) -> tuple[Oracle, Reference]:
    draw = stream(1, "one-way", count, slots)
    arrive, leave = windows(draw, count, slots, 8)
    power = draw.choice([3700.0, 7400.0, 11000.0, 22000.0], count)
    energy = np.minimum(draw.gamma(3, 5000, count), 0.9 * power * HOURS * (leave - arrive))
    table = OneWay(np.zeros(count, np.int64), arrive, leave, energy, power)

    @timed
    def reference(row: int, prices: Floats) -> float:
        sort = np.sort(prices[arrive[row] : leave[row]])
        most = power[row] * HOURS
        taken = np.clip(energy[row] - most * np.arange(len(sort)), 0, most)
        return float(taken @ sort) / 1000

    return OneWayOracle.build(table, layout(count), slots, HOURS), reference


def storage_of(kind: str, count: int, slots: int) -> Storage:
    """Storage of a kind; see :data:`KINDS`."""
    draw = stream(1, kind, count, slots)
    zone, hi = np.zeros(count, np.int64), draw.uniform(5000, 20000, count)
    if kind == "car":
        arrive, leave = windows(draw, count, slots, 8)
        slot = np.arange(slots)
        there = ((slot >= arrive[:, None]) & (slot < leave[:, None])).astype(np.float64)
        due = np.minimum(draw.gamma(3, 4000, count), 2000 * (leave - arrive) * HOURS)
        late = slot >= leave[:, None] - 1
        lo = np.where(late, due[:, None], 0.0)
        return Storage(zone, 0.0, there * 11000, 0.0, due, lo, charge_min_w=1380.0)
    begin = hi * draw.uniform(0.2, 0.8, count)
    if kind == "tank":
        gone = draw.uniform(50, 250, (count, slots)) * 96 / slots
        cop = draw.uniform(2.5, 3.5, (count, slots))
        return Storage(zone, begin, 2500.0, 0.0, hi, 0.0, begin / 2, cop, 1.0, 0.998, gone)
    return Storage(zone, begin, 5000.0, 5000.0, hi, 0.0, begin, 0.95, 0.95, wear=10_000.0)


def with_least(table: Storage, least: float, step: float = 0.0) -> Storage:
    """Add least powers and steps of both directions; steps make it a battery without losses."""
    names = {name: getattr(table, name) for name in table.__struct_fields__}
    names |= {"charge_min_w": least, "charge_step_w": step, "discharge_step_w": step}
    names |= {"discharge_min_w": least if np.ndim(table.discharge_w) or table.discharge_w else 0.0}
    if step:
        names |= {"efficiency_in": 1.0, "efficiency_out": 1.0, "terminal_wh": 0.0}
    return Storage(**names)


def storage_kind(kind: str, least: float = 0.0, step: float = 0.0) -> Maker:
    """Make storage of a kind, with the oracle that is meant for it."""

    def make(count: int, slots: int) -> tuple[Oracle, Reference]:
        table = storage_of(kind, count, slots)
        table = with_least(table, least, step) if least or step else table
        own = SteadyStorageOracle if kind == "battery" else StorageOracle
        build = SteppedStorage.build if kind == "car" or least or step else own.build

        def reference(row: int, prices: Floats) -> Found:
            return programme(table, row, prices)

        return build(table, layout(count), slots, HOURS), reference

    return make


def programme(table: Storage, row: int, prices: Floats) -> Found:
    """Solve one row of storage as a mixed-integer programme; building it is not timed."""
    count, slots = len(table.zone), len(prices)
    scale = HOURS / 1000
    model = quiet_solver(time_limit=SECONDS)
    lo, hi = (per_slot(v, count, slots)[row] / 1000 for v in (table.lo_wh, table.hi_wh))
    draw = per_slot(table.draw_wh, count, slots)[row] / 1000
    inward = per_slot(table.efficiency_in, count, slots)[row]
    outward, kept = (per_asset(v, count)[row] for v in (table.efficiency_out, table.kept))
    state, wear = per_asset(table.initial_wh, count)[row] / 1000, per_asset(table.wear, count)[row]
    final = per_asset(table.terminal_wh, count)[row] / 1000
    before = model.addVariable(state, state)
    cost = highspy.highs.highs_linear_expression()
    for slot in range(slots):
        energy = []
        for name in ("charge", "discharge"):
            most = per_slot(getattr(table, f"{name}_w"), count, slots)[row, slot] * scale
            least = per_asset(getattr(table, f"{name}_min_w"), count)[row] * scale
            step = per_asset(getattr(table, f"{name}_step_w"), count)[row] * scale
            energy.append(action(model, most, least, step))
        floor = max(lo[slot], final) if slot == slots - 1 else lo[slot]
        after = model.addVariable(floor, hi[slot])
        stored = inward[slot] * energy[0] - energy[1] * (1 / outward)
        model.addConstr(after == kept * before + stored - draw[slot])
        cost += prices[slot] * (energy[0] - energy[1]) + wear * 1e-6 * energy[1]
        before = after
    begin = process_time()
    model.minimize(cost)
    spent = process_time() - begin
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None, spent
    return float(model.getInfo().objective_function_value), spent


def action(model: highspy.Highs, most: float, least: float, step: float) -> highspy.highs.highs_var:
    """Energy of one direction in a slot, at once with its switch where there is a least power."""
    energy: highspy.highs.highs_var = model.addVariable(0, most)
    if most > 0 and (least or step):
        switch = model.addBinary()
        model.addConstr(energy <= most * switch)
        model.addConstr(energy >= least * switch)
        if step:
            model.addConstr(energy == least * switch + step * model.addIntegral(0, most / step))
    return energy


def run_kind(kind: str) -> Maker:
    """Make runs: of one power, of a programme, interruptible, with least stretches and pauses."""

    def make(count: int, slots: int) -> tuple[Oracle, Reference]:
        draw = stream(1, kind, count, slots)
        length = draw.integers(4, 13, count)
        first = draw.integers(0, slots - 36, count)
        end = np.minimum(first + length + draw.integers(4, 24, count), slots)
        power = np.repeat(draw.uniform(500, 3000, (count, 1)), 12, axis=1)
        if kind == "programme":
            power = draw.uniform(200, 2000, (count, 12))
        apart, (on, off) = kind in ("apart", "stretches"), (3, 2) if kind == "stretches" else (1, 1)
        table = Runs(np.zeros(count, np.int64), first, end, length, power, apart, on, off)
        oracle = RunOracle.build(table, layout(count), slots, HOURS)

        @timed
        def reference(row: int, prices: Floats) -> float:
            own = prices[first[row] : end[row]]
            if kind == "stretches":
                least = stretches(own, int(length[row]), on, off)
                return least * float(power[row, 0]) * HOURS / 1000
            if apart:
                return float(np.sort(own)[: length[row]].sum() * power[row, 0]) * HOURS / 1000
            steps = power[row, : length[row]] * HOURS / 1000
            return float(np.correlate(own, steps, "valid").min())

        return oracle, reference

    return make


def stretches(prices: Floats, left: int, on: int, off: int) -> float:
    """Least sum of prices of so many slots in stretches and pauses, slot by slot in numpy.

    ``least[n, state]``: n slots to run; 0 free to start, 1…on in a stretch, then pausing.
    """
    states = on + off
    least = np.full((left + 1, states), np.inf)
    least[0, [0, *range(on, states)]] = 0.0
    for price in prices[::-1]:
        new = np.full_like(least, np.inf)
        run = np.concatenate([np.full((1, states), np.inf), price + least[:-1]])
        new[:, 0] = np.minimum(least[:, 0], run[:, min(1, on)])
        for state in range(1, on + 1):
            new[:, state] = run[:, min(state + 1, on)]
        stop = least[:, on + 1] if off > 1 else least[:, 0]
        new[:, on] = np.minimum(new[:, on], stop)
        for state in range(on + 1, states):
            new[:, state] = least[:, state + 1] if state + 1 < states else least[:, 0]
        least = new
    return float(least[left, 0])


def generators(count: int, slots: int) -> tuple[Oracle, Reference]:
    draw = stream(1, "generators", count, slots)
    most, fuel = draw.uniform(5000, 50000, count), draw.uniform(100_000, 180_000, count)
    idle, start = most * draw.uniform(0, 2, count), most * draw.uniform(5, 20, count)
    table = Generators(
        np.zeros(count, np.int64), most, most * 0.3, fuel, idle, start, min_up=8, min_down=4
    )

    @timed
    def reference(row: int, prices: Floats) -> float:
        margin = (fuel[row] * 1e-6 - prices) * HOURS / 1000
        on_cost = np.minimum(margin * most[row], margin * most[row] * 0.3) + idle[row] * 1e-6
        on, off = np.zeros(9), np.zeros(5)  # by slots in the state; the last may change
        for cost in on_cost[::-1]:
            going, resting = cost + np.append(on[1:], on[-1]), np.append(off[1:], off[-1])
            going[-1] = min(going[-1], off[1])
            resting[-1] = min(resting[-1], start[row] * 1e-6 + cost + on[1])
            on, off = going, resting
        return float(off[-1])

    return Commitment.build(table, layout(count), slots, HOURS), reference


def curtailable(count: int, slots: int) -> tuple[Oracle, Reference]:
    draw = stream(1, "curtailable", count, slots)
    forecast, cost = draw.uniform(0, 2000, (count, slots)), draw.uniform(0, 20_000, count)
    table = Curtailable(np.zeros(count, np.int64), forecast, cost)

    @timed
    def reference(row: int, prices: Floats) -> float:
        give = np.maximum(prices, -cost[row] * 1e-6)
        return -float(give @ forecast[row]) / 1000

    return CurtailableOracle.build(table, layout(count), slots, HOURS), reference


KINDS = (
    Kind("car, one way", one_way, 100_000, 10),
    Kind("PV, cut", curtailable, 10_000, 10),
    Kind("battery, steady", storage_kind("battery"), 10_000, 5),
    Kind("heat pump and tank, losses", storage_kind("tank"), 10_000, 5),
    Kind("run, one power", run_kind("even"), 100_000, 10),
    Kind("run, programme", run_kind("programme"), 100_000, 10),
    Kind("run, L of H slots", run_kind("apart"), 100_000, 10),
    Kind("run, 3 on and 2 off", run_kind("stretches"), 10_000, 10),
    Kind("generator", generators, 10_000, 10),
    Kind("car, least power", storage_kind("car"), 10_000, 3),
    Kind("battery, whole steps", storage_kind("battery", 500, 500), 1_000, 3),
    Kind("heat pump, least power", storage_kind("tank", 800), 1_000, 3),
    Kind("battery, least power", storage_kind("battery", 500), 1_000, 3),
)


def seconds_of(oracle: Oracle, prices: Floats, repeats: int) -> float:
    """Least CPU time of a few calls."""
    return least_seconds(lambda: oracle.best(prices), repeats)


def measure(kind: Kind, shrink: int) -> None:
    """Print one class: time per asset, growth, and the reference for some."""
    count = max(kind.assets // shrink, 20)
    oracle, reference = kind.make(count, SLOTS)
    prices = np.tile(prices_of(SLOTS), (11, 1))
    own = seconds_of(oracle, prices, 5) / count
    answers = oracle.best(prices)
    values = answers.own_cost + np.einsum("gs,gs->g", prices, answers.energy)
    answered, spent = 0, 0.0
    for row in range(kind.checked):
        want, seconds = reference(row, prices[row])
        spent += seconds
        if want is not None:
            answered += 1
            assert abs(values[row] - want) <= WITHIN * max(abs(want), 1.0)  # noqa: S101
    other = spent / kind.checked
    growth = []
    for assets, slots in ((count, SLOTS // 2), (count, SLOTS * 2), (max(count // 10, 20), SLOTS)):
        given = np.tile(prices_of(slots), (11, 1))
        growth.append(seconds_of(kind.make(assets, slots)[0], given, 3) / assets / own)
    shape = " ".join(f"{value:9.2f}" for value in growth)
    late = "" if answered == kind.checked else f" ({answered} in time)"
    print(
        f"{kind.name:27} {count:7} {own * 1e6:9.3f} {other * 1e6:12.1f} {other / own:9.0f} "
        f"{shape} {late}",
        flush=True,
    )


def main() -> None:
    shrink = 20 if "--quick" in sys.argv else 1
    print("CPU µs per asset and answer, 96 slots; growth as multiples of the time per asset\n")
    heading = f"{'class':27} {'assets':>7} {'µs':>9} {'reference µs':>12} {'ratio':>9} "
    print(heading + f"{'48 slots':>9} {'192 slots':>9} {'N / 10':>9}")
    for kind in KINDS:
        measure(kind, shrink)


if __name__ == "__main__":
    main()
