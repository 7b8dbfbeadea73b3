"""A fleet with a row in every table, solved, with names."""

import numpy as np
import pytest

from gridpact.app.schedules.model import Names, Solved
from gridpact.base.slots import Slots
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Portfolio,
    Prices,
    Runs,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve


def ints(*values):
    return np.array(values, np.int64)


def fleet():
    """Two feeders below one region; a car, a battery, a plant, an appliance, a generator."""
    return Fleet(
        slots=6,
        step_s=3600,
        zones=Zones(
            ints(-1, 0, 0),
            import_limit_w=np.array([3_500.0, 2_500.0, np.inf]),
            load_wh=np.array([[0.0] * 6, [500.0] * 6, [400.0] * 6]),
        ),
        one_way=OneWay(ints(1), ints(0), ints(6), 8_000.0, 3_000.0),
        storage=Storage(ints(2), 1_000.0, 1_500.0, 1_500.0, 4_000.0, efficiency_out=0.9),
        curtailable=Curtailable(ints(2), np.array([[0.0, 0.0, 900.0, 1200.0, 300.0, 0.0]])),
        runs=Runs(ints(1), ints(0), ints(6), ints(2), np.array([[400.0, 300.0]])),
        generators=Generators(ints(1), 1_000.0, min_w=200.0, fuel=250_000.0, start_cost=10_000.0),
        portfolio=Portfolio(
            ints(0), ints(2), ints(4), np.array([-np.inf]), np.array([4_000.0]),
            ints(0), ints(0), ints(), ints(), ints(),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def solved():
    own = fleet()
    prices = Prices(np.array([200_000.0, 100_000, 80_000, 90_000, 300_000, 350_000]))
    return Solved(
        title="Two feeders",
        session="by hand",
        currency="EUR",
        timezone="Europe/Berlin",
        slots=Slots(1_781_474_400, 3600, 6),
        names=Names(
            zones=("region", "north", "south"),
            one_way=("car",),
            storage=("battery",),
            curtailable=("plant",),
            runs=("washer",),
            generators=("engine",),
        ),
        fleet=own,
        prices=prices,
        solution=solve(own, prices, Options(method="reference")),
    )
