"""A solve that is cancelled leaves schedules that can be followed, appliances' too."""

import numpy as np
import pytest

from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.assets import Appliance, Battery, GridConnection, Tank, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve


@pytest.mark.parametrize("rounds", [1, 6, 12])
def test_a_solve_cancelled_before_appliances_are_dealt_deals_them_all_the_same(rounds):
    feeder = GridConnection("feeder", import_w=4_000.0, load_wh=200.0)
    assets = [Battery("feeder", 8_000, 3_000, 3_000, efficiency=0.93) for n in range(12)]
    assets += [Appliance("feeder", 8 + n, 90, [2_000, 1_500, 500, 500]) for n in range(12)]
    assets += [Tank("feeder", 6_000, 2_000, 3_000, draw_wh=40, kept=0.998) for n in range(12)]
    fleet = build(96, 900, [feeder], assets)
    prices = Prices(200_000 + 80_000 * np.cos(np.arange(96) / 96 * 12))
    heard = []
    options = Options(
        gap=1e-9, method="engine", progress=heard.append, cancelled=lambda: len(heard) >= rounds
    )
    solution = solve(fleet, prices, options)
    assert solution.gap > options.gap
    assert solution.status is (Status.LIMITS_MISSED if solution.missed else Status.STOPPED)
    assert len(solution.rounds) == rounds + 1  # one more, with the appliances dealt
    found = audit(fleet, solution, prices)  # proves the bound anew, too
    assert found.breaches == ()
    assert found.proven_nano is not None
