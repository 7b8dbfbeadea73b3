"""Schedules are made for zones that there are; others are named."""

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.assets import Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve


@pytest.fixture(scope="module", params=["engine", "reference"])
def solution(request):
    connections = [GridConnection("north"), GridConnection("south")]
    assets = [Car("south", 0, 3, 2_000, 1_000), Car("north", 0, 3, 1_000, 1_000)]
    prices = Prices(np.array([3e5, 1e5, 2e5]))
    return solve(build(3, 3600, connections, assets), prices, Options(method=request.param))


def test_zones_are_asked_for_by_their_rows(solution):
    assert solution.schedules(np.array([1])).one_way_wh.sum() == pytest.approx(2_000)
    assert solution.schedules([0]).one_way_wh.sum() == pytest.approx(1_000)
    assert solution.schedules(np.array([])).one_way_wh.shape == (0, 3)


@pytest.mark.parametrize(
    ("zones", "problems"),
    [
        ([5], ["there is no zone 5"]),
        ([-1, 1, 2], ["there is no zone -1", "there is no zone 2"]),
        ([0.5], ["holds float64, not rows"]),
        (["south"], ["holds <U5, not rows"]),
        ([True, False], ["holds bool, not rows"]),
    ],
)
def test_what_is_no_zone_is_named(solution, zones, problems):
    with pytest.raises(BadInput) as caught:
        solution.schedules(np.array(zones))
    assert [fault.problem for fault in caught.value.faults] == problems
