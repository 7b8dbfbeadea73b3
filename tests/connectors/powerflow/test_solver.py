"""The AC power flow of power-grid-model, against formulas and a small feeder by hand."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.market.flexibility.offers import Offers
from gridpact.market.grid.network import Branch, Node, network
from gridpact.market.grid.outcome import settle
from gridpact.market.grid.redispatch import redispatch
from gridpact.market.grid.verification import State, verify

if not installed():
    pytest.skip(
        "needs the extra: pip install 'gridpact[grid]', see docs/grid.md", allow_module_level=True
    )


@pytest.fixture(scope="module")
def flow():
    return PowerGridModelFlow()


@pytest.fixture(scope="module")
def books():
    """What the market's own tests of grids share, among it a power flow by sweeps."""
    path = Path(__file__).parents[2] / "market" / "grid" / "conftest.py"
    spec = spec_from_file_location("grid_books", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def two_buses(resistance, reactance, **more):
    branch = Branch("cable", "s", "l", reactance, resistance, 100_000, **more)
    return network([Node("s", 400), Node("l", 400)], [branch], "s")


def drawn(grid, active, reactive=0):
    """One case with a load at the last node."""
    shape = (len(grid.nodes), 1)
    columns = [np.zeros(shape, np.int64) for _ in range(2)]
    columns[0][-1], columns[1][-1] = -active, -reactive
    return columns


def test_a_resistive_cable_by_hand(flow):
    """V² - V + P·R/U² = 0 with P·R/U² = 90,000 × 0.16 / 160,000 = 0.09, so V = 0.9."""
    grid = two_buses(0.16, 1e-9)
    found = verify(State(grid, *drawn(grid, 90_000)), flow)
    assert found.voltage_ppm[:, 0].tolist() == [1_000_000, 900_000]
    assert found.apparent_va.tolist() == [[100_000]]
    assert found.clean.all()


@pytest.mark.parametrize(
    ("active", "reactive"), [(30_000, 0), (30_000, 12_000), (-40_000, 5_000), (1, -20_000)]
)
def test_two_buses_by_formula(flow, active, reactive):
    """V⁴ + (2(rp + xq) - 1)·V² + (r² + x²)(p² + q²) = 0, in parts of 100 kVA."""
    grid = two_buses(0.2, 0.1)
    r, x, p, q = 0.2 / 1.6, 0.1 / 1.6, active / 1e5, reactive / 1e5
    half = (1 - 2 * (r * p + x * q)) / 2
    squared = half + np.sqrt(half**2 - (r**2 + x**2) * (p**2 + q**2))
    found = flow(grid, *drawn(grid, active, reactive))
    assert found.voltage[1, 0] == pytest.approx(np.sqrt(squared), abs=1e-9)
    current = np.hypot(active, reactive) / np.sqrt(squared)
    assert found.apparent_va[0, 0] == pytest.approx(current, rel=1e-8)


def test_the_slack_holds_its_voltage_and_a_tap_lowers_the_rest(flow):
    branch = Branch("transformer", "s", "l", 0.01, ratio=1.05)
    grid = network([Node("s", 20_000), Node("l", 400)], [branch], "s", slack_voltage=1.025)
    found = flow(grid, *drawn(grid, 0))
    assert found.voltage[:, 0] == pytest.approx([1.025, 1.025 / 1.05], abs=1e-9)


def test_a_grid_of_the_slack_alone_has_its_voltage(flow):
    grid = network([Node("s", 400)], [], "s", slack_voltage=1.01)
    found = verify(State(grid, *(np.full((1, 3), 5_000) for _ in range(2))), flow)
    assert found.voltage_ppm.tolist() == [[1_010_000] * 3]
    assert found.apparent_va.shape == (0, 3)
    assert found.clean.all()


def test_shunts_charge_a_cable(flow):
    """Half of the susceptance at the far end, behind the impedance: V = 1 / (1 - X·B/2)."""
    grid = two_buses(1e-9, 0.1, susceptance_s=0.02)
    found = flow(grid, *drawn(grid, 0))
    assert found.voltage[1, 0] == pytest.approx(1 / (1 - 0.1 * 0.01), abs=1e-7)


def test_a_collapse_is_told_and_other_cases_are_solved(flow):
    grid = two_buses(0.2, 0.1)
    active = np.array([[0, 0, 0], [-10_000, -1_000_000, -20_000]])
    found = flow(grid, active, np.zeros_like(active))
    assert found.solved.tolist() == [True, False, True]
    assert not found.voltage[:, 1].any()
    alone = flow(grid, active[:, [2]], np.zeros((2, 1), np.int64))
    assert found.voltage[:, 2] == pytest.approx(alone.voltage[:, 0])
    with pytest.raises(ValueError, match="must be"):
        flow(grid, active, np.zeros((2, 1), np.int64))


def test_a_ring_shares_the_current(flow):
    """Two equal ways to the load carry half each, and the third side of the ring nothing."""
    nodes = [Node(name, 400) for name in "sabl"]
    ways = [("s", "a"), ("s", "b"), ("a", "l"), ("b", "l"), ("a", "b")]
    grid = network(nodes, [Branch(a + b, a, b, 0.01, 0.02, 10**6) for a, b in ways], "s")
    found = flow(grid, *drawn(grid, 10_000))
    assert found.apparent_va[:4, 0] == pytest.approx(found.apparent_va[0, 0])
    assert found.apparent_va[0, 0] == pytest.approx(10_000 / found.voltage[3, 0] / 2)
    assert found.apparent_va[4, 0] == pytest.approx(0, abs=1e-3)


def test_radial_grids_are_what_sweeps_find(flow, books):
    """Random feeders with several cases, some of which collapse, against sweeps in plain numpy."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        count = int(draw.integers(2, 9))
        nodes = [Node(f"n{row}", 400) for row in range(count)]
        branches = []
        for row in range(1, count):
            near = int(draw.integers(0, row))
            ends = (near, row) if draw.random() < 0.5 else (row, near)
            ohms = draw.integers(1, 9, 2) / 100
            branches.append(Branch(f"b{row}", f"n{ends[0]}", f"n{ends[1]}", *ohms.tolist()))
        grid = network(nodes, branches, "n0", slack_voltage=1.02)
        active, reactive = draw.integers(-15_000, 15_000, (2, count, 4))
        active[:, 3] *= 100
        ours, theirs = flow(grid, active, reactive), books.sweep(grid, active, reactive)
        both = ours.solved & theirs.solved
        assert both[:3].sum() >= 2
        assert ours.voltage[:, both] == pytest.approx(theirs.voltage[:, both], abs=1e-7)
        assert ours.apparent_va[:, both] == pytest.approx(theirs.apparent_va[:, both], abs=0.1)


def test_redispatch_on_a_ring(flow):
    """The short way is overloaded by a load at c; who reduces it, and where, is paid for."""
    nodes = [Node(name, 400) for name in "sabc"]
    ways = [("s", "c", 0.02, 15_000), ("s", "a", 0.02, None), ("a", "b", 0.02, None)]
    ways.append(("b", "c", 0.02, None))
    branches = [Branch(f"{a}-{b}", a, b, x, x, limit) for a, b, x, limit in ways]
    grid = network(nodes, branches, "s")
    active = np.array([[0], [0], [-4_000], [-22_000]])
    row = np.arange(2)
    price, power = np.array([100_000, 300_000]), np.array([9_000, 9_000])
    one, none = np.ones(2, np.int64), np.zeros(2, np.int64)
    offers = Offers(
        row, row, np.array([2, 3]), one, none, one, power, none, power, none, none, price
    )
    found = redispatch(State(grid, active, np.zeros_like(active)), flow, offers, Slots(0, 3600, 1))
    assert found.before.over_va[0, 0] > 0
    assert found.after.clean.all()
    # a W at b takes half a W off s-c and costs a third: bought first
    assert found.power_w[0, 0] > 0 == found.power_w[1, 0]
    money = settle(found, offers, 2, np.array([50_000]))
    assert money.providers_nano.tolist() == [int(found.power_w[0, 0]) * 100_000, 0]
    assert money.operator_nano == -int(found.power_w[0, 0]) * 50_000
