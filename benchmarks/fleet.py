"""The fleet engine's speed: CPU-seconds of one thread to a proven gap of 0.1 %, and growth in N.

N cars and N batteries over 96 slots, in zones of 250 + 250 with binding limits and two windows that
couple all zones (:mod:`fleet_instance`). Every size is compared with recorded runs of general
solvers on the same instance (:mod:`fleet_reference`); ``--reference`` also runs one beside it, in
this process, up to N = 1,000. ``--large`` goes on to N = 1,000,000. Compilation is not counted: a
small fleet is solved first. Run ``python benchmarks/fleet.py [--quick] [--large] [--reference]``.
"""

from __future__ import annotations

import sys

from fleet_instance import benchmark_fleet
from fleet_records import known, ratios
from fleet_timing import binding, gibibytes, print_growth, timed
from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

SIZES: list[tuple[int, int | None]] = [(100, None), (1_000, None), (10_000, None), (100_000, 400)]
LARGE: list[tuple[int, int | None]] = [(1_000_000, 400), (1_000_000, 4_000)]
BESIDE = 1_000
"""Most pairs for which a general solver is run beside the engine."""


def row(assets: int, zones: int | None, *, reference: bool) -> float:
    """Print one line of the table; return the CPU seconds."""
    fleet, prices = benchmark_fleet(assets, zones)
    run = timed(fleet, prices, times=3 if assets <= 10_000 else 1)
    binds, found = binding(fleet, run.solution), known("plain", assets, fleet, prices)
    if reference and assets <= BESIDE:
        from fleet_reference import beside

        found = [beside("plain", assets), *found]
    print(
        f"{assets:>9,} {len(fleet.zones.parent):>6,} {run.cpu:>9.3f} {run.wall:>9.3f} "
        f"{run.solution.gap:>8.1e} {len(run.solution.rounds):>6} {1e6 * run.cpu / assets:>9.1f} "
        f"{binds.reached:>7.0%} {binds.priced:>6.0%} {gibibytes():>6.2f}  "
        f"{ratios(found, run.cpu, run.solution.gap)}",
        flush=True,
    )
    return run.cpu


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
    run = timed(alone, prices, Options(), times=5)
    print(f"one home (car and battery, a meter's limit): {1e3 * run.cpu:.2f} ms")


def main(arguments: list[str]) -> None:
    solve(*benchmark_fleet(100), Options(gap=1e-2, method="engine"))
    sizes = SIZES[:2] if "--quick" in arguments else SIZES
    sizes = sizes + LARGE if "--large" in arguments else sizes
    print(
        f"{'N':>9} {'zones':>6} {'CPU s':>9} {'wall s':>9} {'gap':>8} {'rounds':>6} {'µs/pair':>9} "
        f"{'reached':>7} {'priced':>6} {'GiB':>6}  reference"
    )
    reference = "--reference" in arguments
    seconds = [row(assets, zones, reference=reference) for assets, zones in sizes]
    of_400 = sizes.index(LARGE[0]) + 1 if LARGE[0] in sizes else len(sizes)
    print_growth([assets for assets, _ in sizes[:of_400]], seconds[:of_400])
    home()


if __name__ == "__main__":
    main(sys.argv[1:])
