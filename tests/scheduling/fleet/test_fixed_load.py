"""Fleets of fixed load alone: nothing to plan, a cost to the last nano, limits missed named."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Fleet, Prices, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Missed, Status
from gridpact.scheduling.fleet.solve import solve

LOAD = np.array([[0.0, 0.0, 0.0], [300.0, 700.0, -400.0]])


def meter(limit_w):
    zones = Zones(np.array([-1, 0]), np.array([limit_w, np.inf]), load_wh=LOAD)
    return Fleet(slots=3, step_s=3600, zones=zones)


@pytest.mark.parametrize("method", ["auto", "engine", "reference"])
def test_fixed_load_costs_what_its_meter_says(method):
    buy = np.array([[0.0] * 3, [300_000.0, 200_000.0, 100_000.0]])
    sell = np.array([[0.0] * 3, [80_000.0] * 3])
    found = solve(meter(1000.0), Prices(buy, sell), Options(method=method))
    cost = 300 * 300_000 + 700 * 200_000 - 400 * 80_000
    assert found.status is Status.OPTIMAL
    assert found.lower_nano == pytest.approx(cost)
    assert found.upper_nano == pytest.approx(cost)
    assert found.net_wh.tolist() == [LOAD[1].tolist()] * 2


def test_a_limit_that_fixed_load_exceeds_is_named():
    found = solve(meter(500.0), Prices(np.full(3, 100_000.0)))
    assert found.status is Status.LIMITS_MISSED
    (missed,) = found.missed
    assert missed == Missed("import", 0, 1, pytest.approx(200.0))
