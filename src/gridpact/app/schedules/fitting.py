"""Whether one more need would fit, asked before it is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gridpact.app.needs.acting import Seen
from gridpact.app.needs.reading import message_of
from gridpact.app.orders.instants import local
from gridpact.app.schedules.door import door
from gridpact.app.schedules.explaining import session_site
from gridpact.app.schedules.next_plans import Ahead
from gridpact.app.schedules.posing import Gathered, name_of
from gridpact.scheduling.explanation.room_for import Room, room_for
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.messages import NeedFault, NeedRefused, StateNeed
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.clock import instants, stretches
from gridpact.scheduling.needs.model import (
    Cycles,
    HotWater,
    Intervention,
    Need,
    RunRest,
    StateOfCharge,
)
from gridpact.scheduling.standing import desk
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.unheld import unheld_notes
from gridpact.scheduling.state import InForce


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one more need fits beside those there are, and why not.

    It was asked of a session's plan, ``made`` at an instant [s since the epoch]; or of the plan
    that comes after it, in force from ``begins`` on, 0 where that was not asked. ``refused`` says
    why a run could not take it at all. ``aside`` counts needs that are in a conflict already, and
    were left aside to tell. ``notes`` say what no plan can or does look at.
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
    begins: int = 0
    notes: tuple[str, ...] = ()


def fit(was: Gathered, sentence: str, owner: str | None, now: int | None = None) -> Fit:
    """Tell whether a need that somebody may state would fit in a plan that was made.

    ``sentence`` is one, or a need as JSON; its dates are read at ``now`` [s since the epoch], by
    default when the plan was made. Raises BadInput with every fault of it.
    """
    return _fit([was], (), (sentence, owner), was.at if now is None else now)


def fit_ahead(next_plans: Ahead, sentence: str, owner: str | None, now: int) -> Fit:
    """Tell whether a need fits in every plan that a run makes next, and is not due before them.

    There is one at least. Raises BadInput as :func:`fit` does.
    """
    found = _fit(next_plans.plans, next_plans.in_force, (sentence, owner), now)
    starts = {name_of(one.solved): one.solved.window.start for one in next_plans.plans}
    return replace(found, begins=starts[found.session])


def _fit(
    plans: Sequence[Gathered],
    in_force: Sequence[InForce],
    asked: tuple[str, str | None],
    now: int,
) -> Fit:
    """Tell of the first plan in which the need does not fit, else of the first that it is about."""
    first = plans[0]
    places = Places(first.community)
    message = message_of(*asked, Seen(first.community, now, first.book))
    taken = _taken(places, first.book, message, now, in_force)
    if taken.refused:
        return _told(first, taken.need, refused=taken.refused)
    tried = [_tried(places, was, taken.need, now) for was in plans]
    about = [one for one in tried if one.about]
    chosen = next((one for one in about if not one.room.fits), (about or tried)[0])
    return _told(
        chosen.was,
        taken.need,
        fits=chosen.room.fits and not taken.late,
        sentences=() if chosen.room.fits else words(chosen.room.why, chosen.site, message.by),
        aside=len(chosen.room.aside),
        notes=(*taken.late, *_notes(tried, places.timezone)),
    )


def _told(was: Gathered, need: Need, **found: object) -> Fit:
    told = Fit(
        title=was.community.name,
        session=name_of(was.solved),
        made=was.at,
        timezone=was.community.timezone,
        need=need,
        fits=False,
    )
    return replace(told, **found)


class _Tried(NamedTuple):
    """What became of a need in one plan; ``about``: the plan looks at all it asks for, or part."""

    was: Gathered
    site: Site
    room: Room
    about: bool


def _tried(places: Places, was: Gathered, need: Need, now: int) -> _Tried:
    asked = session_site(places, was, () if need in was.book.needs else (need,))
    own = [one for one in asked.needs if one.id.split("/")[0] == need.id]
    others = [one for one in asked.needs if one not in own]
    found = room_for(asked.site, others, own, door(places, was.book, now))
    return _Tried(was, asked.site, found, _is_about(need, asked.site))


def _is_about(need: Need, site: Site) -> bool:
    """Whether a need asks for anything within a horizon."""
    span = (site.start, site.end, site.timezone)
    match need:
        case StateOfCharge(at=at) | HotWater(at=at):
            return any(instants(at, *span))
        case Intervention(begin=begin, end=end):
            return begin < site.end and site.start < end
        case Cycles() | RunRest():
            return True
    return any(stretches(need.window, *span))


def _notes(tried: list[_Tried], timezone: str) -> Iterator[str]:
    """Say that no plan looks at what is asked yet."""
    if not any(one.about for one in tried):
        until = local(max(one.site.end for one in tried), timezone)
        yield f"no plan looks beyond {until} yet, so it was not tried"


class _Taken(NamedTuple):
    """A need as the book would have it, what it comes too late for, or why it is refused."""

    need: Need
    refused: tuple[NeedFault, ...] = ()
    late: tuple[str, ...] = ()


def _taken(
    places: Places, book: Book, message: StateNeed, at: int, in_force: Sequence[InForce]
) -> _Taken:
    """Put a need into the book as a run would."""
    book, answer = desk.take(places, book, message, at, desk.Seen(plans=in_force))
    if isinstance(answer, NeedRefused):
        return _Taken(message.need, answer.faults)
    name, late = getattr(answer, "id", ""), getattr(answer, "unheld", ())
    need = next(one for one in book.needs if one.id == name)
    return _Taken(need, late=tuple(unheld_notes(late, places.timezone)))
