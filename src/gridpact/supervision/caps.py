"""Limits on groups that operators state during a run, and the tightest limits of each slot.

A cap on several zones limits what they carry together, as it binds in schedules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.needs.model import Direction, Need, PowerCap
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.places import Places

UNLIMITED = -1


class Cap(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cap on ``zones`` together (rows, none within another) from ``since`` on [s].

    Or on ``homes`` (rows of members) by where they are connected, or on ``assets`` that store
    (rows), each group together.
    """

    need: PowerCap
    zones: tuple[int, ...]
    since: int
    homes: tuple[int, ...] = ()
    assets: tuple[int, ...] = ()


class Tightest(NamedTuple):
    """The tightest limit of each zone in a slot [zones] Wh, -1 for none.

    ``cap`` [zones] is the place of the cap that it is, -1 where it is the zone's own limit.
    """

    most_wh: Ints
    cap: Ints


class Total(NamedTuple):
    """A limit of several together (rows) in a slot, that of the cap in place ``cap``."""

    rows: tuple[int, ...]
    most_wh: int
    cap: int


def cap_of(places: Places, need: Need | None, since: int) -> Cap | None:
    """Return what an operator's need caps; None where it is no cap on a group, or only wished."""
    if not isinstance(need, PowerCap) or not places.shared(need) or need.level is Level.WISHES:
        return None
    zones, homes = places.zones(need), places.homes(need)
    if zones is None and homes is None:
        stores = places.storage
        rows = tuple(stores[one.id] for one in places.assets(need) if one.id in stores)
        return Cap(need, (), since, assets=rows) if rows else None
    return Cap(need, places.outermost(zones or ()), since, homes or ()) if zones or homes else None


def stated(caps: Sequence[Cap], new: Cap) -> tuple[Cap, ...]:
    """Return caps with another; one that is stated again stands as it stood."""
    if any(one.need == new.need for one in caps):
        return tuple(caps)
    return (*(one for one in caps if one.need.id != new.need.id), new)


def tightest(
    places: Places, own_wh: Ints, caps: Sequence[Cap], direction: Direction, slot: int
) -> Tightest:
    """Find the tightest of zones' own limits [zones] Wh and of the caps on each in a slot.

    A cap holds in slots that begin once it stands and that its window touches. Of equal ones the
    zone's own limit counts, then the cap that was stated first.
    """
    most, by = own_wh.copy(), np.full(own_wh.size, -1, np.int64)
    for one in holding(places, caps, direction, slot):
        row = one.rows[0]
        if len(one.rows) == 1 and (most[row] == UNLIMITED or one.most_wh < most[row]):
            most[row], by[row] = one.most_wh, one.cap
    return Tightest(most, by)


def totals(places: Places, caps: Sequence[Cap], direction: Direction, slot: int) -> list[Total]:
    """Find the tightest caps on several zones together that hold in a slot, one for the same zones.

    Of equal ones that counts which was stated first.
    """
    found: dict[tuple[int, ...], Total] = {}
    for one in holding(places, caps, direction, slot):
        known = found.get(one.rows)
        if len(one.rows) > 1 and (known is None or one.most_wh < known.most_wh):
            found[one.rows] = one
    return list(found.values())


def holding(
    places: Places, caps: Sequence[Cap], direction: Direction, slot: int, group: str = "zones"
) -> Iterator[Total]:
    """Yield the caps on a kind of group that hold in a slot, with their energy in it."""
    window = Slots(slot, places.step_s, 1)
    for place, cap in enumerate(caps):
        rows: tuple[int, ...] = getattr(cap, group)
        if not rows or cap.need.direction is not direction or slot < cap.since:
            continue
        if any(first < end for first, end in places.touched(cap.need.window, window)):
            yield Total(rows, cap.need.most_w * places.step_s // 3600, place)
