"""Explain why not all needs can be kept, and what would do instead.

First what clashes about single assets, in closed form. Then phase 1 over all: limits that must be
missed, with the prices that prove it. For each part of the grid in which something must be missed,
a minimal conflict by QuickXplain over needs and limits as they were stated, not over rows, and for
each of its members how far that one alone would have to give. What gives is then tried as it would
be eased, under all limits that it has to live with: what clashes even so is told as well. Last what
is given up together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.explanation.further import Further, Round, even_so, settled
from gridpact.scheduling.explanation.joint import joint_relaxation
from gridpact.scheduling.explanation.members import (
    FEW,
    burdens,
    heaviest,
    in_order,
    merged,
    pressing,
)
from gridpact.scheduling.explanation.model import (
    Burden,
    Conflict,
    Explanation,
    Joint,
    Member,
    Standing,
)
from gridpact.scheduling.explanation.own_conflicts import own_conflicts
from gridpact.scheduling.explanation.quickxplain import minimal_conflict
from gridpact.scheduling.explanation.relaxations import proposals
from gridpact.scheduling.explanation.scope import cut, inside, scopes
from gridpact.scheduling.explanation.trial import Accepts, Trial, Verdict, anything
from gridpact.scheduling.fleet.columns import per_slot
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.model import Need, kind_of

MOST = 8
"""Conflicts of one part of the grid that are told, where no proposal settles all of them."""
SHOWN = 10
"""Assets that are ranked."""
IN_THE_WAY = 0.01
"""Part of the price of a kWh missed from which a limit's price counts."""


def explain(
    site: Site,
    needs: Sequence[Need],
    *,
    joint: bool = True,
    offers: bool = True,
    accepts: Accepts = anything,
) -> Explanation:
    """Explain why needs cannot all be kept at a site; an empty explanation where they can.

    Needs have identifiers. Soft ones are left out: they may be missed. ``joint``: also find what
    is least given up together, which solves by levels. ``offers``: also find what each member of
    a conflict in a part of the grid may offer. ``accepts`` says what may be offered at all.

    Raises
    ------
    BadInput
        What is wrong with the fleet without any need, and needs that no identifier tells apart.
    """
    refuse_faults(site.fleet, site.prices)
    _refuse_unnamed(needs)
    trial, asked = Trial(site, accepts=accepts), [need for need in needs if need.hard]
    first = _round(trial, asked, offers)
    found = Further(first.conflicts, first.own.unbound, complete=not first.conflicts, checks=0)
    if offers and first.conflicts:
        found = even_so(trial, asked, first, lambda eased: _round(trial, eased, offers))
    together = None
    if joint and not (first.verdict.fits and all(one.round == 0 for one in found.conflicts)):
        together = _together(trial.site, asked, first, found)
    return Explanation(
        conflicts=found.conflicts,
        joint=together,
        unbound=found.unbound,
        checks=trial.checks + first.checks + found.checks,
        complete=found.complete,
    )


def _round(trial: Trial, needs: Sequence[Need], offers: bool) -> Round:
    """Conflicts about single assets, and of what they leave, by part of the grid."""
    own = own_conflicts(trial, needs)
    verdict = trial.verdict(own.rest, closely=True)
    found = [] if verdict.fits else _by_part(trial, own.rest, verdict, offers)
    parts = [conflict for part, _ in found for conflict in part]
    return Round(
        own,
        verdict,
        conflicts=(*own.conflicts, *parts),
        cut_off=any(len(part) == MOST and not _settles(part[-1]) for part, _ in found),
        checks=sum(checks for _, checks in found),
    )


def _together(site: Site, asked: Sequence[Need], first: Round, found: Further) -> Joint:
    """What is least given up beside what single assets' needs give in any case."""
    unbound = {one.need.id for one in found.unbound}
    bindable = [need for need in asked if need.id not in unbound]
    left = settled(bindable, found.conflicts[: len(first.own.conflicts)])
    stated = {need.id: need for need in bindable}
    known = None if first.verdict.fits else first.verdict.solution
    joint = joint_relaxation(site, left, known)
    giving = {one.need for one in joint.parts}
    members = [need for one in found.conflicts for each in one.members for need in each.needs]
    return replace(
        joint,
        eased=tuple(need for need in left if need != stated[need.id]),
        without=tuple(sorted(stated.keys() - {need.id for need in left})),
        kept=tuple(need for need in left if need in members and need.id not in giving),
    )


def _refuse_unnamed(needs: Sequence[Need]) -> None:
    count = Counter(need.id for need in needs)
    faults = [
        Fault("need", 0, name or kind_of(need), "has no identifier of its own", "put it in a book")
        for need in needs
        if count[name := need.id] > 1 or not name
    ]
    if faults:
        raise BadInput(faults)


def _by_part(
    trial: Trial, needs: Sequence[Need], verdict: Verdict, offers: bool
) -> list[tuple[list[Conflict], int]]:
    """Conflicts of each part of the grid that has some by itself; else those of the whole.

    With the solves of each part, those of the trial left out.
    """
    site, found = trial.site, list[tuple[list[Conflict], int]]()
    taken = np.zeros(len(site.fleet.zones.parent), np.bool_)
    missed = verdict.solution.missed if verdict.solution is not None else ()
    for zones in scopes(verdict.bound.fleet, missed):
        if (zones & taken).any() or zones.all():
            continue
        part = Trial(cut(site, zones), accepts=trial.accepts)
        own = inside(verdict.bound, needs, site, zones)
        alone = part.verdict(own, closely=True)
        if not alone.fits:
            together = _one_by_one(part, own, alone, offers)
            found.append((together, part.checks))
            taken |= zones
    return found or [(_one_by_one(trial, needs, verdict, offers), 0)]


def _one_by_one(
    trial: Trial, needs: Sequence[Need], verdict: Verdict, offers: bool
) -> list[Conflict]:
    """Conflicts of a part until what is proposed would settle all, leaving out what gives first.

    Without offers it is the first alone.
    """
    found = list[Conflict]()
    while not verdict.fits and len(found) < MOST:
        found.append(_conflict(trial, needs, verdict, offers))
        if not offers or _settles(found[-1]):
            break
        gone = {need.id for need in found[-1].members[0].needs}
        needs = [need for need in needs if need.id not in gone]
        verdict = trial.verdict(needs, closely=True)
    return found


def _settles(conflict: Conflict) -> bool:
    return any(one.settles for one in conflict.proposals)


def _conflict(trial: Trial, needs: Sequence[Need], verdict: Verdict, offers: bool) -> Conflict:
    """The minimal conflict of all needs of a part."""
    weight, limits = dict[tuple[str, int], float](), dict[str, float]()
    if verdict.solution is not None:
        weight = burdens(verdict.bound, verdict.solution)
        limits = pressing(needs, verdict.bound, verdict.solution)
    order = in_order(needs, verdict.bound, weight, limits)
    members = _opened(trial, minimal_conflict(merged(order), lambda some: _clash(trial, some)))
    clashing = [need for member in members for need in member.needs]
    own = verdict if len(clashing) == len(needs) else trial.verdict(clashing, closely=True)
    trial.begin_near(verdict)
    found = proposals(trial, needs, members, verdict.missing_wh) if offers else ()
    return Conflict(
        zones=tuple(sorted(trial.site.zones)),
        members=members,
        proposals=tuple(found),
        missing_wh=own.missing_wh,
        standing=_standing(trial.site, own),
        burdens=_ranked(trial.site, weight),
    )


def _clash(trial: Trial, members: Sequence[Member]) -> bool:
    return not trial.fits([need for member in members for need in member.needs])


def _opened(trial: Trial, members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Look into members of many needs: those that matter most may do for all of them."""
    found = list(members)
    for at, member in enumerate(members):
        fewer = [*found[:at], heaviest(member), *found[at + 1 :]]
        if len(fewer[at].needs) < len(member.needs) and _clash(trial, fewer):
            found = fewer
    single = [Member((need,)) for member in found for need in member.needs]
    if len(single) in (len(found), 0) or len(single) > FEW:
        return tuple(found)
    return minimal_conflict(single, lambda some: _clash(trial, some))


def _standing(site: Site, verdict: Verdict) -> tuple[Standing, ...]:
    """Limits of zones that the prices say are in the way, where no need has lowered them."""
    if verdict.solution is None:
        return ()
    zones, prices, found = site.fleet.zones, verdict.solution.prices, []
    for way, column, price in (
        ("take", "import_limit_w", prices.imports),
        ("give", "export_limit_w", prices.exports),
    ):
        given, now = (
            per_slot(getattr(table, column), len(zones.parent), site.fleet.slots)
            for table in (zones, verdict.bound.fleet.zones)
        )
        binding = (price > IN_THE_WAY * verdict.solution.penalty) & (now == given)
        for name, row in site.zones.items():
            if binding[row].any():
                found.append(Standing(name, way, float(given[row, binding[row]].min())))
    return tuple(sorted(found))


def _ranked(site: Site, weight: dict[tuple[str, int], float]) -> tuple[Burden, ...]:
    names = {place: name for name, place in site.places.items()}
    order = sorted(weight.items(), key=lambda one: (-one[1], one[0]))
    named = [Burden(names[place], wh) for place, wh in order if place in names and wh > 0]
    return tuple(named[:SHOWN])
