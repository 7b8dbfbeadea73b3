"""What a council signs for ``Vault.vy``: how tokens and certificates come and go back.

A holder transfers on the ledger to the vault's participant, by an act; a quorum that sees the entry
signs :class:`Brought`. Who takes out is sent as much by an act, of which a quorum signs
:class:`Sent`. An entry counts once, by its place on the ledger.
"""

from __future__ import annotations

from typing import NamedTuple

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import Domain, digest, words

NAME = "gridpact vault"
_REGISTER = keccak256(b"Register(address contract)")
_BRING = keccak256(b"Bring(bytes32 asset,bytes32 holder,uint256 units,uint256 entry)")
_SENT = keccak256(b"Sent(uint256 number,uint256 entry)")


class Brought(NamedTuple):
    """Units that an entry of the ledger transferred from a holder to the vault; ids [32 bytes]."""

    asset: bytes
    holder: bytes
    units: int
    entry: int

    def digest(self, domain: Domain) -> bytes:
        """Return what each of the council signs."""
        return digest(domain.separator, keccak256(_BRING + words(*self)))


class Sent(NamedTuple):
    """An entry of the ledger that sent back what was taken out under a number."""

    number: int
    entry: int

    def digest(self, domain: Domain) -> bytes:
        """Return what each of the council signs."""
        return digest(domain.separator, keccak256(_SENT + words(*self)))


def registration(domain: Domain, contract: bytes) -> bytes:
    """Return what each of the council signs to let a contract [20 bytes] hold and release."""
    return digest(domain.separator, keccak256(_REGISTER + words(contract)))
