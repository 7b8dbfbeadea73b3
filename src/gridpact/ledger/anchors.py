"""What of a day goes on the ledger: roots, agreed terms, net positions. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.statements import net_positions

Secrets = Mapping[str, bytes]


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


def readings_leaves(community: Community, day: DayMetered, secrets: Secrets) -> list[bytes]:
    """One leaf a metering point: its withdrawal and injection of the day [Wh]."""
    values = np.stack([day.withdrawal_wh, day.injection_wh, day.estimated.astype(np.int64)], axis=1)
    return leaves("readings", day.day, community.members.ids, secrets, values)


def schedule_leaves(community: Community, solved: ScheduleSolved, secrets: Secrets) -> list[bytes]:
    """One leaf a member: its planned net energy in the slots of the session [Wh]."""
    planned = solved.plan.net_wh[:, : solved.window.count]
    return leaves("schedules", solved.session, community.members.ids, secrets, planned)


def statement_leaves(community: Community, day: DaySettled, secrets: Secrets) -> list[bytes]:
    """One leaf a member: exact and rounded amounts and energy of every line, in line order."""
    values = np.stack([day.nano.T, day.minor.T, day.energy_wh.T], axis=1)
    return leaves(
        "statements", day.day, community.members.ids, secrets, np.ascontiguousarray(values)
    )


def anchored(community: Community, kind: str, period: str, found: Sequence[bytes]) -> Entry:
    """Anchor the root over leaves; the operator keeps the tree."""
    return RootAnchored(kind, community.parties.operator, period, len(found), root(found))


def settled(community: Community, day: DaySettled) -> Entry:
    """Net positions of a day in minor units, everybody's, summing to zero."""
    positions = sorted(net_positions(community, day).items())
    return NetSettled(day.day, community.currency, tuple(positions))
