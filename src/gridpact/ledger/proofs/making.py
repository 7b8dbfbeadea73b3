"""Making proofs from a ledger and the tree of a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger import port
from gridpact.ledger.chain import Block, Header, check_seal
from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.merkle import Tree
from gridpact.ledger.proofs.checking import check
from gridpact.ledger.proofs.model import Opened, ProofFile, Sealed, Terms, Under


class Source(Protocol):
    """What a ledger must answer for proofs to be made from it."""

    @property
    def public_key(self) -> PublicKey | Contract:
        """Key that blocks are checked against, or the contract that takes them."""

    def head(self) -> port.Head:
        """Return where the ledger stands."""

    def block(self, height: int) -> Block:
        """Return a block."""

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return entries."""

    def prove(self, index: int) -> port.Proof:
        """Prove that one entry is on the ledger."""


def of_entry(ledger: Source, index: int, keys: Sequence[PublicKey | Contract] = ()) -> ProofFile:
    """Prove an entry, such as an agreement or a certificate; IndexError where there is none.

    ``keys`` are those that may have signed the last block, where it is not the ledger's one key.
    """
    return _made(ledger, index, keys or (ledger.public_key,), None)


def of_leaf(
    ledger: Source,
    index: int,
    tree: Tree,
    row: int,
    what: Opened | Terms,
    keys: Sequence[PublicKey | Contract] = (),
) -> ProofFile:
    """Prove the leaf in a ``row`` of the ``tree`` whose root the entry at ``index`` holds.

    Raises ValueError where the leaf is not the one in that row, or the tree not the entry's.
    """
    under = Under(what, row, tree.inclusion(row))
    return _made(ledger, index, keys or (ledger.public_key,), under)


def _made(
    ledger: Source, index: int, keys: Sequence[PublicKey | Contract], leaf: Under | None
) -> ProofFile:
    entries = ledger.entries(index, index + 1)
    if not entries or index < 0:
        raise IndexError(f"there is no entry {index}")
    held, block = _at_head(ledger, index)
    proof = ProofFile(leaf, canonical(entries[0]), index, held.path, _sealed(block, keys))
    found = check(proof, root=block.tree_root, authority=proof.block.authority)
    if not found.holds:
        raise ValueError(f"no proof can be made: {found.broken}")
    return proof


def _at_head(ledger: Source, index: int) -> tuple[port.Proof, Block]:
    """Return a proof and the block that it leads to, while others may be writing."""
    while True:
        block = ledger.block(ledger.head().height)
        held = ledger.prove(index)
        if held.size == block.size:
            return held, block


def _sealed(block: Block, keys: Sequence[PublicKey | Contract]) -> Sealed:
    for key in keys:
        try:
            if isinstance(key, PublicKey):
                check_seal(block, key)
        except LedgerDamaged:
            continue
        return Sealed(
            **{name: getattr(block, name) for name in Header.__struct_fields__}, authority=key
        )
    raise LedgerDamaged(f"block {block.height}: none of {len(keys)} keys has signed it")
