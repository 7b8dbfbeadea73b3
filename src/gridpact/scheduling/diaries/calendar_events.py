"""Events of an owner's calendar: from START to STOP, the same event from revision to revision.

An event is *the same* as one of the revision before where both are of one asset and one direction
and overlap in time, the pairs that overlap longest first. It keeps its identifier, which tells when
it was first to begin, and counts up its sequence where anything changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from gridpact.base.slots import iso
from gridpact.scheduling.diaries.document import BINDING, Diary, Entry
from gridpact.scheduling.diaries.schema import instant_of

Direction: TypeAlias = Literal["charge", "supply"]
_STARTS: dict[str, Direction] = {"START CHARGE": "charge", "SUPPLY": "supply"}
_STOPS = ("STOP CHARGE", "STOP SUPPLY")


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Charging or supplying from ``begin_s`` until ``end_s`` [s since the epoch].

    ``entries`` are the entries that make it, STOP left out. It is ``carried`` where it had begun
    before the diary, ``asked`` while its owner has not answered, and ``goes_on`` where the diary
    ends before it does.
    """

    asset: str
    direction: Direction
    begin_s: int
    end_s: int
    power_w: int
    entries: tuple[Entry, ...] = ()
    carried: bool = False
    asked: bool = False
    goes_on: bool = False


class Event(msgspec.Struct, frozen=True):
    """A session in a calendar: its identifier, its revision, and when that was made."""

    uid: str
    session: Session
    sequence: int
    stamp_s: int
    cancelled: bool = False


def sessions_of(diary: Diary) -> tuple[Session, ...]:
    """Return the sessions of a diary, in order; entries that are not to be carried out are not.

    Entries of which the owner is being asked are.
    """
    end = instant_of(diary.window.end)
    found: list[Session] = []
    if diary.begin_power_w:
        direction: Direction = "charge" if diary.begin_power_w > 0 else "supply"
        begin = instant_of(diary.window.begin)
        found.append(_session(diary, direction, begin, end, carried=True))
    for entry in diary.entries:
        if entry.state == "asked" or entry.state in BINDING:
            _follow(found, diary, entry, end)
    return tuple(one for one in found if one.end_s > one.begin_s)


def _session(diary: Diary, direction: Direction, begin: int, end: int, *, carried: bool) -> Session:
    return Session(
        asset=diary.asset,
        direction=direction,
        begin_s=begin,
        end_s=end,
        power_w=abs(diary.begin_power_w) if carried else 0,
        carried=carried,
        goes_on=True,
    )


def _follow(found: list[Session], diary: Diary, entry: Entry, end: int) -> None:
    """Do what an entry says; what does not fit the state changes nothing, as on a device."""
    at, running = instant_of(entry.at), bool(found) and found[-1].goes_on
    direction = _STARTS.get(entry.verb)
    if running and (entry.verb in _STOPS or direction not in (None, found[-1].direction)):
        found[-1] = replace(found[-1], end_s=at, goes_on=False)
        running = False
    if direction is not None and not running:
        found.append(_session(diary, direction, at, end, carried=False))
        running = True
    if running and entry.verb not in _STOPS:
        last = found[-1]
        found[-1] = replace(
            last,
            power_w=last.power_w or entry.target_w,
            entries=(*last.entries, entry),
            asked=last.asked or (entry.state == "asked" and not last.entries),
        )


def revised(events: Sequence[Event], sessions: Sequence[Session], now: int) -> tuple[Event, ...]:
    """Return the events of a calendar after a new revision of one asset's diary.

    ``events`` are those of the same asset so far. Those over by ``now`` stay as they are, those
    that have begun and are gone end now, others that are gone are cancelled.
    """
    pairs = _same(events, sessions, now)
    taken = {pair.event for pair in pairs}
    kept = [one if place in taken else _gone(one, now) for place, one in enumerate(events)]
    by_session = {pair.session: pair.event for pair in pairs}
    for place, session in enumerate(sessions):
        if place in by_session:
            event = events[by_session[place]]
            kept[by_session[place]] = _renewed(event, _joined(event.session, session), now)
        else:
            _add(kept, session, events, now)
    return tuple(sorted(kept, key=lambda one: (one.session.begin_s, one.uid)))


class _Pair(NamedTuple):
    """A session and the event that it is; the longest overlap comes first."""

    overlap: int
    event: int
    session: int


def _same(events: Sequence[Event], sessions: Sequence[Session], now: int) -> list[_Pair]:
    """Pair events with sessions by how long they overlap."""
    pairs = sorted(
        _Pair(-_overlap(event.session, session), place, number)
        for place, event in enumerate(events)
        for number, session in enumerate(sessions)
        if not event.cancelled and _overlap(event.session, session) > 0
    )
    found: list[_Pair] = []
    for pair in pairs:
        if all(pair.event != one.event and pair.session != one.session for one in found):
            found.append(pair)
    return found


def _overlap(one: Session, other: Session) -> int:
    """Seconds for which two sessions of one direction are the same; 0 or less: none."""
    if (one.asset, one.direction) != (other.asset, other.direction):
        return 0
    return min(one.end_s, other.end_s) - max(one.begin_s, other.begin_s)


def _joined(before: Session, session: Session) -> Session:
    """Give a session that had begun before the diary the beginning that its event has."""
    if not session.carried or before.begin_s >= session.begin_s:
        return session
    known = {entry.at for entry in session.entries}
    earlier = [
        entry
        for entry in before.entries
        if instant_of(entry.at) < session.begin_s and entry.at not in known
    ]
    return replace(
        session,
        begin_s=before.begin_s,
        power_w=before.power_w,
        entries=(*earlier, *session.entries),
        carried=before.carried,
    )


def _renewed(event: Event, session: Session, now: int) -> Event:
    if session == event.session and not event.cancelled:
        return event
    return Event(event.uid, session, event.sequence + 1, now)


def _gone(event: Event, now: int) -> Event:
    """Return what becomes of an event that the new revision no longer has."""
    session = event.session
    if event.cancelled or session.end_s <= now:
        return event
    if session.begin_s < now:
        ended = replace(session, end_s=now, goes_on=False)
        return Event(event.uid, ended, event.sequence + 1, now)
    return Event(event.uid, session, event.sequence + 1, now, cancelled=True)


def _add(kept: list[Event], session: Session, events: Sequence[Event], now: int) -> None:
    """Add a session as a new event, or bring a cancelled one back that was to begin then.

    One that this revision alone cancels is changed once all the same: from what it was before.
    """
    uid = name = f"{session.asset}/{session.direction}/{iso(session.begin_s)}"
    places, again = {one.uid: place for place, one in enumerate(kept)}, 1
    while uid in places and not kept[places[uid]].cancelled:
        again += 1
        uid = f"{name}/{again}"
    if uid in places:
        kept[places[uid]] = _renewed(events[places[uid]], session, now)
    else:
        kept.append(Event(uid, session, 0, now))
