"""Random books on grids; those of trees are the ones that coupling is tested with."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.flexibility.offers import Offers
from gridpact.market.grid.network import Branch, Node, network
from gridpact.market.grid.verification import Solution

COUPLING = Path(__file__).parents[1] / "coupling" / "conftest.py"


def _coupling():
    spec = spec_from_file_location("coupling_books", COUPLING)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


joined = _coupling().joined


@pytest.fixture(scope="session")
def joined_books():
    return joined


@pytest.fixture(scope="session")
def columns(orders_of):
    """Orders and their zones from rows (zone, slot, side, quantity, limit)."""

    def build(rows):
        return orders_of([row[1:] for row in rows]), np.array(
            [row[0] for row in rows], dtype=np.int64
        )

    return build


SLOTS = 2
PRICE = st.sampled_from([st.integers(-6, 6), st.integers(-400_000, 400_000), st.just(7)])


@st.composite
def grids(draw, ring=False, wide=True, most=24):
    """A grid, rows (node, slot, side, quantity, limit) and a baseline [nodes, slots], or None."""
    count = draw(st.integers(3 if ring else 1, 6))
    ends = [(draw(st.integers(0, number - 1)), number) for number in range(1, count)]
    if ring:
        pair = st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)
        ends += draw(st.lists(pair.map(tuple), min_size=1, max_size=3))
    ends = [draw(st.permutations(pair)) for pair in ends]
    limit = st.none() | st.integers(1, 20)
    branches = [
        Branch(f"b{row}", f"n{one}", f"n{other}", draw(st.integers(1, 9)) / 10, limit_w=draw(limit))
        for row, (one, other) in enumerate(draw(st.permutations(ends)))
    ]
    names = draw(st.permutations(range(count)))
    nodes = [Node(f"n{row}", 400) for row in names]
    joined = network(nodes, branches, f"n{draw(st.integers(0, count - 1))}")
    price = draw(PRICE) if wide else st.integers(-6, 6)
    place, slot = st.integers(0, count - 1), st.integers(0, SLOTS - 1)
    row = st.tuples(place, slot, st.sampled_from([1, -1]), st.integers(1, 12), price)
    flat = st.lists(st.integers(-9, 9), min_size=count * SLOTS, max_size=count * SLOTS)
    baseline = draw(st.none() | flat.map(lambda at: np.array(at, np.int64).reshape(count, SLOTS)))
    return joined, draw(st.lists(row, max_size=most)), baseline


@pytest.fixture(scope="session")
def random_grids():
    return grids


def sweep(network, active_w, reactive_var):
    """AC power flow of a radial grid by backward and forward sweeps, with no solver's code.

    Knows series impedances only. (D. Shirmohammadi et al., IEEE Trans. Power Systems 3(2), 1988)
    """
    power = (active_w + 1j * reactive_var).astype(complex)
    above, order = [None] * len(network.nodes), [network.slack]
    for node in order:
        for row, ends in enumerate(
            zip(network.source.tolist(), network.target.tolist(), strict=True)
        ):
            other = ends[1] if ends[0] == node else ends[0] if ends[1] == node else None
            if other is not None and other != network.slack and above[other] is None:
                above[other] = (row, node)
                order.append(other)
    rated = network.voltage_v.astype(float)[:, None]
    base = rated[network.target] ** 2
    drop = (network.resistance_ohm + 1j * network.reactance_ohm)[:, None] / base
    voltage = np.full(power.shape, network.slack_voltage, complex)
    current = np.zeros((len(network.branches), power.shape[1]), complex)
    step = np.inf
    with np.errstate(all="ignore"):
        for _ in range(200):
            drawn = np.conj(-power / voltage)
            for node in order[:0:-1]:
                row, parent = above[node]
                current[row] = drawn[node]
                drawn[parent] = drawn[parent] + drawn[node]
            last = voltage.copy()
            for node in order[1:]:
                row, parent = above[node]
                voltage[node] = voltage[parent] - drop[row] * current[row]
            step = np.abs(voltage - last).max(axis=0, initial=0)
    solved = np.isfinite(step) & (step < 1e-9)
    return Solution(
        np.where(solved, np.abs(current), 0.0), np.where(solved, np.abs(voltage), 0.0), solved
    )


@pytest.fixture(scope="session")
def ac():
    return sweep


def build_offers(rows):
    """Offers from rows (location, direction, power, least, price [µ¤/kWh], first, duration)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    count = np.arange(columns.shape[1], dtype=np.int64)
    location, direction, power, least, price, first, duration = columns
    none = np.zeros_like(count)
    return Offers(
        count, count, location, direction, first, duration, power, least, power, none, none, price
    )


@pytest.fixture(scope="session")
def offers_of():
    return build_offers
