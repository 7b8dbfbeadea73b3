"""Which sessions there are for a slot, and which of them an order is for."""

from __future__ import annotations

from gridpact.market.gates import day_ahead, intraday
from gridpact.market.messages import Session
from gridpact.registry.model import Community


def sessions_for(community: Community, slot_start: int) -> list[Session]:
    """Every session that trades the slot at an instant [s since the epoch], by gate."""
    day = community.calendar.date_of(slot_start)
    rules = community.market
    planned = [
        day_ahead(rules, community.calendar, day),
        *intraday(rules, community.calendar, day),
    ]
    trading = [each for each in planned if _trades(each, slot_start)]
    return sorted(trading, key=lambda session: session.gate)


def _trades(session: Session, slot_start: int) -> bool:
    window = session.window
    return window.start <= slot_start < window.end


def suits(community: Community, slot_start: int, now: int) -> Session | None:
    """The session for an order: that of the open ones whose gate closes first.

    Where none is open, the one that opens next, or else the last that was open; None where no
    session ever trades the slot.
    """
    sessions = sessions_for(community, slot_start)
    left = [each for each in sessions if each.gate > now] or sessions[-1:]
    return left[0] if left else None
