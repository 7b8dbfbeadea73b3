"""Diaries of 10⁵ assets over 96 slots, derived and compared with the revision before.

Profiles are those of batteries, cars and heat: stretches of equal power, a few W of noise, a rate
that changes now and then; for the next revision one asset in five is planned anew. *Derive* is from
power to instructions, *compare* from two revisions to the next one, *read back* from instructions
to power. References, run beside: the rule written out in plain Python for a hundredth of the
assets, entry by entry, and numpy alone, which cannot hold energy but finds where power changes by
more than the dead-band; what they find is checked. Times are CPU time of one thread, the least of
a few calls after compilation; growth is the time per asset as a multiple of that at a tenth of
them. Run ``python benchmarks/diaries.py``; ``--quick`` for 10⁴ assets.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.diaries.derivation import Rated, Rule, derive, power
from gridpact.scheduling.diaries.difference import Change, difference, first_diaries
from gridpact.scheduling.diaries.instructions import Standing
from timing import least_seconds

ASSETS, SLOTS, STEP, RATED_W, GOAL_S = 100_000, 96, 900, 7400, 2.0
RULE = Rule(deadband_w=150, deadband_ppm=0, dwell_s=900)
BEGIN = 1_776_895_200 // STEP * STEP


class Case(NamedTuple):
    """Profiles of two revisions [assets, slots], W."""

    first: Ints
    second: Ints


def profiles(count: int, name: str) -> Ints:
    """Draw power: each asset rests, charges and supplies in stretches of about two hours."""
    draw = stream(1, "diaries", name, count)
    level = draw.choice([0, 0, 0, 3700, 7400, 2300, -3000, -5000], (count, SLOTS))
    starts = draw.random((count, SLOTS)) < 0.12
    starts[:, 0] = True
    last = np.maximum.accumulate(np.where(starts, np.arange(SLOTS), 0), axis=1)
    steady = np.take_along_axis(level, last, axis=1)
    return np.where(steady == 0, 0, steady + draw.integers(-40, 41, (count, SLOTS))).astype(
        np.int64
    )


def case_of(count: int) -> Case:
    first = profiles(count, "first")
    again = np.arange(count) % 5 == 0
    return Case(first, np.where(again[:, None], profiles(count, "second"), first))


def rated(count: int) -> Rated:
    return Rated(np.full(count, RATED_W), np.full(count, RATED_W))


def plain(wanted: list[int]) -> list[tuple[int, int]]:
    """Slot and power of the instructions of one asset, by the rule as the page tells it."""
    band, now, owed, told = RULE.deadband_w, 0, 0, []
    for slot, watts in enumerate(wanted):
        target = watts + max(-band, min(band, int(owed / STEP)))
        if watts > 0:
            target = min(max(target, 0), max(RATED_W, watts))
        elif watts < 0:
            target = max(min(target, 0), min(-RATED_W, watts))
        else:
            target = 0
        turns = now != 0 and now * watts <= 0
        drifts = abs(owed + (watts - now) * STEP) > max(abs(owed), band * STEP)
        if not (turns or drifts or abs(target - now) >= band):
            target = now if abs(watts - now) <= band else watts
        if target != now:
            told.append((slot, target))
            now = target
        owed += (watts - now) * STEP
    return told


def changed(wanted: Ints) -> int:
    """Count changes beyond the dead-band, by numpy alone."""
    before = np.pad(wanted, ((0, 0), (1, 0)))[:, :-1]
    row, slot = np.nonzero(np.abs(wanted - before) > RULE.deadband_w)
    return int(np.stack([row, slot, wanted[row, slot]]).shape[1])


def check(case: Case, slots: Slots) -> None:
    """Compare the instructions of some assets with those of plain Python."""
    some = case.first[:: max(len(case.first) // 200, 1)]
    found = derive(some, slots, rated(len(some)), RULE).instructions
    held = power(found, slots, Standing.at_rest(len(some)))
    for row, wanted in enumerate(some.tolist()):
        own = (found.at_s[found.row == row] - slots.start) // STEP
        assert [(slot, int(held[row, slot])) for slot in own.tolist()] == plain(wanted)  # noqa: S101
    assert np.abs(held - some).max() <= RULE.deadband_w  # noqa: S101
    owed = np.abs(np.cumsum(held - some, axis=1)).max()
    assert owed <= RULE.deadband_w  # noqa: S101


def measured(count: int) -> tuple[dict[str, float], str]:
    """Seconds of each step for so many assets, and what was found."""
    case, slots = case_of(count), Slots(BEGIN, STEP, SLOTS)
    check(case, slots)
    rest, most = Standing.at_rest(count), rated(count)
    window, now = (slots.start, slots.end), slots.start
    old = derive(case.first, slots, most, RULE).instructions
    new = derive(case.second, slots, most, RULE).instructions
    in_force = first_diaries(old, rest, window)
    found = difference(in_force, new, window, now)
    kept = int((found.change == Change.KEPT).sum())
    told = f"{len(old) / count:.1f} entries an asset, {kept / len(found.change):.0%} of them kept"
    few = case.first[: max(count // 100, 1)].tolist()
    slow = least_seconds(lambda: [plain(one) for one in few], 1)
    spent = {
        "derive": least_seconds(lambda: derive(case.second, slots, most, RULE)),
        "compare": least_seconds(lambda: difference(in_force, new, window, now)),
        "read back": least_seconds(lambda: power(new, slots, rest)),
        "numpy: changes alone": least_seconds(lambda: changed(case.second)),
        "plain Python: derive": slow * count / len(few),
    }
    return spent, told


def main() -> None:
    count = ASSETS // 10 if "--quick" in sys.argv else ASSETS
    (spent, told), (smaller, _) = measured(count), measured(count // 10)
    print(f"CPU s for {count:,} assets and {SLOTS} slots; {told}\n")
    print(f"{'':24} {'s':>8} {'× numpy':>9} {'growth':>8}")
    for name, one in spent.items():
        ratio = one / spent["numpy: changes alone"]
        print(f"{name:24} {one:8.3f} {ratio:9.2f} {one / (smaller[name] * 10):8.2f}")
    both = spent["derive"] + spent["compare"]
    goal = GOAL_S * count / ASSETS
    print(f"\nderived and compared in {both:.2f} s (goal {goal:.1f} s); ", end="")
    print(f"plain Python takes {spent['plain Python: derive'] / spent['derive']:.0f} times as long")


if __name__ == "__main__":
    main()
