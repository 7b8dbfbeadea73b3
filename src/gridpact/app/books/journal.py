"""The journal of a book: every booking in order, each bound to the one before by its hash.

SQLite with a write-ahead log, and every commit on disk before it is acknowledged: a process that is
killed, or a disk that is full, leaves the book as it was. All that a command books is one
transaction. Entries are never changed; what was wrong is booked back.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gridpact.base.errors import StoreError

ROOT = "0" * 64
"""Hash before the first entry."""
_TABLES = """
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at_s INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
"""
_WAIT_S = 30.0


class Entry(msgspec.Struct, frozen=True):
    """One booking: its kind and body, when it was made [s since the epoch], and its place."""

    number: int
    at_s: int
    kind: str
    body: bytes
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 of the entry and of the hash before it, as hexadecimal digits."""
        told = (self.number, self.at_s, self.kind, self.body, self.previous)
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


class Writing:
    """One transaction: what it books is there whole or not at all."""

    def __init__(self, database: sqlite3.Connection, at_s: int) -> None:
        self.database = database
        self.at_s = at_s

    def book(self, kind: str, body: msgspec.Struct) -> Entry:
        """Add an entry to the journal."""
        last = self.database.execute(
            "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1"
        ).fetchone()
        number, previous = (last[0] + 1, last[1]) if last else (1, ROOT)
        entry = Entry(number, self.at_s, kind, msgspec.json.encode(body), previous)
        row = (entry.number, entry.at_s, kind, entry.body, previous, entry.hash)
        self.database.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", row)
        return entry


class Journal:
    """The journal in a file of what errors call a ``book`` or ``register``."""

    def __init__(self, path: Path, what: str = "book") -> None:
        self._path, self._what = path, what

    @classmethod
    def create(cls, path: Path, what: str = "book") -> Journal:
        """Begin an empty journal; StoreError where it cannot be written."""
        journal = cls(path, what)
        with journal._open() as database, journal._told():
            database.executescript(f"BEGIN;{_TABLES}COMMIT;")
        return journal

    @contextmanager
    def writing(self, at_s: int) -> Iterator[Writing]:
        """Begin a transaction that others wait for; undone where anything is raised.

        ``at_s`` is when what is booked was booked. Raises StoreError where it cannot be written.
        """
        with self._open() as database, self._told():
            database.execute("BEGIN IMMEDIATE")
            try:
                yield Writing(database, at_s)
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open the database to look into it as it is now."""
        with self._open() as database, self._told():
            database.execute("BEGIN")
            yield database

    def entries(self, *kinds: str) -> list[Entry]:
        """Return entries of some kinds, or all, in order."""
        columns = "number, at_s, kind, body, previous"
        with self.reading() as database:
            rows = database.execute(f"SELECT {columns} FROM journal ORDER BY number").fetchall()  # noqa: S608
        return [Entry(*row) for row in rows if not kinds or row[2] in kinds]

    def damage(self) -> str:
        """Tell the first entry whose hash or place does not hold; ``""`` where all do."""
        with self.reading() as database:
            rows = database.execute("SELECT * FROM journal ORDER BY number").fetchall()
        previous = ROOT
        for place, (*fields, kept) in enumerate(rows, start=1):
            entry = Entry(*fields)
            if entry.number != place or entry.previous != previous or entry.hash != kept:
                return f"entry {entry.number} of the journal is not as it was booked"
            previous = kept
        return ""

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            database = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
        try:
            with self._told():
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
            yield database
        finally:
            database.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell errors of the database as a line that a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            place = f"{self._what} {self._path.parent}: {self._path.name}"
            raise StoreError(f"{place}: {error}; what was booked before is intact") from error
