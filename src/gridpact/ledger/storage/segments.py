"""Segment files: the blocks and entries of a stretch of a ledger's past, in one SQLite file.

A segment checks by itself: it holds what the tree's right edge was before it, so that each of its
blocks' roots is recomputed from its own entries, and every block's hash and signature.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import file_digest
from pathlib import Path

import msgspec

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.base.files import synced
from gridpact.ledger.chain import Block, EntryRow, Walk
from gridpact.ledger.keys import PublicKey
from gridpact.ledger.merkle import HASH_BYTES, Edge, Nodes, node_hash
from gridpact.ledger.port import Head, Proof
from gridpact.ledger.storage.rows import BLOCK_COLUMNS, typed

APPLICATION = 0x67707331  # "gps1"
_ABOUT = """CREATE TABLE about (name TEXT, authority TEXT, first_height INTEGER,
    last_height INTEGER, first_index INTEGER, size INTEGER, edge BLOB)"""
_BLOCKS = """CREATE TABLE blocks (height INTEGER PRIMARY KEY, at INTEGER, key TEXT,
    first_index INTEGER, count INTEGER, tree_root BLOB, prev_hash BLOB, hash BLOB, signature BLOB,
    edge BLOB)"""
_ENTRIES = """CREATE TABLE entries (idx INTEGER PRIMARY KEY, height INTEGER, body BLOB,
    leaf_hash BLOB)"""


class About(msgspec.Struct, frozen=True, array_like=True):
    """Whose segment it is and what it holds; ``edge`` is the tree's right edge before it."""

    name: str
    authority: str
    first_height: int
    last_height: int
    first_index: int
    size: int
    edge: bytes


def write_segment(
    path: Path, about: About, blocks: Sequence[Block], entries: Iterator[EntryRow]
) -> None:
    """Write a segment, whole and on disk when this returns; StoreError where it cannot be."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(partial, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN")
            for statement in (_ABOUT, _BLOCKS, _ENTRIES):
                db.execute(statement)
            db.execute(f"PRAGMA application_id={APPLICATION}")
            db.execute("INSERT INTO about VALUES (?,?,?,?,?,?,?)", msgspec.structs.astuple(about))
            db.executemany(
                "INSERT INTO blocks VALUES (?,?,?,?,?,?,?,?,?,?)",
                map(msgspec.structs.astuple, blocks),
            )
            db.executemany(
                "INSERT INTO entries VALUES (?,?,?,?)", map(msgspec.structs.astuple, entries)
            )
            db.execute("COMMIT")
        synced(partial)
        partial.replace(path)
        synced(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"segment {path}: {error}; nothing has left the ledger") from error


class Segment:
    """An open segment file. Raises StoreError where there is none, LedgerDamaged for damage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(address, isolation_level=None, uri=True)
        except sqlite3.Error as error:
            raise StoreError(f"segment {path}: {error}") from error
        try:
            if self._query("PRAGMA application_id") != [(APPLICATION,)]:
                raise LedgerDamaged(f"segment {path}: is no segment of a ledger")
            (self.about,) = self._about()
        except BaseException:
            self._db.close()
            raise

    def digest(self) -> bytes:
        """SHA-256 of the file."""
        with self._guarded(), self.path.open("rb") as stream:
            return file_digest(stream, "sha256").digest()

    def blocks(self) -> Iterator[Block]:
        """Yield its blocks by height."""
        return typed(self._query(f"SELECT {BLOCK_COLUMNS} FROM blocks ORDER BY height"), Block)  # noqa: S608

    def entries(self) -> Iterator[EntryRow]:
        """Stream its entries by index."""
        with self._guarded():
            yield from typed(self._db.execute("SELECT * FROM entries ORDER BY idx"), EntryRow)

    def entry_rows(self, low: int, high: int) -> list[EntryRow]:
        """Return the entries that it has with ``low <= index < high``."""
        statement = "SELECT * FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
        return list(typed(self._query(statement, low, high), EntryRow))

    def check(self, keys: Sequence[PublicKey]) -> Head:
        """Recompute it by itself, with blocks by any of ``keys``; return the head after it."""
        about, edge, blocks = self.about, self._edge(), list(self.blocks())
        if not blocks:
            raise LedgerDamaged(f"segment {self.path}: holds no block")
        start = Head(about.first_height - 1, about.first_index, edge.root(), blocks[0].prev_hash)
        walk = Walk(start, keys[0])
        walk.edge, walk.keys, walk.admission = edge, list(keys), None
        rows = self.entries()
        for block in blocks:
            walk.take(block, rows)
        told = about.last_height, about.size
        if next(rows, None) is not None or told != (walk.head.height, walk.head.size):
            raise LedgerDamaged(f"segment {self.path}: its blocks are not those that it tells of")
        return walk.end()

    def prove(self, index: int) -> Proof:
        """Prove one of its entries under the head after it; IndexError where it has it not."""
        about = self.about
        if not about.first_index <= index < about.size:
            raise IndexError(
                f"segment {self.path.name} has entries {about.first_index} to {about.size - 1}"
            )
        tree = _SegmentTree(
            self._edge(), [row.leaf_hash for row in self.entries()], about.first_index
        )
        path = tree.inclusion(index)
        return Proof(index, tree.node(0, index), about.size, path, tree.root())

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _about(self) -> list[About]:
        rows = self._query("SELECT * FROM about")
        try:
            return msgspec.convert(rows, list[About], builtin_types=(bytes,))
        except msgspec.ValidationError as error:
            raise LedgerDamaged(f"segment {self.path}: {error}") from error

    def _edge(self) -> Edge:
        data = self.about.edge
        parts = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
        try:
            return Edge(self.about.first_index, parts)
        except ValueError as error:
            raise LedgerDamaged(f"segment {self.path}: {error}") from error

    def _query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self._guarded():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
            said = " ".join(str(error).split())
            raise LedgerDamaged(f"segment {self.path}: {said}; bring back a good copy") from error


class _SegmentTree(Nodes):
    """The tree up to a segment's end, of the edge before it and its own leaves."""

    def __init__(self, edge: Edge, leaves: Sequence[bytes], first: int) -> None:
        self._first, self._size = first, first + len(leaves)
        self._known = {(0, first + place): leaf for place, leaf in enumerate(leaves)}
        low = 0
        for root, level in zip(edge.subtrees, _levels(edge.size), strict=True):
            self._known[level, low >> level] = root
            low += 1 << level

    def __len__(self) -> int:
        return self._size

    def node(self, level: int, index: int) -> bytes:
        """Return the root of one complete subtree that is not wholly below the edge's."""
        found = self._known.get((level, index))
        if found is None:
            if not level:
                raise LedgerDamaged(f"entry {index} is missing in its segment")
            left, right = self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1)
            found = self._known[level, index] = node_hash(left, right)
        return found


def _levels(size: int) -> list[int]:
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
