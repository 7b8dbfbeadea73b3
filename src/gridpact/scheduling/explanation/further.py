"""What still clashes once conflicts are settled as proposed, under limits that they do not know of.

A need that one asset cannot keep, or that clashes in a small part of the grid, gives as little as
ends that conflict. Whether limits above it leave room for what remains is told by solving for all
again, with every conflict settled: what clashes even so is a further conflict. In the end every
proposal is tried beside all else that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from gridpact.scheduling.explanation.model import Conflict, Proposal, Unbound
from gridpact.scheduling.explanation.own_conflicts import Own
from gridpact.scheduling.explanation.trial import Trial, Verdict
from gridpact.scheduling.needs.model import Need

ROUNDS = 3
"""So often is what was settled tried again: an asset, its zone, and what is above it."""
TRIED = 64
"""So many proposals are tried beside all that is asked; the others count as ending theirs alone."""


class Round(NamedTuple):
    """Conflicts of needs; of ``own`` those about single assets, ``verdict`` on all that is left.

    ``cut_off``: more clash in a part of the grid than is told of one. ``checks`` counts solves in
    parts of the grid.
    """

    own: Own
    verdict: Verdict
    conflicts: tuple[Conflict, ...]
    cut_off: bool
    checks: int


class Further(NamedTuple):
    """Conflicts of all rounds, and needs that could not be bound in any.

    ``complete``: once they are settled as taken, nothing clashes. ``checks`` counts solves in parts
    of the grid after the first round.
    """

    conflicts: tuple[Conflict, ...]
    unbound: tuple[Unbound, ...]
    complete: bool
    checks: int


def even_so(
    trial: Trial, asked: Sequence[Need], first: Round, again: Callable[[Sequence[Need]], Round]
) -> Further:
    """Find what clashes even so, round after round, and say which proposals settle all.

    Needs about assets in several parts of the grid are eased in all of them where one part has
    them give.
    """
    found, last, checks = [_taking(one) for one in first.conflicts], first, 0
    unbound = list(first.own.unbound)
    needs = settled(_without(asked, (one.need for one in unbound)), found)
    complete = _is_proven(trial, first)
    for number in range(1, ROUNDS + 1):
        if complete or last.cut_off:
            break
        last = again(needs)
        checks += last.checks
        unbound += last.own.unbound
        needs = _without(needs, (one.need for one in last.own.unbound))
        more = [_taking(replace(one, round=number)) for one in last.conflicts]
        found = [_unsettled(one, more) for one in found]
        found += [replace(one, eased=_other(_needs(one), asked)) for one in more]
        needs = settled(needs, more)
        complete = not more
    stated = _without(asked, (one.need for one in unbound))
    tried = found if _is_proven(trial, first) else _tried(trial, stated, found, complete)
    return Further(tuple(tried), tuple(unbound), complete, checks)


def settled(needs: Iterable[Need], conflicts: Iterable[Conflict]) -> list[Need]:
    """Needs with each conflict settled as it is ``taken``: one member as proposed, or left out."""
    found = {need.id: need for need in needs}
    for conflict in conflicts:
        chosen = None if conflict.taken is None else conflict.proposals[conflict.taken]
        member = conflict.members[0 if chosen is None else chosen.member]
        before = {need.id: found.pop(need.id, need) for need in member.needs}
        for need in () if chosen is None else chosen.needs:
            found[need.id] = replace(need, subject=before[need.id].subject)
    return list(found.values())


def _is_proven(trial: Trial, first: Round) -> bool:
    """Whether the first round itself has solved with all that is asked and its last proposals."""
    whole = all(len(one.zones) == len(trial.site.zones) for one in first.conflicts)
    return whole and any(one.settles for one in first.conflicts[-1].proposals)


def _taking(conflict: Conflict) -> Conflict:
    """Take the first proposal that settles all, rather one that keeps something of the need."""
    settling = [at for at, one in enumerate(conflict.proposals) if one.settles]
    if not settling:
        return conflict
    own = conflict.proposals[settling[0]].member
    same = [at for at in settling if conflict.proposals[at].member == own]
    keeping = [at for at in same if conflict.proposals[at].needs]
    return replace(conflict, taken=(keeping or same)[0])


def _unsettled(conflict: Conflict, later: Iterable[Conflict]) -> Conflict:
    """Say of proposals that are in a later conflict that they end theirs alone."""
    names = {need.id for one in later for need in _needs(one)}

    def holds(one: Proposal) -> bool:
        return not any(need.id in names for need in conflict.members[one.member].needs)

    return _where(conflict, holds)


def _tried(
    trial: Trial, stated: Sequence[Need], conflicts: Sequence[Conflict], complete: bool
) -> list[Conflict]:
    """Try proposals beside all that is stated, with all other conflicts settled as taken."""
    left = TRIED if complete else 0

    def holds(at: int, one: Proposal) -> bool:
        nonlocal left
        left -= 1
        own = replace(conflicts[at], proposals=(one,), taken=0)
        return left >= 0 and trial.fits(
            settled(stated, [*conflicts[:at], own, *conflicts[at + 1 :]])
        )

    return [_where(each, partial(holds, at)) for at, each in enumerate(conflicts)]


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
