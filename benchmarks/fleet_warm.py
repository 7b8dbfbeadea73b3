"""Solving again after little has changed: CPU seconds from nothing and from the last answer.

On the fleet of :mod:`fleet_instance`: one slot passes (the window slides, assets go on from where
their schedules left them, one price is new); all prices rise by 3 %, those of the next 8 slots are
revised by up to 10 % as a market does, or each changes by 3 % by itself; one car of one zone needs
less; the limit of one zone falls by 30 % in 8 slots. Also for a fleet that is one zone of 500
assets. Run ``python benchmarks/fleet_warm.py [--quick]``.
"""

from __future__ import annotations

import sys
from time import process_time
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from fleet_instance import benchmark_fleet
from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve

ENGINE = Options(gap=1e-3, method="engine")
REVISED = 8
"""Slots that a market revises."""
TIMES = 3
"""How often each solve is repeated; the quickest counts."""


class Change(NamedTuple):
    """What is to be solved next, and how many slots have passed."""

    fleet: Fleet
    prices: Prices
    passed: int = 0


Table = TypeVar("Table")


def given(table: Table | None) -> Table:
    """A table that the fleet of the benchmark has."""
    if table is None:
        raise LookupError
    return table


def slide(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """One slot passes as planned; the window gets a new last slot, priced as a day before."""
    plan, cars, stores = last.schedules(), given(fleet.one_way), given(fleet.storage)
    rows = given(fleet.portfolio)
    left = np.maximum(np.asarray(cars.energy_wh) - plan.one_way_wh[:, 0], 0.0)
    leave = np.maximum(cars.leave - 1, 1)
    arrive = np.minimum(np.maximum(cars.arrive - 1, 0), leave - 1)
    lasting = np.asarray(cars.power_w) * fleet.hours * (leave - arrive)
    shift = msgspec.structs.replace(rows, first=rows.first - 1, end=rows.end - 1)
    later = msgspec.structs.replace(
        fleet,
        one_way=msgspec.structs.replace(
            cars, arrive=arrive, leave=leave, energy_wh=np.minimum(left, lasting)
        ),
        storage=msgspec.structs.replace(stores, initial_wh=plan.state_wh[:, 0]),
        portfolio=shift,
    )
    price = np.asarray(prices.buy, np.float64)
    return Change(later, Prices(np.append(price[1:], price[0])), 1)


def dearer(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """All prices rise by 3 %."""
    return Change(fleet, Prices(np.asarray(prices.buy, np.float64) * 1.03))


def revised(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """A market revises the next 8 slots, each by up to 10 %, up or down; the rest stays."""
    price = np.array(prices.buy, np.float64)
    price[:REVISED] *= 1 + stream(2, "benchmark", "warm").uniform(-0.1, 0.1, REVISED)
    return Change(fleet, Prices(price))


def noisy(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """Prices change by 3 %, each by itself, up and down."""
    noise = stream(1, "benchmark", "warm").standard_normal(fleet.slots)
    return Change(fleet, Prices(np.asarray(prices.buy, np.float64) * (1 + 0.03 * noise)))


def need(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """One car of the middle zone needs half of what it needed."""
    cars = given(fleet.one_way)
    energy = np.array(cars.energy_wh)
    energy[len(energy) // 2] *= 0.5
    return Change(
        msgspec.structs.replace(fleet, one_way=msgspec.structs.replace(cars, energy_wh=energy)),
        prices,
    )


def event(fleet: Fleet, prices: Prices, last: Solution) -> Change:
    """The limit of the middle zone falls by 30 % in 8 slots."""
    zones = len(fleet.zones.parent)
    limit = np.tile(np.asarray(fleet.zones.import_limit_w)[:, None], (1, fleet.slots))
    limit[zones // 2, 60:68] *= 0.7
    changed = msgspec.structs.replace(fleet.zones, import_limit_w=limit)
    return Change(msgspec.structs.replace(fleet, zones=changed), prices)


def seconds(change: Change, last: Solution | None) -> tuple[float, Solution]:
    """CPU seconds of the quickest of some solves, from the last answer or from nothing."""
    least = np.inf
    for _ in range(TIMES):
        before = process_time()
        if last is None:
            found = solve(change.fleet, change.prices, ENGINE)
        else:
            found = solve(change.fleet, change.prices, ENGINE, last, change.passed)
        least = min(least, process_time() - before)
    return least, found


def show(assets: int, zones: int | None) -> None:
    """Print a line for each change."""
    fleet, prices = benchmark_fleet(assets, zones)
    last = solve(fleet, prices, ENGINE)
    for change in (slide, dearer, revised, noisy, need, event):
        now = change(fleet, prices, last)
        cold, nothing = seconds(now, None)
        warm, found = seconds(now, last)
        print(
            f"{assets:>7,} {len(fleet.zones.parent):>5,} {change.__name__:>7} {cold * 1e3:>9.0f} "
            f"{warm * 1e3:>9.0f} {cold / warm:>6.1f}× {nothing.gap:>8.1e} {found.gap:>8.1e} "
            f"{len(nothing.rounds):>5} {len(found.rounds):>5}"
        )


def main(arguments: list[str]) -> None:
    sizes = [(250, 1), (1_000, 4)] + ([] if "--quick" in arguments else [(10_000, 40)])
    solve(*benchmark_fleet(100), ENGINE)
    print("      N zones  change   cold ms   warm ms  ratio      gap     warm  rounds warm")
    for assets, zones in sizes:
        show(assets, zones)


if __name__ == "__main__":
    main(sys.argv[1:])
