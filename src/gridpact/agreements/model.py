"""What parties sign: terms, who they are, for how long, and on which conditions they may leave.

An agreement is immutable. What becomes of it is recorded beside it (:mod:`.record`), and a change
of what was agreed is another version, signed again, that names the one before by its hash.
"""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.terms import Contract

ADDRESS_BYTES = 20
HASH_BYTES = 32
NONE_BEFORE = bytes(HASH_BYTES)
"""What stands for the hash of a version before where there is none."""


class Party(msgspec.Struct, frozen=True):
    """Somebody whom the terms may name, and the address of the wallet they sign with [20 bytes]."""

    name: str
    address: bytes


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an agreement, whole: what its digest covers is what the parties signed.

    ``terms`` are canonical bytes and ``terms_hash`` their keccak-256. The agreement runs over the
    slots of ``step`` [s] in ``[start, end)`` [s since the epoch, UTC]. ``previous`` is the digest
    of the version that this one takes over from at its start, else 32 zero bytes. The offer can
    be signed before ``offer_until``. A party may leave alone with ``termination_notice_s`` [s]
    of notice, -1 for never. ``authority`` may suspend and end the agreement; empty for nobody.
    """

    id: str
    version: int
    terms: bytes
    terms_hash: bytes
    parties: tuple[Party, ...]
    step: int
    start: int
    end: int
    previous: bytes
    offer_until: int
    termination_notice_s: int
    authority: str

    @property
    def slots(self) -> Slots:
        """The slots from start to end."""
        return Slots(self.start, self.step, (self.end - self.start) // self.step)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parties, in the order agreed."""
        return tuple(party.name for party in self.parties)

    def contract(self) -> Contract:
        """Return the terms as a value; raises :class:`gridpact.base.errors.BadInput`."""
        return from_bytes(self.terms)

    def address_of(self, name: str) -> bytes:
        """Return a party's wallet address, empty where nobody has that name."""
        return next((party.address for party in self.parties if party.name == name), b"")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What parties sign to end an agreement together, at an instant [s since the epoch, UTC].

    ``agreement`` is the digest of the version that they end.
    """

    id: str
    version: int
    agreement: bytes
    at: int
