"""Who may take part, in which roles, and with which keys."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import Identifier, Key, Kind, Wallet


class ParticipantAuthorised(Kind, frozen=True, tag="participant_authorised"):
    """The supervising authority admits a participant in a role (``prosumer``, ``dso`` …)."""

    participant: Identifier
    role: Identifier


class RoleWithdrawn(Kind, frozen=True, tag="role_withdrawn"):
    """A participant no longer has a role."""

    participant: Identifier
    role: Identifier


class ParticipantSuspended(Kind, frozen=True, tag="participant_suspended"):
    """A participant may do nothing until reinstated."""

    participant: Identifier


class ParticipantReinstated(Kind, frozen=True, tag="participant_reinstated"):
    """A suspended participant may act again, in the roles held before."""

    participant: Identifier


class ParticipantBarred(Kind, frozen=True, tag="participant_barred"):
    """A quorum bars a participant for good."""

    participant: Identifier


class KeyBound(Kind, frozen=True, tag="key_bound"):
    """A participant signs acts with this Ed25519 key from now on; it replaces the one before."""

    participant: Identifier
    key: Key


class WalletBound(Kind, frozen=True, tag="wallet_bound"):
    """A participant signs agreements with this wallet (an Ethereum address) from now on."""

    participant: Identifier
    wallet: Wallet


class SubjectErased(Kind, frozen=True, tag="subject_erased"):
    """The secrets and personal rows behind a pseudonym were destroyed.

    Its leaves stay, and nobody can open them any more. The pseudonym is not used again.
    """

    participant: Identifier
