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
from typing import Any, NamedTuple

from gridpact.base.errors import JournalDamaged, StoreError

FORMAT = 1
START = bytes(32)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_LOG = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)

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


def _checked(values: Sequence[Any], chain: bytes) -> tuple[Row | None, bytes]:
    """Return a stored row and its chain value; no row where the columns have other types."""
    try:
        row = Row(*values)._replace(origin=Origin(values[2]))
        return row, link(chain, row)
    except (ValueError, TypeError, AttributeError, struct.error):
        return None, chain


def _reader(path: str) -> sqlite3.Connection:
    """Open a journal to read it, also from a medium that cannot be written."""
    address = Path(path).absolute().as_uri()
    for mode in ("rw", "rw&immutable=1"):
        # rw, so that a reader tidies up SQLite's files beside the journal; it never makes one
        db = sqlite3.connect(f"{address}?mode={mode}", isolation_level=None, uri=True)
        try:
            db.execute("PRAGMA query_only=ON")
            db.execute("SELECT count(*) FROM sqlite_schema")
        except sqlite3.OperationalError as error:
            db.close()
            # a finished journal on a read-only medium has no log, and none can be made there
            logged = Path(f"{path}-wal").exists() or "immutable" in mode
            if error.sqlite_errorcode & 0xFF not in _NO_LOG or logged:
                raise
        except sqlite3.Error:
            db.close()
            raise
        else:
            return db
    raise AssertionError  # the last mode returns or raises


class Journal:
    """Append-only store of rows in one SQLite file, or in memory with ``":memory:"``.

    Without ``writable`` the journal must exist and is only read. ``durable`` waits for the disk.
    """

    def __init__(self, path: Path | str, *, durable: bool = False, writable: bool = True) -> None:
        self._path, self._writable = str(path), writable
        try:
            self._db = (
                sqlite3.connect(self._path, isolation_level=None)
                if writable
                else _reader(self._path)
            )
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        try:
            self._seq, self._chain = self._open(durable)
        except sqlite3.Error as error:
            self._db.close()
            raise self._trouble(error) from error
        except StoreError:
            self._db.close()
            raise

    def _open(self, durable: bool) -> tuple[int, bytes]:
        """Make or check the tables; return the last row's number and chain value."""
        # a body that was altered to text need not be UTF-8; it is to be found, not to fail here
        self._db.text_factory = lambda data: data.decode("utf-8", "replace")
        if self._writable:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0 and not self._writable:
            raise StoreError(f"{self._path} is not a journal of gridpact; give another path")
        if found == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={FORMAT}; COMMIT;")
        elif found > FORMAT:
            raise StoreError(
                f"{self._path} was written by a newer gridpact (format {found}, "
                f"this one reads {FORMAT}); update gridpact"
            )
        last = self._db.execute("SELECT seq, chain FROM journal ORDER BY seq DESC LIMIT 1")
        head: tuple[int, bytes] = last.fetchone() or (-1, START)
        return head

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
            return self._damaged(f"the file cannot be read ({error})")
        advice = "the file must exist and be readable"
        if self._writable:
            advice = (
                "what was written before is intact. "
                "Free space or make the folder writable, then resume the run"
            )
        return StoreError(f"journal {self._path}: {error}; {advice}")

    def _damaged(self, what: str) -> JournalDamaged:
        return JournalDamaged(f"journal {self._path}: {what}")

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
        if not rows:
            return
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
        chain, expected = START, after + 1
        if after >= 0:
            chain = self._one("SELECT chain FROM journal WHERE seq=?", after)[0]
        try:
            for *values, stored in self._db.execute(
                "SELECT * FROM journal WHERE seq > ? ORDER BY seq", (after,)
            ):
                row, chain = _checked(values, chain)
                if row is None or row.seq != expected or chain != stored:
                    raise self._damaged(f"row {expected} was altered or removed")
                expected += 1
                yield row
        except sqlite3.OperationalError as error:
            if "decode" in str(error):  # text that is no text: a row's bytes were changed
                raise self._damaged(f"row {expected} was altered or removed") from error
            raise self._trouble(error) from error
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def row(self, seq: int) -> Row:
        """Return one row by number, unchecked."""
        found = Row(*self._one("SELECT * FROM journal WHERE seq=?", seq)[:-1])
        return found._replace(origin=Origin(found.origin))

    def _one(self, query: str, seq: int) -> tuple[Any, ...]:
        try:
            found: tuple[Any, ...] | None = self._db.execute(query, (seq,)).fetchone()
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        if found is None:
            raise self._damaged(f"row {seq} is missing")
        return found

    def save_snapshot(self, body: bytes) -> None:
        """Keep ``body`` as the snapshot after the last row; earlier ones are dropped."""
        seal = hashlib.sha256(self._chain + body).digest()
        self._write("INSERT OR REPLACE INTO snapshot VALUES (?,?,?)", [(self._seq, body, seal)])
        self._write("DELETE FROM snapshot WHERE seq <> ?", [(self._seq,)])

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return ``(seq, body)`` of the latest snapshot whose digest holds, or None.

        The digest covers the chain value of its row, so a snapshot of another journal is not used.
        """
        query = "SELECT seq, snapshot.body, digest, chain FROM snapshot JOIN journal USING (seq)"
        try:
            found = self._db.execute(f"{query} ORDER BY seq DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        if found is None:
            return None
        seq, body, seal, chain = found
        if not isinstance(body, bytes) or hashlib.sha256(chain + body).digest() != seal:
            return None
        return int(seq), body

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        try:
            if self._db.in_transaction:  # interrupted in the middle of a write
                self._db.execute("ROLLBACK")
            if self._writable:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        finally:
            self._db.close()
