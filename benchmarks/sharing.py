"""Speed of sharing keys: a year of quarter-hours of 1,000 members, and growth by members.

Prints, in one run:

* the CPU time of each key, the four French, the two Spanish and that of a contract, over that of
  bare NumPy: the same arithmetic in exact integers with the same way to find the largest
  remainders, by the best of some sizes of chunk, without any check of its input and without what
  the key refuses;
* growth of the time for a member and slot from 1,000 to 100,000 members, or to a million, and bare
  NumPy's beside it; all sizes are of the same number of member-slots, more than a cache holds, as
  those of a year are: a few slots of few members, taken again and again, would never leave it.

The full dynamic key has coefficients for each of two producers, and so twice the work of others.
Results are asserted equal, Wh by Wh. Energy is drawn for a month and repeated over the year, so
that memory holds it. Run ``python benchmarks/sharing.py``; ``--quick`` for a month and growth to
30,000 members, ``--large`` for growth to a million.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.units import Bools, Ints
from gridpact.settlement.sharing.keys import (
    Claims,
    DefaultDynamic,
    FullDynamic,
    Key,
    Owned,
    Static,
    share,
)
from timing import least_seconds, median_seconds

WHOLE = 1_000_000
CHUNKS = (32, 96, 128, 256, 672)
YEAR = 35_040
MOST = 1.5
ROUNDS = 2
PRODUCERS = 2
"""Of a full dynamic key."""


def drawn(members: int, slots: int) -> tuple[Ints, Ints]:
    """Surplus of a fifth of the members by day and need of all, int64 [members, slots]."""
    draw = stream(7, "benchmark.sharing", members)
    part = min(slots, 2_976)
    need = draw.integers(0, 900, (members, part))
    sun = np.maximum(np.sin(np.arange(part) * 2 * np.pi / 96), 0)
    surplus = (draw.integers(0, 4_000, (members, part)) * sun).astype(np.int64)
    surplus[draw.permutation(members) % 5 > 0] = 0
    need[surplus > 0] = 0
    times = -(-slots // part)
    return np.tile(surplus, times)[:, :slots], np.tile(need, times)[:, :slots]


def divided(total: Ints, weights: Ints) -> Ints:
    """Divide each column by largest remainder, without any check."""
    whole = np.maximum(weights.sum(axis=0), 1)
    product = total * weights
    found = product // whole
    left = np.where(weights.any(axis=0), total - found.sum(axis=0), 0)
    short = np.flatnonzero(left)
    if short.size:
        rest = product[:, short] - found[:, short] * whole[short]
        found[:, short] += largest(rest, left[short])
    return np.asarray(found, dtype=np.int64)


def largest(rest: Ints, count: Ints) -> Bools:
    """Mark the largest of each column, ties to the lower row."""
    edge = np.take_along_axis(np.sort(rest, axis=0), (len(rest) - count)[None], axis=0)
    tied = rest == edge
    room = count - (rest > edge).sum(axis=0)
    return np.asarray((rest > edge) | (tied & (np.cumsum(tied, axis=0) <= room)), dtype=np.bool_)


def pro_rata(surplus: Ints, need: Ints, _: Ints) -> tuple[Ints, Ints]:
    """Default dynamic by hand."""
    shared = np.minimum(surplus.sum(axis=0), need.sum(axis=0))
    return divided(shared, need), divided(shared, surplus)


def fixed(surplus: Ints, need: Ints, ppm: Ints) -> tuple[Ints, Ints]:
    """Static or simple dynamic by hand."""
    received = np.minimum(pooled(surplus.sum(axis=0), ppm), need)
    return received, divided(received.sum(axis=0), surplus)


def pooled(total: Ints, ppm: Ints) -> Ints:
    """Divide by coefficients whose rest is nobody's."""
    return divided(total, np.concatenate([ppm, WHOLE - ppm.sum(axis=0, keepdims=True)]))[:-1]


def owned(surplus: Ints, need: Ints, ppm: Ints) -> tuple[Ints, Ints]:
    """Owners' coefficients by hand, with what they keep."""
    received = divided(surplus.sum(axis=0), ppm)
    return received, np.maximum(received - need, 0)


def claimed(surplus: Ints, need: Ints, claim: Ints) -> tuple[Ints, Ints]:
    """Claims by hand."""
    return pro_rata(surplus, np.minimum(claim, need), claim)


def by_owner(rows: Ints, surplus: Ints, need: Ints, ppm: Ints) -> tuple[Ints, Ints]:
    """Full dynamic by hand: ppm [producers, members, slots] of the producers in some rows."""
    entitled = np.stack([pooled(surplus[row], own) for row, own in zip(rows, ppm, strict=True)])
    met = np.minimum(entitled.sum(axis=0), need)
    gifts = divided(met.reshape(-1), entitled.reshape(len(rows), met.size)).reshape(entitled.shape)
    given = np.zeros_like(surplus)
    given[rows] = gifts.sum(axis=1)
    return np.asarray(gifts.sum(axis=0), dtype=np.int64), given


ByHand = Callable[[Ints, Ints, Ints], tuple[Ints, Ints]]


def in_chunks(by_hand: ByHand, arrays: tuple[Ints, Ints, Ints], step: int) -> tuple[Ints, Ints]:
    """Work on some slots at a time."""
    first, second = np.empty_like(arrays[0]), np.empty_like(arrays[0])
    for begin in range(0, first.shape[1], step):
        part = slice(begin, begin + step)
        surplus, need, more = (each[..., part] for each in arrays)
        first[:, part], second[:, part] = by_hand(surplus, need, more)
    return first, second


def coefficients(members: int, slots: int, name: int = 0) -> Ints:
    """Coefficients that differ from slot to slot and add up to the whole."""
    draw = stream(8, "benchmark.sharing", members, name).integers(0, 100, (members, 96))
    ppm = draw * WHOLE // draw.sum(axis=0)
    ppm[0] += WHOLE - ppm.sum(axis=0)
    return np.tile(ppm, -(-slots // 96))[:, :slots]


def keys_of(surplus: Ints, need: Ints) -> Iterator[tuple[str, Key, ByHand, Ints]]:
    """Keys, the same by hand, and what they have beside surplus and need, one after another."""
    yield "default dynamic", DefaultDynamic(), pro_rata, need
    ppm = coefficients(*need.shape)
    fixed_ppm = np.ascontiguousarray(ppm[:, 0])
    same = np.broadcast_to(fixed_ppm[:, None], need.shape)
    yield "static", Static(fixed_ppm), fixed, same
    yield "simple dynamic", Static(ppm), fixed, ppm
    rows = np.flatnonzero(surplus.any(axis=1))[:PRODUCERS]
    members, slots = need.shape
    each = np.stack([coefficients(members, slots, 1 + at) for at in range(len(rows))])
    yield "full dynamic", FullDynamic(rows, each), partial(by_owner, rows), each
    del each
    yield "Spanish, fixed", Owned(fixed_ppm), owned, same
    yield "Spanish, by the hour", Owned(ppm), owned, ppm
    claim = need // 2 + 50
    yield "claims of a contract", Claims(claim), claimed, claim


def against_numpy(members: int, slots: int, rounds: int) -> None:
    """Print the ratio of every key."""
    surplus, need = drawn(members, slots)
    print(f"{members:,} members × {slots:,} slots, CPU time")
    for name, key, by_hand, more in keys_of(surplus, need):
        arrays = (surplus, need, more)
        few = (surplus[:, :2_016], need[:, :2_016], more[..., :2_016])
        tried = [partial(in_chunks, by_hand, few, step) for step in CHUNKS]
        step = CHUNKS[int(np.argmin(median_seconds(tried, 2)))]
        check(key, arrays, in_chunks(by_hand, arrays, step))
        works = (partial(share, key, surplus, need), partial(in_chunks, by_hand, arrays, step))
        ours, bare = median_seconds(works, rounds)
        speed = members * slots / ours / 1e6
        print(
            f"  {name:<21} {ours:7.2f} s  bare NumPy {bare:7.2f} s (chunks of {step:>3})"
            f"  {speed:5.1f} M member-slots/s  ratio {ours / bare:.2f}   (at most {MOST})"
        )


def check(key: Key, arrays: tuple[Ints, Ints, Ints], by_hand: tuple[Ints, Ints]) -> None:
    """Compare Wh by Wh."""
    found = share(key, arrays[0], arrays[1])
    second = found.kept_wh if isinstance(key, Owned) else found.out_wh
    if second is None or not np.array_equal(found.in_wh, by_hand[0]):
        raise SystemExit("members receive something else than by hand")
    if not np.array_equal(second, by_hand[1]):
        raise SystemExit("members give or keep something else than by hand")


def growth(sizes: tuple[int, ...], cells: int) -> None:
    """Print the time that keys take for a member and slot, by members, beside bare NumPy.

    All sizes have as many members times slots, none of which a cache holds.
    """
    print(f"growth over {cells:,} member-slots: CPU time of one [ns], by members (bare NumPy's)")
    print(" " * 23 + "".join(f"{members:>15,}" for members in sizes) + "   last to first")
    found: dict[str, list[tuple[float, float]]] = {}
    for members in sizes:
        slots = max(cells // members, 1)
        surplus, need = drawn(members, slots)
        for name, key, by_hand, more in keys_of(surplus, need):
            ours = least_seconds(partial(share, key, surplus, need), ROUNDS)
            bare = _by_hand(by_hand, (surplus, need, more))
            each = (1e9 * took / members / slots for took in (ours, bare))
            found.setdefault(name, []).append((next(each), next(each)))
    for name, times in found.items():
        told = "".join(f"{f'{ours:.0f} ({bare:.0f})':>15}" for ours, bare in times)
        rates = [last / first for first, last in zip(times[0], times[-1], strict=True)]
        print(f"  {name:<21}{told}   {rates[0]:.2f} ({rates[1]:.2f})")


def _by_hand(by_hand: ByHand, arrays: tuple[Ints, Ints, Ints]) -> float:
    """Least time [s] of bare NumPy by the best of some sizes of chunk for so many members."""
    members = len(arrays[0])
    steps = sorted({max((1 << power) // members, 1) for power in (17, 19, 21)})
    few = [each[..., : max(steps)] for each in arrays]
    tried = [partial(in_chunks, by_hand, (few[0], few[1], few[2]), step) for step in steps]
    step = steps[int(np.argmin(median_seconds(tried, 2)))]
    return least_seconds(partial(in_chunks, by_hand, arrays, step), ROUNDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a month instead of a year")
    parser.add_argument("--large", action="store_true", help="growth to a million members")
    options = parser.parse_args()
    against_numpy(1_000, 2_976 if options.quick else YEAR, 3)
    sizes = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    cells = 960_000 if options.quick else 96_000_000 if options.large else 19_200_000
    growth(sizes if options.large else sizes[: 4 if options.quick else 5], cells)


if __name__ == "__main__":
    main()
