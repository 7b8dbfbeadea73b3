"""What the local ledger needs of a database: rows in, rows out, all or none, durable.

A storage knows nothing of signatures and proofs. It keeps what it is given, tells of trouble in
one line (:class:`~gridpact.base.errors.StoreError`), and refuses to change or delete rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import msgspec

from gridpact.ledger.chain import Block, EntryRow

if TYPE_CHECKING:
    from gridpact.ledger.storage.archive import Archive

PLAIN = 1
"""Format without stored subtrees: blocks and entries alone."""
TILED = 2
"""Format with stored subtrees, segments and snapshots."""


class SubtreeRow(msgspec.Struct, frozen=True, array_like=True):
    """Root over the leaves from ``idx * 256**level``, ``256**level`` of them; level ≥ 1."""

    level: int
    idx: int
    hash: bytes


class SegmentRow(msgspec.Struct, frozen=True, array_like=True):
    """Blocks whose entries have left for a segment file.

    ``first_index`` and ``size`` count entries before and up to its end, ``digest`` is the file's
    SHA-256, ``tail`` the leaf hashes of the tile that its end cuts [32 bytes each].
    """

    first_height: int
    last_height: int
    first_index: int
    size: int
    digest: bytes
    tail: bytes

    @property
    def file(self) -> str:
        """Name of the segment's file, whatever folder holds it."""
        return f"blocks-{self.first_height:09}-{self.last_height:09}.segment"


class SnapshotRow(msgspec.Struct, frozen=True, array_like=True):
    """Bytes of a state after block ``height``; see :mod:`gridpact.ledger.storage.snapshots`."""

    height: int
    kind: str
    block_hash: bytes
    state: bytes
    signature: bytes


class Storage(Protocol):
    """Rows of one ledger. Every method raises StoreError on trouble, LedgerDamaged on damage."""

    @property
    def place(self) -> str:
        """Where it is, as messages name it, without any password."""
        ...

    @property
    def format(self) -> int:
        """:data:`PLAIN` or :data:`TILED`."""
        ...

    @property
    def archive(self) -> Archive:
        """What entries have left for; their rows are read from there where its files are given."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Write alone, all or none; on disk when the block ends without an error."""
        ...

    def view(self) -> AbstractContextManager[None]:
        """Read one state of the rows, whatever others write meanwhile."""
        ...

    def identity(self) -> list[tuple[str, str]]:
        """Return the ledger's name and authority; empty for a new one."""
        ...

    def claim(self, name: str, authority: str) -> None:
        """Record the name and authority of a new ledger."""
        ...

    def append(
        self, block: Block, entries: Sequence[EntryRow], subtrees: Sequence[SubtreeRow]
    ) -> None:
        """Add a block with all that belongs to it; within a transaction."""
        ...

    def last_block(self) -> Block | None:
        """Return the block with the greatest height."""
        ...

    def block(self, height: int) -> Block | None:
        """Return the block of a height."""
        ...

    def block_of(self, key: str) -> Block | None:
        """Return the block that was committed under a key."""
        ...

    def end(self) -> int:
        """Return the greatest index of an entry, plus one; 0 where there is none."""
        ...

    def entry_rows(self, low: int, high: int) -> list[EntryRow]:
        """Return the rows that are there of entries ``low <= index < high``, in order."""
        ...

    def leaves(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes that are there of ``low <= index < high``, in order."""
        ...

    def subtrees(self, level: int, low: int, high: int) -> list[bytes]:
        """Return the stored roots of a level ≥ 1 with ``low <= idx < high``, in order."""
        ...

    def subtree_counts(self) -> dict[int, int]:
        """Return for each level ≥ 1 how many subtrees are stored."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Stream all blocks by height."""
        ...

    def entries(self) -> Iterator[EntryRow]:
        """Stream all entries by index."""
        ...

    def segments(self) -> list[SegmentRow]:
        """Return what has left for the archive, in order."""
        ...

    def detach(self, segment: SegmentRow) -> None:
        """Record a segment and delete its entries' rows, within a transaction."""
        ...

    def snapshots(self) -> Iterator[SnapshotRow]:
        """Stream the snapshots, the latest first."""
        ...

    def keep_snapshot(self, snapshot: SnapshotRow, keep: int) -> None:
        """Store a snapshot and drop all but the latest ``keep``, in one transaction of its own."""
        ...

    def upgrade(self, subtrees: Sequence[SubtreeRow]) -> None:
        """Turn :data:`PLAIN` into :data:`TILED`, within a transaction."""
        ...

    def compact(self) -> None:
        """Give back the space of deleted rows, as far as the database can."""
        ...

    def check(self) -> None:
        """Check the database's own structure and the guards; LedgerDamaged otherwise."""
        ...

    def close(self) -> None:
        """Release it; further calls raise StoreError."""
        ...
