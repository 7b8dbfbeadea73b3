"""Speed of portfolios: contracts of ten kinds, each with its own numbers, over a month.

The month has 2,976 quarter-hours. The kinds are products of the catalogue: flat, time-of-use and
dynamic tariffs, an indexed forward with floor and cap, virtual, on-site and take-and-pay power
purchase agreements, demand response, subscription, imbalance. Prints, in one run:

* the CPU time of the algebra over that of NumPy written by hand for each product;
* the CPU time of a recursive interpreter that walks slots in Python over that of the algebra;
* growth from 100 contracts to 100,000, and the memory that evaluation takes beside its input.

Results are asserted equal, cash flow by cash flow and slot by slot. Every side makes an array of
every cash flow in every slot and sums it. The algebra always checks for overflow, gaps and bounds;
by hand is measured without any check, and with a look at the inputs' range alone.

Metered series are rows of a matrix of at most 10,000; contract i reads row i modulo that, so that
the input of 100,000 contracts stays small. Run ``python benchmarks/contracts.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence

import numpy as np

from contract_kinds.by_hand import ByHand
from contract_kinds.terms import KINDS, Data, contract, made
from contract_kinds.walker import Walker
from gridpact.base.units import Ints
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.cashflows import cashflows, names_of
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import needs
from gridpact.contracts.portfolio import Portfolio
from gridpact.contracts.terms import Contract
from timing import median_seconds

HAND_CHUNKS = (8, 16, 32, 64)


def summed(portfolio: Portfolio, data: Data) -> list[Ints]:
    """Make every cash flow of every slot and sum it, as by hand."""
    flows = portfolio.cashflows(data.world(), data.slots)
    return [batch.amounts.sum(axis=-1) for batch in flows]


def check_equal(portfolio: Portfolio, data: Data, by_hand: ByHand) -> None:
    """Compare every cash flow of every slot, in the order of flows in the terms."""
    hand: dict[int, list[bytes]] = {}
    for numbers, flows in by_hand.flows():
        for at, number in enumerate(numbers.tolist()):
            hand[number] = [hashed(flow[at]) for flow in flows]
    found: dict[int, list[bytes]] = {}
    for batch in portfolio.cashflows(data.world(), data.slots):
        for at, number in enumerate(batch.rows.tolist()):
            found.setdefault(number, []).append(hashed(batch.amounts[at]))
    if found != hand:
        wrong = [number for number, flows in hand.items() if found.get(number) != flows]
        raise SystemExit(f"contracts {wrong[:5]} … differ from what was written by hand")


def hashed(amounts: Ints) -> bytes:
    """Return a digest of a row: the rows themselves would take gigabytes."""
    return hashlib.blake2b(np.ascontiguousarray(amounts).tobytes(), digest_size=16).digest()


def against_numpy(data: Data, rounds: int) -> None:
    """Print the ratio to NumPy by hand, which has the best of some chunk sizes."""
    contracts = [contract(data, number) for number in range(data.count)]
    signed = [to_bytes(terms) for terms in contracts]
    portfolio = Portfolio.of(contracts)
    check_equal(portfolio, data, ByHand(data, 16))
    hands = [ByHand(data, chunk) for chunk in HAND_CHUNKS]
    hand = hands[int(np.argmin(median_seconds([each.totals for each in hands], 2)))]
    works = (
        lambda: summed(portfolio, data),
        hand.totals,
        lambda: hand.totals(checked=True),
        lambda: Portfolio.of(contracts),
        lambda: Portfolio.of(signed),
        lambda: portfolio.totals(data.world(), data.slots),
    )
    ours, bare, ranged, grouped, read, totals = median_seconds(works, rounds)
    speed = data.count * data.slots.count / 1e6
    print(f"{data.count:,} contracts of {len(KINDS)} kinds × {data.slots.count:,} slots, CPU time")
    print(f"  by hand in NumPy, no checks    {bare:7.3f} s {speed / bare:6.0f} M contract-slots/s")
    print(f"  by hand, inputs' range checked {ranged:7.3f} s {speed / ranged:6.0f}")
    print(f"  portfolio, all checks          {ours:7.3f} s {speed / ours:6.0f}")
    print(f"  portfolio, totals alone        {totals:7.3f} s {speed / totals:6.0f}")
    print(f"  grouping once, from values {grouped:.3f} s, from signed bytes {read:.3f} s;", end=" ")
    print(f"{portfolio.shapes} shapes")
    print(f"  portfolio / by hand without checks  {ours / bare:6.2f}   (at most 3)")
    print(f"  portfolio / by hand with a check    {ours / ranged:6.2f}")
    print(f"  the same with grouping values       {(ours + grouped) / bare:6.2f}", end=" and ")
    print(f"{(ours + grouped) / ranged:.2f}; with signed bytes {(ours + read) / bare:.2f}")


def needed(contracts: Sequence[Contract]) -> set[str]:
    """Return every name of the world that some contracts need."""
    return {name for terms in contracts for name in names_of(needs(terms))}


def against_walker(data: Data, sample: int) -> None:
    """Print the ratio to the interpreter, which is measured on a sample and scaled up."""
    contracts = [contract(data, number) for number in range(data.count)]
    world, portfolio = data.world(), Portfolio.of(contracts)
    series: dict[str, list[int]] = {}
    for name in needed(contracts[:sample]):
        entry = world[name]
        series[name] = (entry.values if isinstance(entry, Known) else entry).tolist()
    walker = Walker(series, data.slots)
    for terms in contracts[:sample]:
        exact = {key: row.tolist() for key, row in cashflows(terms, world, data.slots).items()}
        if walker.flows(terms) != exact:
            raise SystemExit("the interpreter finds other cash flows")
    works = (
        lambda: [walker.flows(terms) for terms in contracts[:sample]],
        lambda: summed(portfolio, data),
    )
    walked, ours = median_seconds(works, 1)
    scaled = walked * data.count / sample
    print(f"interpreter walking slots, {sample} contracts measured: {walked:.2f} s,", end=" ")
    print(f"scaled linearly to {data.count:,}: {scaled:,.0f} s")
    print(f"  interpreter / portfolio             {scaled / ours:6.0f}   (at least 500)")


def growth(sizes: Sequence[int]) -> None:
    """Print time and memory of one size after the other, each in a process of its own."""
    print("contracts   group s  evaluate s  µs/contract  growth   evaluation MB  all flows MB")
    last: tuple[int, float] | None = None
    for size in sizes:
        command = [sys.executable, __file__, "--alone", str(size)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        grouped, ours, peak, flows = map(float, output.split())
        grown = "" if last is None else f"×{ours / last[1]:.1f} for ×{size / last[0]:.0f}"
        print(
            f"{size:9,} {grouped:9.3f} {ours:11.3f} {1e6 * ours / size:12.1f}  {grown:>12}"
            f" {peak:14.1f} {flows:13,.0f}"
        )
        last = size, ours


def alone(size: int) -> None:
    """Measure one size; memory is what evaluation holds at its peak, and the flows' own size."""
    data = made(size)
    contracts = [contract(data, number) for number in range(size)]
    grouped = median_seconds([lambda: Portfolio.of(contracts)], 1)[0]
    portfolio, world = Portfolio.of(contracts), data.world()

    def consumed() -> int:
        return sum(batch.amounts.nbytes for batch in portfolio.cashflows(world, data.slots))

    flows = consumed()
    ours = median_seconds([consumed], 1 if size > 10_000 else 3)[0]
    tracemalloc.start()
    consumed()
    peak = tracemalloc.get_traced_memory()[1]
    print(grouped, ours, peak / 1e6, flows / 1e6)


def main() -> None:
    """Measure everything, or one size alone for the table of growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 contracts, growth to 1,000")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median counts")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        alone(arguments.alone)
        return
    data = made(2_000 if arguments.quick else 10_000)
    against_numpy(data, arguments.rounds)
    against_walker(data, 5 if arguments.quick else 50)
    growth([100, 1_000] if arguments.quick else [100, 1_000, 10_000, 100_000])


if __name__ == "__main__":
    main()
