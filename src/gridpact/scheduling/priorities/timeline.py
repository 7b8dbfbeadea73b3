"""Slots with make-up slots in between, in which what is missing can be had at its level's price."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.priorities.levels import Level

BEYOND = 0.02
"""How much dearer it is to miss more than one's fair share, relative to the level's price."""


class Timeline(msgspec.Struct, frozen=True):
    """Where slots lie once make-up slots are inserted after the slots ``points``.

    ``real`` [slots] is the new place of each slot; ``made`` [points, tiers] that of the make-up
    slots. Tier ``v`` makes up for ``level[v]``; where ``beyond[v]``, for more than fair shares.
    """

    slots: int
    points: Ints
    real: Ints
    made: Ints
    level: Ints
    beyond: Ints

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
        return np.asarray(ladder[self.level] * (1 + BEYOND * self.beyond))


def timeline(slots: int, points: Ints, wishes: bool, fair: Level | None) -> Timeline:
    """Insert make-up slots after ``points`` (rising, the last slot last)."""
    tiers = [(Level.NEEDS, 0)] + ([(Level.WISHES, 0)] if wishes else [])
    tiers += [(fair, 1)] if fair is not None else []
    count, slot = len(tiers), np.arange(slots)
    real = slot + count * np.searchsorted(points, slot)
    made = real[points][:, None] + 1 + np.arange(count)
    level = np.array([level for level, _ in tiers], np.int64)
    beyond = np.array([more for _, more in tiers], np.int64)
    return Timeline(slots, points, real, made, level, beyond)
