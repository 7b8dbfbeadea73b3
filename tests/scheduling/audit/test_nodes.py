"""Schedules on the nodes of a grid, by hand."""

import msgspec
import numpy as np

from gridpact.scheduling.audit.nodes import fed_in, spread_out, without_shared_limits
from gridpact.scheduling.fleet.columns import Curtailable, Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.reference.solve import solve


def two_zones():
    zone = np.array([0, 1, 1])
    cars = OneWay(zone, np.zeros(3, int), np.full(3, 2), np.array([500.0, 250.0, 750.0]), 4_000.0)
    stores = Storage(np.array([1]), 1_000.0, 0.0, 2_000.0, 1_000.0)
    sun = Curtailable(np.array([1, 0]), np.array([[300.0, 0.0], [100.0, 100.0]]))
    zones = Zones(np.array([-1, 0]), import_limit_w=np.array([2_000.0, np.inf]))
    return Fleet(slots=2, step_s=900, zones=zones, one_way=cars, storage=stores, curtailable=sun)


def test_assets_take_turns_on_the_nodes():
    placed = spread_out(two_zones(), 1, np.array([4, 7]))
    assert {name: nodes.tolist() for name, nodes in placed.items()} == {
        "one_way": [-1, 4, 7],
        "storage": [4],
        "curtailable": [7, -1],
    }


def test_power_of_nodes_by_hand():
    fleet = without_shared_limits(two_zones())
    schedules = solve(fleet, Prices(np.array([100_000.0, 200_000.0]))).schedules(np.array([1]))
    power = fed_in(fleet, schedules, spread_out(fleet, 1, np.array([0, 2])), 3)
    # cars draw in the cheap slot: 250 Wh and 750 Wh in a quarter of an hour; the store
    # gives 500 Wh in each slot, PV its 1,200 W
    assert power.tolist() == [[-1_000 + 2_000, 2_000], [0, 0], [-3_000 + 1_200, 0]]


def test_without_limits_nothing_is_shared():
    free = without_shared_limits(two_zones())
    assert np.isinf(free.zones.import_limit_w)
    assert free.portfolio is None
    assert msgspec.structs.replace(free, zones=two_zones().zones).zones.parent.tolist() == [-1, 0]
