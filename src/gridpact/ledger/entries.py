"""What goes on the ledger, as domain operations: all kinds, and what is wrong with each by itself.

Personal data never goes in: identifiers are pseudonyms, readings and statements appear as roots
over salted leaves (:mod:`gridpact.ledger.leaves`). What an entry may do depends on those before it
(:mod:`gridpact.ledger.state`); what is wrong with it by itself is here.

Kinds are append-only: a later version adds some and never changes the meaning of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast, get_args

from gridpact.base.errors import Fault
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
from gridpact.ledger.kinds.fields import Kind, checks_of
from gridpact.ledger.relations import relations_of
from gridpact.ledger.wire import Wire

Entry: TypeAlias = (
    founding.LedgerFounded
    | founding.AuthorityAdded
    | founding.AuthorityRemoved
    | founding.QuorumSet
    | founding.Act
    | participants.ParticipantAuthorised
    | participants.RoleWithdrawn
    | participants.ParticipantSuspended
    | participants.ParticipantReinstated
    | participants.ParticipantBarred
    | participants.KeyBound
    | participants.WalletBound
    | participants.SubjectErased
    | assets.AssetAttested
    | assets.AttestationEnded
    | terms.TermsCommitted
    | terms.AgreementSigned
    | terms.FormCertified
    | terms.FormWithdrawn
    | terms.AgreementCommitted
    | terms.AgreementEnded
    | roots.RootAnchored
    | roots.PeriodClosed
    | money.NetSettled
    | money.TokensMinted
    | money.TokensBurnt
    | money.TokensTransferred
    | certificates.CertificateIssued
    | certificates.CertificateTransferred
    | certificates.CertificateCancelled
    | certificates.CertificateExpired
    | certificates.CertificateWithdrawn
    | patches.PatchProposed
    | patches.PatchApproved
    | patches.PatchActivated
    | patches.PatchUndone
)

KINDS: tuple[type[Kind], ...] = get_args(Entry)
_WIRE = Wire(KINDS)
_CHECKS = {kind: (checks_of(kind), relations_of(kind)) for kind in KINDS}


def tag_of(entry: Kind) -> str:
    """Name of an entry's kind, as written in its bytes."""
    return str(entry.__struct_config__.tag)


def canonical(entry: Kind) -> bytes:
    """Return the one byte form of an entry; equal entries, and only those, have equal bytes."""
    return _WIRE.canonical(entry)


def parse(body: bytes) -> Entry:
    """Read canonical bytes back; ValueError where they are not exactly what we would write."""
    return cast("Entry", _WIRE.parse(body))


def problems(entry: Kind) -> Iterator[tuple[str, str, str]]:
    """Yield field, problem and fix of everything that is wrong with one entry by itself."""
    checks, relations = _CHECKS[type(entry)]
    for field, check in checks:
        problem = check(getattr(entry, field))
        if problem is not None:
            yield field, *problem
    if relations is not None:
        yield from relations(entry)


def fault(place: int, entry: Kind, problem: tuple[str, str, str]) -> Fault:
    """Say where among entries a problem is."""
    field, what, fix = problem
    return Fault(f"entry {place}", 0, f"{tag_of(entry)}.{field}", what, fix)


def faults(entries: Sequence[Kind]) -> tuple[Fault, ...]:
    """List everything that is wrong with entries, in their order; none means they may go on."""
    return tuple(
        fault(place, entry, problem)
        for place, entry in enumerate(entries)
        for problem in problems(entry)
    )
