"""Guarantees of origin: issued once for metered energy, moved, and ended once."""

from __future__ import annotations

from gridpact.ledger.kinds.fields import Identifier, Kind, Name, Positive


class CertificateIssued(Kind, frozen=True, tag="certificate_issued"):
    """Energy [Wh] that a device injected in a period is certified, to its holder.

    ``certificate`` names the issue; a device's period is certified once.
    """

    certificate: Name
    device: Identifier
    holder: Identifier
    period: Name
    source: Identifier
    energy_wh: Positive


class CertificateTransferred(Kind, frozen=True, tag="certificate_transferred"):
    """A part [Wh] of an issue moves between two participants who are both authorised."""

    certificate: Name
    sender: Identifier
    receiver: Identifier
    energy_wh: Positive


class CertificateCancelled(Kind, frozen=True, tag="certificate_cancelled"):
    """A holder uses a part [Wh] up, for ``purpose`` (such as a period of own consumption)."""

    certificate: Name
    holder: Identifier
    energy_wh: Positive
    purpose: Name


class CertificateExpired(Kind, frozen=True, tag="certificate_expired"):
    """A part [Wh] that nobody used in time ends."""

    certificate: Name
    holder: Identifier
    energy_wh: Positive


class CertificateWithdrawn(Kind, frozen=True, tag="certificate_withdrawn"):
    """A part [Wh] that was issued for energy that corrected readings do not show ends."""

    certificate: Name
    holder: Identifier
    energy_wh: Positive
