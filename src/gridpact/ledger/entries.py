"""What goes on the ledger, as domain operations: all kinds, and what is wrong with each by itself.

Personal data never goes in: identifiers are pseudonyms, readings and statements appear as roots
over salted leaves (:mod:`gridpact.ledger.leaves`). What an entry may do depends on those before it
(:mod:`gridpact.ledger.state`); what is wrong with it by itself is here.

Kinds are append-only: a later version adds some and never changes the meaning of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
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
from gridpact.ledger.relations import all_fine, relations_of
from gridpact.ledger.wire import Wire, places_of

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


def parse_all(bodies: Sequence[bytes]) -> list[Entry]:
    """Read many at once; ValueError where :func:`parse` would refuse any, without saying which."""
    return cast("list[Entry]", _WIRE.parse_all(bodies))


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
    if _sound(entries):
        return ()
    return tuple(
        fault(place, entry, problem)
        for place, entry in enumerate(entries)
        for problem in problems(entry)
    )


def _sound(entries: Sequence[Kind]) -> bool:
    """Tell whether nothing is wrong, looking once at each different value of a kind's field."""
    for kind, places in places_of(entries).items():
        checks, _ = _CHECKS[kind]
        found = [entries[place] for place in places]
        for field, check in checks:
            column = list(map(attrgetter(field), found))
            if len(set(map(type, column))) > 1:  # True would pass for 1
                return False
            try:
                different = set(column)
            except TypeError:  # a list, where there can be none
                return False
            if any(map(check, different)):
                return False
        if not all_fine(kind, found):
            return False
    return True
