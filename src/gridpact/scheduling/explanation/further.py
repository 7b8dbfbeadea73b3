"""What still clashes once conflicts are settled as proposed, under limits that they do not know of.

A need that one asset cannot keep, or that clashes in a small part of the grid, gives as little as
ends that conflict. Whether limits above it leave room for what remains is told by solving for all
again, with every conflict settled: what clashes even so is a further conflict. In the end every
proposal is tried beside all else that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.scheduling.explanation.model import Conflict, Given, Proposal, Unbound
from gridpact.scheduling.explanation.own_conflicts import Own
from gridpact.scheduling.explanation.relaxations import of_member
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
        found += [replace(one, eased=_other(_needs(one), asked)) for one in more]
        needs = settled(needs, more)
        complete = not more
    if len(found) > 1 or not _is_proven(trial, first):
        stated = _without(asked, (one.need for one in unbound))
        found = _Tries(trial, stated, TRIED if complete else 0).tried(found)
    return Further(tuple(found), tuple(unbound), complete, checks)


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


class _Tries:
    """Proposals tried beside all that is stated, all other conflicts settled as taken."""

    def __init__(self, trial: Trial, stated: Sequence[Need], left: int) -> None:
        self._trial, self._stated, self._left = trial, stated, left

    def tried(self, conflicts: Sequence[Conflict]) -> list[Conflict]:
        """Say which proposals settle all; the others may be more than ends their conflict alone.

        A conflict that had its first member left out takes the first that does instead; where none
        does, the first member gives as much as settles all beside what others give.
        """
        found = list(conflicts)
        for at, each in enumerate(found):
            if each.taken is None:
                holding = (number for number, one in enumerate(each.proposals)
                           if one.needs and self._holds(found, at, one))  # fmt: skip
                found[at] = replace(each, taken=next(holding, None))
            if found[at].taken is None:
                found[at] = self._giving_more(found, at)
        return [self._told(found, at) for at in range(len(found))]

    def _giving_more(self, conflicts: Sequence[Conflict], at: int) -> Conflict:
        """Ask the first member, which is left out, how much of it there is room for after all."""
        own = conflicts[at]
        if self._left <= 0 or self._is_told_later(conflicts, at, own.members[0].needs):
            return own
        rest = settled(self._stated, conflicts)
        more = tuple(of_member(self._trial, rest, (0, own.members[0], True), np.inf))
        return replace(own, proposals=(*own.proposals, *more),
                       taken=len(own.proposals) if more else None)  # fmt: skip

    def _told(self, conflicts: Sequence[Conflict], at: int) -> Conflict:
        told = []
        for one in conflicts[at].proposals:
            holds = self._holds(conflicts, at, one)
            given = self._given(conflicts, at, one) if holds else ()
            least = one.least and holds >= one.settles
            told.append(replace(one, settles=holds, least=least, provided=given))
        return replace(conflicts[at], proposals=tuple(told))

    def _holds(self, conflicts: Sequence[Conflict], at: int, one: Proposal) -> bool:
        """Whether all can be kept with one proposal; of what clashes later again it is not told."""
        if self._is_told_later(conflicts, at, conflicts[at].members[one.member].needs):
            return False
        self._left -= 1
        return self._left >= 0 and self._trial.fits(self._with(conflicts, at, one))

    def _is_told_later(self, conflicts: Sequence[Conflict], at: int, needs: Sequence[Need]) -> bool:
        names, own = {need.id for need in needs}, conflicts[at].round
        return any(names & _ids(each) for each in conflicts[at + 1 :] if each.round > own)

    def _with(self, conflicts: Sequence[Conflict], at: int, one: Proposal) -> list[Need]:
        """All that is asked, with one proposal, and all other conflicts settled as taken."""
        instead = replace(conflicts[at], proposals=(one,), taken=0)
        return settled(self._stated, [*conflicts[:at], instead, *conflicts[at + 1 :]])

    def _given(self, conflicts: Sequence[Conflict], at: int, one: Proposal) -> tuple[Given, ...]:
        """What needs of other conflicts give beside a proposal."""
        after = {need.id: need for need in self._with(conflicts, at, one)}
        own = {need.id for need in conflicts[at].members[one.member].needs}
        return tuple(
            Given(need, after.get(need.id))
            for need in self._stated
            if need.id not in own and after.get(need.id) != need
        )


def _ids(conflict: Conflict) -> set[str]:
    return {need.id for need in _needs(conflict)}


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
