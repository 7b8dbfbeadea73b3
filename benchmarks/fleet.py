"""The fleet engine's speed: CPU-seconds of one thread to a proven gap of 0.1 %, and growth in N.

N cars and N batteries over 96 slots, in zones of 250 + 250 with binding limits and two windows that
couple all zones (:mod:`fleet_instance`). ``--reference`` solves the same instance beside it with
HiGHS (interior point or HiPO where it is installed) up to N = 1,000; larger N take days or tens of
gigabytes there and are compared with recorded runs. Compilation is not counted: a small fleet is
solved first. Run ``python benchmarks/fleet.py [--quick] [--large] [--reference]``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

from fleet_instance import benchmark_fleet
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve

GAP = 1e-3
ENGINE = Options(gap=GAP, method="engine")
SIZES: list[tuple[int, int | None]] = [(100, None), (1_000, None), (10_000, None), (100_000, 400)]
LARGE: list[tuple[int, int | None]] = [(1_000_000, 400), (1_000_000, 4_000)]
RECORDED = Path(__file__).parent / "recorded"


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


def row(assets: int, zones: int | None, references: dict[int, tuple[str, float]]) -> None:
    """Print one line of the table."""
    fleet, prices = benchmark_fleet(assets, zones)
    run = timed(fleet, prices, times=3 if assets <= 10_000 else 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    bind = np.mean(run.solution.prices.imports > 0)
    name, seconds = references.get(assets, ("", 0.0))
    ratio = f"{seconds / run.cpu:,.0f}× {name} ({seconds:,.1f} s)" if seconds else "–"
    print(
        f"{assets:>9,} {len(fleet.zones.parent):>6,} {run.cpu:>9.3f} {run.wall:>9.3f} "
        f"{run.solution.gap:>8.1e} {len(run.solution.rounds):>6} {1e6 * run.cpu / assets:>9.1f} "
        f"{bind:>6.0%} {memory:>6.2f}  {ratio}"
    )


def beside(assets: int) -> tuple[str, float]:
    """CPU-seconds of the reference on the same instance, in this process."""
    from gridpact.scheduling.reference import solve as reference

    fleet, prices = benchmark_fleet(assets)
    cpu = process_time()
    reference.solve(fleet, prices)
    return "HiGHS, beside", process_time() - cpu


def recorded() -> dict[int, tuple[str, float]]:
    """Recorded reference runs on the same instance: the best exact one of each size."""
    best: dict[int, tuple[str, float]] = {}
    for path in sorted(RECORDED.glob("fleet*.json")):
        for run in json.loads(path.read_text(encoding="utf-8")).get("runs", []):
            assets, seconds = int(run["assets"]), float(run["cpu_s"])
            if assets not in best or seconds < best[assets][1]:
                best[assets] = (f"{run['solver']}, recorded {run['date']}", seconds)
    return best


def home() -> None:
    """Print what one home takes through the public interface: a battery and a car, 96 slots."""
    fleet, prices = benchmark_fleet(1, 1)
    alone = Fleet(
        slots=fleet.slots,
        step_s=fleet.step_s,
        zones=fleet.zones,
        one_way=fleet.one_way,
        storage=fleet.storage,
    )
    run = timed(alone, prices, times=5)
    print(f"one home (car and battery, a meter's limit): {1e3 * run.cpu:.2f} ms")


def main(arguments: list[str]) -> None:
    solve(*benchmark_fleet(100), Options(gap=1e-2, method="engine"))
    references = recorded()
    sizes = SIZES[:2] if "--quick" in arguments else SIZES
    sizes = sizes + LARGE if "--large" in arguments else sizes
    if "--reference" in arguments:
        references |= {assets: beside(assets) for assets, _ in sizes if assets <= 1_000}
    print("        N  zones     CPU s    wall s      gap rounds µs/pair  binds    GiB  reference")
    for assets, zones in sizes:
        row(assets, zones, references)
    home()


if __name__ == "__main__":
    main(sys.argv[1:])
