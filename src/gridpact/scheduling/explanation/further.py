"""What still clashes once conflicts are settled as proposed, under limits that they do not know of.

A need that one asset cannot keep, or that clashes in a small part of the grid, gives as little as
ends that conflict. Whether limits above it leave room for what remains is told by solving for all
again, with every conflict settled: what clashes even so is a further conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gridpact.scheduling.explanation.model import Conflict, Proposal
from gridpact.scheduling.explanation.own_conflicts import Own
from gridpact.scheduling.explanation.trial import Trial, Verdict
from gridpact.scheduling.needs.model import Need

ROUNDS = 3
"""So often is what was settled tried again: an asset, its zone, and what is above it."""


class Round(NamedTuple):
    """Conflicts of needs; of ``own`` those about single assets, ``verdict`` on all that is left.

    ``checks`` counts solves in parts of the grid.
    """

    own: Own
    verdict: Verdict
    conflicts: tuple[Conflict, ...]
    checks: int


def even_so(
    trial: Trial, asked: Sequence[Need], first: Round, again: Callable[[Sequence[Need]], Round]
) -> tuple[tuple[Conflict, ...], int]:
    """Conflicts of a first round and of those after it, and the solves in parts of the latter.

    Proposals that leave one of the conflicts told after them no longer settle all.
    """
    found, last, checks = list(first.conflicts), first, 0
    needs = _without(asked, (one.need for one in first.own.unbound))
    for _ in range(ROUNDS):
        needs = _eased(needs, last.conflicts)
        last = again(needs)
        checks += last.checks
        if not last.conflicts:
            break
        found = [_unsettled(one, last.conflicts) for one in found]
        found += [replace(one, eased=_other(_needs(one), asked)) for one in last.conflicts]
        needs = _without(needs, (one.need for one in last.own.unbound))
    if last.verdict.fits and not last.conflicts:
        found = [_checked(trial, needs, one) for one in found]
    return tuple(found), checks


def _eased(needs: Sequence[Need], conflicts: Sequence[Conflict]) -> list[Need]:
    """Needs with one member of each conflict as it is proposed; without it where nothing is."""
    found = list(needs)
    for conflict in conflicts:
        chosen = _chosen(conflict)
        member = conflict.members[0 if chosen is None else chosen.member]
        found = [*_without(found, member.needs), *(() if chosen is None else chosen.needs)]
    return found


def _chosen(conflict: Conflict) -> Proposal | None:
    """The first proposal that settles all, rather one that keeps something of the need."""
    settling = [one for one in conflict.proposals if one.settles]
    first = [one for one in settling if one.member == settling[0].member]
    return next((one for one in first if one.needs), first[0] if first else None)


def _unsettled(conflict: Conflict, later: Iterable[Conflict]) -> Conflict:
    """Say of proposals that are in a later conflict that they end theirs alone."""
    names = {need.id for one in later for need in _needs(one)}

    def holds(one: Proposal) -> bool:
        return not any(need.id in names for need in conflict.members[one.member].needs)

    return _where(conflict, holds)


def _checked(trial: Trial, settled: Sequence[Need], conflict: Conflict) -> Conflict:
    """Try what members of a conflict about one asset propose under the limits of all others."""
    if conflict.zones:
        return conflict
    own = _needs(conflict)
    others = _without(settled, own)

    def holds(one: Proposal) -> bool:
        kept = _without(own, conflict.members[one.member].needs)
        return trial.fits([*others, *kept, *one.needs])

    return _where(conflict, holds)


def _where(conflict: Conflict, holds: Callable[[Proposal], bool]) -> Conflict:
    """Say which proposals settle all; the others may be more than ends the conflict alone."""
    return replace(
        conflict,
        proposals=tuple(
            one if not one.settles or holds(one) else replace(one, settles=False, least=False)
            for one in conflict.proposals
        ),
    )


def _needs(conflict: Conflict) -> list[Need]:
    return [need for member in conflict.members for need in member.needs]


def _other(needs: Sequence[Need], asked: Sequence[Need]) -> tuple[str, ...]:
    """Identifiers of needs that ask for something else than was stated; narrower ones do not."""
    stated = {need.id: need for need in asked}
    return tuple(
        need.id
        for need in needs
        if replace(need, subject=stated[need.id].subject) != stated[need.id]
    )


def _without(needs: Sequence[Need], gone: Iterable[Need]) -> list[Need]:
    names = {need.id for need in gone}
    return [need for need in needs if need.id not in names]
