"""What levels cost beside a plain solve: CPU-seconds of one thread to a proven gap of 0.1 %.

First the fleet engine's benchmark (:mod:`fleet_instance`), in which everything can be kept; then
the same with one zone that lets a tenth of its limit through, so that needs go missing, are proven
and are shared; then a street of homes with heat pumps that ask for a comfort band in every slot.
Run ``python benchmarks/fleet_levels.py [--quick]``.
"""

from __future__ import annotations

import sys
from time import process_time

import msgspec
import numpy as np

from fleet_instance import SLOTS, STEP_S, benchmark_fleet
from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.priorities.fairly import solve_fairly
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs, StorageNeed
from gridpact.scheduling.priorities.owners import Owners
from gridpact.scheduling.priorities.sharing import blank
from gridpact.scheduling.priorities.solve import solve_by_levels

SIZES = (1_000, 10_000, 50_000)
SCARCE = 0.1
"""Part of its limit that is left of the first zone's."""


def scarce(fleet: Fleet) -> Fleet:
    """The fleet with little room in its first zone."""
    limits = np.array(fleet.zones.import_limit_w, np.float64)
    limits[0] *= SCARCE
    zones = msgspec.structs.replace(fleet.zones, import_limit_w=limits)
    return msgspec.structs.replace(fleet, zones=zones)


def street(homes: int) -> tuple[Fleet, Prices, Needs]:
    """Homes with a car and a heated building each, behind a feeder."""
    draw, zone = stream(1, "benchmark", "street"), np.arange(1, homes + 1)
    band = np.full((homes, SLOTS), 4_000.0)
    limits = np.append(900.0 * homes, np.full(homes, 15_000.0))
    fleet = Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=Zones(np.append(-1, np.zeros(homes, np.int64)), limits),
        one_way=OneWay(zone, draw.integers(16, 40, homes), draw.integers(70, 90, homes), 9e3, 11e3),
        storage=Storage(
            zone=zone,
            initial_wh=5_000.0,
            charge_w=2_500.0,
            discharge_w=0.0,
            hi_wh=9_000.0,
            efficiency_in=3.0,
            kept=0.995,
            draw_wh=draw.uniform(200, 700, (homes, SLOTS)),
        ),
    )  # fmt: skip
    prices = Prices(draw.uniform(100_000, 400_000, SLOTS))
    return fleet, prices, Needs(storage=(StorageNeed(np.arange(homes), band),))


def report(name: str, fleet: Fleet, prices: Prices, needs: Needs | None = None) -> None:
    """Print what levels take, and what they miss."""
    begin = process_time()
    answer = solve_by_levels(fleet, prices, needs)
    spent = process_time() - begin
    lost = " ".join(
        f"{loss.level.name.lower()} {loss.missing_wh / 1000:,.1f} ({loss.least_wh / 1000:,.1f})"
        for loss in answer.losses
        if loss.missing_wh > 1
    )
    print(f"{name:<32} {spent:>8.2f}  {lost or 'nothing'}")


def main(arguments: list[str]) -> None:
    sizes = SIZES[:1] if "--quick" in arguments else SIZES
    small, cheap = benchmark_fleet(500)
    solve(small, cheap)
    solve_by_levels(small, cheap)
    print("                                    CPU s  missing kWh (proven)")
    for assets in sizes:
        fleet, prices = benchmark_fleet(assets)
        begin = process_time()
        solve(fleet, prices)
        print(f"{f'{assets:,}+{assets:,} plain':<32} {process_time() - begin:>8.2f}")
        report(f"{assets:,}+{assets:,} by levels", fleet, prices)
    fleet, prices = benchmark_fleet(SIZES[0])
    report("1,000+1,000 with a scarce zone", scarce(fleet), prices)
    rows = np.arange(SIZES[0])
    fairness = (Owners(rows, rows), blank(rows, np.ones(len(rows))), Level.NEEDS)
    begin = process_time()
    answer, _ = solve_fairly(scarce(fleet), prices, Needs(), fairness)
    gave = answer.missing_by_asset(Level.NEEDS)[0] > 1
    print(f"{'the same, shared':<32} {process_time() - begin:>8.2f}  {gave.sum()} owners give")
    report("street of 30 homes, bands", *street(30))


if __name__ == "__main__":
    main(sys.argv[1:])
