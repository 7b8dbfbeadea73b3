"""Power profiles to instructions, and back.

In each slot an asset may be told something unless its last instruction is less than the *dwell*
ago. With D the asset's *dead-band*, p the profile's power, h the power held and E the energy owed
so far, the sum of (p − h) · step:

- the *target* is p plus what makes up for E within the slot, at most D away from p, on the same
  side of rest as p and within the rated power;
- the target is told where the asset has to turn or stop, where it is D or more away from h, or
  where holding h would bring |E| above both D · step and its value so far;
- else p is told where it is more than D away from h, and otherwise nothing.

It follows, slot by slot, outside the dwell:

1. |p − h| ≤ D, and h = 0 where p = 0;
2. |E| ≤ max(|E before|, D · step): the target lies between p and what makes up for E, p
   leaves E as it is, and h is held only where this is true.

Some slots are *exact*: there, h is p, whatever the dwell, and E stays as it is.

Within the dwell |E| grows by no more than |p − h| · step. So at the end of every slot |E| is
at most D · step (or what was owed at the start, if more) plus the sum of |p − h| · step over the
slots in which the dwell forbade an instruction.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints, magnitude
from gridpact.scheduling.diaries.derivation_kernel import Bands, Begun, Pace, follow
from gridpact.scheduling.diaries.instructions import (
    NEVER,
    Instructions,
    Standing,
    powers_after,
    verbs_between,
)

MOST_W = 10**12
"""Power of one asset; what it owes then fits 64 bits for many years."""
PPM = 1_000_000


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When a change is worth an instruction.

    The dead-band is the larger of ``deadband_w`` and ``deadband_ppm`` of the rated power, and at
    least 1 W. Two instructions of an asset are never closer than ``dwell_s``.
    """

    deadband_w: int = 100
    deadband_ppm: int = 20_000
    dwell_s: int = 0

    def __post_init__(self) -> None:
        if min(self.deadband_w, self.deadband_ppm, self.dwell_s) < 0 or self.deadband_ppm > PPM:
            raise ValueError(f"dead-band and dwell are not negative, shares at most 1: {self}")
        if self.deadband_w > MOST_W:
            raise ValueError(f"a dead-band of {self.deadband_w} W is more than any power")

    def deadband(self, rated: Rated) -> Ints:
        """Dead-band of each asset [assets], W; a share is rounded up."""
        most = np.maximum(
            *(_columns(one).max(1, initial=0) for one in (rated.charge_w, rated.supply_w))
        )
        share = -(-most * self.deadband_ppm // PPM)
        return np.asarray(np.maximum(share, max(self.deadband_w, 1)))


class Rated(msgspec.Struct, frozen=True):
    """Most power each way, ≥ 0: int64 [assets], or [assets, slots] where it varies, W."""

    charge_w: Ints
    supply_w: Ints


class Timing(NamedTuple):
    """Slots of a window in which the rule does not count.

    Those that begin before ``free_from`` [s since the epoch] are past: what is in force stays. Of
    the others, in so many as ``exact_until`` [assets] says from the window's first on, each change
    of the power is told.
    """

    free_from: int = NEVER
    exact_until: Ints | None = None


class Derived(msgspec.Struct, frozen=True):
    """Instructions of a window, and what assets do when it ends."""

    instructions: Instructions
    standing: Standing


def watts(energy_wh: Floats | Ints, step_s: int) -> Ints:
    """Mean power of energies per slot, to the nearest W (ties to even); signs stay."""
    return np.rint(np.asarray(energy_wh, np.float64) * (3600 / step_s)).astype(np.int64)


def derive(
    power_w: Ints,
    slots: Slots,
    rated: Rated,
    rule: Rule,
    standing: Standing | None = None,
    timing: Timing | None = None,
) -> Derived:
    """Derive the instructions of a window from power profiles.

    Parameters
    ----------
    power_w : int64 [assets, slots]
        Net power, positive = charging.
    slots, rated, rule
        The window, what assets can do, and when a change is worth an instruction.
    standing : Standing, optional
        What assets do when the window begins; without it they rest.
    timing : Timing, optional
        Slots in which nothing is told any more, or each change; without it there are none.

    Raises
    ------
    ValueError
        Where shapes do not fit or a power is beyond :data:`MOST_W`.
    """
    assets = len(power_w)
    before = Standing.at_rest(assets) if standing is None else standing
    _check(power_w, slots, rated, before)
    begun = Begun(before.power_w.copy(), before.changed_s.copy(), before.owed_ws.copy())
    free_from, exact = timing or Timing()
    exact = np.zeros(assets, np.int64) if exact is None else exact
    bands = Bands(rule.deadband(rated), *_alike(rated), exact)
    held = np.empty(power_w.shape, np.int64)
    pace = Pace(slots.start, slots.step, rule.dwell_s, free_from)
    follow(np.ascontiguousarray(power_w), bands, pace, begun, held)
    after = Standing(power_w=begun.power, changed_s=begun.changed, owed_ws=begun.owed)
    return Derived(changes(held, slots, before), after)


def changes(held_w: Ints, slots: Slots, standing: Standing) -> Instructions:
    """Return an instruction for every change of the power held [assets, slots], however small."""
    before = np.concatenate([standing.power_w[:, None], held_w[:, :-1]], axis=1)
    row, slot = np.nonzero(held_w != before)
    after = held_w[row, slot]
    return Instructions(
        row.astype(np.int64),
        slots.start + slots.step * slot.astype(np.int64),
        verbs_between(before[row, slot], after),
        np.abs(after),
    )


def power(instructions: Instructions, slots: Slots, standing: Standing) -> Ints:
    """Return the power that instructions hold in each slot [assets, slots], W.

    Entries before the window count, later ones do not. Raises ValueError where one within the
    window does not stand at the beginning of a slot.
    """
    due = instructions.of(instructions.at_s < slots.end)
    place, rest = np.divmod(due.at_s - slots.start, slots.step)
    if np.any(rest[place >= 0]):
        raise ValueError("an instruction does not stand at the beginning of a slot")
    last = np.full((len(standing.power_w), slots.count), -1)
    if slots.count:
        last[due.row, np.maximum(place, 0)] = np.arange(len(due))
    last = np.maximum.accumulate(last, axis=1)
    if not len(due):
        return np.broadcast_to(standing.power_w[:, None], last.shape).copy()
    after = powers_after(due, standing)
    return np.where(last >= 0, after[last], standing.power_w[:, None])


def _columns(values: Ints) -> Ints:
    return values[:, None] if values.ndim == 1 else values


def _alike(rated: Rated) -> tuple[Ints, Ints]:
    """Return both ways [assets, 1], or both [assets, slots]."""
    charge, supply = np.broadcast_arrays(_columns(rated.charge_w), _columns(rated.supply_w))
    return np.ascontiguousarray(charge), np.ascontiguousarray(supply)


def _check(power_w: Ints, slots: Slots, rated: Rated, standing: Standing) -> None:
    assets = len(power_w)
    if power_w.dtype != np.int64 or power_w.shape != (assets, slots.count):
        raise ValueError(f"power is int64 [assets, {slots.count}]: {power_w.shape}")
    for values in (rated.charge_w, rated.supply_w):
        if values.shape not in ((assets,), power_w.shape) or np.any(values < 0):
            raise ValueError(f"rated power is not negative, of {assets} assets: {values.shape}")
    if any(len(column) != assets for column in (standing.power_w, standing.changed_s)):
        raise ValueError(f"the standing is not that of {assets} assets")
    largest = max(map(magnitude, (power_w, rated.charge_w, rated.supply_w, standing.power_w)))
    if largest > MOST_W:
        raise ValueError(f"{largest} W is beyond {MOST_W} W")
