"""Fleets of a zone or two, some of them whole plans: the gap closes around what was dealt."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import (
    Fleet,
    OneWay,
    Portfolio,
    Prices,
    Runs,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

SLOTS, MANY = 48, 40


def window():
    """Both zones together take little in ten slots, and give in two."""
    first, none = np.concatenate([np.arange(20, 30), [40, 41]]), np.zeros(0, np.int64)
    return Portfolio(
        set_of_row=np.zeros(12, np.int64),
        first=first,
        end=first + 1,
        lower_wh=np.full(12, -np.inf),
        upper_wh=np.where(first < 40, 12_000.0, -2_000.0),
        zone_set=np.zeros(2, np.int64),
        zone=np.arange(2),
        asset_set=none,
        asset_table=none,
        asset=none,
    )


def village(seed):
    """Cars, batteries and appliances, MANY of each, below two zones that bind."""
    draw, zone = stream(seed, "dealt", "village"), np.arange(MANY) % 2
    arrive = draw.integers(0, 20, MANY)
    first, length = draw.integers(0, 24, MANY), draw.integers(4, 12, MANY)
    fleet = Fleet(
        slots=SLOTS,
        step_s=900,
        zones=Zones(np.full(2, -1), np.full(2, 32_000.0), np.full(2, 20_000.0)),
        one_way=OneWay(zone, arrive, arrive + 26, draw.uniform(4_000, 15_000, MANY), 11_000.0),
        storage=Storage(
            zone=zone,
            initial_wh=draw.uniform(0, 5_000, MANY),
            charge_w=5_000.0,
            discharge_w=5_000.0,
            hi_wh=draw.choice([5_000.0, 10_000.0], MANY),
            efficiency_in=0.95,
            efficiency_out=0.95,
        ),
        runs=Runs(zone, first, first + 24, length, draw.uniform(200, 2_500, (MANY, 11))),
        portfolio=window(),
    )
    return fleet, Prices(200_000 + 90_000 * np.sin(np.arange(SLOTS) / 7 + draw.uniform(0, 6)))


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_closes_around_whole_plans(seed):
    solution = solve(*village(seed), Options(method="engine", gap=1e-3))
    assert solution.status is Status.OPTIMAL
    assert solution.gap <= 1e-3
    assert len(solution.rounds) <= 40  # with prices in a box for longer it took up to 68
