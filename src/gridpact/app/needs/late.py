"""Needs of a run that came too late for any plan, and what they miss."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.app.record import Record
from gridpact.scheduling.messages import NeedStated, NeedWithdrawn, Unheld
from gridpact.scheduling.needs.model import Need


class Late(NamedTuple):
    """A need that stood before any plan knew it, and what the plan in force then missed."""

    need: Need
    unheld: Unheld


def late_needs(record: Record, by: int | None = None) -> list[Late]:
    """Return what needs came too late for, in the order in which they were stated.

    What was withdrawn before it began counts no more; stated again, a need counts once. What was
    stated after ``by`` [s since the epoch] is left out.
    """
    gone = {
        kept.message.id: kept.time
        for kept in record.kept(NeedWithdrawn)
        if isinstance(kept.message, NeedWithdrawn)
    }
    found: dict[tuple[str, int], Late] = {}
    for kept in record.kept(NeedStated):
        message = kept.message
        assert isinstance(message, NeedStated)  # noqa: S101 - narrows the type
        if message.need is None or (by is not None and kept.time > by):
            continue
        for one in message.unheld:
            if gone.get(message.id, one.until) >= one.until:
                found.setdefault((message.id, one.until), Late(message.need, one))
    return list(found.values())
