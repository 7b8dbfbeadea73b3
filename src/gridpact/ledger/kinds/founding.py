"""How a ledger that several authorities keep begins, who they are, and how they act."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import (
    Digest,
    Identifier,
    Instant,
    Key,
    Kind,
    Positive,
    Words,
)

SKEW_S = 300
"""How far clocks may be apart unless a ledger says otherwise [s]."""


class LedgerFounded(Kind, frozen=True, tag="ledger_founded"):
    """First entry of a ledger of authorities.

    ``authorities`` are ``(name, Ed25519 public key)`` in ascending order of name. ``quorum`` of
    them decide together where an act asks for it. Acts and blocks may be ``skew_s`` [s] apart in
    time.
    """

    authorities: tuple[tuple[str, bytes], ...]
    quorum: Positive
    skew_s: Positive


class AuthorityAdded(Kind, frozen=True, tag="authority_added"):
    """A quorum takes another authority in."""

    authority: Identifier
    key: Key


class AuthorityRemoved(Kind, frozen=True, tag="authority_removed"):
    """A quorum removes an authority; what it did before stands."""

    authority: Identifier


class QuorumSet(Kind, frozen=True, tag="quorum_set"):
    """A quorum says how many authorities decide together from now on."""

    quorum: Positive


class Act(Kind, frozen=True, tag="act"):
    """Who puts the next ``count`` entries on the ledger, when, and why.

    ``by`` are authorities or participants; the first acts, the others agree. ``sequence`` counts
    the acts of the first from 1, so that no act can be used twice. ``digest`` is the SHA-256 over
    the leaf hashes of the entries, one after the other. Each of ``signatures`` (Ed25519, 64 bytes)
    is of the signer at its place, over :func:`gridpact.ledger.acts.signed_bytes`.
    """

    by: tuple[str, ...]
    sequence: Positive
    at: Instant
    why: Words
    count: Positive
    digest: Digest
    signatures: tuple[bytes, ...]
