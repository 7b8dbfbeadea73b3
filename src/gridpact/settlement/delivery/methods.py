"""Methods of baselines as values, each named and versioned; what is uncertain is a field.

A rule book that is read otherwise than here is a value with other fields, never another formula
under the same name. All round once, to the nearest whole Wh per slot, ties to even.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class RatioAdjustment(msgspec.Struct, frozen=True):
    """Same-day adjustment by the ratio of what was measured to the baseline before an event.

    The window is from ``from_hours`` to ``to_hours`` before the event begins: 4 and 1 are the
    hours -4, -3 and -2. The ratio is held within 1 ± ``cap_ppm``; where one of the two energies
    is not positive a ratio says nothing, and there is no adjustment.
    """

    from_hours: int = 4
    to_hours: int = 1
    cap_ppm: int = 200_000


class TenOfTen(msgspec.Struct, frozen=True, tag="10-of-10.v1", tag_field="method"):
    """Mean of the last ``days`` days alike without an event, with a same-day adjustment.

    After the day-matching baseline of the California ISO. Alike are working days, and all others.
    """

    days: int = 10
    least_days: int = 5
    within_days: int = 45
    adjustment: RatioAdjustment | None = RatioAdjustment()


class HighXOfY(msgspec.Struct, frozen=True, tag="high-x-of-y.v1", tag_field="method"):
    """Mean of the ``highest`` of the last ``of`` days alike without an event.

    Days are ranked by net withdrawal in the ``rank`` hours: those of the event, or of the whole
    day; of two as high the later counts. All ``of`` days must be there.
    """

    highest: int = 5
    of: int = 10
    within_days: int = 45
    rank: Literal["event", "day"] = "event"
    adjustment: RatioAdjustment | None = None


class P376(msgspec.Struct, frozen=True, tag="p376.v1", tag_field="method"):
    """Mean of eligible days plus an additive in-day adjustment, as BL01 of Great Britain's BSC.

    Ten working days, or four others, within ``within_days``; the adjustment is the mean difference
    over ``window_minutes`` that end ``lead_minutes`` before the event. Both are this project's
    reading (gate closure is an hour ahead), not checked against the document.
    """

    working_days: int = 10
    other_days: int = 4
    within_days: int = 60
    window_minutes: int = 90
    lead_minutes: int = 60


class MeterBefore(msgspec.Struct, frozen=True, tag="mbma.v1", tag_field="method"):
    """Meter before, meter after: the mean of ``minutes`` before the event, all through it."""

    minutes: int = 15


class Nominated(msgspec.Struct, frozen=True, tag="nominated.v1", tag_field="method"):
    """What was told beforehand, such as a D-prognosis of UFTP, to the Wh as it was told."""


class ControlGroup(msgspec.Struct, frozen=True, tag="control-group.v1", tag_field="method"):
    """Withdrawal of points without the event in the same slots, scaled by past days.

    The scale is a point's net withdrawal over that of the group, both in the hours of the event on
    the last ``days`` days alike without one.
    """

    days: int = 10
    least_days: int = 5
    within_days: int = 45


Method: TypeAlias = TenOfTen | HighXOfY | P376 | MeterBefore | Nominated | ControlGroup


def name_of(method: Method) -> str:
    """Name of a method with its version, such as ``10-of-10.v1``."""
    return str(method.__struct_config__.tag)


def whole_minutes(method: Method) -> dict[str, int]:
    """Fields of a method that are lengths of whole slots, in minutes."""
    match method:
        case P376():
            return {
                "window_minutes": method.window_minutes,
                "lead_minutes": method.lead_minutes,
            }
        case MeterBefore():
            return {"minutes": method.minutes}
    return {}


METHODS: dict[str, type[Method]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (TenOfTen, HighXOfY, P376, MeterBefore, Nominated, ControlGroup)
}
