"""The journal: every message, written before it is handled, in an append-only chained table.

Each row's ``chain`` is SHA-256 over the previous chain and the row's own columns, so an edited,
dropped or reordered row is found. Rows that belong together (the answers of one effect) are
written in one transaction. SQLite in WAL mode survives a killed process without losing a
committed row; with ``durable`` it also survives a power cut.
"""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from gridpact.base.errors import JournalDamaged, StoreError

FORMAT = 1
START = bytes(32)

_TABLES = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, origin INTEGER NOT NULL,
    cause INTEGER NOT NULL, answers INTEGER NOT NULL, kind TEXT NOT NULL,
    body BLOB NOT NULL, chain BLOB NOT NULL);
CREATE TABLE snapshot (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TRIGGER journal_is_append_only_u BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_d BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""


class Origin(IntEnum):
    """Where a message came from: outside, an effect's answer, or another message's handler."""

    INPUT = 0
    ANSWER = 1
    DERIVED = 2


class Row(NamedTuple):
    """One journal row.

    ``cause`` is the row whose handling led to it; ``answers`` is how many rows of the same
    effect follow this one.
    """

    seq: int
    time: int
    origin: Origin
    cause: int
    answers: int
    kind: str
    body: bytes


def link(previous: bytes, row: Row) -> bytes:
    """Return the chain value of a row [32 bytes]."""
    head = struct.pack("<qqiqi", row.seq, row.time, row.origin, row.cause, row.answers)
    return hashlib.sha256(b"".join([previous, head, row.kind.encode(), b"\0", row.body])).digest()


class Journal:
    """Append-only store of rows in one SQLite file, or in memory with ``":memory:"``."""

    def __init__(self, path: Path | str, *, durable: bool = False) -> None:
        self._path = str(path)
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None)
            self._open(durable)
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        last = self._db.execute("SELECT seq, chain FROM journal ORDER BY seq DESC LIMIT 1")
        head: tuple[int, bytes] = last.fetchone() or (-1, START)
        self._seq, self._chain = head

    def _open(self, durable: bool) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={FORMAT}; COMMIT;")
        elif found > FORMAT:
            raise StoreError(f"{self._path} was written by a newer gridpact (format {found})")

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"journal {self._path}: {error}; what was written before is intact. "
            "Free space or make the folder writable, then resume the run"
        )

    @property
    def height(self) -> int:
        """Number of rows."""
        return self._seq + 1

    @property
    def head(self) -> bytes:
        """Chain value of the last row: one hash for the whole journal."""
        return self._chain

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows in one transaction; raise :class:`StoreError` and write nothing on trouble."""
        chain, values = self._chain, []
        for row in rows:
            chain = link(chain, row)
            values.append((*row, chain))
        self._write("INSERT INTO journal VALUES (?,?,?,?,?,?,?,?)", values)
        self._seq, self._chain = rows[-1].seq, chain

    def _write(self, statement: str, values: Sequence[tuple[object, ...]]) -> None:
        try:
            self._db.execute("BEGIN")
            self._db.executemany(statement, values)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._trouble(error) from error

    def rows(self, after: int = -1) -> Iterator[Row]:
        """Yield rows with ``seq > after`` in order, checking the chain on the way.

        Raises :class:`JournalDamaged` at the first row that does not fit.
        """
        chain, expected = START, 0
        if after >= 0:
            found = self._db.execute("SELECT chain FROM journal WHERE seq=?", (after,)).fetchone()
            chain, expected = found[0] if found else START, after + 1
        for *values, stored in self._db.execute(
            "SELECT * FROM journal WHERE seq > ? ORDER BY seq", (after,)
        ):
            row = Row(*values)._replace(origin=Origin(values[2]))
            chain = link(chain, row)
            if row.seq != expected or chain != stored:
                raise JournalDamaged(f"journal {self._path}: row {expected} was altered")
            expected += 1
            yield row

    def row(self, seq: int) -> Row:
        """Return one row by number, unchecked."""
        found = self._db.execute("SELECT * FROM journal WHERE seq=?", (seq,)).fetchone()
        if found is None:
            raise JournalDamaged(f"journal {self._path}: row {seq} is missing")
        return Row(*found[:-1])

    def save_snapshot(self, body: bytes) -> None:
        """Keep ``body`` as the snapshot after the last row; earlier ones are dropped."""
        digest = hashlib.sha256(body).digest()
        self._write("INSERT OR REPLACE INTO snapshot VALUES (?,?,?)", [(self._seq, body, digest)])
        self._write("DELETE FROM snapshot WHERE seq < ?", [(self._seq,)])

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return ``(seq, body)`` of the latest snapshot whose digest holds, or None."""
        found = self._db.execute("SELECT * FROM snapshot ORDER BY seq DESC LIMIT 1").fetchone()
        if found is None or hashlib.sha256(found[1]).digest() != found[2]:
            return None
        return int(found[0]), bytes(found[1])

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        try:
            if self._db.in_transaction:  # interrupted in the middle of a write
                self._db.execute("ROLLBACK")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        finally:
            self._db.close()
