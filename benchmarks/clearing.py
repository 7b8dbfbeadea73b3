"""Clearing speed: orders per second of the uniform-price auction beside bare numpy.

The reference does the least any array clearing must: sort both sides, cumulate, search where the
curves cross. It knows one slot, no ties, no price rule and no acceptance per order. Both must find
the same volume. Run ``python benchmarks/clearing.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.market.clearing.uniform_price import clear
from gridpact.market.orders import Orders


def book(seed: int, slots: int, per_slot: int) -> Orders:
    """Half bids U(8, 30), half offers U(5, 25) ct/kWh, U(50, 1000) Wh, rows in random order."""
    draw = stream(seed, "benchmark", "clearing", slots, per_slot)
    count = slots * per_slot
    slot = np.repeat(np.arange(slots, dtype=np.int64), per_slot)
    side = np.tile(np.array([1, -1], dtype=np.int64), count // 2)
    limit = np.where(
        side > 0, draw.integers(80_000, 300_001, count), draw.integers(50_000, 250_001, count)
    )
    quantity = draw.integers(50, 1001, count)
    member = draw.integers(0, 10_000, count)
    mix = draw.permutation(count)
    sequence = np.arange(count, dtype=np.int64)
    return Orders(sequence, member, slot[mix], side[mix], quantity[mix], limit[mix])


def bare_volume(orders: Orders) -> int:
    """Volume of a one-slot book by sort and searchsorted, nothing else [Wh]."""
    buys = orders.side > 0
    bid_order = np.argsort(-orders.limit_micro_per_kwh[buys])
    offer_order = np.argsort(orders.limit_micro_per_kwh[~buys])
    bid = -orders.limit_micro_per_kwh[buys][bid_order]
    offer = -orders.limit_micro_per_kwh[~buys][offer_order]
    demand = np.concatenate([[0], np.cumsum(orders.quantity_wh[buys][bid_order])])
    supply = np.cumsum(orders.quantity_wh[~buys][offer_order])
    wanted = demand[np.searchsorted(bid, offer, "right")]
    return int(np.minimum(wanted, supply).max())


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call [s]."""
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    return median(times)


def sizes(largest: int) -> None:
    """One slot, growing book."""
    print("one slot; orders = bids + offers")
    print(f"{'orders':>10} {'clear/s':>12} {'bare/s':>12} {'time ratio':>10} {'growth':>7}")
    before = 0.0
    count = 1_000
    while count <= largest:
        orders = book(0, 1, count)
        assert int(clear(orders, 1).volume_wh[0]) == bare_volume(orders)  # noqa: S101
        repeats = max(5, min(200, 2_000_000 // count))
        ours = seconds(lambda orders=orders: clear(orders, 1), repeats)  # type: ignore[misc]
        bare = seconds(lambda orders=orders: bare_volume(orders), repeats)  # type: ignore[misc]
        growth = f"×{ours / before:.1f}" if before else "–"
        speed, reference = count / ours, count / bare
        print(f"{count:>10,} {speed:>12,.0f} {reference:>12,.0f} {ours / bare:>10.2f} {growth:>7}")
        before = ours
        count *= 10


def books(count: int, distinct: int = 100) -> None:
    """Many small books against one big book with the same number of slots."""
    slots, per_slot = 96, 40
    small = [book(seed, slots, per_slot) for seed in range(distinct)]
    begin = perf_counter()
    for number in range(count):
        clear(small[number % distinct], slots)
    many = perf_counter() - begin
    orders = count * slots * per_slot
    print(f"\n{count:,} books of {slots} slots × {per_slot} orders ({distinct} distinct ones)")
    print(f"  one after the other: {many:.2f} s, {orders / many:,.0f} orders/s")
    big = book(0, slots, per_slot * 1_000)
    one = seconds(lambda: clear(big, slots), 3)
    print(f"one book of {slots} slots × {per_slot * 1_000:,} orders")
    print(f"  at once: {one:.2f} s, {big.count / one:,.0f} orders/s")
    print(f"  the small books cost {many / orders / (one / big.count):.2f} × as much per order")
    alone = seconds(lambda: clear_slot_by_slot(small[0], slots), 20)
    together = seconds(lambda: clear(small[0], slots), 20)
    print(f"one small book slot by slot takes {alone / together:.1f} × the time of all at once")


def clear_slot_by_slot(orders: Orders, slots: int) -> Ints:
    """Volumes of a book by one call per slot [slots]."""
    alone = [clear(orders.take(orders.slot == slot), slots) for slot in range(slots)]
    return np.array([found.volume_wh[slot] for slot, found in enumerate(alone)], dtype=np.int64)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    sizes(10_000 if quick else 1_000_000)
    books(100 if quick else 10_000)
