"""Instants as people write them: by a community's clock, or with an offset from UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SHAPE = "2026-06-15T13:00"


def parse(text: str) -> datetime:
    """Read an instant of ISO 8601, with or without an offset from UTC.

    Raises ValueError, with a reason for people, for anything else and for fractions of a second.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no instant such as {SHAPE}") from None
    if len(text.strip()) <= len("2026-06-15"):
        raise ValueError(f"{text!r} has no time of day: write it as {SHAPE}")
    if found.microsecond:
        raise ValueError(f"{text[:40]!r} is not a whole second")
    return found


def epoch(moment: datetime, timezone: str) -> int:
    """Return an instant in seconds since the epoch; one without offset is by the local clock.

    Raises ValueError where the local clock skips that time, or shows it twice.
    """
    if moment.tzinfo is not None:
        return int(moment.timestamp())
    zone = ZoneInfo(timezone)
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return int(first.timestamp())
    there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if there != moment:
        raise ValueError(f"{moment.isoformat()} does not exist in {timezone}: clocks skip it")
    offsets = " or ".join(_offset(each) for each in (first, second))
    raise ValueError(f"{moment.isoformat()} comes twice in {timezone}: add {offsets} to it")


def _offset(moment: datetime) -> str:
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def instant(text: str, timezone: str) -> int:
    """Read an instant [s since the epoch]; ValueError with a reason for people."""
    return epoch(parse(text), timezone)


def local(at: int, timezone: str) -> str:
    """Write an instant [s since the epoch] by the local clock, such as ``2026-06-15T13:00``.

    With its offset from UTC where the clock shows that time twice, and with seconds where it has
    some, so that :func:`instant` reads exactly it back.
    """
    moment = datetime.fromtimestamp(at, ZoneInfo(timezone))
    text = moment.replace(tzinfo=None).isoformat(timespec="auto" if at % 60 else "minutes")
    again = (moment.replace(fold=fold).utcoffset() for fold in (0, 1))
    return text if len(set(again)) == 1 else text + _offset(moment)
