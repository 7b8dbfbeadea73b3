"""Speed of clearing on grids: what keeping limits costs, radial and meshed, and AC verification.

Radial feeders of many nodes are cleared with half of their cables limited; the reference clears
the same orders in one uniform-price auction that knows no grid, so the ratio is what the limits
cost. Meshed grids go through linear programmes, slot by slot. Where power-grid-model is installed,
the cleared day is verified and the share of verification in the whole is told. Run
``python benchmarks/grid.py``; ``--quick`` for small sizes.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.connectors.powerflow import PowerGridModelFlow, installed
from gridpact.market.clearing import uniform_price
from gridpact.market.grid import nodal
from gridpact.market.grid.flows import Headroom, headroom
from gridpact.market.grid.network import Branch, Network, Node, network
from gridpact.market.grid.verification import Band, State, verify, watts
from gridpact.market.orders import Orders

STEP_S = 900


def feeder(nodes: int, rings: int) -> Network:
    """A tree in which nodes hang on one of the ten before them, with further branches for rings."""
    draw = stream(0, "benchmark", "grid", nodes, rings)
    ends = [(int(draw.integers(max(0, row - 10), row)), row) for row in range(1, nodes)]
    for _ in range(rings):
        one, other = draw.choice(nodes, 2, replace=False).tolist()
        ends.append((one, other))
    limited = draw.random(len(ends)) < 0.5
    limits = draw.integers(2_000, 40_000, len(ends))
    branches = [
        Branch(f"b{row}", f"n{one}", f"n{other}", 0.002, 0.004, int(limit) if has else None)
        for row, ((one, other), limit, has) in enumerate(zip(ends, limits, limited, strict=True))
    ]
    return network([Node(f"n{row}", 400) for row in range(nodes)], branches, "n0")


def book(nodes: int, slots: int, each: int) -> tuple[Orders, Ints]:
    """Some orders per node and slot: bids U(8, 30), offers U(5, 25) ct/kWh, U(50, 1000) Wh.

    At the slack stands a main market that buys and sells whatever is left, at 4 and 35 ct/kWh.
    """
    draw = stream(0, "benchmark", "grid-book", nodes, slots)
    count = nodes * slots * each
    location = np.repeat(np.arange(nodes, dtype=np.int64), slots * each)
    slot = np.tile(np.repeat(np.arange(slots, dtype=np.int64), each), nodes)
    side = np.tile(np.array([1, -1], dtype=np.int64), count)[:count]
    bid, offer = draw.integers(80_000, 300_001, count), draw.integers(50_000, 250_001, count)
    quantity = draw.integers(50, 1001, count)
    main = np.repeat(np.arange(slots, dtype=np.int64), 2)
    ends = np.tile(np.array([1, -1], dtype=np.int64), slots)
    columns = (
        np.append(slot, main),
        np.append(side, ends),
        np.append(quantity, np.full(2 * slots, 10**8)),
        np.append(np.where(side > 0, bid, offer), np.where(ends > 0, 40_000, 350_000)),
    )
    number = np.arange(count + 2 * slots, dtype=np.int64)
    return Orders(number, number, *columns), np.append(location, np.zeros(2 * slots, np.int64))


def check(found: nodal.Nodal, room: Headroom) -> None:
    """Assert that limits are kept and that what is bought is sold."""
    assert nodal.limits_kept(found, room).all()  # noqa: S101
    assert np.array_equal(found.bought_wh.sum(axis=0), found.sold_wh.sum(axis=0))  # noqa: S101


def verified(grid: Network, found: nodal.Nodal) -> float:
    """Seconds for the AC verification of all slots, not a number where the package is missing."""
    if not installed():
        return float("nan")
    power = watts(found.sold_wh - found.bought_wh, STEP_S)
    power_flow, state = PowerGridModelFlow(), State(grid, power, np.zeros_like(power), Band())
    begin = perf_counter()
    verify(state, power_flow)
    return perf_counter() - begin


def measure(nodes: int, slots: int, rings: int) -> None:
    grid = feeder(nodes, rings)
    orders, location = book(nodes, slots, 4)
    room = headroom(grid, slots, STEP_S)
    begin = perf_counter()
    found = nodal.clear(orders, slots, location, grid, room)
    ours = perf_counter() - begin
    check(found, room)
    begin = perf_counter()
    uniform_price.clear(orders, slots)
    flat = perf_counter() - begin
    full, ac = int(np.count_nonzero(found.full)), verified(grid, found)
    print(
        f"{nodes:>7,} {slots:>5} {rings:>5} {orders.count:>10,} {full:>9,} {ours:>9.3f}"
        f" {flat:>9.4f} {ours / flat:>8.1f} {1000 * ours / slots:>8.1f} {ac:>7.3f}"
    )


SIZES = [(100, 96, 0), (1_000, 96, 0), (30, 96, 5), (100, 24, 10), (100, 24, 40)]
QUICK = [(100, 24, 0), (30, 4, 5)]

if __name__ == "__main__":
    print("  nodes slots rings     orders      full    grid s    flat s    ratio  ms/slot    AC s")
    for size in QUICK if "--quick" in sys.argv else SIZES:
        measure(*size)
