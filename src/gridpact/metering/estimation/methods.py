"""Methods of estimation as values; a slot keeps the name of the one that filled it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class DisplayProfile(msgspec.Struct, frozen=True, tag="display-profile.v1", tag_field="method"):
    """What two displays say was counted, less what is known, spread over the profile of a day.

    The profile is the channel's mean per slot of the local day in ``timezone``, of measured slots;
    without any it is flat. Slots that a sum against displays made doubtful keep their shape. The
    shares are whole Wh by largest remainder, so the intervals add up to the displays' difference.
    ``register_wh`` and ``points`` are what registers count to, as in the rule of roll-over.
    """

    timezone: str = "UTC"
    register_wh: int = 0
    points: dict[str, int] = {}


class Linear(msgspec.Struct, frozen=True, tag="linear.v1", tag_field="method"):
    """A straight line across a gap of at most ``hours`` between two known slots.

    Two hours: across more, a line cuts off the peaks of a morning or an evening.
    """

    hours: int = 2


class SimilarDay(msgspec.Struct, frozen=True, tag="similar-day.v1", tag_field="method"):
    """The mean of the same time of day on the nearest days alike, rounded half to even.

    Alike are working days, Saturdays, and Sundays, by the calendar of ``timezone``; public
    holidays are not known. Of the days at most ``within_days`` before or after, the nearest
    ``days`` with a measured value count (of two as near, the earlier first), and one is enough.
    """

    timezone: str = "UTC"
    days: int = 4
    within_days: int = 28


Method: TypeAlias = DisplayProfile | Linear | SimilarDay

DEFAULT_METHODS: tuple[Method, ...] = (DisplayProfile(), Linear(), SimilarDay())
"""Displays first, since bills go by them; then what is short, then what is left."""


def name_of(method: Method) -> str:
    """Name and version of a method, such as ``linear.v1``."""
    return str(method.__struct_config__.tag)
