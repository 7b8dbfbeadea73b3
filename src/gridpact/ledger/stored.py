"""What any adapter reads from a storage of blocks: the head, entries, and proofs from its tiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gridpact.base.errors import Fault, LedgerDamaged
from gridpact.base.units import INT64_MAX
from gridpact.ledger.chain import edge_of
from gridpact.ledger.entries import Entry, faults, parse
from gridpact.ledger.kinds.fields import NAME_PATTERN
from gridpact.ledger.merkle import Edge, leaf_hash, verify_consistency, verify_inclusion
from gridpact.ledger.port import Growth, Head, Proof, Receipt, Refused
from gridpact.ledger.storage.port import PLAIN, Storage
from gridpact.ledger.storage.tiles import Memory, TiledTree, Tiles, hashes

_NAME = re.compile(NAME_PATTERN)


class StoredLedger:
    """Reads a storage of blocks that begin after the head ``start``."""

    def __init__(self, storage: Storage, start: Head) -> None:
        self._storage, self._start = storage, start
        self._memory = Memory(self._leaves)
        self._tiles = Tiles(self._hashes)

    @property
    def genesis(self) -> bytes:
        """Hash of the empty ledger [32 bytes], which acts are signed for."""
        return self._start.hash

    def head(self) -> Head:
        """Return where the ledger stands."""
        last = self._storage.last_block()
        return last.head() if last else self._start

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return the entries with ``start <= index < stop``; each is checked against its hash."""
        low, high, _ = slice(start, stop).indices(self.head().size)
        rows = self._storage.entry_rows(low, high)
        for expected, row in zip(range(low, high), rows, strict=False):
            if row.idx != expected or leaf_hash(row.body) != row.leaf_hash:
                raise LedgerDamaged(f"entry {expected} does not match its hash")
        if len(rows) != max(high - low, 0):
            raise LedgerDamaged(f"entry {low + len(rows)} is missing")
        return [parse(row.body) for row in rows]

    def kept(self, key: str) -> Receipt | None:
        """Return what the committer under a key was told; None where nobody committed under it."""
        block = self._storage.block_of(key)
        return block.receipt() if block else None

    def _answered(self, key: str, leaves: Iterable[bytes]) -> Receipt | Refused | None:
        """Answer for a key that was used, None for a new one; by the tree before its block."""
        block = self._storage.block_of(key)
        if block is None:
            return None
        before = self._storage.block(block.height - 1)
        edge = edge_of(before) if before else Edge()
        edge.extend(list(leaves))
        same = (edge.size, edge.root()) == (block.size, block.tree_root)
        return block.receipt() if same else used_otherwise(key, block.height)

    def prove(self, index: int) -> Proof:
        """Prove that one entry is on the ledger; IndexError where there is no such entry."""
        head, tree = self._tree()
        if not 0 <= index < head.size:
            raise IndexError(f"there is no entry {index}; the ledger has {head.size}")
        leaf, path = tree.node(0, index), tree.inclusion(index)
        self._proven(verify_inclusion(leaf, index, head.size, path, head.root))
        return Proof(index, leaf, head.size, path, head.root)

    def prove_growth(self, old_size: int) -> Growth:
        """Prove that the ledger only grew since ``old_size``; IndexError for a larger size."""
        head, tree = self._tree()
        if not 0 <= old_size <= head.size:
            raise IndexError(f"the ledger has {head.size} entries, never had {old_size}")
        path, old = tree.consistency(old_size), tree.root(old_size)
        self._proven(verify_consistency(old_size, old, head.size, head.root, path))
        return Growth(old_size, head.size, path, head.root)

    def _leaves(self, low: int, high: int) -> list[bytes]:
        found = self._storage.leaves(low, high)
        if len(found) != high - low:
            raise LedgerDamaged(f"a leaf hash is missing among entries {low} to {high - 1}")
        return found

    def _hashes(self, level: int, low: int, high: int) -> Sequence[bytes]:
        if level and self._storage.format == PLAIN:
            return self._memory.subtrees(level, low, high)
        return hashes(self._storage, level, low, high)

    def _tree(self) -> tuple[Head, TiledTree]:
        head = self.head()
        if self._storage.format == PLAIN:
            self._memory.grow(head.size)
        tree = self._tiles.tree(head.size)
        self._proven(tree.root() == head.root)
        return head, tree

    def _proven(self, holds: bool) -> None:
        """Let nothing out that does not lead to the last block's root."""
        if not holds:
            self._tiles.forget()
            raise LedgerDamaged(
                f"ledger {self._storage.place}: its entries and tiles do not give its root"
            )


def refusal(key: str, entries: Sequence[Entry], at: int) -> Refused | None:
    """Say what is wrong with what is to be committed, by itself; None for nothing."""
    if not (isinstance(key, str) and _NAME.fullmatch(key)):
        return Refused(f"key {key!r} is not of the form {NAME_PATTERN}")
    if type(at) is not int or abs(at) > INT64_MAX:
        return Refused(f"time {at!r} is not a whole number of seconds since the epoch")
    if not entries:
        return Refused("there is nothing to commit")
    return faulty(faults(entries))


def faulty(wrong: tuple[Fault, ...]) -> Refused | None:
    """Refuse what has faults; None for none."""
    if wrong:
        return Refused(f"{len(wrong)} faults in the entries; the first: {wrong[0]}", wrong)
    return None


def used_otherwise(key: str, height: int) -> Refused:
    """Return the answer for a key under which a block holds other entries."""
    return Refused(f"key {key!r} was used for other entries, in block {height}")
