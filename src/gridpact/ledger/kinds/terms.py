"""What was agreed, and in which certified forms."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import (
    AgreementName,
    Count,
    Digest,
    Identifier,
    Instant,
    Keccak,
    Kind,
    Name,
    Positive,
)


class TermsCommitted(Kind, frozen=True, tag="terms_committed"):
    """The contracts that one market session made: their number and the root over their hashes."""

    session: Name
    count: Count
    root: Digest


class AgreementSigned(Kind, frozen=True, tag="agreement_signed"):
    """All parties have signed a version of an agreement, counted by ``revision`` from 1.

    ``terms_hash`` is the keccak-256 of its terms, ``digest`` what the wallets signed (EIP-712).
    """

    agreement: AgreementName
    revision: Positive
    terms_hash: Keccak
    digest: Keccak


class FormCertified(Kind, frozen=True, tag="form_certified"):
    """An authority certifies a form of contract by its keccak-256, so that it may be used."""

    form: Keccak
    name: Name


class FormWithdrawn(Kind, frozen=True, tag="form_withdrawn"):
    """A form may not be used for new agreements."""

    form: Keccak


class AgreementCommitted(Kind, frozen=True, tag="agreement_committed"):
    """A version of an agreement with the signatures of its parties.

    ``signatures`` are ``(participant, signature)`` in ascending order of participant: 65 bytes
    (r, s, v) of each one's wallet over ``digest`` (EIP-712). ``form`` is the certified form.
    """

    agreement: AgreementName
    revision: Positive
    form: Keccak
    terms_hash: Keccak
    digest: Keccak
    signatures: tuple[tuple[str, bytes], ...]


class AgreementEnded(Kind, frozen=True, tag="agreement_ended"):
    """An agreement ended at an instant [epoch s]; ``reason`` is a word, not a story."""

    agreement: AgreementName
    at: Instant
    reason: Identifier
