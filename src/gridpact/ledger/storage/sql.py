"""What both databases share: the tables, and how rows are read from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import takewhile

import msgspec

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.chain import Block, EntryRow
from gridpact.ledger.merkle import HASH_BYTES
from gridpact.ledger.storage.archive import Archive
from gridpact.ledger.storage.port import PLAIN, TILED, SegmentRow, SnapshotRow, SubtreeRow
from gridpact.ledger.storage.rows import BLOCK_COLUMNS, Row, typed

_PLAIN = ("identity", "blocks", "entries")
GUARDED = {PLAIN: _PLAIN, TILED: (*_PLAIN, "subtrees", "segments")}
"""Tables whose rows may only be added, by format."""

_BLOCKS = f"SELECT {BLOCK_COLUMNS} FROM blocks "  # noqa: S608
_ENTRIES = "SELECT idx, height, body, leaf_hash FROM entries "
_BETWEEN = "idx >= ? AND idx < ? ORDER BY idx"
_SNAPSHOTS = "SELECT height, kind, block_hash, state, signature FROM snapshots "
_SEGMENTS = (
    "SELECT first_height, last_height, first_index, size, digest, tail FROM segments "
    "ORDER BY first_height"
)


class SqlStorage(ABC):
    """Reads and writes the tables through a database's own :meth:`query` and :meth:`insert`.

    Statements hold ``?`` for each value.
    """

    place: str
    format: int
    _archive: Archive | None = None

    @property
    def archive(self) -> Archive:
        """The segments that entries left for, and the folders where these are looked for."""
        if self._archive is None:
            self._archive = Archive(self.segments)
        return self._archive

    @abstractmethod
    def query(self, statement: str, *values: object) -> list[Row]:
        """Run a statement; return its rows."""

    @abstractmethod
    def stream(self, statement: str) -> Iterator[Row]:
        """Run a statement that selects; yield its rows as they are needed."""

    @abstractmethod
    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows to a table, within a transaction."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Write alone, all or none; see :meth:`.port.Storage.transaction`."""

    @abstractmethod
    def unguarded(self, table: str) -> AbstractContextManager[None]:
        """Let rows of a table be deleted, within a transaction."""

    def identity(self) -> list[tuple[str, str]]:
        """Return the ledger's name and authority."""
        return [(str(row[0]), str(row[1])) for row in self._all("SELECT * FROM identity")]

    def claim(self, name: str, authority: str) -> None:
        """Record the name and authority of a new ledger."""
        with self.transaction():
            self.insert("identity", [(name, authority)])

    def append(
        self, block: Block, entries: Sequence[EntryRow], subtrees: Sequence[SubtreeRow]
    ) -> None:
        """Add a block with all that belongs to it."""
        self.insert("blocks", [msgspec.structs.astuple(block)])
        self.insert("entries", list(map(msgspec.structs.astuple, entries)))
        if subtrees and self.format != PLAIN:
            self.insert("subtrees", list(map(msgspec.structs.astuple, subtrees)))

    def last_block(self) -> Block | None:
        """Return the block with the greatest height."""
        return self._one(Block, _BLOCKS + "ORDER BY height DESC LIMIT 1")

    def block(self, height: int) -> Block | None:
        """Return the block of a height."""
        return self._one(Block, _BLOCKS + "WHERE height = ?", height)

    def block_of(self, key: str) -> Block | None:
        """Return the block that was committed under a key."""
        return self._one(Block, _BLOCKS + "WHERE key = ?", key)

    def end(self) -> int:
        """Return the greatest index of an entry, plus one."""
        ((found,),) = self.query("SELECT coalesce(max(idx) + 1, 0) FROM entries")
        if type(found) is not int:
            raise LedgerDamaged(f"ledger {self.place}: an entry's index is no whole number")
        return max(found, self.archive.refreshed().end)

    def entry_rows(self, low: int, high: int) -> list[EntryRow]:
        """Return the rows that are there of a range of entries."""
        found = list(typed(self.query(f"{_ENTRIES}WHERE {_BETWEEN}", low, high), EntryRow))
        if len(found) >= high - low:
            return found
        left = self.archive.refreshed().entry_rows(low, high)
        return sorted([*found, *left], key=lambda row: row.idx)

    def leaves(self, low: int, high: int) -> list[bytes]:
        """Return the leaf hashes that are there of a range of entries."""
        statement = f"SELECT leaf_hash FROM entries WHERE {_BETWEEN}"  # noqa: S608
        found = self._hashes(statement, low, high)
        archive = self.archive
        if len(found) >= high - low or not archive.refreshed().overlaps(low, high):
            return found
        return (
            self._hashes(statement, low, archive.start)
            + archive.leaves(max(low, archive.start), min(high, archive.end))
            + self._hashes(statement, max(low, archive.end), high)
        )

    def subtrees(self, level: int, low: int, high: int) -> list[bytes]:
        """Return the stored roots of a range of a level."""
        statement = f"SELECT hash FROM subtrees WHERE level = ? AND {_BETWEEN}"  # noqa: S608
        return self._hashes(statement, level, low, high)

    def subtree_counts(self) -> dict[int, int]:
        """Return for each level how many subtrees are stored."""
        rows = self.query("SELECT level, count(*) FROM subtrees GROUP BY level ORDER BY level")
        try:
            return dict(msgspec.convert(rows, list[tuple[int, int]]))
        except msgspec.ValidationError as error:
            raise LedgerDamaged(f"ledger {self.place}: a subtree's level is no number") from error

    def blocks(self) -> Iterator[Block]:
        """Stream all blocks by height."""
        return typed(self.stream(_BLOCKS + "ORDER BY height"), Block)

    def entries(self) -> Iterator[EntryRow]:
        """Stream the entries by index: of all segments whose files are given, and its own."""
        archive = self.archive.refreshed()
        rows = typed(self.stream(_ENTRIES + "ORDER BY idx"), EntryRow)
        if archive.segments:
            yield from takewhile(lambda row: row.idx < archive.start, rows)
            yield from archive.entries()
            rows = typed(
                self.stream(f"{_ENTRIES}WHERE idx >= {archive.start} ORDER BY idx"), EntryRow
            )
        yield from rows

    def segments(self) -> list[SegmentRow]:
        """Return what has left for the archive."""
        return [] if self.format == PLAIN else list(typed(self.query(_SEGMENTS), SegmentRow))

    def detach(self, segment: SegmentRow) -> None:
        """Record a segment and delete its entries' rows."""
        with self.unguarded("entries"):
            self.insert("segments", [msgspec.structs.astuple(segment)])
            self.query(
                "DELETE FROM entries WHERE idx >= ? AND idx < ?", segment.first_index, segment.size
            )

    def snapshots(self) -> Iterator[SnapshotRow]:
        """Stream the snapshots, the latest first."""
        if self.format == PLAIN:
            return iter(())
        return typed(self.stream(_SNAPSHOTS + "ORDER BY height DESC"), SnapshotRow)

    def keep_snapshot(self, snapshot: SnapshotRow, keep: int) -> None:
        """Store a snapshot and drop all but the latest of its kind."""
        with self.transaction():
            self.query("DELETE FROM snapshots WHERE height = ?", snapshot.height)
            self.insert("snapshots", [msgspec.structs.astuple(snapshot)])
            self.query(
                "DELETE FROM snapshots WHERE height NOT IN "
                "(SELECT height FROM snapshots ORDER BY height DESC LIMIT ?)",
                keep,
            )

    def _all(self, statement: str) -> list[Row]:
        return self.query(statement)

    def _one(self, kind: type[Block], statement: str, *values: object) -> Block | None:
        return next(typed(self.query(statement, *values), kind), None)

    def _hashes(self, statement: str, *values: object) -> list[bytes]:
        found = []
        for (hashed,) in self.query(statement, *values):
            if type(hashed) is not bytes or len(hashed) != HASH_BYTES:
                raise LedgerDamaged(f"ledger {self.place}: a stored hash is no hash")
            found.append(hashed)
        return found
