"""Clearing speed: the call auctions beside bare numpy on the same arrays, as ratios in one run.

The bare references do the least that an array clearing must. ``volume`` sorts both sides,
cumulates and searches where the curves cross. ``trades`` also cuts both curves into pairs, prices
them and adds up each member's account. Both know one slot, no ties, no price rule, no acceptance
per order and no checks; prices of equal orders may differ in who meets whom, never in volume.
Ours always makes trades and accounts. Run ``python benchmarks/clearing.py [--quick]``.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.market.clearing import discriminatory, uniform_price
from gridpact.market.clearing.matched import Matched, accounts_nano
from gridpact.market.orders import Orders
from timing import median_seconds

MEMBERS = 10_000
BYTES_PER_ORDER = 500  # columns, the sorted line and the trades; a size that needs more is left out


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
    member = draw.integers(0, MEMBERS, count)
    mix = draw.permutation(count)
    sequence = np.arange(count, dtype=np.int64)
    return Orders(sequence, member, slot[mix], side[mix], quantity[mix], limit[mix])


def communities(count: int, slots: int, per_slot: int, distinct: int = 100) -> Orders:
    """Books of many communities below each other; community ``c`` has slots from ``c * slots``."""
    small = [book(seed, slots, per_slot) for seed in range(min(count, distinct))]
    picks = [small[number % distinct] for number in range(count)]
    names = ("member", "side", "quantity_wh", "limit_micro_per_kwh")
    columns = {name: np.concatenate([getattr(one, name) for one in picks]) for name in names}
    slot = np.concatenate([one.slot + number * slots for number, one in enumerate(picks)])
    return Orders(sequence=np.arange(slot.size, dtype=np.int64), slot=slot, **columns)


def bare_curves(orders: Orders) -> tuple[Ints, Ints, Ints, Ints, int]:
    """Rows and cumulative Wh of bids and of offers in merit order, and the volume."""
    buys = orders.side > 0
    bids, offers = np.flatnonzero(buys), np.flatnonzero(~buys)
    bids = bids[np.argsort(-orders.limit_micro_per_kwh[bids])]
    offers = offers[np.argsort(orders.limit_micro_per_kwh[offers])]
    bid, offer = -orders.limit_micro_per_kwh[bids], -orders.limit_micro_per_kwh[offers]
    demand = np.concatenate([[0], np.cumsum(orders.quantity_wh[bids])])
    supply = np.cumsum(orders.quantity_wh[offers])
    wanted = demand[np.searchsorted(bid, offer, "right")]
    return bids, demand[1:], offers, supply, int(np.minimum(wanted, supply).max())


def bare_volume(orders: Orders) -> int:
    """Volume of a one-slot book by sort and searchsorted, nothing else [Wh]."""
    return bare_curves(orders)[-1]


def bare_trades(orders: Orders, at_offer: bool) -> tuple[Ints, Ints]:
    """What members pay and receive in a one-slot book, at each offer's price or at the last."""
    bids, demand, offers, supply, volume = bare_curves(orders)
    ends = np.sort(np.concatenate([demand[demand < volume], supply[supply < volume], [volume]]))
    buy, sell = bids[np.searchsorted(demand, ends)], offers[np.searchsorted(supply, ends)]
    price = orders.limit_micro_per_kwh[sell]
    money = np.diff(ends, prepend=0) * (price if at_offer else price[-1])
    paid = np.bincount(orders.member[buy], money, MEMBERS).astype(np.int64)
    return paid, np.bincount(orders.member[sell], money, MEMBERS).astype(np.int64)


def uniform(orders: Orders, slots: int = 1) -> tuple[Matched, Ints]:
    """Trades and what members pay under one price."""
    _, matched = uniform_price.match(orders, slots)
    return matched, accounts_nano(orders, matched, MEMBERS)[0]


def pay_as_offer(orders: Orders, slots: int = 1) -> tuple[Matched, Ints]:
    """Trades and what members pay, each at the offer's price."""
    matched = discriminatory.clear(orders, slots)
    return matched, accounts_nano(orders, matched, MEMBERS)[0]


MECHANISMS = {"uniform": uniform, "pay-as-offer": pay_as_offer}


def peak_bytes(call: Callable[[], object]) -> int:
    """Most memory that a call allocates at any time, what it gives back included."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak


def free_bytes() -> int:
    """Memory that is free for use, or a great deal where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 2**62
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def check_same(orders: Orders) -> None:
    """Ours and the bare references must find the same volume, and pay the same as offered."""
    (one, _), (other, paid) = uniform(orders), pay_as_offer(orders)
    volume = bare_volume(orders)
    assert int(one.trades.quantity_wh.sum()) == volume  # noqa: S101
    assert int(other.trades.quantity_wh.sum()) == volume  # noqa: S101
    assert int(paid.sum()) == int(bare_trades(orders, at_offer=True)[0].sum())  # noqa: S101


def sizes(largest: int) -> None:
    """One slot, growing book of N bids and N offers."""
    print("one slot, N bids and N offers; ours makes trades and accounts, against bare numpy that")
    print("finds the volume only, or that makes trades and accounts too; growth of time per ×10")
    print("of ours and of the bare one with trades")
    print(
        f"{'N':>10} {'mechanism':>14} {'orders/s':>12} {'÷ volume':>9} {'÷ trades':>9}"
        f" {'growth':>7} {'bare':>7} {'peak B/order':>12}"
    )
    before: dict[str, tuple[float, float]] = {}
    each = 1_000
    while each <= largest:
        if 2 * each * BYTES_PER_ORDER > free_bytes():
            print(f"{each:>10,} left out: not enough memory")
            return
        one_size(each, before)
        each *= 10


def one_size(each: int, before: dict[str, tuple[float, float]]) -> None:
    """Measure both mechanisms at one size."""
    orders = book(0, 1, 2 * each)
    check_same(orders)
    repeats = 1 if each > 1_000_000 else max(3, min(200, 1_000_000 // each))
    for name, clear in MECHANISMS.items():
        ours, volume, trades = median_seconds(
            [
                partial(clear, orders),
                partial(bare_volume, orders),
                partial(bare_trades, orders, at_offer=clear is pay_as_offer),
            ],
            repeats,
            perf_counter,
        )
        grown = [
            f"×{time / earlier:.1f}"
            for time, earlier in zip((ours, trades), before.get(name, ()), strict=False)
        ] or ["–", "–"]
        before[name] = ours, trades
        peak = peak_bytes(partial(clear, orders)) / orders.count
        print(
            f"{each:>10,} {name:>14} {orders.count / ours:>12,.0f} {ours / volume:>9.2f}"
            f" {ours / trades:>9.2f} {grown[0]:>7} {grown[1]:>7} {peak:>12,.0f}"
        )


def books(count: int, slots: int = 96, per_slot: int = 40) -> None:
    """Many small books in one call against one big book of as many orders."""
    if (needed := count * slots * per_slot * BYTES_PER_ORDER) > free_bytes():
        count = max(1, count * free_bytes() // needed)
        print("not enough memory for all communities")
    many, big = communities(count, slots, per_slot), book(0, 1, count * slots * per_slot)
    print(f"\n{count:,} communities × {slots} slots × {per_slot} orders, {many.count:,} in all")
    print("in one call, against one book of as many orders in one slot; trades and accounts made")
    for name, clear in MECHANISMS.items():
        small, one = median_seconds(
            [partial(clear, many, count * slots), partial(clear, big)],
            1 if count > 1_000 else 3,
            perf_counter,
        )
        speed, big_speed = many.count / small, big.count / one
        print(
            f"{name:>14} {speed:>12,.0f} orders/s against {big_speed:>12,.0f}:"
            f" {speed / big_speed:.2f} ×"
        )
    alone = book(0, slots, per_slot)
    apart, together = median_seconds(
        [partial(slot_by_slot, alone, slots), partial(uniform_price.clear, alone, slots)],
        20,
        perf_counter,
    )
    print(f"one such book slot by slot takes {apart / together:.1f} × the time of all at once")


def slot_by_slot(orders: Orders, slots: int) -> Ints:
    """Volumes of a book by one call per slot [slots]."""
    alone = [uniform_price.clear(orders.take(orders.slot == slot), slots) for slot in range(slots)]
    return np.array([found.volume_wh[slot] for slot, found in enumerate(alone)], dtype=np.int64)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    sizes(100_000 if quick else 10_000_000)
    books(100 if quick else 10_000)
