"""The outbox: every transaction is on the disk before a node sees it.

An **order** is what shall be done once, under a key; it owns one nonce of its account. Each of its
**attempts** is one signed transaction of that nonce, the later ones at a higher price, so that a
chain can take one of them at most. A process that is killed at any point finds its orders here and
goes on with them. It remembers as well whether anybody was told what came of an order: one that was
done, and whose answer got lost, is not taken for one that is yet to be done.
"""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec

from gridpact.base.errors import StoreError
from gridpact.ledger.evm.accounts import Call

APPLICATION = 0x67706F62
FORMAT = 2
_TABLES = (
    """CREATE TABLE orders (
    key TEXT PRIMARY KEY, chain INTEGER NOT NULL, account BLOB NOT NULL, nonce INTEGER NOT NULL,
    target BLOB NOT NULL, data BLOB NOT NULL, gas INTEGER NOT NULL, final BLOB,
    told INTEGER NOT NULL DEFAULT 0, UNIQUE (chain, account, nonce))""",
    """CREATE TABLE attempts (
    hash BLOB PRIMARY KEY, key TEXT NOT NULL REFERENCES orders, price TEXT NOT NULL,
    raw BLOB NOT NULL, state TEXT NOT NULL, seen INTEGER NOT NULL, block INTEGER,
    block_hash BLOB)""",
    "CREATE INDEX attempts_of_order ON attempts (key)",
    "CREATE INDEX orders_not_final ON orders (chain, account, nonce) WHERE final IS NULL",
    "CREATE INDEX orders_not_told ON orders (key) WHERE told=0",
)
_SINCE_1 = (
    "ALTER TABLE orders ADD COLUMN told INTEGER NOT NULL DEFAULT 0",
    "UPDATE orders SET told=1 WHERE final IS NOT NULL",
    _TABLES[-1],
)
"""Brings an outbox of format 1 up to now; what is final there counts as told."""
_LAST = "\U0010ffff"
_ORDER = "SELECT key, chain, account, nonce, target, data, gas, final FROM orders"
_ATTEMPT = "SELECT hash, key, price, raw, state, seen, block, block_hash FROM attempts"


class State(enum.Enum):
    """How far an attempt has come."""

    JOURNALLED = "journalled"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"
    REPLACED = "replaced"
    """Another attempt of its order is final."""
    DROPPED = "dropped"
    """Its nonce was taken by a transaction from elsewhere; it can never be mined."""


class Order(msgspec.Struct, frozen=True):
    """What is to be done once; ``final`` is the hash of the attempt that did it, else empty."""

    key: str
    chain: int
    account: bytes
    nonce: int
    call: Call
    final: bytes = b""


class Attempt(msgspec.Struct, frozen=True):
    """A signed transaction of an order at a price of gas [wei].

    ``seen`` is the height of the chain when it was signed; ``block`` and ``block_hash`` say where
    it was last seen mined.
    """

    hash: bytes
    key: str
    price: int
    raw: bytes
    state: State = State.JOURNALLED
    seen: int = 0
    block: int | None = None
    block_hash: bytes | None = None


Sign: TypeAlias = Callable[[Order], Attempt]
"""Signs an order, once its nonce is known."""


class Outbox:
    """The orders of the accounts of one participant or authority, in a file of SQLite.

    ``":memory:"`` keeps none after the process. Each change is on the disk when the method
    returns. Several processes may use one file. Raises StoreError on trouble.
    """

    def __init__(self, path: Path | str, wait_s: float = 5.0) -> None:
        self.place = str(path)
        with self._guarded():
            self._db = sqlite3.connect(self.place, timeout=wait_s, isolation_level=None)
        try:
            with self._guarded():
                self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        ask = self._db.execute
        ask("PRAGMA journal_mode=WAL")
        ask("PRAGMA synchronous=FULL")
        ask("PRAGMA foreign_keys=ON")
        with self._transaction():
            application = ask("PRAGMA application_id").fetchone()[0]
            version = ask("PRAGMA user_version").fetchone()[0]
            if not (
                application or version or ask("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            ):
                for statement in _TABLES:
                    ask(statement)
                ask(f"PRAGMA application_id={APPLICATION}")
                ask(f"PRAGMA user_version={FORMAT}")
            elif (application, version) == (APPLICATION, 1):
                for statement in _SINCE_1:
                    ask(statement)
                ask(f"PRAGMA user_version={FORMAT}")
            elif (application, version) != (APPLICATION, FORMAT):
                raise StoreError(f"{self.place} is no outbox of this gridpact; give another path")

    def find(self, key: str) -> Order | None:
        """Return the order of a key."""
        rows = self._query(f"{_ORDER} WHERE key=?", key)
        return _order(rows[0]) if rows else None

    def waiting(self, chain: int, account: bytes) -> list[Order]:
        """Return the orders of an account that are not final, by nonce."""
        where = "WHERE chain=? AND account=? AND final IS NULL ORDER BY nonce"
        return [_order(row) for row in self._query(f"{_ORDER} {where}", chain, account)]

    def attempts(self, key: str) -> list[Attempt]:
        """Return the attempts of an order, the newest last."""
        rows = self._query(f"{_ATTEMPT} WHERE key=? ORDER BY rowid", key)
        return [_attempt(row) for row in rows]

    def book(self, order: Order, sign: Sign) -> Order:
        """Put an order and its first attempt on the disk, with the next free nonce.

        ``order.nonce`` is the least that it may get. Of two that book one key at the same time,
        both get the one order; with other content the second raises StoreError.
        """
        with self._guarded(), self._transaction():
            known = self.find(order.key)
            if known is not None:
                if (known.chain, known.account, known.call.to, known.call.data) != (
                    (order.chain, order.account, order.call.to, order.call.data)
                ):
                    raise StoreError(f"outbox {self.place}: {order.key!r} was sent as another call")
                return known
            return self._put(self._with_nonce(order), sign)

    def fill(self, order: Order, sign: Sign) -> None:
        """Put an order of a free nonce below others on the disk; nothing where it is there."""
        with self._guarded(), self._transaction():
            taken = "SELECT 1 FROM orders WHERE chain=? AND account=? AND nonce=?"
            place = (order.chain, order.account, order.nonce)
            if not self._db.execute(taken, place).fetchone():
                self._put(order, sign)

    def book_again(self, order: Order, sign: Sign) -> Order:
        """Give an order whose nonce was taken from elsewhere the next free one."""
        with self._guarded(), self._transaction():
            booked = self._with_nonce(order)
            self._db.execute(
                "UPDATE attempts SET state=? WHERE key=?", (State.DROPPED.value, order.key)
            )
            self._db.execute(
                "UPDATE orders SET nonce=? WHERE key=? AND final IS NULL",
                (booked.nonce, order.key),
            )
            self._add(sign(booked))
            return booked

    def add(self, attempt: Attempt) -> None:
        """Put a further attempt of an order on the disk."""
        with self._guarded(), self._transaction():
            self._add(attempt)

    def mark(self, attempt: Attempt, state: State, block: int | None, hash_: bytes | None) -> None:
        """Note how far an attempt has come, and in which block it was seen."""
        with self._guarded(), self._transaction():
            self._db.execute(
                "UPDATE attempts SET state=?, block=?, block_hash=? WHERE hash=?",
                (state.value, block, hash_, attempt.hash),
            )
            if state is State.FINAL:
                self._db.execute(
                    "UPDATE attempts SET state=? WHERE key=? AND hash<>? AND state<>?",
                    (State.REPLACED.value, attempt.key, attempt.hash, State.DROPPED.value),
                )
                self._db.execute(
                    "UPDATE orders SET final=? WHERE key=?", (attempt.hash, attempt.key)
                )

    def untold(self, begins: str) -> list[str]:
        """Return the keys that begin so of orders that nobody was told the end of, oldest first."""
        where = "WHERE told=0 AND key>=? AND key<? ORDER BY rowid"
        rows = self._query(f"SELECT key FROM orders {where}", begins, f"{begins}{_LAST}")  # noqa: S608
        return [str(key) for (key,) in rows]

    def tell(self, begins: str) -> None:
        """Note that whoever gave the orders whose keys begin so was told what came of them."""
        with self._guarded(), self._transaction():
            self._db.execute(
                "UPDATE orders SET told=1 WHERE told=0 AND key>=? AND key<?",
                (begins, f"{begins}{_LAST}"),
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _put(self, order: Order, sign: Sign) -> Order:
        self._insert(
            "orders", order.key, order.chain, order.account, order.nonce, order.call.to,
            order.call.data, order.call.gas, None, 0,
        )  # fmt: skip
        self._add(sign(order))
        return order

    def _with_nonce(self, order: Order) -> Order:
        row = self._db.execute(
            "SELECT max(nonce) FROM orders WHERE chain=? AND account=?",
            (order.chain, order.account),
        ).fetchone()
        nonce = order.nonce if row[0] is None else max(order.nonce, row[0] + 1)
        return msgspec.structs.replace(order, nonce=nonce)

    def _add(self, attempt: Attempt) -> None:
        self._insert(
            "attempts", attempt.hash, attempt.key, str(attempt.price), attempt.raw,
            attempt.state.value, attempt.seen, attempt.block, attempt.block_hash,
        )  # fmt: skip

    def _insert(self, table: str, *values: object) -> None:
        marks = ",".join("?" * len(values))
        self._db.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608

    def _query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self._guarded():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            said = " ".join(str(error).split())
            advice = "what was journalled before is intact; free space, or let others finish"
            raise StoreError(f"outbox {self.place}: {said}; {advice}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _order(row: tuple[object, ...]) -> Order:
    key, chain, account, nonce, to, data, gas, final = row
    call = msgspec.convert({"to": to, "data": data, "gas": gas}, Call)
    fields = {"key": key, "chain": chain, "account": account, "nonce": nonce, "final": final or b""}
    return msgspec.convert({**fields, "call": call}, Order)


def _attempt(row: tuple[object, ...]) -> Attempt:
    fields = dict(zip(Attempt.__struct_fields__, row, strict=True))
    return msgspec.convert({**fields, "price": int(str(fields["price"]))}, Attempt)
