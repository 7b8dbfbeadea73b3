"""A fleet on a feeder before and after coordination, by a power flow in sweeps."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from gridpact.connectors.powerflow.schedules import compare, strain
from gridpact.market.grid.network import Branch, Node, network
from gridpact.market.grid.verification import State
from gridpact.scheduling.audit.nodes import spread_out, without_shared_limits
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.solve import solve

SLOTS, STEP_S = 16, 900


@pytest.fixture(scope="module")
def sweep():
    """A power flow of radial grids that the market's tests of grids share."""
    path = Path(__file__).parents[2] / "market" / "grid" / "conftest.py"
    spec = spec_from_file_location("grid_books", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.sweep


def feeder():
    """A substation and two nodes behind one another, cables of 50 kVA and 30 kVA."""
    nodes = [Node(name, 400) for name in ("substation", "near", "far")]
    cables = [
        Branch("first", "substation", "near", 0.02, 0.05, 50_000),
        Branch("second", "near", "far", 0.02, 0.06, 30_000),
    ]
    return network(nodes, cables, "substation")


def street(load_w):
    """Eight cars and four batteries behind a feeder that may draw 36 kW with its load."""
    car, battery = np.zeros(8, np.int64), np.zeros(4, np.int64)
    zones = Zones(
        np.array([-1]),
        import_limit_w=36_000.0,
        export_limit_w=36_000.0,
        load_wh=np.full((1, SLOTS), load_w / 4),
    )
    return Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=zones,
        one_way=OneWay(car, car, car + SLOTS, np.full(8, 8_000.0), 11_000.0),
        storage=Storage(battery, 5_000.0, 5_000.0, 5_000.0, 10_000.0, terminal_wh=5_000.0),
    )


def test_limits_of_the_zone_keep_the_feeder_within_its_own(sweep):
    grid, fleet = feeder(), street(6_000)
    prices = Prices(100_000.0 + 10_000.0 * np.arange(SLOTS))
    alone = solve(without_shared_limits(fleet), prices).schedules()
    together = solve(fleet, prices)
    assert not together.missed
    base = np.zeros((3, SLOTS), np.int64)
    base[1:] = -3_000
    state = State(grid, base, np.zeros_like(base))
    placement = spread_out(fleet, 0, np.array([1, 2]))
    found = compare(state, fleet, placement, (alone, together.schedules()), sweep)
    assert not found.before.clean.all()
    assert found.before.loading.max() > 1.5
    assert found.after.clean.all()
    assert found.after.loading.max() <= 1.0
    assert found.after.lowest.min() > found.before.lowest.min()
    assert found.after.lowest.min() >= 0.9


def test_strain_by_hand(sweep):
    """One car of 10 kW at the near node: V² − V + P·R/U² = 0 without reactance."""
    nodes = [Node("substation", 400), Node("near", 400)]
    grid = network(nodes, [Branch("cable", "substation", "near", 1e-9, 0.16, 20_000)], "substation")
    car = OneWay(np.array([0]), np.array([0]), np.array([1]), np.array([10_000.0]), 10_000.0)
    fleet = Fleet(slots=2, step_s=3_600, zones=Zones(np.array([-1])), one_way=car)
    schedules = solve(fleet, Prices(np.zeros(2))).schedules()
    none = np.zeros((2, 2), np.int64)
    found = strain(State(grid, none, none), fleet, {"one_way": np.array([1])}, schedules, sweep)
    voltage = (1 + np.sqrt(1 - 4 * 10_000 * 0.16 / 160_000)) / 2
    assert found.lowest.tolist() == [pytest.approx(voltage, abs=1e-6), 1.0]
    assert found.loading.tolist() == [pytest.approx(0.5 / voltage, abs=1e-4), 0.0]
