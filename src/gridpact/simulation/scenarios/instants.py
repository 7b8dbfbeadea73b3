"""Instants of a scenario: by the community's clock, which may skip a time or show it twice."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def local_instant(text: str, zone: ZoneInfo) -> int:
    """Return an instant such as ``2026-06-15T18:00`` [s since the epoch].

    One that ends in ``Z`` is of UTC. Raises ValueError, with a reason for people, where the
    calendar has no such day, or the clock skips that time or shows it twice.
    """
    moment = datetime.fromisoformat(text.replace(" ", "T"))
    if moment.tzinfo is not None:
        return int(moment.astimezone(UTC).timestamp())
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    early, late = first.utcoffset(), second.utcoffset()
    if early is not None and late is not None and early != late:
        often = "occurs twice" if early > late else "does not occur"
        raise ValueError(f"{text} {often} in {zone.key}: the clock changes")
    return int(first.timestamp())
