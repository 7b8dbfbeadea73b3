"""A village of its own: two days of commitment, a loss of the grid, restart, and emissions.

Run ``python examples/microgrid/island.py``; with ``--plot FILE`` it also draws the frontier of cost
and emissions as SVG.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gridpact.app.islands.drawing import frontier_svg
from gridpact.base.randomness import stream
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.additions import Row, with_rows
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    Prices,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.black_start import PPM, Load, Rules, Source, black_start
from gridpact.scheduling.islands.emissions import Point, Rates, frontier, to_gap
from gridpact.scheduling.islands.operation import operate
from gridpact.scheduling.islands.reserve import Spinning
from gridpact.scheduling.islands.shedding import LoadBlock
from gridpact.scheduling.islands.survival import (
    Island,
    survival,
    survival_by_path,
    survived_with,
)
from gridpact.scheduling.islands.transition import Ready, residual_wh
from gridpact.scheduling.scenarios.paths import Path as Course

HOURS, LOST = 48, 18
"""Two days by the hour; the grid is lost at 18:00 of the first."""
TANK_WH = 1_200_000
OPTIONS = Options(gap=1e-6)
DAY = np.arange(HOURS) % 24
SPOT = np.round(90_000 + 60_000 * np.exp(-(((DAY - 19) / 3) ** 2)) - 30_000 * (abs(DAY - 13) < 3))


def bell(peak_w: float, hour: float, width: float) -> Floats:
    """Load or generation around an hour of each day [slots] Wh."""
    return np.asarray(np.round(peak_w * np.exp(-(((DAY - hour) / width) ** 2))))


SOLAR = bell(260_000, 13, 2.8)


def village() -> Island:
    """Solar, a battery, two generators on one tank, and three blocks of load."""
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    tank = (("generators", np.arange(2)),)
    fleet = Fleet(
        slots=HOURS,
        step_s=3600,
        zones=Zones(np.array([-1])),
        curtailable=Curtailable(one, SOLAR[None]),
        storage=Storage(
            one,
            initial_wh=250_000,
            charge_w=150_000,
            discharge_w=150_000,
            hi_wh=500_000,
            efficiency_in=0.95,
            efficiency_out=0.95,
        ),
        generators=Generators(
            two,
            max_w=np.array([120_000, 60_000]),
            min_w=np.array([40_000, 20_000]),
            fuel=np.array([310_000, 340_000]),
            start_cost=np.array([9_000_000, 4_000_000]),
            min_up=np.array([3, 2]),
            min_down=2,
        ),
        portfolio=with_rows(None, [Row((), tank, 0, HOURS, -TANK_WH, np.inf)]),
    )
    clinic = LoadBlock(
        name="clinic", zone=0, energy_wh=np.full(HOURS, 30_000), value=20_000_000.0, critical=True
    )
    homes = LoadBlock(
        name="homes", zone=0, energy_wh=40_000 + bell(90_000, 19, 3), value=4_000_000.0
    )
    works = LoadBlock(
        name="works",
        zone=0,
        energy_wh=5_000 + bell(80_000, 11, 4),
        value=900_000.0,
        whole=True,
        least_slots=3,
    )
    return Island(fleet=fleet, prices=Prices(SPOT[None]), zone=0, blocks=(clinic, homes, works))


def operation(island: Island) -> list[str]:
    """What a loss of the grid for a day and more does, with the loss of a unit covered."""
    spinning = Spinning(first=LOST, end=HOURS, units=np.arange(2), storage=np.zeros(1, np.int64))
    found = operate(island, LOST, HOURS, OPTIONS, spinning)
    lines = [f"reserve for the loss of the largest unit held: {found.reserve_held}"]
    for block, shed in zip(island.blocks, found.shed_wh, strict=True):
        share = shed.sum() / np.sum(block.energy_wh[LOST:])
        lines.append(f"  {block.name}: {share:.0%} not served in {HOURS - LOST} hours alone")
    return lines


def lasting(island: Island) -> list[str]:
    """How long the clinic lives, and how sure that is without fuel."""
    found = survival(island, LOST)
    more = " at least" if found.whole else ""
    lines = [f"the clinic is served for {found.slots} hours{more}"]
    given = island.fleet
    dry = Fleet(
        slots=HOURS,
        step_s=3600,
        zones=given.zones,
        curtailable=given.curtailable,
        storage=given.storage,
    )
    cut = Island(fleet=dry, prices=island.prices, zone=0, blocks=island.blocks)
    weather = stream(7, "island", "weather").uniform(0.0, 0.3, 12)
    paths = [Course(prices=island.prices, forecast_wh=share * SOLAR[None]) for share in weather]
    slots = survival_by_path(cut, paths, LOST)
    weight = np.full(len(paths), 1 / len(paths))
    for confidence in (0.95, 0.5):
        hours = survived_with(slots, weight, confidence)
        lines.append(f"without fuel under clouds, {hours} hours with confidence {confidence:.0%}")
    return lines


def seamless(island: Island) -> list[str]:
    """What it takes to be ready for a loss between 17:00 and 20:00."""
    asked = Ready(
        zone=0, first=17, end=20, forming=np.zeros(1, np.int64), carried_w=100_000, taken_w=50_000
    )
    lines = []
    for name, losing in (("as it comes", None), ("ready for a loss", asked)):
        plan = operate(island, options=OPTIONS, losing=losing).solution
        worst = residual_wh(island.fleet, asked, plan)[17:20].max() / 1000
        lines.append(
            f"{name}: {worst:.0f} kW for the battery to carry, {plan.upper_nano / 1e9:.1f} ¤"
        )
    return lines


def restart() -> list[str]:
    """The order in which the village comes back after a blackout."""
    sources = [
        Source(name="battery", power_w=150_000, alone=True),
        Source(name="large generator", power_w=120_000, start_s=90, start_w=6_000),
        Source(name="small generator", power_w=60_000, start_s=60, start_w=3_000),
    ]
    cold = {"pickup_ppm": 2 * PPM, "pickup_s": 1_800}
    loads = [
        Load(name="clinic", power_w=30_000, priority=1),
        *(Load(name=f"homes {row}", power_w=25_000, priority=2, **cold) for row in "ABC"),
        Load(name="works", power_w=85_000, priority=3),
    ]
    order = black_start(sources, loads, Rules(step_ppm=250_000, settle_s=60))
    lines = [f"{step.at_s:5d} s  {step.kind} {step.name}" for step in order.steps]
    return lines + [f"never: {name} {why}" for name, why in order.left_out]


def carbon(island: Island) -> tuple[Point, ...]:
    """Corners of cost and emissions on the grid: 250 to 650 g/kWh, generators 700 to 780 g/kWh."""
    homes = island.blocks[1]
    zones = Zones(np.array([-1]), load_wh=np.asarray(homes.energy_wh, float)[None])
    given = island.fleet
    fleet = Fleet(
        slots=HOURS,
        step_s=3600,
        zones=zones,
        curtailable=given.curtailable,
        storage=given.storage,
        generators=given.generators,
        portfolio=given.portfolio,
    )
    energy = np.round(450 - 200 * np.exp(-(((DAY - 3) / 4) ** 2)) + bell(200, 19, 3))
    rates = Rates(energy, np.array([700, 780]))
    return frontier(fleet, island.prices, rates, 2_000_000, to_gap(1e-6))


def draw(points: tuple[Point, ...], path: Path) -> None:
    """Draw the frontier."""
    path.write_text(frontier_svg(points, "¤", "two days"), "utf-8")


def best_at(points: tuple[Point, ...], price: float) -> Point:
    """The corner that a price of carbon [µ¤/kg] brings about."""
    return min(points, key=lambda point: point.cost_nano + price * point.emissions_g)


def corners(points: tuple[Point, ...]) -> list[str]:
    """The schedules at three prices of carbon."""
    lines = []
    for price in (0, 200_000, 2_000_000):
        point = best_at(points, price)
        cost, emitted = point.cost_nano / 1e9, point.emissions_g / 1000
        lines.append(f"at {price / 1e6:.1f} ¤/kg: {cost:.1f} ¤ and {emitted:.0f} kg")
    return lines


def main(arguments: list[str]) -> None:
    """Print what the page on microgrids shows."""
    island, points = village(), carbon(village())
    parts = [operation(island), lasting(island), seamless(island), restart(), corners(points)]
    sys.stdout.write("\n\n".join("\n".join(part) for part in parts) + "\n")
    if arguments[:1] == ["--plot"]:
        draw(points, Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
