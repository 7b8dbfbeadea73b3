"""What a proof consists of."""

from __future__ import annotations

import msgspec

from gridpact.ledger.chain import Header
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.leaves import leaf


class Opened(msgspec.Struct, frozen=True):
    """A salted leaf with what it commits to: ``body`` as :func:`.leaves.encode` writes it."""

    salt: bytes
    body: bytes

    def data(self) -> bytes:
        """Return the leaf's 32 bytes."""
        return leaf(self.salt, self.body)


class Terms(msgspec.Struct, frozen=True):
    """A contract by the keccak-256 of its terms [32 bytes], which is the leaf."""

    terms_hash: bytes

    def data(self) -> bytes:
        """Return the leaf's 32 bytes."""
        return self.terms_hash


class Under(msgspec.Struct, frozen=True):
    """Where a leaf stands in the tree of its period; the entry says how many there are."""

    what: Opened | Terms
    index: int
    path: tuple[bytes, ...]


class Sealed(Header, frozen=True):
    """The block at the head when the proof was made, and whose key signed it.

    On a chain a contract took it: nothing is signed for the reader of a proof, and ``signature`` is
    the account that sent it [32 bytes] and the transaction's hash.
    """

    authority: PublicKey | Contract

    def sealed(self) -> bool:
        """Tell whether the signature is the key's; of what a contract took, the root must tell."""
        return isinstance(self.authority, Contract) or self.signed_by(self.authority)


class ProofFile(msgspec.Struct, frozen=True):
    """Shows that a leaf under an entry, or the entry itself (``leaf`` None), is on a ledger.

    ``entry`` are the entry's canonical bytes, ``path`` leads from place ``index`` to the root of
    the block's tree.
    """

    leaf: Under | None
    entry: bytes
    index: int
    path: tuple[bytes, ...]
    block: Sealed
