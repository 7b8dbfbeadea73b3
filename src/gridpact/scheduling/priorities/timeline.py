"""Slots with make-up slots in between, in which what is missing can be had at its level's price."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.priorities.levels import Level


class FairShares(msgspec.Struct, frozen=True):
    """What each car and each row of storage may miss at ``level`` before it becomes dearer [Wh].

    ``dearer`` is by how much, relative to the level's price. Shares of storage count after the last
    slot.
    """

    level: Level
    one_way: Floats
    storage: Floats
    dearer: float


class Timeline(msgspec.Struct, frozen=True):
    """Where slots lie once make-up slots are inserted after the slots ``points``.

    ``real`` [slots] is the new place of each slot; ``made`` [points, tiers] that of the make-up
    slots. Tier ``v`` makes up for ``level[v]``, at its price and ``dearer[v]`` of it more.
    """

    slots: int
    points: Ints
    real: Ints
    made: Ints
    level: Ints
    dearer: Floats

    @property
    def width(self) -> int:
        """All slots, make-up slots among them."""
        return self.slots + self.made.size

    @property
    def within(self) -> bool:
        """Whether there are make-up slots before the last slot has passed."""
        return len(self.points) > 1

    def spread(self, values: Floats, fill: float = 0.0) -> Floats:
        """Put values [rows, slots] in place, ``fill`` in make-up slots."""
        wide = np.full((len(values), self.width), fill)
        wide[:, self.real] = values
        return wide

    def tiers(self, level: Level) -> Ints:
        """Tiers of a level."""
        return np.flatnonzero(self.level == level)

    def begins(self, slot: Ints) -> Ints:
        """New places of slots, the end of the last one among them."""
        return np.append(self.real, self.width)[np.asarray(slot)]

    def ends(self, slot: Ints) -> Ints:
        """New places of ends of windows: right after the last slot within."""
        return np.asarray(self.real[np.asarray(slot) - 1] + 1)

    def price(self, ladder: Floats) -> Floats:
        """Price of energy in the make-up slots of one point [tiers], from that of levels."""
        return np.asarray(ladder[self.level] * (1 + self.dearer))


def timeline(slots: int, points: Ints, wishes: bool, fair: FairShares | None) -> Timeline:
    """Insert make-up slots after ``points`` (rising, the last slot last)."""
    tiers = [(Level.NEEDS, 0.0)] + ([(Level.WISHES, 0.0)] if wishes else [])
    tiers += [(fair.level, fair.dearer)] if fair is not None else []
    count, slot = len(tiers), np.arange(slots)
    real = slot + count * np.searchsorted(points, slot)
    made = real[points][:, None] + 1 + np.arange(count)
    level = np.array([level for level, _ in tiers], np.int64)
    dearer = np.array([more for _, more in tiers], np.float64)
    return Timeline(slots, points, real, made, level, dearer)
