"""The schema of a PostgreSQL database behind the local ledger, through pg8000.

A commit is one transaction under an advisory lock, so that writers take turns, with
``synchronous_commit`` on, so that it is on the server's disk before it is acknowledged. A lost
connection is made anew by the next call.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.storage.addresses import Address, parse_address
from gridpact.ledger.storage.port import TILED, SubtreeRow
from gridpact.ledger.storage.postgres_errors import explained, refusal, unreachable
from gridpact.ledger.storage.postgres_schema import COLUMNS, differences, statements
from gridpact.ledger.storage.rows import Row
from gridpact.ledger.storage.sql import SqlStorage

if TYPE_CHECKING:
    from pg8000.native import Connection

APPLICATION = 0x67706C31
"""First half of the advisory lock's key; the second is the CRC-32 of the schema's name."""
FETCHED = 2000
"""Rows fetched at once from a cursor."""
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack(">h", -1)
_WHOLE = {"int4": struct.Struct(">ii"), "int8": struct.Struct(">iq")}


class PostgresStorage(SqlStorage):
    """One connection to a ledger's schema. Raises StoreError, or LedgerDamaged for damage."""

    format = TILED

    def __init__(self, address: str, *, writable: bool, wait_s: float = 5.0) -> None:
        self._address, self._wait_s = parse_address(address), wait_s
        self._writable = writable
        self.place = str(self._address)
        self._connection: Connection | None = None
        self._closed = self._in_transaction = False
        self._cursors = 0
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def query(self, statement: str, *values: object) -> list[Row]:
        """Run a statement; return its rows."""
        parts = statement.split("?")
        numbered = "".join(f"{part}:p{place}" for place, part in enumerate(parts[:-1])) + parts[-1]
        with self._guarded() as connection:
            named = {f"p{place}": value for place, value in enumerate(values)}
            return connection.run(numbered, **named) or []

    def stream(self, statement: str) -> Iterator[Row]:
        """Run a statement that selects; yield its rows, within a view in batches."""
        if not self._in_transaction:
            yield from self.query(statement)
            return
        self._cursors += 1
        name = f"rows_{self._cursors}"
        self.query(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}")
        while rows := self.query(f"FETCH FORWARD {FETCHED} FROM {name}"):
            yield from rows

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows to a table."""
        if rows:
            with self._guarded() as connection:
                connection.run(
                    f"COPY {table} FROM STDIN (FORMAT binary)", stream=_copied(table, rows)
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run statements all or none, alone; on the server's disk when the block ends."""
        lock = zlib.crc32(self._address.schema.encode()) - 2**31
        wait = f"SET LOCAL lock_timeout = {max(1, round(self._wait_s * 1000))}"
        with self._within(f"BEGIN; {wait}; SELECT pg_advisory_xact_lock({APPLICATION}, {lock})"):
            yield

    @contextmanager
    def view(self) -> Iterator[None]:
        """Read one state of the rows, whatever others write meanwhile."""
        with self._within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    def compact(self) -> None:
        """Let the server use the space of deleted rows again."""
        self.query("VACUUM entries")

    @contextmanager
    def unguarded(self, table: str) -> Iterator[None]:
        """Let rows of a table be deleted, within a transaction."""
        self.query(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_delete")
        yield
        self.query(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_delete")

    def upgrade(self, subtrees: Sequence[SubtreeRow]) -> None:
        """Do nothing: every ledger on PostgreSQL stores subtrees."""

    def check(self) -> None:
        """Check that tables, keys and guards are as they were made; LedgerDamaged otherwise."""
        for thing, expected, found in differences(self.query, self._address.schema):
            what = (
                "was added"
                if expected is None
                else "was removed"
                if found is None
                else "was changed"
            )
            raise LedgerDamaged(f"ledger {self.place}: its {thing} {what}")

    def close(self) -> None:
        """Leave the server."""
        self._closed = True
        self._drop()

    # -- the connection -----------------------------------------------------------------------

    def _open(self) -> None:
        schema = self._address.schema
        found = self.query(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(?)", schema
        )
        if not found and self._writable:
            self._create()
        elif not found:
            raise StoreError(
                f"{self.place} holds no ledger; open it to write, or give another schema"
            )
        elif ["format"] not in found or ["identity"] not in found:
            raise StoreError(f"{self.place} is not a gridpact ledger; give another schema")
        versions = self.query("SELECT version FROM format")
        if versions != [[TILED]]:
            said = ", ".join(str(version) for (version,) in versions)
            raise StoreError(
                f"ledger {self.place} has format {said}, this gridpact reads {TILED}; update it"
            )
        if self._writable and self.query("SHOW fsync") != [["on"]]:
            raise StoreError(
                f"ledger {self.place}: the server does not fsync; set fsync = on there"
            )

    def _create(self) -> None:
        schema = self._address.schema
        with self.transaction():
            if self.query("SELECT to_regclass(?)", f"{schema}.format") != [[None]]:
                return  # another process was faster
            if not self.query("SELECT 1 FROM pg_namespace WHERE nspname = ?", schema):
                self.query(f"CREATE SCHEMA {schema}")
            for statement in statements():
                self.query(statement)

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        try:
            self.query(begin)
            self._in_transaction = True
            yield
            self.query("COMMIT")
        except BaseException:
            with suppress(StoreError):  # what went wrong first is told
                if self._connection is not None:
                    self.query("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    @contextmanager
    def _guarded(self) -> Iterator[Connection]:
        """Give the connection; turn every error into one line that says what to do."""
        from pg8000.exceptions import DatabaseError, InterfaceError

        if self._closed:
            raise StoreError(f"ledger {self.place}: is closed; open it again")
        try:
            if self._connection is None:
                if self._in_transaction:
                    raise InterfaceError("network error")
                self._connection = connect(self._address, self._wait_s)
            yield self._connection
        except DatabaseError as error:
            raise explained(self.place, error) from error
        except (InterfaceError, OSError) as error:
            self._drop()
            told = refusal(error)
            found = explained(self.place, told) if told else unreachable(self.place, error)
            raise found from error
        except BaseException:  # the answer was not read to its end
            self._drop()
            raise

    def _drop(self) -> None:
        from pg8000.exceptions import Error

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Error, OSError):
                connection.close()


def connect(address: Address, wait_s: float) -> Connection:
    """Connect and set what every session of ours needs."""
    from pg8000.native import Connection

    opened = _socket(address, wait_s)
    try:
        connection = Connection(
            address.user,
            host=address.host,
            database=address.database,
            password=address.password,
            ssl_context=address.tls(),
            application_name="gridpact",
            sock=opened,
        )
        connection.run(f"SET search_path = {address.schema}, pg_catalog")
        if connection.run("SHOW synchronous_commit") != [["remote_apply"]]:  # stronger than on
            connection.run("SET synchronous_commit = on")
    except BaseException:
        opened.close()
        raise
    return connection


def _socket(address: Address, wait_s: float) -> socket.socket:
    if address.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(wait_s)
            opened.connect(address.socket)
        except BaseException:
            opened.close()
            raise
    else:
        opened = socket.create_connection((address.host, address.port), wait_s)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(wait_s * 1000))
    opened.settimeout(None)
    return opened


def _copied(table: str, rows: Sequence[Row]) -> Iterator[bytes]:
    """Write rows in PostgreSQL's binary form of COPY."""
    kinds = list(COLUMNS[table].values())
    head = struct.pack(">h", len(kinds))
    yield _COPY_HEAD
    for row in rows:
        yield head + b"".join(map(_field, kinds, row))
    yield _COPY_END


def _field(kind: str, value: object) -> bytes:
    if kind in _WHOLE:
        form = _WHOLE[kind]
        return form.pack(form.size - 4, value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack(">i", len(data)) + data
