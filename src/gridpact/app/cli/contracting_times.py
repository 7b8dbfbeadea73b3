"""Instants and durations as options of the command line."""

from __future__ import annotations

import re
from datetime import datetime

import click

from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed

_DURATION = re.compile(r"([0-9.]+) *([a-z]+)")


def moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Read an instant of ISO 8601 with its offset; return seconds since the epoch."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no instant such as 2026-07-01T00:00Z") from error
    if found.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no offset from UTC: end it with Z or +02:00")
    if found.microsecond:
        raise click.BadParameter(f"{text!r} is not a whole second")
    return int(found.timestamp())


def length(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Read a duration with its unit; return seconds."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    try:
        seconds, unit, _currency = amounts.parse(match[1], match[2]) if match else (0, "", "")
    except IllFormed as error:
        raise click.BadParameter(str(error)) from error
    if unit != "s" or seconds <= 0:
        raise click.BadParameter(f"{text!r} is no duration such as '15 min', '1 h' or '30 d'")
    return seconds
