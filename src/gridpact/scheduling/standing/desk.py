"""Take needs into the book, or refuse them with every fault; take them out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.kernel.messages import Message
from gridpact.scheduling.diaries.holds import Holds
from gridpact.scheduling.messages import (
    NeedFault,
    NeedRefused,
    NeedStated,
    NeedWithdrawn,
    StateNeed,
    WithdrawNeed,
)
from gridpact.scheduling.needs.book import Book, add, remove, standing
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.model import Need, kind_of
from gridpact.scheduling.needs.spelling import nearest
from gridpact.scheduling.needs.validation import faults_of
from gridpact.scheduling.standing.absence import absence_notes
from gridpact.scheduling.standing.acceptance import findings
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.precedence import notes
from gridpact.scheduling.standing.reach import reach_notes
from gridpact.scheduling.standing.unheld import unheld, unheld_notes
from gridpact.scheduling.standing.yielding import yielding_notes
from gridpact.scheduling.state import InForce
from gridpact.scheduling.together.check import Known
from gridpact.scheduling.together.refusal import refusal


class Seen(NamedTuple):
    """What else counts as a need is stated: what owners ``decided``, and ``plans`` in force.

    ``known`` are the main market's prices that are published [µ¤/kWh].
    """

    decided: Holds | None = None
    plans: Sequence[InForce] = ()
    known: Known = ()


def take(
    places: Places,
    book: Book,
    message: StateNeed,
    now: int,
    seen: Seen | None = None,
) -> tuple[Book, Message]:
    """Take a need into the book; one that already stands keeps its identifier."""
    seen = seen or Seen()
    before = _again(places, book, message.need)
    allowed = message.by == message.need.owner or places.directory.spans_all(message.by)
    if before is not None and allowed:
        return book, _stated(places, book, message.by, before, seen, now)
    after = add(book, message.need, message.by, now, places.rules)
    faults = [*_unknown(places, message), *_unbound(places, book, message.need, now)]
    if isinstance(after, tuple):
        told = {one.where for one in after if one.where.endswith(".level")}
        faults = [*after, *(one for one in faults if one.where not in told)]
    elif not faults:
        faults = _together(places, after, now, seen.known)
    if faults or isinstance(after, tuple):
        return book, _refused(message.by, "", faults)
    return after, _stated(places, after, message.by, after.needs[-1], seen, now)


def take_back(places: Places, book: Book, message: WithdrawNeed, now: int) -> tuple[Book, Message]:
    """Take a need out of the book; asked again, the answer is the same."""
    gone = book.history(message.id)
    if gone and gone[-1].need is None and gone[-1].by == message.by:
        return book, NeedWithdrawn(by=message.by, id=message.id, revision=gone[-1].number)
    after = remove(book, message.id, message.by, now, places.rules)
    if isinstance(after, tuple):
        return book, _refused(message.by, message.id, list(after))
    revision = after.versions[-1].number
    return after, NeedWithdrawn(by=message.by, id=message.id, revision=revision)


def _again(places: Places, book: Book, need: Need) -> Need | None:
    """Find the need in force that says the same."""
    subject = places.directory.settle(need.subject, need.owner)
    if isinstance(subject, Unclear):
        return None
    same = replace(need, subject=subject)
    return next((one for one in book.of(need.owner) if replace(one, id="") == same), None)


def _stated(places: Places, book: Book, by: str, need: Need, seen: Seen, now: int) -> NeedStated:
    history = book.history(need.id)
    late = unheld(places, need, seen.plans, history[-1].at, now)
    others = notes(places, need, book.needs, seen.decided, now)
    clear = [*yielding_notes(places, book, need, now), *reach_notes(places, need, book.needs, now)]
    away = absence_notes(places, need, seen.plans, now)
    return NeedStated(
        by=by,
        id=need.id,
        revision=len(history),
        need=need,
        notes=(*unheld_notes(late, places.timezone), *away, *others, *clear),
        unheld=late,
    )


def _unknown(places: Places, message: StateNeed) -> list[Fault]:
    """Refuse parties that the community does not have."""
    found = []
    for field, name in (("owner", message.need.owner), ("by", message.by)):
        if name not in places.parties and (field, name) != ("by", message.need.owner):
            near = nearest(name, places.parties)
            fix = f"write {near}" if near else "name a member of the community"
            found.append(Fault("need", 0, field, f"there is no party {name!r}", fix))
    return found


def _unbound(places: Places, book: Book, need: Need, now: int) -> list[Fault]:
    """Say why the day's plan cannot be held to a need that is sound by itself."""
    subject = places.directory.settle(need.subject, need.owner)
    if faults_of(need) or isinstance(subject, Unclear):
        return []
    name = kind_of(need)
    return [
        Fault("need", 0, f"{name}.{field}" if field else name, problem, fix)
        for field, problem, fix in findings(need, book.needs, places, now)
    ]


def _together(places: Places, after: Book, now: int, known: Known) -> list[Fault]:
    """Refuse the last need of a book that cannot hold with its owner's others."""
    new = after.needs[-1]
    others = [one for one in standing(after, now, places.timezone) if one.owner == new.owner]
    found = refusal(places, new, [one for one in others if one.id != new.id], now, known)
    return [] if found is None else [found]


def _refused(by: str, name: str, faults: list[Fault]) -> NeedRefused:
    every = dict.fromkeys(NeedFault(each.where, each.problem, each.fix) for each in faults)
    return NeedRefused(by=by, id=name, faults=tuple(every))
