"""Who may put which kind of entry on a ledger of authorities."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.ledger.kinds import (
    assets,
    certificates,
    founding,
    money,
    participants,
    patches,
    roots,
    terms,
)
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.state.state import FINE, Problems, State


class Right(NamedTuple):
    """One of these suffices: a quorum or one of the authorities, a role, or being ``own``.

    ``own`` names the field of the entry that holds whoever may act for themselves.
    """

    quorum: bool = False
    authority: bool = False
    roles: frozenset[str] = frozenset()
    own: str = ""


_QUORUM = Right(quorum=True)
_AUTHORITY = Right(authority=True)
_OPERATOR = Right(roles=frozenset({"operator"}))
_ISSUER = Right(authority=True, roles=frozenset({"issuer"}))
_INSPECTOR = Right(authority=True, roles=frozenset({"inspector"}))
_MEASURING = Right(roles=frozenset({"operator", "dso"}))


def _custody(own: str) -> Right:
    """Holders act for themselves, and the operator for those who let it."""
    return Right(roles=frozenset({"operator"}), own=own)


RIGHTS: dict[type[Kind], Right] = {
    founding.AuthorityAdded: _QUORUM,
    founding.AuthorityRemoved: _QUORUM,
    founding.QuorumSet: _QUORUM,
    participants.ParticipantAuthorised: _AUTHORITY,
    participants.RoleWithdrawn: _AUTHORITY,
    participants.ParticipantSuspended: _AUTHORITY,
    participants.ParticipantReinstated: _AUTHORITY,
    participants.ParticipantBarred: _QUORUM,
    participants.KeyBound: Right(authority=True, own="participant"),
    participants.WalletBound: Right(authority=True, own="participant"),
    participants.SubjectErased: Right(
        authority=True, roles=frozenset({"operator"}), own="participant"
    ),
    assets.AssetAttested: _INSPECTOR,
    assets.AttestationEnded: _INSPECTOR,
    terms.FormCertified: _AUTHORITY,
    terms.FormWithdrawn: _AUTHORITY,
    terms.TermsCommitted: _OPERATOR,
    terms.AgreementSigned: _OPERATOR,
    terms.AgreementCommitted: _OPERATOR,
    terms.AgreementEnded: Right(authority=True, roles=frozenset({"operator"})),
    roots.RootAnchored: _MEASURING,
    roots.PeriodClosed: _OPERATOR,
    money.NetSettled: _OPERATOR,
    money.TokensMinted: _OPERATOR,
    money.TokensBurnt: _OPERATOR,
    money.TokensTransferred: _custody("sender"),
    certificates.CertificateIssued: _ISSUER,
    certificates.CertificateTransferred: _custody("sender"),
    certificates.CertificateCancelled: _custody("holder"),
    certificates.CertificateExpired: _ISSUER,
    certificates.CertificateWithdrawn: _ISSUER,
    patches.PatchProposed: _AUTHORITY,
    patches.PatchApproved: _AUTHORITY,
    patches.PatchActivated: _AUTHORITY,
    patches.PatchUndone: _AUTHORITY,
}


ROLES = tuple(
    sorted(
        {"aggregator", "consumer", "member", "producer", "prosumer", "storage", "supplier"}.union(
            *(right.roles for right in RIGHTS.values())
        )
    )
)
"""Roles that people are admitted in: those that may do something, and those who only take part."""


def may_do(state: State, act: Act, kind: type[Kind]) -> bool:
    """Tell whether whoever acts may do this, whomever it is about.

    It stays so until an entry changes who takes part, as what or how many decide.
    """
    right, first = RIGHTS[kind], act.by[0]
    if right.quorum:
        return _agree(state, act) >= state.quorum
    if right.authority and first in state.authorities:
        return True
    one = state.participants.get(first)
    return one is not None and one.acts and not right.roles.isdisjoint(one.roles)


def _agree(state: State, act: Act) -> int:
    return sum(name in state.authorities for name in act.by)


def without_right(state: State, act: Act, entry: Kind) -> Problems:
    """Say why whoever acts may not do this; nothing where they may."""
    right, first = RIGHTS[type(entry)], act.by[0]
    if may_do(state, act, type(entry)):
        return FINE
    if right.quorum:
        said = f"{_agree(state, act)} of {state.quorum} authorities signed"
        return (("", said, "let more of them sign"),)
    one = state.participants.get(first)
    if one is not None and one.acts and right.own and getattr(entry, right.own) == first:
        return FINE
    return (("", f"is not for {first} to do", f"it is for {_whom(right)}"),)


def _whom(right: Right) -> str:
    found = [*sorted(f"the {role}" for role in right.roles)]
    if right.authority:
        found.insert(0, "an authority")
    if right.own:
        found.append(f"the {right.own}")
    return " or ".join(found)
