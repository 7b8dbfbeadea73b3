"""Certificates of assets and inspections: hashes of credentials that their owners hold."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import Digest, Identifier, Instant, Kind, Name


class AssetAttested(Kind, frozen=True, tag="asset_attested"):
    """An authority or inspector attests to an asset until an instant [epoch s].

    ``credential`` is the SHA-256 of the credential as it was issued, which its holder keeps;
    ``subject`` says what is attested, such as ``asset`` or ``inspection``.
    """

    asset: Identifier
    holder: Identifier
    subject: Identifier
    credential: Digest
    until: Instant


class AttestationEnded(Kind, frozen=True, tag="attestation_ended"):
    """An attestation ended before its time (withdrawn), or was noted as expired."""

    asset: Identifier
    credential: Digest
    reason: Name
