"""Coupling speed: communities joined to a region, beside the same orders in separate auctions.

Every community has a link to the region with a limit in each direction and a fee; the region has
a main market in its book. The reference clears the same orders in one call of the uniform-price
auction, with every community and slot a slot of its own, so it knows no links; the ratio is what
joining up costs. Run ``python benchmarks/coupling.py``; ``--quick`` for small sizes.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.market.clearing import uniform_price
from gridpact.market.coupling.accounts import link_money, payments_nano
from gridpact.market.coupling.clearing import Coupled, clear_tree
from gridpact.market.coupling.interface import wholesale
from gridpact.market.coupling.tree import Tree
from gridpact.market.orders import Orders, concatenate

SLOTS = 96
PER_SLOT = 40


def books(communities: int) -> tuple[Orders, Ints]:
    """Orders of all communities and the rows of their markets; row 0 is the region.

    Half bids U(8, 30), half offers U(5, 25) ct/kWh, U(50, 1000) Wh, the offers of every community
    scaled by U(0.5, 1.5), so that some export and some import.
    """
    draw = stream(0, "benchmark", "coupling", communities)
    count = communities * SLOTS * PER_SLOT
    market = 1 + np.repeat(np.arange(communities, dtype=np.int64), SLOTS * PER_SLOT)
    slot = np.tile(np.repeat(np.arange(SLOTS, dtype=np.int64), PER_SLOT), communities)
    side = np.tile(np.array([1, -1], dtype=np.int64), count // 2)
    bid, offer = draw.integers(80_000, 300_001, count), draw.integers(50_000, 250_001, count)
    limit = np.where(side > 0, bid, offer)
    quantity = draw.integers(50, 1001, count)
    percent = np.repeat(draw.integers(50, 151, communities), SLOTS * PER_SLOT)
    quantity = np.where(side > 0, quantity, quantity * percent // 100)
    member = draw.integers(0, communities * 20, count)
    orders = Orders(np.arange(count, dtype=np.int64), member, slot, side, quantity, limit)
    price = np.arange(SLOTS, dtype=np.int64) * 500 + 100_000
    main = wholesale(price + 150_000, price - 40_000, orders, communities * 20)
    zeros = np.zeros(main.count, dtype=np.int64)
    return concatenate(orders, main), np.concatenate([market, zeros])


def region(communities: int, levels: int) -> Tree:
    """A region with communities below it, each level below another market where there are more."""
    count = communities + 1
    parent = np.zeros(count, dtype=np.int64)
    parent[0] = -1
    if levels > 2:  # one in a hundred is the district of the hundred that follow it
        rows = np.arange(1, count)
        parent[1:] = np.where((rows - 1) % 100 == 0, 0, (rows - 1) // 100 * 100 + 1)
    limit = np.where(parent == 0, 3_000, 2_000)[:, None]
    fee = np.full((count, 1), 10_000, np.int64)
    return Tree(tuple(map(str, range(count))), parent, limit, limit, fee, fee)


def check(orders: Orders, market: Ints, tree: Tree, found: Coupled) -> None:
    """Assert that every nano paid is received, or is a fee or a rent."""
    money = link_money(tree, found)
    assert int(money.rent_nano.min()) >= 0  # noqa: S101
    kept = int(money.fee_nano.sum()) + int(money.rent_nano.sum())
    assert int(payments_nano(orders, market, found).sum()) == kept  # noqa: S101


def measure(communities: int, levels: int) -> None:
    orders, market = books(communities)
    tree = region(communities, levels)
    begin = perf_counter()
    found = clear_tree(orders, market, tree, SLOTS)
    ours = perf_counter() - begin
    check(orders, market, tree, found)
    alone = msgspec.structs.replace(orders, slot=market * SLOTS + orders.slot)
    begin = perf_counter()
    uniform_price.clear(alone, tree.count * SLOTS)
    bare = perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{communities:>11,} {levels:>6} {orders.count:>11,} {ours:>8.2f} {bare:>8.2f}"
        f" {ours / bare:>6.2f} {orders.count / ours / 1e6:>10.2f} {peak:>9.1f}"
    )


if __name__ == "__main__":
    print("communities levels      orders coupled s alone s  ratio M orders/s  peak GiB")
    for communities in (10, 100, 1_000) if "--quick" in sys.argv else (10, 100, 1_000, 10_000):
        for levels in (2, 3):
            measure(communities, levels)
