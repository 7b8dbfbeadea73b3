"""The SQLite file behind the local ledger: schema, opening, transactions, one line per trouble."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.storage.port import PLAIN, TILED, SubtreeRow
from gridpact.ledger.storage.rows import BATCH, Row
from gridpact.ledger.storage.sql import GUARDED, SqlStorage

APPLICATION = 0x67706C31  # "gpl1", so that no other database is taken for a ledger

_BLOCKS = """CREATE TABLE blocks (
    height INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL UNIQUE,
    first_index INTEGER NOT NULL, count INTEGER NOT NULL, tree_root BLOB NOT NULL,
    prev_hash BLOB NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL, edge BLOB NOT NULL)"""
_ENTRIES = """CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, height INTEGER NOT NULL, body BLOB NOT NULL,
    leaf_hash BLOB NOT NULL)"""
_IDENTITY = "CREATE TABLE identity (name TEXT NOT NULL, authority TEXT NOT NULL)"
_SUBTREES = """CREATE TABLE subtrees (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)) WITHOUT ROWID"""
_SEGMENTS = """CREATE TABLE segments (
    first_height INTEGER PRIMARY KEY, last_height INTEGER NOT NULL, first_index INTEGER NOT NULL,
    size INTEGER NOT NULL, digest BLOB NOT NULL, tail BLOB NOT NULL)"""
_SNAPSHOTS = """CREATE TABLE snapshots (
    height INTEGER PRIMARY KEY, kind TEXT NOT NULL, block_hash BLOB NOT NULL,
    state BLOB NOT NULL, signature BLOB NOT NULL)"""


def _guards(tables: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for table in tables
        for action in ("UPDATE", "DELETE")
    )


_PLAIN = (_IDENTITY, _BLOCKS, _ENTRIES, *_guards(GUARDED[PLAIN]))
_ADDED = (_SUBTREES, _SEGMENTS, _SNAPSHOTS, *_guards(GUARDED[TILED][len(GUARDED[PLAIN]) :]))
SCHEMA = {PLAIN: _PLAIN, TILED: _PLAIN + _ADDED}
"""Every statement that made the tables and guards, by format."""
_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free space and commit again",
    sqlite3.SQLITE_READONLY: "it cannot be written; make the file and its folder writable",
    sqlite3.SQLITE_BUSY: "another process holds it; let that finish and commit again",
    sqlite3.SQLITE_LOCKED: "another connection holds it; let that finish and commit again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; the folder must exist and be accessible",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check its space, quota and health",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Python cannot decode what SQLite says about a schema whose text is damaged.
_ERRORS = (sqlite3.Error, UnicodeDecodeError)
_NO_LOG = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class SqliteStorage(SqlStorage):
    """One connection to a ledger file; ``":memory:"`` keeps it in memory.

    ``format`` is that of a file to be made; one that is there keeps its own. Raises StoreError,
    or LedgerDamaged for a corrupt file.
    """

    def __init__(
        self, path: Path | str, *, writable: bool, wait_s: float = 5.0, new: int = TILED
    ) -> None:
        self.place = str(path)
        self.format = new
        with self.guarded():
            self.db = self._connect(writable, wait_s)
        try:
            with self.guarded():
                self._open(writable)
        except BaseException:
            self.db.close()
            raise

    def _connect(self, writable: bool, wait_s: float) -> sqlite3.Connection:
        if writable:
            return sqlite3.connect(self.place, timeout=wait_s, isolation_level=None)
        try:
            # rw, so that a reader tidies up SQLite's files beside the ledger; it never makes one
            return self._probed("mode=rw", wait_s)
        except sqlite3.OperationalError as error:
            # A finished copy on a read-only medium has no log beside it and none can be made there.
            if error.sqlite_errorcode & 0xFF not in _NO_LOG or Path(self.place + "-wal").exists():
                raise
            return self._probed("mode=rw&immutable=1", wait_s)

    def _probed(self, mode: str, wait_s: float) -> sqlite3.Connection:
        address = f"{Path(self.place).absolute().as_uri()}?{mode}"
        db = sqlite3.connect(address, timeout=wait_s, isolation_level=None, uri=True)
        try:
            db.execute("PRAGMA query_only=ON")
            db.execute("SELECT count(*) FROM sqlite_schema")
        except BaseException:
            db.close()
            raise
        return db

    def _open(self, writable: bool) -> None:
        self.db.text_factory = lambda data: data.decode("ascii", "replace")
        application, version, objects = (
            self.db.execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_schema",
            )
        )
        if writable and not (application or version or objects):
            self._create()
        elif application != APPLICATION:
            raise StoreError(f"{self.place} is not a gridpact ledger; give another path")
        elif version not in SCHEMA:
            raise StoreError(
                f"ledger {self.place} has format {version}, this gridpact reads {TILED}; update it"
            )
        else:
            self.format = version
        if writable:
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")

    def _create(self) -> None:
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        with self.transaction():
            for statement in SCHEMA[self.format]:
                self.db.execute(statement)
            self.db.execute(f"PRAGMA application_id={APPLICATION}")
            self.db.execute(f"PRAGMA user_version={self.format}")

    def upgrade(self, subtrees: Sequence[SubtreeRow]) -> None:
        """Add what a file of the plain format lacks, within a transaction."""
        for statement in _ADDED:
            self.query(statement)
        self.insert("subtrees", list(map(msgspec.structs.astuple, subtrees)))
        self.query(f"PRAGMA user_version={TILED}")
        self.format = TILED

    def query(self, statement: str, *values: object) -> list[Row]:
        """Run a statement; return its rows."""
        with self.guarded():
            return self.db.execute(statement, values).fetchall()

    def stream(self, statement: str) -> Iterator[Row]:
        """Run a statement that selects; yield its rows as they are needed."""
        with self.guarded():
            cursor = self.db.execute(statement)
            while rows := cursor.fetchmany(BATCH):
                yield from rows

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows to a table."""
        if rows:
            marks = ",".join("?" * len(rows[0]))
            with self.guarded():
                self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608

    def compact(self) -> None:
        """Rewrite the file without the space of deleted rows."""
        self.query("VACUUM")

    @contextmanager
    def unguarded(self, table: str) -> Iterator[None]:
        """Let rows of a table be deleted, within a transaction."""
        (guard,) = (each for each in SCHEMA[PLAIN] if f"TRIGGER {table}_no_delete " in each)
        self.query(f"DROP TRIGGER {table}_no_delete")
        yield
        self.query(guard)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn every error of SQLite into one line that says what to do."""
        try:
            yield
        except _ERRORS as error:
            raise self._trouble(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run statements all or none; durable on disk when the block ends without an error."""
        with self._within("IMMEDIATE"):
            self._look_again()
            yield

    @contextmanager
    def view(self) -> Iterator[None]:
        """Read one state of the rows, whatever others write meanwhile."""
        with self._within("DEFERRED"):
            self._look_again()
            yield

    def _look_again(self) -> None:
        """Note the format, as another process may have turned it into a later one."""
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        self.format = version or self.format

    @contextmanager
    def _within(self, kind: str) -> Iterator[None]:
        with self.guarded():
            self.db.execute(f"BEGIN {kind}")
            try:
                yield
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    def _trouble(self, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        said = " ".join(str(error).split())
        if code in _DAMAGED or isinstance(error, UnicodeDecodeError):
            return LedgerDamaged(
                f"ledger {self.place}: {said}; restore the last copy that verifies"
            )
        advice = _ADVICE.get(code, "what was acknowledged before is intact")
        return StoreError(f"ledger {self.place}: {said}; {advice}")

    def check(self) -> None:
        """Check the file's own structure and its append-only guards; LedgerDamaged otherwise."""
        stored = [row[0] for row in self.query("SELECT sql FROM sqlite_schema") if row[0]]
        expected = SCHEMA[self.format]
        for statement in sorted(set(expected).symmetric_difference(map(str, stored))):
            what = " ".join(statement.split()[1:3]).lower()
            how = "removed or changed" if statement in expected else "added or changed"
            raise LedgerDamaged(f"ledger {self.place}: its {what} was {how}")
        ((found,),) = self.query("PRAGMA integrity_check(1)")
        if found != "ok":
            raise LedgerDamaged(f"ledger {self.place}: {str(found).splitlines()[-1]}")

    def close(self) -> None:
        """Fold the write-ahead log into the file, where this may be written, and close it."""
        try:
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except _ERRORS:  # the log beside the file stays and is read at the next opening
            pass
        finally:
            self.db.close()
