"""What a plan misses that its explanation says nothing of, in sentences for one party."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.app.orders.instants import local
from gridpact.app.schedules.posing import Gathered, problem_of
from gridpact.app.schedules.view import MissedView, amount, missed_views
from gridpact.scheduling.community.site import SessionSite
from gridpact.scheduling.contracted.naming import whole_name
from gridpact.scheduling.explanation.model import Explanation
from gridpact.scheduling.explanation.trial import Trial
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.standing.places import Places

_OF_WISHES = ("wished-state", "wished-power", "wished-run", "wished-sum", "soft")
_OF_NEEDS = ("sum", "unbound", *_OF_WISHES)
"""Kinds of what is missed that are about needs alone."""


def unexplained(
    was: Gathered, places: Places, asked: SessionSite, whole: Explanation, party: str
) -> Iterator[str]:
    """Say what the plan misses that is about no conflict, and no part of what it gives up.

    ``whole`` explains all that is ``asked`` in the session, what the plan gives up with it.
    """
    names = _told_of(whole)
    about = {
        asset for need in asked.needs if whole_name(need.id) in names for asset in _of(places, need)
    }
    yield from _needs_missed(was, places, names, party)
    for one in missed_views(problem_of(was)):
        if one.kind in _OF_NEEDS:
            continue
        asset = places.directory.by_id.get(one.name)
        if asset is None:
            if not whole.conflicts and places.directory.spans_all(party):
                yield _limit(one, places.timezone)
        elif one.name not in about:
            owner = places.directory.assets[asset].owner
            if party == owner or places.directory.spans_all(party):
                yield _asset(one, asked, places.timezone)


def _told_of(whole: Explanation) -> set[str]:
    """Names of needs that the explanation tells of, and of what the plan gives up of them."""
    told = {need.id for one in whole.conflicts for own in one.members for need in own.needs}
    told |= {one.need.id for one in whole.unbound}
    if whole.conflicts and whole.joint is not None:  # else nothing is said of it
        told |= {one.need for one in whole.joint.parts}
    return told | {whole_name(name) for name in told}


def _needs_missed(was: Gathered, places: Places, told_of: set[str], party: str) -> Iterator[str]:
    """Say which needs the plan misses that the explanation says nothing of."""
    owner = {whole_name(need.id): need.owner for need in (*was.book.needs, *was.whole.contracts)}
    for one in missed_views(problem_of(was)):
        own = {owner.get(need, "") for need in one.needs}
        if one.kind not in _OF_NEEDS or told_of & set(one.needs):
            continue
        if own <= {party} or places.directory.spans_all(party):
            missing = "cannot be held to as things are"
            if one.kind != "unbound":
                since = local(one.start, places.timezone)
                missing = f"is missed by {amount(one, places.community.currency)} from {since} on"
            yield f"{listed(one.needs)} {missing}."


def _of(places: Places, need: Need) -> Iterator[str]:
    """Assets that a need is about one by one."""
    if not places.directory.spans_all(need.owner):
        yield from (asset.id for asset in places.assets(need))


def _asset(one: MissedView, asked: SessionSite, timezone: str) -> str:
    behind = f", because of {listed(one.needs)}" if one.needs else ""
    own = [need for need in asked.needs if whole_name(need.id) in one.needs]
    why = ", as not all that is asked can be had"
    if not Trial(asked.site).fits(own):  # what else is asked has nothing to do with it
        why = f", whatever is done{behind}"
    if one.kind == "run":
        return f"{one.name} does not run: no start is left for it{why}."
    since = local(one.start, timezone)
    missing = f"{one.missing_wh / 1000:.3f} kWh"
    return f"{one.name} is off its bounds by {missing} from {since} on{why}."


def _limit(one: MissedView, timezone: str) -> str:
    side = one.kind.removeprefix("zone-")
    missing, since = f"{one.missing_wh / 1000:.3f} kWh", local(one.start, timezone)
    return f"{one.name} is above its {side} limit by {missing} from {since} on, by rounding alone."
