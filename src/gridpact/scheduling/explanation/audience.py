"""Who may see what of an explanation: operators all, owners what is theirs or public.

Of others an owner learns how many needs of each kind are in a conflict that its own are in, and
nothing else: no name, no amount, no time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from gridpact.scheduling.explanation.model import (
    Conflict,
    Explanation,
    Joint,
    Member,
    Proposal,
)
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import Unclear
from gridpact.scheduling.needs.model import Group, Need, kind_of
from gridpact.scheduling.priorities.levels import Level


class Eyes:
    """What one party may see at a site."""

    def __init__(self, site: Site, party: str) -> None:
        self.site, self.party = site, party
        self.all = site.directory.spans_all(party)
        self._own = {row for row, one in enumerate(site.directory.assets) if one.owner == party}

    def sees(self, need: Need) -> bool:
        """Whether a need is the party's own, or a limit published for a part that it is in."""
        return self.all or need.owner == self.party or self.is_public(need)

    def is_public(self, need: Need) -> bool:
        """Whether a need is an operator's limit of zones in which the party has an asset."""
        directory, subject = self.site.directory, need.subject
        if need.level is not Level.GRID or not directory.spans_all(need.owner):
            return False
        if not isinstance(subject, Group) or subject.by not in ("zone", "feeder", "community"):
            return False
        rows = directory.rows(subject, need.owner)
        return not isinstance(rows, Unclear) and bool(self._own & set(rows.tolist()))

    def concerns(self, conflict: Conflict) -> bool:
        """Whether a need of the party is in a conflict."""
        needs = [need for member in conflict.members for need in member.needs]
        return self.all or any(need.owner == self.party for need in needs)

    def seen(self, needs: Iterable[Need]) -> tuple[Need, ...]:
        """Those of some needs that the party may see."""
        return tuple(need for need in needs if self.sees(need))


def others(conflict: Conflict, eyes: Eyes) -> list[tuple[str, int]]:
    """How many needs of each kind are in a conflict that a party may not see."""
    hidden = [
        kind_of(need) for member in conflict.members for need in member.needs if not eyes.sees(need)
    ]
    return sorted(Counter(hidden).items())


def seen_by(explanation: Explanation, site: Site, party: str) -> Explanation:
    """Cut an explanation to what a party may see; members without a need seen are left out.

    What conflicts amount to, which assets matter most and what others give up is left out, too.
    ``unbound`` tells of the party's own needs alone.
    """
    eyes = Eyes(site, party)
    if eyes.all:
        return explanation
    return Explanation(
        conflicts=tuple(_cut(one, eyes) for one in explanation.conflicts if eyes.concerns(one)),
        joint=_own_parts(explanation, eyes),
        unbound=tuple(one for one in explanation.unbound if one.need.owner == party),
        checks=0,
        complete=explanation.complete,
    )


def _cut(conflict: Conflict, eyes: Eyes) -> Conflict:
    kept = [at for at, one in enumerate(conflict.members) if eyes.seen(one.needs)]
    place = {at: number for number, at in enumerate(kept)}
    return Conflict(
        zones=(),
        members=tuple(Member(eyes.seen(conflict.members[at].needs)) for at in kept),
        proposals=tuple(
            _own_side(one, place[one.member], eyes)
            for one in conflict.proposals
            if one.member in place
        ),
        why=conflict.why if conflict.why_for == eyes.party else "",
        eased=tuple(
            need.id
            for member in conflict.members
            for need in eyes.seen(member.needs)
            if need.id in conflict.eased
        ),
    )


def _own_side(proposal: Proposal, number: int, eyes: Eyes) -> Proposal:
    seen = tuple(one for one in proposal.provided if eyes.sees(one.before))
    return replace(
        proposal,
        member=number,
        needs=eyes.seen(proposal.needs),
        provided=seen,
        others_give=len(seen) < len(proposal.provided),
    )


def _own_parts(explanation: Explanation, eyes: Eyes) -> Joint | None:
    """What the party gives up, and what it may see that is kept; nothing of what it costs all."""
    joint = explanation.joint
    if joint is None:
        return None
    own = {
        need.id
        for conflict in explanation.conflicts
        for member in conflict.members
        for need in member.needs
        if need.owner == eyes.party
    }
    return replace(
        joint,
        parts=tuple(part for part in joint.parts if part.owner == eyes.party),
        least_wh=(),
        cost_nano=None,
        eased=tuple(need for need in joint.eased if need.owner == eyes.party),
        without=tuple(name for name in joint.without if name in own),
        kept=eyes.seen(joint.kept),
    )
