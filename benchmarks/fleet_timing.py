"""Times of the fleet engine: CPU-seconds of one thread, the slots that limits bind in, growth."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools
from gridpact.scheduling.fleet.columns import Fleet, Prices, Values, per_slot
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve

GAP = 1e-3
ENGINE = Options(gap=GAP, method="engine")
REACHED = 1e-4
"""A limit is reached where no more than this part of it is left."""


class Timed(NamedTuple):
    """A solve and what it took [s]."""

    solution: Solution
    cpu: float
    wall: float


def timed(fleet: Fleet, prices: Prices, options: Options = ENGINE, times: int = 1) -> Timed:
    """Solve ``times`` over; the quickest counts."""
    runs = []
    for _ in range(times):
        cpu, wall = process_time(), perf_counter()
        solution = solve(fleet, prices, options)
        runs.append(Timed(solution, process_time() - cpu, perf_counter() - wall))
    return min(runs, key=lambda run: run.cpu)


class Binding(NamedTuple):
    """Parts of all slots of all zones in which a limit is reached, and has a price."""

    reached: float
    priced: float


def binding(fleet: Fleet, solution: Solution) -> Binding:
    """How often limits of zones bind in a solution."""
    priced = (solution.prices.imports > 0) | (solution.prices.exports > 0)
    reached = _reached(fleet, solution, fleet.zones.import_limit_w, 1)
    reached |= _reached(fleet, solution, fleet.zones.export_limit_w, -1)
    return Binding(float(reached.mean()), float(priced.mean()))


def _reached(fleet: Fleet, solution: Solution, limit_w: Values, sign: int) -> Bools:
    limit = per_slot(limit_w, len(fleet.zones.parent), fleet.slots) * fleet.hours
    return np.asarray(sign * solution.net_wh >= limit * (1 - REACHED))


def gibibytes() -> float:
    """Most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def print_growth(sizes: Sequence[int], seconds: Sequence[float]) -> None:
    """Print by which power of the size the time grows between each two sizes, and over all."""
    pairs = list(zip(range(len(sizes) - 1), range(1, len(sizes)), strict=True))
    for first, last in [*pairs, (0, len(sizes) - 1)] if len(pairs) > 1 else pairs:
        power = np.log(seconds[last] / seconds[first]) / np.log(sizes[last] / sizes[first])
        print(f"growth from {sizes[first]:>9,} to {sizes[last]:>9,}: N^{power:.2f}")
