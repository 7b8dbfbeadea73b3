"""Limits on zones that operators state during a run, and the tightest limits of each slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.needs.model import Direction, Need, PowerCap
from gridpact.scheduling.standing.places import Places

UNLIMITED = -1


class Cap(msgspec.Struct, frozen=True):
    """A cap on ``zones`` (rows) that stands from ``since`` on [s since the epoch]."""

    need: PowerCap
    zones: tuple[int, ...]
    since: int


class Tightest(NamedTuple):
    """The tightest limit of each zone in a slot [zones] Wh, -1 for none.

    ``cap`` [zones] is the place of the cap that it is, -1 where it is the zone's own limit.
    """

    most_wh: Ints
    cap: Ints


def cap_of(places: Places, need: Need | None, since: int) -> Cap | None:
    """Return what a need caps; None where it is no cap on zones."""
    zones = places.zones(need) if isinstance(need, PowerCap) else None
    if not isinstance(need, PowerCap) or not zones:
        return None
    return Cap(need, tuple(zones), since)


def stated(caps: Sequence[Cap], new: Cap) -> tuple[Cap, ...]:
    """Return caps with another; one that is stated again stands as it stood."""
    if any(one.need == new.need for one in caps):
        return tuple(caps)
    return (*(one for one in caps if one.need.id != new.need.id), new)


def tightest(
    places: Places, own_wh: Ints, caps: Sequence[Cap], direction: Direction, slot: int
) -> Tightest:
    """Find the tightest of zones' own limits [zones] Wh and of the caps that hold in a slot.

    A cap holds in slots that begin once it stands and that its window touches. Of equal ones the
    zone's own limit counts, then the cap that was stated first.
    """
    most, by = own_wh.copy(), np.full(own_wh.size, -1, np.int64)
    window = Slots(slot, places.step_s, 1)
    for place, cap in enumerate(caps):
        if cap.need.direction is not direction or slot < cap.since:
            continue
        if all(first == end for first, end in places.touched(cap.need.window, window)):
            continue
        energy = cap.need.most_w * places.step_s // 3600
        rows = [row for row in cap.zones if most[row] == UNLIMITED or energy < most[row]]
        most[rows], by[rows] = energy, place
    return Tightest(most, by)
