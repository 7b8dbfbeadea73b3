"""Appliances at once: when 10⁶ of them work, by each pattern, beside plain numpy.

Appliances work 4 to 12 of 96 slots, within windows up to 24 slots longer, at the prices of 400
zones. Times are CPU time of one thread per appliance, the least of a few calls after compilation.
The reference answers some of the same appliances one by one in plain numpy, and its costs must
agree. Growth is the time per appliance at a tenth of them, and at half and twice the slots, as
multiples. Run ``python benchmarks/working.py``; ``--quick`` for small sizes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Floats
from gridpact.scheduling.working.columns import Appliances
from gridpact.scheduling.working.hurdles import hurdles, work_by_hurdle
from gridpact.scheduling.working.interruptible import (
    work_below,
    work_cheapest,
    work_in_stretches,
)
from gridpact.scheduling.working.signals import independent
from gridpact.scheduling.working.uninterruptible import start_acceptable, start_cheapest
from timing import least_seconds

SLOTS, ZONES, OUTCOMES = 96, 400, 5
ON, OFF = 3, 2
MOST_NANO, MOST_PRICE = 400_000_000, 80_000
CHECKED = 200

Answer: TypeAlias = Callable[[Appliances, Floats], Floats]
"""Costs [appliances] by a pattern, nano-¤."""
Reference: TypeAlias = Callable[[Floats, int], float]
"""Cost [µ¤/kWh] of one appliance: prices of its window, slots of work."""


class Found(Protocol):
    """What a pattern gives."""

    @property
    def cost_nano(self) -> Floats:
        """Cost of each appliance [appliances]."""


class Pattern(NamedTuple):
    """A pattern, its reference, the µs each it should take at most, and how many it is tried on."""

    name: str
    answer: Answer
    reference: Reference
    most_us: float | None
    appliances: int


def prices_of(slots: int) -> Floats:
    """Seeded prices [zones, slots], µ¤/kWh, whole numbers."""
    hour = np.arange(slots) * 24 / slots
    peaks = 90 * np.exp(-(((hour - 19) / 2) ** 2)) + 50 * np.exp(-(((hour - 8) / 1.5) ** 2))
    noise = stream(7, "working", "prices").standard_normal((ZONES, slots))
    prices = 140 + peaks - 60 * np.sin(hour * np.pi / 24) + 6 * noise
    return np.asarray(np.round(1000 * prices))


def appliances_of(count: int, slots: int) -> Appliances:
    """Draw appliances, sorted by zone."""
    draw = stream(1, "working", count, slots)
    length = draw.integers(4, 13, count)
    first = draw.integers(0, slots - 36, count)
    end = np.minimum(first + length + draw.integers(4, 25, count), slots)
    return Appliances(np.sort(draw.integers(0, ZONES, count)), first, end, length, 500)


def best_start(window: Floats, work: int) -> float:
    return float(np.convolve(window, np.ones(work), "valid").min())


def acceptable_start(window: Floats, work: int) -> float:
    costs = np.convolve(window, np.ones(work), "valid")
    fits = np.flatnonzero(costs * 500 <= MOST_NANO)
    return float(costs[fits[0] if len(fits) else -1])


def cheapest(window: Floats, work: int) -> float:
    return float(np.sort(window)[:work].sum())


def below(window: Floats, work: int) -> float:
    total, left = 0.0, work
    for place, price in enumerate(window):
        if left and (price <= MOST_PRICE or len(window) - place == left):
            total, left = total + float(price), left - 1
    return total


def stretches(window: Floats, work: int) -> float:
    """Least sum by the state of a stretch or pause, slot by slot, for all amounts left at once."""
    states = ON + OFF  # 0 free to start, 1…ON in a stretch, then pausing
    least = np.full((work + 1, states), np.inf)
    least[0, [0, *range(ON, states)]] = 0.0
    for price in window[::-1]:
        new, run = np.full_like(least, np.inf), np.full_like(least, np.inf)
        run[1:] = price + least[:-1]
        new[:, 0] = np.minimum(least[:, 0], run[:, 1])
        for state in range(1, ON + 1):
            new[:, state] = run[:, min(state + 1, ON)]
        new[:, ON] = np.minimum(new[:, ON], least[:, ON + 1])
        for state in range(ON + 1, states):
            new[:, state] = least[:, state + 1 if state + 1 < states else 0]
        least = new
    return float(least[work, 0])


def outcomes_of(prices: Floats) -> tuple[Floats, Floats]:
    """Prices [zones, slots, outcomes] around those forecast, and their probabilities."""
    off = np.array([0.8, 0.9, 1.0, 1.1, 1.3])
    return prices[:, :, None] * off, np.array([0.1, 0.2, 0.4, 0.2, 0.1])


def expected(appliances: Appliances, prices: Floats) -> Floats:
    return hurdles(appliances, independent(*outcomes_of(prices))).expected_nano


def expected_one(window: Floats, work: int) -> float:
    """Least expected sum of one window: by slots to go, all amounts of work at once."""
    prices, chance = outcomes_of(window[None])
    value = np.full(work + 1, np.inf)
    value[0] = 0.0
    for given in prices[0][::-1]:
        run, wait = given[:, None] + value[:-1], value[1:]
        value[1:] = chance @ np.minimum(run, wait)
    return float(value[work])


def followed(appliances: Appliances, prices: Floats) -> Floats:
    found = hurdles(appliances, independent(*outcomes_of(prices)))
    return work_by_hurdle(appliances, found, prices).cost_nano


def followed_one(window: Floats, work: int) -> float:
    prices, chance = outcomes_of(window[None])
    value = np.full((len(window) + 1, work + 1), np.inf)
    value[:, 0] = 0.0
    for slot in range(len(window) - 1, -1, -1):
        run = prices[0, slot][:, None] + value[slot + 1, :-1]
        value[slot, 1:] = chance @ np.minimum(run, value[slot + 1, 1:])
    total, left = 0.0, work
    for slot, price in enumerate(window):
        if left and price <= value[slot + 1, left] - value[slot + 1, left - 1]:
            total, left = total + float(price), left - 1
    return total


def by(pattern: Callable[[Appliances, Floats], Found]) -> Answer:
    """Costs by a pattern."""

    def answer(appliances: Appliances, prices: Floats) -> Floats:
        return pattern(appliances, prices).cost_nano

    return answer


PATTERNS = (
    Pattern("uninterrupted, sliding sums", by(start_cheapest), best_start, 0.1, 1_000_000),
    Pattern(
        "uninterrupted, cost accepted",
        by(partial(start_acceptable, most_nano=MOST_NANO)),
        acceptable_start,
        0.1,
        1_000_000,
    ),
    Pattern("interruptible, cheapest", by(work_cheapest), cheapest, None, 1_000_000),
    Pattern(
        "interruptible, price accepted",
        by(partial(work_below, most=MOST_PRICE)),
        below,
        None,
        1_000_000,
    ),
    Pattern(
        f"{ON} slots on and {OFF} off",
        by(partial(work_in_stretches, min_on=ON, min_off=OFF)),
        stretches,
        3.0,
        1_000_000,
    ),
    Pattern("hurdle prices, 5 signals", expected, expected_one, None, 100_000),
    Pattern("  found and followed", followed, followed_one, None, 100_000),
)


def seconds_of(answer: Answer, appliances: Appliances, prices: Floats) -> float:
    """Least CPU time of a few calls, after one that compiles."""
    few = appliances_of(10, prices.shape[1])
    return least_seconds(lambda: answer(appliances, prices), first=lambda: answer(few, prices))


def reference_seconds(pattern: Pattern, given: Appliances, prices: Floats, costs: Floats) -> float:
    """CPU time of the reference for one; its costs must be ours."""
    rows = np.linspace(0, len(costs) - 1, CHECKED).astype(np.int64)
    windows = [prices[given.zone[row], given.first[row] : given.end[row]] for row in rows]
    begin = process_time()
    found = [
        pattern.reference(window, int(given.length[row]))
        for window, row in zip(windows, rows, strict=True)
    ]
    spent = (process_time() - begin) / CHECKED
    assert np.allclose(costs[rows], np.array(found) * 500, rtol=1e-9)  # noqa: S101
    return spent


def measure(pattern: Pattern, shrink: int) -> None:
    """Print one pattern."""
    count = pattern.appliances // shrink
    prices, given = prices_of(SLOTS), appliances_of(count, SLOTS)
    own = seconds_of(pattern.answer, given, prices) / count
    other = reference_seconds(pattern, given, prices, pattern.answer(given, prices))
    growth = []
    for appliances, slots in ((count // 10, SLOTS), (count // 10, 48), (count // 10, 192)):
        many = appliances_of(appliances, slots)
        spent = seconds_of(pattern.answer, many, prices_of(slots))
        growth.append(spent / appliances / own)
    limit = "" if pattern.most_us is None else f"{pattern.most_us:.1f}"
    print(
        f"{pattern.name:30} {count:9,} {own * 1e6:8.3f} {limit:>5} {other * 1e6:10.1f} "
        f"{other / own:7.0f} " + " ".join(f"{value:9.2f}" for value in growth),
        flush=True,
    )


def main() -> None:
    shrink = 20 if "--quick" in sys.argv else 1
    print(f"CPU µs per appliance, {SLOTS} slots, {ZONES} zones; growth as multiples of it\n")
    print(
        f"{'pattern':30} {'N':>9} {'µs':>8} {'goal':>5} {'numpy µs':>10} {'ratio':>7} "
        f"{'N / 10':>9} {'48 slots':>9} {'192 slots':>9}"
    )
    for pattern in PATTERNS:
        measure(pattern, shrink)


if __name__ == "__main__":
    main()
