"""Limits that operators stated during a run, and how far zones went over them."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.app.record import Record
from gridpact.registry.model import Community
from gridpact.scheduling.messages import NeedStated
from gridpact.scheduling.needs.model import Group, Need
from gridpact.scheduling.standing.places import Places
from gridpact.supervision.caps import cap_of
from gridpact.supervision.messages import LimitExceeded


class StatedLimit(msgspec.Struct, frozen=True):
    """A limit by the ``need`` that states it, of ``owner``, on ``zone``, or on several together.

    Of a group that is no zone, ``zone`` says what it goes by, such as ``kind car``.

    It was the tightest limit there in ``slots_over`` slots in which more was carried, in all by
    ``over_wh``.
    """

    need: str
    owner: str
    zone: str
    slots_over: int
    over_wh: int


def stated_limits(record: Record, community: Community, ends: int) -> tuple[StatedLimit, ...]:
    """Return every limit that was stated, with what went over it in slots before ``ends``."""
    over = _over(record, ends)
    places, found = Places(community), {}
    for message in record.all(NeedStated):
        cap = cap_of(places, message.need, 0)
        if cap is None or message.id in found:
            continue
        slots, energy = over.get(message.id, (0, 0))
        zone = ", ".join(community.zones.ids[row] for row in cap.zones) or group_words(cap.need)
        found[message.id] = StatedLimit(message.id, cap.need.owner, zone, slots, energy)
    return tuple(found.values())


def group_words(need: Need) -> str:
    """Words for a group that is no zone, such as ``kind car``."""
    subject = need.subject
    return f"{subject.by} {', '.join(subject.names)}" if isinstance(subject, Group) else ""


def _over(record: Record, ends: int) -> dict[str, tuple[int, int]]:
    """Slots and Wh over the limit of each need."""
    found: dict[str, tuple[int, int]] = {}
    for alarm in record.all(LimitExceeded):
        if alarm.slot >= ends:
            continue
        for need, above in _above(alarm):
            slots, energy = found.get(need, (0, 0))
            found[need] = slots + 1, energy + above
    return found


def _above(alarm: LimitExceeded) -> list[tuple[str, int]]:
    """Each limit that was stated and exceeded, with the Wh above it."""
    above = (np.abs(alarm.energy_wh) - np.abs(alarm.limit_wh)).tolist()
    of_one = zip(alarm.needs, above, strict=False)
    return [
        *((need, energy) for need, energy in of_one if need),
        *((one.need, abs(one.energy_wh) - abs(one.limit_wh)) for one in alarm.together),
    ]
