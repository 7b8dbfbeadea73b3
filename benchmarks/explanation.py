"""Conflicts of one zone explained, beside HiGHS's irreducible set at a fifth of its size.

The zone holds 350 cars, each asked to be at 60 % by one of four times, and 150 batteries, each at
70 % by one of three; 96 slots from noon. *cap*: a limit on what the zone takes that is too tight
before midnight. *delivery*: a contract to give more in the evening than its batteries hold. Ours
finds the minimal conflict, and how far each member alone would have to give, each proven by
solving; what is least given up together is told apart, since it solves by levels. HiGHS is given
the linear programme of the same zone with a fifth of the assets, where limits and needs are hard.
Times are CPU-seconds; ours is the least of three after compilation. Run ``python
benchmarks/explanation.py``; ``--quick`` leaves HiGHS out.
"""

from __future__ import annotations

import sys
from functools import partial
from time import process_time

import numpy as np
from msgspec.structs import replace

from gridpact.base.randomness import stream
from gridpact.base.solver import load, quiet_solver, run
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.trial import firm_fleet
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Site, Stored
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.model import (
    Assets,
    Direction,
    Group,
    Need,
    PowerCap,
    PowerFloor,
    StateOfCharge,
)
from gridpact.scheduling.needs.times import Moment, Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.reference.model import build as programme_of
from gridpact.scheduling.reference.model import no_modes
from timing import least_seconds

NOON = 1_777_802_400
"""Noon of 3 May 2026 in Berlin."""
ASSETS, SLOTS, STEP_S = 500, 96, 900
ELASTIC_IRREDUCIBLE = 2 + 8
"""HiGHS's iis_strategy: from an elastic programme, and then made irreducible."""
GOAL_S = 1.0


def zone_of(count: int) -> tuple[Site, list[Need]]:
    """One zone, and what the owners of its assets ask for."""
    draw = stream(1, "explanation", count)
    cars = count * 7 // 10
    capacity = [1000 * int(draw.integers(40, 80)) for _ in range(cars)] + [10_000] * (count - cars)
    names = [f"car-{at:03}" if at < cars else f"battery-{at:03}" for at in range(count)]
    objects: list[Car | Battery] = [
        Car("Z", int(draw.integers(8, 24)), SLOTS, 0.0, float(draw.choice([11_000, 22_000])))
        for _ in range(cars)
    ]
    objects += [Battery("Z", 10_000, 5_000, 3_000) for _ in range(count - cars)]
    assets = tuple(
        Asset(id=name, owner=f"home-{at:03}", kind=name[:-4], zone="Z", capacity_wh=capacity[at])
        for at, name in enumerate(names)
    )
    site = Site(
        fleet=build(SLOTS, STEP_S, [GridConnection("Z", load_wh=40.0 * count)], objects),
        prices=Prices(np.full(SLOTS, 200_000.0)),
        start=NOON,
        timezone="Europe/Berlin",
        directory=Directory(
            tuple(sorted(assets, key=lambda one: one.id)), {"Z": ""}, frozenset({"dso"})
        ),
        places={
            name: ("one_way", at) if at < cars else ("storage", at - cars)
            for at, name in enumerate(names)
        },
        zones={"Z": 0},
        charging={names[at]: Stored(0.3 * capacity[at], 0.9) for at in range(cars)},
    )
    asked: list[Need] = [
        StateOfCharge(
            id=f"need-{at}",
            owner=f"home-{at:03}",
            subject=Assets((name,)),
            at=Moment(3600 * int(draw.choice([22, 6, 7, 8] if at < cars else [22, 6, 7]))),
            least_ppm=600_000 if at < cars else 700_000,
        )
        for at, name in enumerate(names)
    ]
    return site, asked


def limits(count: int) -> dict[str, list[Need]]:
    """What is too tight in each case."""
    night = Window(0, 8 * 3600)
    zone = Group("zone", ("Z",))
    cap = PowerCap(
        id="limit-night", owner="dso", subject=zone, level=Level.GRID, window=night,
        most_w=1800 * count,
    )  # fmt: skip
    evening = replace(cap, id="limit", window=Window(13 * 3600, 0), most_w=360 * count)
    delivery = PowerFloor(
        id="delivery", owner="dso", subject=zone, level=Level.CONTRACTS, direction=Direction.GIVE,
        window=Window(18 * 3600, 22 * 3600), least_w=300 * count,
    )  # fmt: skip
    return {"cap": [evening, cap], "delivery": [cap, delivery]}


def rows_of_highs(site: Site, needs: list[Need]) -> tuple[float, int, int]:
    """CPU-seconds of HiGHS, and the rows and bounds of columns that it names."""
    fleet = firm_fleet(bind(site, needs))
    model = programme_of(fleet, Prices(np.zeros(fleet.slots)), np.inf, no_modes(fleet))
    highs = quiet_solver(iis_strategy=ELASTIC_IRREDUCIBLE)
    load(highs, model.arrays)
    begin = process_time()
    status = run(highs)
    _, found = highs.getIis()
    spent = process_time() - begin
    if status != "Infeasible":
        raise RuntimeError(f"HiGHS says {status}")
    return spent, len(found.row_index_), len(found.col_index_)


def main() -> None:
    """Print what each case takes."""
    fifth = ASSETS // 5
    site, asked = zone_of(ASSETS)
    small, few = zone_of(fifth)
    for name in limits(ASSETS):
        needs = [*asked, *limits(ASSETS)[name]]
        found = explain(site, needs, joint=False)
        spent = least_seconds(partial(explain, site, needs, joint=False))
        joint = least_seconds(partial(explain, site, needs), 1)
        members = [member for one in found.conflicts for member in one.members]
        print(f"{name}: {ASSETS} assets in {spent:.2f} s, {found.checks} solves (goal {GOAL_S} s)")
        print(f"  with what is given up together: {joint:.2f} s")
        print(f"  {len(members)} members, {sum(len(one.needs) for one in members)} needs:")
        for said in words(found, site, "dso"):
            print(f"    {said}")
        if "--quick" not in sys.argv:
            took, rows, columns = rows_of_highs(small, [*few, *limits(fifth)[name]])
            print(f"  HiGHS, {fifth} assets: {took:.2f} s, {rows} rows and {columns} columns")


if __name__ == "__main__":
    main()
