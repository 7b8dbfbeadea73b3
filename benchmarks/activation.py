"""Activation of 10⁶ assets: headroom, merit order and limits of zones, beside reading once.

Assets are in 4,000 zones, with three priorities and costs to the µ¤; a third of what there is gets
asked for. *Reading* sums every column that the activation needs in one pass of machine code; the
goal is three times that for headroom and merit order together. Times are CPU time of one thread,
the least of many calls after compilation. The reference is numpy: the same headroom, a sort by
priority and cost, and running sums; its answer must be ours. Growth is the time per asset at a
tenth of them, as a multiple. Run ``python benchmarks/activation.py``; ``--quick`` for 10⁵ assets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.scheduling.activation.columns import NOTHING_DUE, Assets, Direction, Limits
from gridpact.scheduling.activation.events import FrequencyDeviation, SetPoint
from gridpact.scheduling.activation.reserve import Terms, answer, prepare, without
from gridpact.scheduling.activation.split import Call, Rule, activate, headroom
from gridpact.scheduling.fleet.machine_code import machine_code
from timing import least_seconds

ASSETS, ZONES, SUSTAINED_S, GOAL = 1_000_000, 4000, 900, 3.0
UP = Direction.UP


def assets_of(count: int) -> Assets:
    """Draw batteries and cars, sorted by zone."""
    draw = stream(1, "activation", count)
    least, most = -draw.integers(0, 10_000, count), draw.integers(0, 11_000, count)
    return Assets(
        power_w=np.clip(draw.integers(-7000, 7000, count), least, most),
        least_w=least,
        most_w=most,
        up_wh=draw.integers(0, 60_000, count),
        down_wh=draw.integers(0, 60_000, count),
        up_cost=draw.integers(0, 300_000, count),
        down_cost=draw.integers(0, 300_000, count),
        priority=draw.integers(0, 3, count),
        zone=np.sort(draw.integers(0, ZONES, count)),
        due_s=np.full(count, NOTHING_DUE),
    )


def limits_of(assets: Assets, room: Ints, share: int) -> Limits:
    """Limits that bind in every ``share``-th zone, where 70 % of its headroom fits."""
    there = np.zeros(ZONES, np.int64)
    np.add.at(there, assets.zone, room)
    free = np.where(np.arange(ZONES) % share == 0, there * 7 // 10, there)
    return Limits(np.full(ZONES, -1), free, free)


@machine_code
def total(values: Ints) -> int:
    """Sum a column."""
    found = 0
    for value in values:
        found += value
    return found


def read(assets: Assets, zones: bool) -> int:
    """Read every column that an upward activation needs."""
    columns = [assets.power_w, assets.least_w, assets.up_wh, assets.up_cost, assets.priority]
    return sum(total(column) for column in (*columns, *([assets.zone] if zones else [])))


def sorted_answer(assets: Assets, amount: int) -> Ints:
    """Divide in merit order by sorting; equals at the margin give in the order of rows."""
    room = np.minimum(assets.power_w - assets.least_w, assets.up_wh * 3600 // SUSTAINED_S)
    order = np.lexsort((assets.up_cost, assets.priority))
    before = np.cumsum(room[order]) - room[order]
    given = np.empty(len(room), np.int64)
    given[order] = np.clip(amount - before, 0, room[order])
    return given


def milliseconds(call: Callable[[], object], repeats: int = 30) -> float:
    """Least CPU time of many calls, after one that compiles."""
    return 1000 * least_seconds(call, repeats)


def check(assets: Assets, amount: int) -> None:
    """Compare ours with the sorted answer: equal but for equals at the margin."""
    ours = activate(assets, Call(UP, amount, SUSTAINED_S))
    sorting = sorted_answer(assets, amount)
    apart = ours.given_w != sorting
    assert ours.given_w.sum() == sorting.sum() == amount  # noqa: S101
    assert np.all(assets.up_cost[apart] == ours.marginal_cost)  # noqa: S101


def activations(assets: Assets) -> dict[str, float]:
    """Milliseconds of each way to answer."""
    room = headroom(assets, UP, SUSTAINED_S)
    amount = int(room.sum()) // 3
    check(assets, amount)
    some, every = limits_of(assets, room, 10), limits_of(assets, room, 1)
    nowhere = limits_of(assets, room * 2, 1)

    call = Call(UP, amount, SUSTAINED_S)

    def limited(limits: Limits, rule: Rule) -> Ints:
        return activate(assets, call, limits, rule).given_w

    return {
        "read once": milliseconds(lambda: read(assets, False)),
        "read once, zones too": milliseconds(lambda: read(assets, True)),
        "headroom": milliseconds(lambda: headroom(assets, UP, SUSTAINED_S)),
        "headroom and merit order": milliseconds(lambda: activate(assets, call)),
        "  limits of zones bind nowhere": milliseconds(lambda: limited(nowhere, Rule.MERIT_ORDER)),
        "  limits bind in 1 zone of 10": milliseconds(lambda: limited(some, Rule.MERIT_ORDER)),
        "  limits bind in all zones": milliseconds(lambda: limited(every, Rule.MERIT_ORDER), 5),
        "headroom and pro rata": milliseconds(
            lambda: activate(assets, call, rule=Rule.PRO_RATA), 5
        ),
        "numpy: headroom and sort": milliseconds(lambda: sorted_answer(assets, amount), 3),
        **reserves(assets, some, amount),
    }


def reserves(assets: Assets, limits: Limits, amount: int) -> dict[str, float]:
    """Milliseconds of answers from a reserve, and of making it."""
    terms = Terms(begin=0, end=900, sustained_s=SUSTAINED_S, primary_w=amount // 10)
    reserve = prepare(assets, limits, terms)
    return {
        "reserve: make": milliseconds(lambda: prepare(assets, limits, terms), 1),
        "reserve: without a lost asset": milliseconds(lambda: without(reserve, [5]), 3),
        "reserve: answer a set-point": milliseconds(lambda: answer(SetPoint(4, amount), reserve)),
        "reserve: answer the frequency": milliseconds(
            lambda: answer(FrequencyDeviation(4, -87), reserve)
        ),
    }


def main() -> None:
    count = ASSETS // 10 if "--quick" in sys.argv else ASSETS
    found, smaller = activations(assets_of(count)), activations(assets_of(count // 10))
    print(f"CPU ms for {count:,} assets in {ZONES:,} zones\n")
    print(f"{'':32} {'ms':>9} {'× reading':>10} {'growth':>8}")
    for name, spent in found.items():
        zones = "limits" in name or "zones" in name or "reserve" in name
        base = found["read once, zones too" if zones else "read once"]
        print(f"{name:32} {spent:9.2f} {spent / base:10.2f} {smaller[name] * 10 / spent:8.2f}")
    ratio = found["headroom and merit order"] / found["read once"]
    print(f"\nheadroom and merit order: {ratio:.2f} times reading once (goal {GOAL:.0f})")


if __name__ == "__main__":
    main()
