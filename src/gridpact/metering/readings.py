"""Readings as columns: what interval meters counted, how each value came to be, what displays show.

One row is a channel: one register of one metering point. Energy is int64 Wh per slot; a slot
without a value is ``MISSING`` and holds 0, which is never taken for a measured zero.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.slots import Slots
from gridpact.base.units import Ints

Register: TypeAlias = Literal["withdrawal", "injection"]
Marks: TypeAlias = NDArray[np.int8]
Rules: TypeAlias = NDArray[np.int16]


class Quality(IntEnum):
    """How a slot's value came to be, from nothing known to put in by hand."""

    MISSING = 0
    MEASURED = 1
    SUSPECT = 2
    ESTIMATED = 3
    EDITED = 4


class Channel(msgspec.Struct, frozen=True, order=True):
    """One register of a metering point; what is withdrawn and injected are counted apart."""

    point: str
    register: Register = "withdrawal"


class Intervals(msgspec.Struct, frozen=True):
    """Energy of channels on slots, with how each value came to be.

    ``wh`` int64, ``quality`` int8 (:class:`Quality`) and ``rule`` int16 are [channels, slots];
    ``rule`` is a row of ``rules``, whose first is the empty name: nothing but the meter set it.
    """

    channels: tuple[Channel, ...]
    slots: Slots
    wh: Ints
    quality: Marks
    rule: Rules
    rules: tuple[str, ...] = ("",)


class Displays(msgspec.Struct, frozen=True):
    """What meters' displays showed, in the order of channels and instants, shape [displays].

    ``channel`` is a row of ``channels``; ``at_s`` [s since the epoch], ``reading_wh`` the whole
    register. ``meter`` names the device, so that a register which begins anew with another device
    is an exchange and not a loss. The display is the legal basis of a bill: the intervals between
    two readings of one device add up to their difference.
    """

    channels: tuple[Channel, ...]
    channel: Ints
    at_s: Ints
    reading_wh: Ints
    meter: tuple[str, ...]

    def only(self, chosen: NDArray[np.bool_]) -> Displays:
        """Return the displays that are chosen, bool [displays]; the channels stay."""
        columns = (self.channel[chosen], self.at_s[chosen], self.reading_wh[chosen])
        meter = tuple(self.meter[row] for row in np.flatnonzero(chosen).tolist())
        return Displays(self.channels, *columns, meter)


def no_displays(channels: tuple[Channel, ...]) -> Displays:
    """Displays of channels of which none was read."""
    none = np.zeros(0, np.int64)
    return Displays(channels, none, none, none, ())


class Readings(msgspec.Struct, frozen=True):
    """What one file or device told: intervals, displays, or both, and where they came from.

    ``source`` names the file or device, ``digest`` is the SHA-256 of what was read (hex).
    """

    source: str
    digest: str
    intervals: Intervals
    displays: Displays
