"""Why a session's plan could not keep everything, as one party may know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from gridpact.app.needs.late import Late
from gridpact.app.needs.words import in_words
from gridpact.app.schedules.door import door
from gridpact.app.schedules.given_up import given_up
from gridpact.app.schedules.held_words import held_words
from gridpact.app.schedules.next_plans import Ahead, solved
from gridpact.app.schedules.posing import Gathered, name_of
from gridpact.app.schedules.unexplained import unexplained
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.activation.holding import hold
from gridpact.scheduling.community.site import SessionSite, site_of
from gridpact.scheduling.explanation.audience import seen_by
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.explanation.model import Explanation
from gridpact.scheduling.explanation.words import words
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.spelling import known_as, listed, nearest
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.unheld import unheld_notes


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one party is told of a session, whose plan was ``made`` at an instant [s since epoch].

    With ``begins`` it is told of the plan that comes after it, in force from that instant on.
    ``holds``: nothing that the party may know of is missed. ``explanation`` is cut to what it may
    see. ``bare`` are sentences on what the plan misses that no need explains.
    """

    title: str
    session: str
    made: int
    timezone: str
    party: str
    holds: bool
    sentences: tuple[str, ...]
    bare: tuple[str, ...]
    explanation: Explanation
    begins: int = 0


def told_ahead(next_plans: Ahead, late: Sequence[Late], party: str | None) -> Told:
    """Explain the plans that a run makes next to a party: the last that misses anything.

    The first where none does; there is one at least. Raises BadInput as :func:`told` does.
    """
    found = [
        replace(told(solved(one), late, party, next_plans.at), begins=one.solved.window.start)
        for one in next_plans.plans
    ]
    missing = [one for one in found if not one.holds]
    return (missing or found[:1])[-1]


def told(was: Gathered, late: Sequence[Late], party: str | None, now: int | None = None) -> Told:
    """Explain a session to a party; None is the community's operator.

    ``late`` are needs that came too late for any plan. What is proposed would be taken at ``now``
    [s since the epoch], by default when the plan was made.

    Raises BadInput where there is no such party.
    """
    places = Places(was.community)
    party = known_party(places, party or was.community.parties.operator, "--for")
    asked = session_site(places, was)
    accepts = door(places, was.book, now or was.at)
    whole = explain(asked.site, asked.needs, joint=False, accepts=accepts)
    whole = replace(whole, joint=given_up(was, asked.needs, whole))
    explanation = seen_by(whole, asked.site, party)
    bare = (
        *_late(was, late, places, party),
        *unexplained(was, places, asked, whole, party),
    )
    return Told(
        title=was.community.name,
        session=name_of(was.solved),
        made=was.at,
        timezone=was.community.timezone,
        party=party,
        holds=not (explanation.conflicts or explanation.unbound or bare or _misses(explanation)),
        sentences=(*words(whole, asked.site, party), *held_words(was, places, party)),
        bare=bare,
        explanation=explanation,
    )


def _misses(explanation: Explanation) -> bool:
    """Whether a plan gives up anything that the party may know of."""
    return explanation.joint is not None and bool(explanation.joint.parts)


def known_party(places: Places, party: str, option: str) -> str:
    """Return a party of a community; BadInput naming some where it has no such one."""
    if (named := known_as(party, places.parties)) is not None:
        return named
    near = nearest(party, sorted(places.parties))
    fix = f"write {near}" if near else f"name one of {listed(places.community.members.ids)}"
    problem = f"there is no party {party[:80]!r}"
    raise BadInput([Fault("arguments", 0, option, problem, fix)])


def session_site(places: Places, was: Gathered, more: tuple[Need, ...] = ()) -> SessionSite:
    """Return the site of a session, with ``more`` needs beside those that stand.

    Set-points that activations hold, or that owners decided, are no choice of anybody's there.
    """
    problem, held = was.bare.problem, was.bare.held
    if held is not None:
        problem, _ = hold(problem, held)
    standing = (*was.book.needs, *was.whole.contracts, *more)
    return site_of(places, problem, was.bare.needs, standing, was.whole.past)


def _late(was: Gathered, late: Sequence[Late], places: Places, party: str) -> Iterator[str]:
    """Say which needs came too late for any plan, on the day that a plan is for."""
    calendar = was.community.calendar
    day = calendar.date_of(was.solved.window.start)
    for one in late:
        if calendar.date_of(one.unheld.begin) == day and (
            party == one.need.owner or places.directory.spans_all(party)
        ):
            (note,) = unheld_notes([one.unheld], places.timezone)
            yield f"{in_words(one.need, places.timezone)} ({one.need.id}) came too late: {note}."
