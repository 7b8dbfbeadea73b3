"""Random books on grids; those of trees are the ones that coupling is tested with."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.grid.network import Branch, Node, network

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
