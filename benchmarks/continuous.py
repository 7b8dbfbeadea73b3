"""Continuous trading: order events per second beside a plain Python heap book.

The flow is 50 % new orders at prices that do not cross, 35 % cancellations of orders that may
rest, 15 % immediate orders of about one order's size that trade. The heap book is one loop over
plain lists with two heaps a book and lazy deletion. It takes every event as sound: no check of
numbers, owners, clocks, expiries or repeated orders, no outcome per event, no state to go on
from. Both must make the same trades. What the engine does in numpy before its loop (numbering
orders, sorting prices) and what it takes to open books from columns and to give their state back
are part of its time, so few events on large books cost more each; the heap book finds its books
open and plain lists made. Times are CPU seconds, the best of several calls.
Run ``python benchmarks/continuous.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from time import perf_counter, process_time

import msgspec
import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.market.clearing.continuous.engine import Results, run
from gridpact.market.clearing.continuous.events import NEVER, Books, Events, Kind, rows
from gridpact.market.clearing.continuous.live import ContinuousBook
from gridpact.market.clearing.continuous.state import resting

MEMBERS = 10_000
Trade = tuple[int, int, int, int]


def flow(rests: int, count: int, books: int) -> tuple[Events, Events]:
    """Orders that come to rest, then the events to be timed."""
    draw = stream(0, "benchmark", "continuous", rests, count, books)
    total = rests + count
    kinds = np.array([Kind.PLACE, Kind.CANCEL, Kind.IMMEDIATE], dtype=np.int64)
    kind = draw.choice(kinds, total, p=[0.5, 0.35, 0.15])
    kind[:rests] = int(Kind.PLACE)
    order = _cancelled(kind, draw.random(total).tolist(), rests)
    side = draw.choice(np.array([1, -1]), total)
    limit = np.where(side > 0, draw.integers(5_000, 15_000, total), 0)
    limit = np.where(side < 0, draw.integers(15_001, 25_000, total), limit) * 10
    limit[kind == Kind.IMMEDIATE] = 150_000 + 100_000 * side[kind == Kind.IMMEDIATE]
    book, member = draw.integers(0, books, total)[order], draw.integers(0, MEMBERS, total)[order]
    quantity, at = draw.integers(50, 1001, total), np.arange(total, dtype=np.int64)
    never = np.full(total, NEVER)
    columns = kind, order, at, book, member, side, quantity, limit, never
    return Events(*(each[:rests] for each in columns)), Events(*(each[rests:] for each in columns))


def _cancelled(kind: Ints, chance: list[float], rests: int) -> Ints:
    """The order of each event: its own row, or for a cancellation any that has not been."""
    order, alive = np.arange(kind.size), list(range(rests))
    for row, what in enumerate(kind[rests:].tolist(), start=rests):
        if what == Kind.PLACE:
            alive.append(row)
        elif what == Kind.CANCEL and alive:
            at = int(chance[row] * len(alive))
            alive[at], alive[-1] = alive[-1], alive[at]
            order[row] = alive.pop()
    return order


class HeapBooks:
    """Two heaps a book of (merit, number); an order is gone when nothing of it is left."""

    def __init__(self, books: int) -> None:
        self.sides: dict[int, list[list[tuple[int, int]]]] = {
            side: [[] for _ in range(books)] for side in (1, -1)
        }
        self.left: dict[int, int] = {}
        self.member: dict[int, int] = {}
        self.trades: list[Trade] = []

    def play(self, columns: list[list[int]]) -> None:  # noqa: C901 - calls would slow it down
        """Let the events of plain columns happen."""
        left, owner, sides, made = self.left, self.member, self.sides, self.trades.append
        cancel, place = int(Kind.CANCEL), int(Kind.PLACE)
        for kind, order, _, book, member, side, wanted, limit, _ in zip(*columns, strict=True):
            if kind == cancel:
                left.pop(order, None)
                continue
            heap, worst, size = sides[-side][book], side * limit, wanted
            while size and heap:
                merit, maker = heap[0]
                open_wh = left.get(maker)
                if open_wh is None:
                    heappop(heap)
                    continue
                if merit > worst:
                    break
                if owner[maker] == member:
                    size = 0  # cancel newest
                    break
                taken = size if size < open_wh else open_wh
                made((maker, order, taken, side * merit))
                size -= taken
                if taken < open_wh:
                    left[maker] = open_wh - taken
                else:
                    del left[maker]
                    heappop(heap)
            if size and kind == place:
                left[order], owner[order] = size, member
                heappush(sides[side][book], (-side * limit, order))


def plain(events: Events) -> list[list[int]]:
    return [getattr(events, name).tolist() for name in Events.__struct_fields__]


def admitting(books: int) -> Books:
    return Books(np.full(books, NEVER), np.ones(MEMBERS, np.bool_), 0, 10**6)


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """Least CPU time of a call [s]."""
    times = []
    for _ in range(repeats):
        begin = process_time()
        work()
        times.append(process_time() - begin)
    return min(times)


def heap_seconds(opening: Events, events: Events, books: int) -> tuple[float, list[Trade]]:
    """CPU time of the heap books for the events, and the trades they made."""
    before, timed = plain(opening), plain(events)
    times = []
    for _ in range(3):
        heaps = HeapBooks(books)
        heaps.play(before)
        times.append(best_of(1, partial(heaps.play, timed)))
    return min(times), heaps.trades


def trades(results: Results) -> list[Trade]:
    fills = results.fills
    columns = fills.maker, fills.taker, fills.quantity_wh, fills.price_micro_per_kwh
    return list(zip(*(column.tolist() for column in columns), strict=True))


def compare(rests: int, count: int, books: int) -> None:
    """Time the engine and the heap books on one flow."""
    opening, events = flow(rests, count, books)
    admits = admitting(books)
    state = run(opening, admits).state
    results = run(events, admits, state)
    ours = best_of(5, lambda: run(events, admits, state)) / count
    heap, made = heap_seconds(opening, events, books)
    heap /= count
    assert trades(results) == made  # noqa: S101
    left = resting(results.state, admits).count
    print(
        f"{rests:>10,} {left:>10,} {books:>7,} {len(made):>9,} {1e-6 / ours:>9.2f}"
        f" {1e-6 / heap:>9.2f} {heap / ours:>6.1f} {ours * 1e9:>9.0f} {heap * 1e9:>9.0f}"
    )


def live(rests: int, count: int) -> None:
    """The live books, which check and tell as the engine does."""
    opening, events = flow(rests, count, 1)
    admits = admitting(1)
    book = ContinuousBook(admits, run(opening, admits).state)
    timed = rows(events)

    def apply_all() -> None:
        for event in timed:
            book.apply(event)

    seconds = best_of(1, apply_all)
    print(f"\nlive books at {rests:,} resting orders: {count / seconds / 1e6:.2f} M events/s")


def scattered(rests: int, count: int) -> None:
    """The same events with order numbers all over 64 bits, which must be sorted first."""
    jump = np.int64(0x9E3779B97F4A7C15 - 2**64)  # odd, so that no two numbers fall together
    opening, events = (
        msgspec.structs.replace(each, order=each.order * jump) for each in flow(rests, count, 1)
    )
    admits = admitting(1)
    state = run(opening, admits).state
    seconds = best_of(3, lambda: run(events, admits, state))
    print(f"with scattered order numbers: {count / seconds / 1e6:.2f} M events/s")


def warm_up() -> None:
    """First calls in fresh processes, without and with compiled code in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, __file__, "--first-call"]
        first, again = (
            subprocess.check_output(command, env=environment, text=True).strip() for _ in range(2)
        )
    print(f"first call: {first} s to compile, {again} s from the cache")


def first_call() -> float:
    """Wall time of the first calls in this process [s], one opening books and one going on."""
    opening, events = flow(1, 1, 1)
    begin = perf_counter()
    run(events, admitting(1), run(opening, admitting(1)).state)
    return perf_counter() - begin


def main(quick: bool) -> None:
    count = 300_000 if quick else 1_000_000
    first_call()
    print(f"{count:,} events; M events/s and ns per event")
    print(
        f"{'resting':>10} {'after':>10} {'books':>7} {'trades':>9} {'engine':>9} {'heap':>9}"
        f" {'ratio':>6} {'engine ns':>9} {'heap ns':>9}"
    )
    for rests in (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000):
        compare(rests, count, 1)
    for books in (96, 10_000):
        compare(100_000, count, books)
    scattered(100_000, count)
    live(100_000, count // 10)
    warm_up()


if __name__ == "__main__":
    if "--first-call" in sys.argv:
        print(f"{first_call():.1f}")
    else:
        main("--quick" in sys.argv)
