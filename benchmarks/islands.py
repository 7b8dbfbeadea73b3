"""Microgrids on their own: survival time, operation with a reserve, black start; CPU seconds.

Microgrids have solar, a battery, units on one tank and critical load, over two days or a week by
the hour. Every survival time is checked from both sides by programmes written here: it can be
served, and one slot more cannot. Their time is the reference: what trying every length would take.
Run ``python benchmarks/islands.py``; ``--quick`` for small sizes.
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Curtailable, Fleet, Generators, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.black_start import Load, Rules, Source, black_start, breaches
from gridpact.scheduling.islands.operation import operate
from gridpact.scheduling.islands.reserve import Spinning
from gridpact.scheduling.islands.survival import Island, survival

LOST = 6
BATTERY_WH, POWER_W = 400_000, 120_000


def microgrid(slots: int, units: int, seed: int) -> Island:
    """A seeded microgrid; without units it is a linear programme."""
    draw, hour = stream(seed, "islands", str(slots)), np.arange(slots) % 24
    load = np.round(25_000 + 20_000 * np.exp(-(((hour - 19) / 4) ** 2)) * draw.uniform(0.8, 1.2))
    sun = np.round(draw.uniform(0.3, 1.0, slots) * 90_000 * np.exp(-(((hour - 13) / 3) ** 2)))
    one, many = np.zeros(1, np.int64), np.zeros(units, np.int64)
    size: Floats = np.arange(1, units + 1, dtype=np.float64) * 10_000
    fuel: Floats = np.arange(units, dtype=np.float64) * 10_000 + 300_000
    fleet = Fleet(
        slots=slots,
        step_s=3600,
        zones=Zones(np.array([-1]), load_wh=load[None]),
        curtailable=Curtailable(one, sun[None]),
        storage=Storage(
            one,
            initial_wh=BATTERY_WH / 2,
            charge_w=POWER_W,
            discharge_w=POWER_W,
            hi_wh=BATTERY_WH,
        ),
        generators=None
        if not units
        else Generators(
            many,
            max_w=size,
            min_w=size / 2.5,
            fuel=fuel,
            start_cost=5_000_000.0,
            min_up=3,
            min_down=2,
        ),
    )
    return Island(fleet=fleet, prices=Prices(np.full((1, slots), 100_000.0)), zone=0)


def can_serve(island: Island, lasts: int) -> bool:
    """Whether a microgrid without units serves so many slots: a programme of its own."""
    load, slots = np.asarray(island.fleet.zones.load_wh)[0], LOST + lasts
    solar = island.fleet.curtailable
    if solar is None:
        raise ValueError("a microgrid has solar")
    sun = np.asarray(solar.forecast_wh)[0]
    most = np.where(np.arange(slots) < LOST, np.inf, 0.0)
    eye, full = np.eye(slots), np.tri(slots)
    none = np.zeros((slots, slots))
    # columns: sun, charge, discharge, bought, sold
    balance = np.hstack([eye, -eye, eye, eye, -eye])
    state = np.hstack([none, full, -full, none, none])
    powers = [*zip(np.zeros(slots), sun[:slots], strict=True), *[(0, POWER_W)] * (2 * slots)]
    powers += [(0, high) for high in (*most, *most)]
    left: Floats = np.full(slots, BATTERY_WH / 2)
    found = linprog(
        np.zeros(5 * slots),
        np.vstack([state, -state]),
        np.append(BATTERY_WH - left, left),
        balance,
        load[:slots],
        powers,
        method="highs",
    )
    return bool(found.status == 0)


def survive(slots: int, seed: int) -> None:
    """Survival without units, checked from both sides."""
    island = microgrid(slots, 0, seed)
    began = process_time()
    lasts = survival(island, LOST).slots
    own = process_time() - began
    began = process_time()
    sound = can_serve(island, lasts) and (lasts == slots - LOST or not can_serve(island, lasts + 1))
    other = process_time() - began
    print(f"survival     {slots:4} slots  {own:7.2f} s  lasts {lasts:4}  checked {sound}", end="")
    print(f"  one length by hand {other / 2:.2f} s")
    if not sound:
        sys.exit("the survival time is wrong")


def run(slots: int, units: int, seed: int) -> None:
    """Operation on its own with the loss of any unit covered."""
    island = microgrid(slots, units, seed)
    spinning = Spinning(
        first=LOST, end=slots, units=np.arange(units), storage=np.zeros(1, np.int64)
    )
    for name, asked in (("operation", None), ("with reserve", spinning)):
        began = process_time()
        found = operate(island, LOST, slots, Options(gap=1e-3), asked)
        own = process_time() - began
        held = "" if found.reserve_held else ", reserve not held"
        print(f"{name:12} {slots:4} slots  {own:7.2f} s  {units} units{held}")


def restart(loads: int, seed: int) -> None:
    """A black start of very many loads."""
    draw = stream(seed, "islands", "restart")
    power = draw.integers(1_000, 20_000, loads).tolist()
    rank = draw.integers(1, 9, loads).tolist()
    given = [
        Load(name=f"load {at}", power_w=watts, priority=priority)
        for at, (watts, priority) in enumerate(zip(power, rank, strict=True))
    ]
    sources = [
        Source(name="battery", power_w=200_000, alone=True),
        Source(name="units", power_w=20_000 * loads, start_s=300, start_w=20_000),
    ]
    began = process_time()
    order = black_start(sources, given)
    own = process_time() - began
    wrong = breaches(order.steps, sources, given, Rules()) if loads <= 200 else ()
    print(f"black start  {loads:4} loads  {own:7.2f} s  broken {len(wrong)}")


def main() -> None:
    quick = "--quick" in sys.argv
    print("CPU seconds\n")
    for slots in (48,) if quick else (48, 168):
        survive(slots, 3)
        run(slots, 2 if quick else 4, 3)
    for loads in (50,) if quick else (50, 200, 400):
        restart(loads, 3)


if __name__ == "__main__":
    main()
