"""Whether one more need would fit in a session, asked before it is stated."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gridpact.app.needs.acting import Seen
from gridpact.app.needs.reading import message_of
from gridpact.app.schedules.explaining import session_site
from gridpact.app.schedules.posing import Gathered, name_of
from gridpact.scheduling.explanation.room_for import room_for
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.messages import NeedFault, NeedRefused, StateNeed
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.places import Places


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one more need fits beside those there are, and why not.

    It was asked of a session's plan, ``made`` at an instant [s since the epoch].
    ``refused`` says why a run could not take it at all. ``aside`` counts needs that are in a
    conflict already, and were left aside to tell.
    """

    title: str
    session: str
    made: int
    timezone: str
    need: Need
    fits: bool
    sentences: tuple[str, ...] = ()
    aside: int = 0
    refused: tuple[NeedFault, ...] = ()


def fit(was: Gathered, sentence: str, owner: str | None, now: int | None = None) -> Fit:
    """Tell whether a need that somebody may state would fit beside all others.

    ``sentence`` is one, or a need as JSON; its dates are read at ``now`` [s since the epoch], by
    default when the plan was made. Raises BadInput with every fault of it.
    """
    places, at = Places(was.community), was.at if now is None else now
    message = message_of(sentence, owner, Seen(was.community, at, was.book))
    need, refused = _taken(places, was.book, message, at)
    told = Fit(
        title=was.community.name,
        session=name_of(was.solved),
        made=was.at,
        timezone=was.community.timezone,
        need=need,
        fits=False,
        refused=refused,
    )
    if refused:
        return told
    asked = session_site(places, was, () if need in was.book.needs else (need,))
    own = [one for one in asked.needs if one.id.split("/")[0] == need.id]
    found = room_for(asked.site, [one for one in asked.needs if one not in own], own)
    return replace(
        told,
        fits=found.fits,
        sentences=() if found.fits else words(found.why, asked.site, message.by),
        aside=len(found.aside),
    )


class _Taken(NamedTuple):
    """A need as the book would have it, or why it is refused."""

    need: Need
    refused: tuple[NeedFault, ...]


def _taken(places: Places, book: Book, message: StateNeed, at: int) -> _Taken:
    """Put a need into the book as a run would."""
    book, answer = desk.take(places, book, message, at)
    if isinstance(answer, NeedRefused):
        return _Taken(message.need, answer.faults)
    name = getattr(answer, "id", "")
    return _Taken(next(one for one in book.needs if one.id == name), ())
