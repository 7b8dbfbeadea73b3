"""Why a session takes no orders at an instant, and which one to turn to, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gridpact.base.slots import iso
from gridpact.market.gates import day_ahead, find_session, intraday
from gridpact.market.messages import Session
from gridpact.registry.model import Community


class When(NamedTuple):
    """When an order came [s since the epoch], and the last local day that the run is about.

    Of either nothing is said where it is not known: -1 and "".
    """

    now: int = -1
    last_day: str = ""


def clock(instant: int, community: Community) -> str:
    """Write an instant [s since the epoch] as the community's clocks show it."""
    try:
        local = datetime.fromtimestamp(instant, ZoneInfo(community.timezone))
    except (OverflowError, OSError, ValueError):
        return iso(instant)
    return local.strftime("%Y-%m-%dT%H:%M")


def why_closed(name: str, community: Community, when: When, slot_start: int | None) -> str:
    """Say why a session takes no order, or takes none back where ``slot_start`` is None."""
    session = find_session(community.market, community.calendar, name)
    if session is None:
        return f"there is no session {name!r}; name one such as 2026-06-15.day-ahead"
    if when.last_day and session.day > when.last_day:
        last = f"the last day of this run is {when.last_day}"
        return f"{name} never opens: {last}; choose a slot before its end"
    opens, gate = (clock(at, community) for at in _span(session, community))
    if 0 <= session.gate <= when.now:
        closed = f"the gate of {name} closed at {gate}"
        if slot_start is None:
            return f"{closed}; since then nothing can be taken back"
        return f"{closed}; {_instead(session, community, when, slot_start)}"
    if 0 <= when.now < _span(session, community)[0]:
        then = f"{name} opens at {opens} and takes orders until its gate closes at {gate}"
        return then if slot_start is None else f"{then}; place the order then"
    return f"{name} takes orders from {opens} until its gate closes at {gate}"


def _span(session: Session, community: Community) -> tuple[int, int]:
    """When a session opens and when its gate closes [s since the epoch]."""
    return session.gate - community.market.opens_s, session.gate


def _instead(session: Session, community: Community, when: When, slot_start: int) -> str:
    """Name the session that is still to come for a slot, where there is one."""
    left = [each for each in _of_day(session.day, community) if each.gate > when.now]
    found = [each for each in left if each.window.start <= slot_start < each.window.end]
    if not found:
        return "no later session trades this slot"
    following = min(found, key=lambda each: each.gate)
    opens, gate = _span(following, community)
    if opens > when.now:
        return f"place the order in {following.id}, which opens at {clock(opens, community)}"
    return f"place the order in {following.id}, until {clock(gate, community)}"


def _of_day(day: str, community: Community) -> Iterator[Session]:
    rules, calendar = community.market, community.calendar
    yield day_ahead(rules, calendar, date.fromisoformat(day))
    yield from intraday(rules, calendar, date.fromisoformat(day))
