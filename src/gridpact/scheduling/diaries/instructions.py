"""The six instructions that a diary is made of, as columns over many assets.

Power is signed as everywhere: positive charges or draws, negative supplies. A target is a size,
never negative; the verb says which way.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.errors import Fault
from gridpact.base.slots import iso
from gridpact.base.units import Ints

Verbs: TypeAlias = NDArray[np.int8]

NEVER = -(2**60)
"""Instant of the last instruction of an asset that has had none."""


class Verb(IntEnum):
    """What an asset is told."""

    START_CHARGE = 0
    STOP_CHARGE = 1
    SUPPLY = 2
    STOP_SUPPLY = 3
    REDUCE_RATE = 4
    INCREASE_RATE = 5

    @property
    def words(self) -> str:
        """As it is written in a diary: ``START CHARGE``."""
        return self.name.replace("_", " ")


STOPS = (int(Verb.STOP_CHARGE), int(Verb.STOP_SUPPLY))
_TURNS = np.array([1, 0, -1, 0], np.int64)
"""Direction after each of the first four verbs; the other two keep it."""


class Instructions(msgspec.Struct, frozen=True):
    """Dated instructions [entries], sorted by asset and instant.

    ``row`` is the asset, ``at_s`` the instant [s since the epoch, UTC], ``verb`` a :class:`Verb`
    and ``target_w`` [W] the power from then on, 0 after a stop. Starting to charge ends supplying,
    and the other way round, without a stop in between.
    """

    row: Ints
    at_s: Ints
    verb: Verbs
    target_w: Ints

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.row)

    def of(self, chosen: NDArray[np.bool_] | Ints | slice) -> Instructions:
        """Return some of the entries."""
        return Instructions(
            self.row[chosen], self.at_s[chosen], self.verb[chosen], self.target_w[chosen]
        )

    def counts(self, assets: int) -> Ints:
        """Entries of each asset [assets]."""
        return np.bincount(self.row, minlength=assets).astype(np.int64)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What each asset does when a window begins, int64 [assets] each.

    ``power_w`` is its power by the last instruction, given at ``changed_s`` (:data:`NEVER`: none
    yet). ``owed_ws`` [W·s] is the energy by which the diary so far lags behind the profile.
    """

    power_w: Ints
    changed_s: Ints
    owed_ws: Ints

    @classmethod
    def at_rest(cls, assets: int) -> Standing:
        """Return assets that rest and have never been told anything."""
        nothing = np.zeros(assets, np.int64)
        return cls(power_w=nothing, changed_s=np.full(assets, NEVER), owed_ws=nothing)


def verbs_between(before_w: Ints, after_w: Ints) -> Verbs:
    """Return the verb that leads from one power to another, element by element.

    Equal powers give a verb, too; the caller leaves them out.
    """
    same = before_w * np.sign(after_w) > 0
    stop = np.where(before_w > 0, Verb.STOP_CHARGE, Verb.STOP_SUPPLY)
    start = np.where(after_w > 0, Verb.START_CHARGE, Verb.SUPPLY)
    larger = np.abs(after_w) > np.abs(before_w)
    rate = np.where(larger, Verb.INCREASE_RATE, Verb.REDUCE_RATE)
    return np.where(after_w == 0, stop, np.where(same, rate, start)).astype(np.int8)


def powers_after(instructions: Instructions, standing: Standing) -> Ints:
    """Return the power of the asset after each entry [entries], W.

    A rate that is reduced or increased while the asset rests leaves it at rest.
    """
    entries = np.arange(len(instructions))
    turning = instructions.verb < len(_TURNS)
    last = np.maximum.accumulate(np.where(turning, entries, -1))
    first = np.searchsorted(instructions.row, instructions.row)
    carried = np.sign(standing.power_w[instructions.row])
    turned = _TURNS[instructions.verb[last] % len(_TURNS)]
    direction = np.where(last >= first, turned, carried)
    return np.asarray(direction * instructions.target_w, np.int64)


def powers_before(instructions: Instructions, standing: Standing) -> Ints:
    """Return the power of the asset before each entry [entries], W."""
    after = powers_after(instructions, standing)
    first = np.ones(len(instructions), np.bool_)
    first[1:] = instructions.row[1:] != instructions.row[:-1]
    return np.asarray(np.where(first, standing.power_w[instructions.row], np.roll(after, 1)))


def standing_at(instructions: Instructions, standing: Standing, instant: int) -> Standing:
    """Return what assets do just before an instant if they follow the entries before it.

    What is owed is not carried on: by then it is known what devices did.
    """
    done = instructions.of(instructions.at_s < instant)
    power, changed = standing.power_w.copy(), standing.changed_s.copy()
    power[done.row] = powers_after(done, standing)  # of several the last one counts
    changed[done.row] = done.at_s
    return Standing(power_w=power, changed_s=changed, owed_ws=np.zeros_like(power))


def faults_of(
    instructions: Instructions, standing: Standing, file: str = "diary"
) -> tuple[Fault, ...]:
    """Return what is wrong with instructions that somebody else wrote, entry by entry."""
    row, at = instructions.row, instructions.at_s
    assets = len(standing.power_w)
    strange = (instructions.verb < 0) | (instructions.verb >= len(Verb))
    outside = (row < 0) | (row >= assets)
    unsorted = np.zeros(len(row), np.bool_)
    unsorted[1:] = (row[1:] < row[:-1]) | ((row[1:] == row[:-1]) & (at[1:] <= at[:-1]))
    found = [
        *_told(instructions, outside, "is about no asset", "name one that there is", file),
        *_told(instructions, strange, "has no known verb", "use one of the six", file),
        *_told(instructions, unsorted, "is not later than the one before", "sort them", file),
    ]
    if not found:
        wrong = _wrong(instructions, standing)
        found += _told(instructions, wrong, "does not say what it changes", _FIX, file)
    return tuple(found)


_FIX = "start before changing a rate, reduce to less, increase to more, stop to 0 W"


def _wrong(instructions: Instructions, standing: Standing) -> NDArray[np.bool_]:
    before, after = powers_before(instructions, standing), powers_after(instructions, standing)
    told = verbs_between(before, after) != instructions.verb
    idle = before == after
    stops = np.isin(instructions.verb, STOPS) & (instructions.target_w != 0)
    return np.asarray(told | idle | stops | (instructions.target_w < 0))


def _told(
    instructions: Instructions, wrong: NDArray[np.bool_], problem: str, fix: str, file: str
) -> list[Fault]:
    return [
        Fault(file, 0, f"asset {instructions.row[entry]}, {iso(int(at))}", problem, fix)
        for entry, at in zip(np.flatnonzero(wrong), instructions.at_s[wrong], strict=True)
    ]
