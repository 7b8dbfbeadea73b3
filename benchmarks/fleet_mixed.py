"""The fleet engine's speed on a mixed fleet: CPU-seconds of one thread to a proven gap of 0.1 %.

2 · N assets of eight kinds, some of them indivisible (:mod:`fleet_mixed_instance`), in zones of 500
with limits that bind in both directions, N as in ``benchmarks/fleet.py``. General solvers are given
the relaxation, in which appliances start by parts and least powers do not count, so that their
times are less than what the whole problem takes; HiGHS's search for whole numbers stands beside
them where it is recorded. ``--reference`` also runs a general solver in this process, up to
N = 1,000. The last lines are the same fleets with heat pumps that modulate down to 30 % only, and
what single answers of each class take at the prices of the solution.
Run ``python benchmarks/fleet_mixed.py [--quick] [--reference]``.
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from fleet_mixed_instance import mixed_fleet
from fleet_records import known, ratios
from fleet_timing import ENGINE, binding, print_growth, timed
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

SIZES = (100, 1_000, 10_000)
BESIDE = 1_000
"""Most pairs for which a general solver is run beside the engine."""
LEAST = 0.3
"""Part of its power below which a heat pump cannot modulate."""


def row(pairs: int, least: float, *, reference: bool = False) -> float:
    """Print one line of the table; return the CPU seconds."""
    fleet, prices = mixed_fleet(2 * pairs, least=least)
    run = timed(fleet, prices, times=3 if pairs <= 1_000 else 2)
    binds, found = binding(fleet, run.solution), known("mixed", pairs, fleet, prices)
    if reference:
        from fleet_reference import beside

        found = [beside("mixed", pairs), *found]
    print(
        f"{2 * pairs:>9,} {len(fleet.zones.parent):>6} {run.cpu:>9.3f} {run.wall:>9.3f} "
        f"{run.solution.gap:>8.1e} {len(run.solution.rounds):>6} {binds.reached:>7.0%} "
        f"{binds.priced:>6.0%}  {ratios(found, run.cpu, run.solution.gap)}",
        flush=True,
    )
    return run.cpu


def answers(pairs: int, least: float) -> None:
    """Print what single answers take, by oracle, at the prices of a solution."""
    fleet, prices = mixed_fleet(2 * pairs, least=least)
    solution = solve(fleet, prices, ENGINE)
    limits = solution.prices.imports - solution.prices.exports
    seen = 1e-6 * (np.asarray(prices.buy, np.float64) + limits)
    if not isinstance(solution.source, Mixture):
        raise TypeError("the engine did not answer")
    groups = solution.source.groups
    print(f"{'oracle':22} {'assets':>7} {'µs each':>8}")
    for block in groups.blocks:
        own = seen[groups.zone[groups.cell[block.place]]]
        begin = process_time()
        block.oracle.best(own)
        spent, many = process_time() - begin, len(block.layout.rows)
        print(f"{type(block.oracle).__name__:22} {many:>7,} {1e6 * spent / many:>8.1f}")


def main(arguments: list[str]) -> None:
    quick, reference = "--quick" in arguments, "--reference" in arguments
    for least in (0.0, LEAST):
        solve(*mixed_fleet(200, least=least), Options(gap=1e-2, method="engine"))
    sizes = SIZES[:2] if quick else SIZES
    print(
        f"{'assets':>9} {'zones':>6} {'CPU s':>9} {'wall s':>9} {'gap':>8} {'rounds':>6} "
        f"{'reached':>7} {'priced':>6}  reference"
    )
    seconds = [row(pairs, 0.0, reference=reference and pairs <= BESIDE) for pairs in sizes]
    print_growth([2 * pairs for pairs in sizes], seconds)
    print("with heat pumps that modulate down to 30 % of their power, or are off")
    for pairs in sizes:
        row(pairs, LEAST)
    answers(sizes[1], LEAST)


if __name__ == "__main__":
    main(sys.argv[1:])
