"""What calls for regulation: a deviation of frequency, a set-point, a request.

- *Primary* (frequency containment): each device answers the frequency it measures, ``−K · Δf``,
  nothing within a dead-band, all of its share at 200 mHz and beyond.
- *Secondary* (automatic restoration): a set-point every few seconds, each replaces the last.
- *Tertiary* (manual restoration): a request that is to be full within 12.5 minutes, and to last.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.activation.columns import Direction

FULL_DEVIATION_MHZ = 200
"""Deviation at which all of the containment reserve is active in continental Europe."""
DEAD_BAND_MHZ = 10
"""Largest insensitivity and dead-band together in continental Europe."""
TERTIARY_FULL_S = 750
"""Seconds until all of a request must be active."""


class FrequencyDeviation(msgspec.Struct, frozen=True, tag="frequency-deviation"):
    """Frequency less its nominal value [mHz], measured at an instant [s since the epoch]."""

    at: int
    mhz: int


class SetPoint(msgspec.Struct, frozen=True, tag="set-point"):
    """Power asked from an instant on until the next set-point [W]; positive is up."""

    at: int
    power_w: int


class Request(msgspec.Struct, frozen=True, tag="regulation-request"):
    """Power asked [W], rising from ``at`` to all of it, then for ``lasts_s``; positive is up."""

    at: int
    power_w: int
    lasts_s: int

    @property
    def full_s(self) -> int:
        """Seconds at full power that move as much energy: those it lasts, and half its rise."""
        return self.lasts_s + TERTIARY_FULL_S // 2


Event: TypeAlias = FrequencyDeviation | SetPoint | Request
"""Anything that calls for regulation."""


class Droop(msgspec.Struct, frozen=True):
    """Share of each asset in primary regulation at full deviation, int64 [assets], W ≥ 0."""

    up_w: Ints
    down_w: Ints
    dead_band_mhz: int = DEAD_BAND_MHZ
    full_mhz: int = FULL_DEVIATION_MHZ

    def given_w(self, mhz: int) -> Ints:
        """What each asset gives at a deviation [assets], in the direction against it, W.

        ``share · min(|Δf|, full) / full`` to the nearest W, and nothing within the dead-band. A
        device needs its own row only, so a sum may be off by half a W for each.
        """
        if abs(mhz) <= self.dead_band_mhz:
            return np.zeros_like(self.up_w)
        share = self.up_w if mhz < 0 else self.down_w
        size = min(abs(mhz), self.full_mhz)
        return np.asarray((2 * share * size + self.full_mhz) // (2 * self.full_mhz))


def direction_of(event: Event) -> Direction:
    """Which way the grid needs power: up where frequency is low or the power asked is positive."""
    if isinstance(event, FrequencyDeviation):
        return Direction.UP if event.mhz < 0 else Direction.DOWN
    return Direction.UP if event.power_w >= 0 else Direction.DOWN


def asked_w(event: SetPoint | Request, instant: int) -> int:
    """Size of the power asked at an instant [s since the epoch], W.

    A request rises linearly to all of it in 12.5 minutes, rounded down.
    """
    if instant < event.at:
        return 0
    if isinstance(event, SetPoint):
        return abs(event.power_w)
    since = instant - event.at
    if since >= TERTIARY_FULL_S + event.lasts_s:
        return 0
    return abs(event.power_w) * min(since, TERTIARY_FULL_S) // TERTIARY_FULL_S
