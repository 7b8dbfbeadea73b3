"""What of a day goes on the ledger: roots, agreed terms, net positions. Pure functions.

Values of a leaf are int64 [members, …], a row for each member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridpact.base.units import Ints
from gridpact.contracts.canonical import terms_hash
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted
from gridpact.ledger.leaves import leaves
from gridpact.ledger.merkle import root
from gridpact.market.messages import SessionCleared
from gridpact.market.trades import terms_hashes
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved
from gridpact.settlement.clauses import standing as agreed
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.statements import net_positions

Secrets = Mapping[str, bytes]
STANDING = "standing"
"""What contracts that members agree to by joining are committed under, in place of a session."""


def authorisations(community: Community) -> tuple[Entry, ...]:
    """Everybody who takes part, in their role."""
    parties, members = community.parties, community.members
    named = {
        parties.operator: "operator",
        parties.supplier: "supplier",
        parties.dso: "dso",
        parties.state: "state",
        parties.authority: "authority",
        **dict(zip(members.ids, members.roles, strict=True)),
    }
    return tuple(ParticipantAuthorised(name, role) for name, role in sorted(named.items()))


def terms(community: Community, cleared: SessionCleared) -> tuple[Entry, ...]:
    """Root over the hashes of the contracts that a session made, in the members' order."""
    hashes = terms_hashes(community, cleared)
    return (TermsCommitted(cleared.session.id, len(hashes), root(hashes)),) if hashes else ()


def standing(community: Community) -> tuple[Entry, ...]:
    """Root over the hashes of what each member agreed to by joining, in the members' order."""
    hashes = standing_hashes(community)
    return (TermsCommitted(STANDING, len(hashes), root(hashes)),)


def standing_hashes(community: Community) -> list[bytes]:
    """keccak-256 of what each member agreed to by joining."""
    return [terms_hash(agreed(community, member)) for member in community.members.ids]


def readings(day: DayMetered) -> Ints:
    """Withdrawal and injection of each metering point [Wh], and where they are estimated."""
    rows = [day.withdrawal_wh, day.injection_wh, day.estimated.astype(np.int64)]
    return np.stack(rows, axis=1)


def schedules(solved: ScheduleSolved | ScheduleRevised) -> Ints:
    """Planned net energy of each member in the slots that the schedule is in force for [Wh]."""
    return np.ascontiguousarray(solved.plan.net_wh[:, : solved.window.count])


def statements(day: DaySettled) -> Ints:
    """Exact and rounded amounts and energy of every line of each member, in line order."""
    return np.ascontiguousarray(np.stack([day.nano.T, day.minor.T, day.energy_wh.T], axis=1))


def of_members(
    community: Community, kind: str, period: str, values: Ints, secrets: Secrets
) -> list[bytes]:
    """Return one leaf for each member."""
    return leaves(kind, period, community.members.ids, secrets, values)


def scheduled(
    community: Community, solved: ScheduleSolved | ScheduleRevised, secrets: Secrets
) -> Entry:
    """Anchor the schedules of a session, or those made between sessions."""
    name = solved.session if isinstance(solved, ScheduleSolved) else solved.name
    return rooted(community, "schedules", name, schedules(solved), secrets)


def rooted(community: Community, kind: str, period: str, values: Ints, secrets: Secrets) -> Entry:
    """Anchor the root over the leaves of all members."""
    return anchored(community, kind, period, of_members(community, kind, period, values, secrets))


def anchored(community: Community, kind: str, period: str, found: Sequence[bytes]) -> Entry:
    """Anchor the root over leaves; the operator keeps the tree."""
    return RootAnchored(kind, community.parties.operator, period, len(found), root(found))


def settled(community: Community, day: DaySettled) -> Entry:
    """Net positions of a day in minor units, everybody's, summing to zero."""
    positions = sorted(net_positions(community, day).items())
    return NetSettled(day.day, community.currency, tuple(positions))
