"""Homes with solar and a battery below one feeder: the reference and the fleet engine.

Each home is behind a meter of its own. Its import limit of 60 % of the uncoordinated peak binds.
With ``two`` prices homes buy dearer than they sell, with ``one`` they do not. Prints CPU seconds
of one process, the gap proven, and the cost of the plan in whole Wh.

Then what gives way where the feeder's limit is far too low all day, in homes with a battery and a
car each: ``needs`` where cars may lack energy, ``limit`` where they may not. CPU seconds to settle
it, beside the same programmes by the simplex method alone, and what is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.case import prepare
from gridpact.scheduling.community import successive
from gridpact.scheduling.community.giving_way import given_way
from gridpact.scheduling.community.solve import plan_of, scheduled, solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Missed
from gridpact.scheduling.problem import Firm, Problem, RunColumns, StorageColumns, ZoneColumns

SLOTS = 96
MOST_FOR_REFERENCE = 50
R = TypeVar("R")


def community(homes: int, prices: str, seed: int = 1) -> Problem:
    """A day of quarter-hours from midnight; the feeder's limit binds."""
    free = _homes(homes, prices, seed)
    peak = int(solve(free).net_wh.sum(axis=0).max())
    limit = np.full((1, SLOTS), peak * 6 // 10)
    zones = ZoneColumns(np.zeros(homes, np.int64), np.array([-1]), limit, np.full_like(limit, -1))
    return msgspec.structs.replace(free, zones=zones)


def _homes(homes: int, prices: str, seed: int) -> Problem:
    draw, hour = stream(seed, "benchmark", "homes", homes), np.arange(SLOTS) / 4
    evening = np.exp(-(((hour - 19) / 2) ** 2))
    night = np.exp(-(((hour - 3) / 2.5) ** 2))
    load = draw.uniform(50, 150, (homes, 1)) * (1 + 1.5 * evening)
    load += draw.uniform(0, 60, (homes, SLOTS))
    sun = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * (hour > 6) * (hour < 18)
    buy = np.rint(300_000 + 60_000 * evening - 80_000 * night)
    sell = buy if prices == "one" else np.full(SLOTS, 80_000)
    shape = (homes, SLOTS)
    none = np.zeros((0, SLOTS), np.int64)
    return Problem(
        slots=Slots(0, 900, SLOTS),
        load_wh=load.astype(np.int64),
        pv_wh=(draw.uniform(0, 1200, (homes, 1)) * sun).astype(np.int64),
        position_wh=np.zeros(shape, np.int64),
        import_price=np.broadcast_to(buy.astype(np.int64), shape),
        export_price=np.broadcast_to(sell.astype(np.int64), shape),
        storage=_batteries(homes, draw.integers(1000, 6000, homes)),
        runs=RunColumns(*np.zeros((5, 0), np.int64)),
        zones=ZoneColumns(np.full(homes, -1), np.zeros(0, np.int64), none, none),
    )


def _batteries(homes: int, initial_wh: Ints) -> StorageColumns:
    """One of 10 kWh and 5 kW in each home, 3 kWh full at the end."""
    shape = (homes, SLOTS)
    lo = np.full(shape, 500)
    lo[:, -1] = 3000
    return StorageColumns(
        home=np.arange(homes),
        initial_wh=initial_wh,
        charge_max_wh=np.full(shape, 1250),
        discharge_max_wh=np.full(shape, 1250),
        lo_wh=lo,
        hi_wh=np.full(shape, 10_000),
        draw_wh=np.zeros(shape, np.int64),
        efficiency_in=np.full(homes, 0.95),
        efficiency_out=np.full(homes, 0.95),
        kept=np.ones(homes),
    )


def scarce(homes: int, gives: str, seed: int = 1) -> Problem:
    """A battery and a car in each home; the feeder lets through a third of the mean load."""
    free, draw = _homes(homes, "two", seed), stream(seed, "benchmark", "scarce", homes)
    shape, slot = (homes, SLOTS), np.arange(SLOTS)
    arrive, leave = draw.integers(0, 30, homes), draw.integers(60, SLOTS, homes)
    here = (slot >= arrive[:, None]) & (slot < leave[:, None])
    lo, none = np.zeros((2, *shape), np.int64)
    lo[np.arange(homes), leave - 1] = draw.integers(8_000, 30_000, homes)
    cars = StorageColumns(
        home=np.arange(homes),
        initial_wh=np.full(homes, 2_000),
        charge_max_wh=np.where(here, 2_750, 0),
        discharge_max_wh=none,
        lo_wh=lo,
        hi_wh=np.full(shape, 50_000),
        draw_wh=none,
        efficiency_in=np.full(homes, 0.95),
        efficiency_out=np.ones(homes),
        kept=np.ones(homes),
    )
    names = StorageColumns.__struct_fields__
    both = [[getattr(table, name) for table in (free.storage, cars)] for name in names]
    storage = StorageColumns(*(np.concatenate(pair) for pair in both))
    limit = np.full((1, SLOTS), int(free.load_wh.sum(axis=0).mean()) // 3)
    zones = ZoneColumns(np.zeros(homes, np.int64), np.array([-1]), limit, np.full_like(limit, -1))
    firm = Firm(np.zeros_like(storage.lo_wh), np.zeros(0, np.bool_)) if gives == "needs" else None
    return msgspec.structs.replace(free, storage=storage, zones=zones, firm=firm)


def settle(homes: int, gives: str) -> None:
    """Print what it takes to settle what gives way, and with the simplex method alone."""
    case = prepare(scarce(homes, gives))
    missed = (Missed("import", 0, 0, 1.0),)
    call = partial(given_way, case, np.zeros(homes, np.bool_), missed, Options())
    given, seconds = timed(call)
    inside, successive.INSIDE = successive.INSIDE, sys.maxsize
    other = timed(call)[1] if homes <= MOST_FOR_REFERENCE else float("nan")
    successive.INSIDE = inside
    if given is None:
        raise SystemExit("nothing was settled")
    total = given.import_wh.sum() + given.state_wh.max(axis=1).sum()
    print(f"{homes:6,} {gives:>6} {seconds:8.2f} {other:8.2f} {total / 1000:12,.0f}")


def timed(call: Callable[[], R]) -> tuple[R, float]:
    """What a call gives, and its CPU seconds."""
    begin = time.process_time()
    return call(), time.process_time() - begin


def compare(homes: int, prices: str, rounds: int) -> None:
    """Print one row for each way of solving."""
    problem = community(homes, prices)
    for method in ("reference", "engine") if homes <= MOST_FOR_REFERENCE else ("engine",):
        options = msgspec.structs.replace(Options(rounds=rounds), method=method)
        found, seconds = timed(partial(scheduled, problem, options))
        cost = int(plan_of(found).cost_nano.sum())
        _row(homes, prices, method, (seconds, found.solution.gap, cost))


def _row(homes: int, prices: str, method: str, figures: tuple[float, float, int]) -> None:
    seconds, gap, cost = figures
    print(f"{homes:6,} {prices:>6} {method:>10} {seconds:8.2f} {gap:8.1e} {cost / 1e9:12,.3f}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, nargs="+", default=[40, 150])
    parser.add_argument("--prices", nargs="+", choices=["one", "two"], default=["one", "two"])
    parser.add_argument("--scarce", type=int, nargs="*", default=[25, 50, 100, 200])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="a dozen homes, one price")
    asked = parser.parse_args()
    if asked.quick:
        asked.homes, asked.prices, asked.rounds, asked.scarce = [12], ["one"], 40, [6]
    scheduled(community(2, "one"), Options(method="engine"))  # compiled once, outside the clock
    print(f"{'homes':>6} {'prices':>6} {'method':>10} {'CPU s':>8} {'gap':>8} {'cost':>12}")
    for homes in asked.homes:
        for prices in asked.prices:
            compare(homes, prices, asked.rounds)
    print(f"{'homes':>6} {'gives':>6} {'CPU s':>8} {'simplex':>8} {'missed kWh':>12}")
    for homes in asked.scarce:
        for gives in ("needs", "limit"):
            settle(homes, gives)


if __name__ == "__main__":
    main()
