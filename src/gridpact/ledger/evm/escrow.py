"""Collateral and delivery against payment: what is named, and what a council signs.

The other side is ``Escrow.vy``, which is told the terms of a trade by each party and knows it by
their hash; so parties that do not mean the same never meet.
"""

from __future__ import annotations

from typing import NamedTuple

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import Domain, digest, words

NAME = "gridpact escrow"
_UNPAID = keccak256(
    b"Unpaid(bytes32 period,bytes32 asset,bytes32 debtor,bytes32 creditor,uint256 units)"
)
_RECEIVED = keccak256(b"Received(bytes32 trade)")


class Trade(NamedTuple):
    """Terms of a swap, as the contract takes them; names as their ids on chain [32 bytes].

    ``quantity`` of ``goods`` (Wh of a certificate, or of energy where ``receipt``) against
    ``price`` units of ``asset``, both until ``deadline`` [epoch s]; ``salt`` tells two alike apart.
    """

    seller: bytes
    buyer: bytes
    goods: bytes
    quantity: int
    asset: bytes
    price: int
    deadline: int
    receipt: bool
    salt: bytes

    @property
    def id(self) -> bytes:
        """Return the hash of the terms, which the contract knows the trade by."""
        return keccak256(words(*self))

    def received(self, domain: Domain) -> bytes:
        """Return what the council signs when the energy of this trade has arrived."""
        return digest(domain.separator, keccak256(_RECEIVED + self.id))


class Unpaid(NamedTuple):
    """What a debtor owes a creditor for a period and has not paid, in all; names as their ids."""

    period: bytes
    asset: bytes
    debtor: bytes
    creditor: bytes
    units: int

    def digest(self, domain: Domain) -> bytes:
        """Return what the council signs, so that this much may be drawn from collateral."""
        return digest(domain.separator, keccak256(_UNPAID + words(*self)))
