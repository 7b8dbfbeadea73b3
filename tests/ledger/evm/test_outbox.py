"""The outbox as a file: what earlier versions wrote, and what was told."""

import sqlite3
from contextlib import closing

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.evm.accounts import Call
from gridpact.ledger.evm.outbox import APPLICATION, Attempt, Order, Outbox

ME, TO = b"\1" * 20, b"\2" * 20
FORMAT_1 = f"""
CREATE TABLE orders (
    key TEXT PRIMARY KEY, chain INTEGER NOT NULL, account BLOB NOT NULL, nonce INTEGER NOT NULL,
    target BLOB NOT NULL, data BLOB NOT NULL, gas INTEGER NOT NULL, final BLOB,
    UNIQUE (chain, account, nonce));
CREATE TABLE attempts (
    hash BLOB PRIMARY KEY, key TEXT NOT NULL REFERENCES orders, price TEXT NOT NULL,
    raw BLOB NOT NULL, state TEXT NOT NULL, seen INTEGER NOT NULL, block INTEGER,
    block_hash BLOB);
CREATE INDEX attempts_of_order ON attempts (key);
CREATE INDEX orders_not_final ON orders (chain, account, nonce) WHERE final IS NULL;
PRAGMA application_id={APPLICATION};
PRAGMA user_version=1;
"""
"""As gridpact wrote it before it remembered what was told."""


def book(outbox, *keys):
    for key in keys:
        order = Order(key, 7, ME, 0, Call(TO, b"", 21_000))
        outbox.book(order, lambda each: Attempt(each.key.encode(), each.key, 1, b"raw"))


def test_what_is_final_in_an_outbox_of_before_counts_as_told(tmp_path):
    with closing(sqlite3.connect(tmp_path / "o", isolation_level=None)) as db:
        db.executescript(FORMAT_1)
        row = "INSERT INTO orders VALUES (?, 7, ?, ?, ?, x'', 21000, ?)"
        db.executemany(row, [("a 1", ME, 0, TO, b"\5"), ("a 2", ME, 1, TO, None)])
    for _ in range(2):  # brought up to now, and opened again
        with closing(Outbox(tmp_path / "o")) as outbox:
            assert outbox.untold("a ") == ["a 2"]
            assert [each.key for each in outbox.waiting(7, ME)] == ["a 2"]
    with closing(Outbox(tmp_path / "o")) as outbox:
        book(outbox, "a 3")
        assert outbox.find("a 3").nonce == 2
        assert outbox.untold("a ") == ["a 2", "a 3"]


def test_orders_are_told_of_by_how_their_keys_begin(tmp_path):
    with closing(Outbox(tmp_path / "o")) as outbox:
        book(outbox, "c act/1 0", "c act/10 0", "c act/1 1", "c once/1 0", "d act/1 0")
        assert outbox.untold("c act/") == ["c act/1 0", "c act/10 0", "c act/1 1"]
        outbox.tell("c act/1 ")
        assert outbox.untold("c act/") == ["c act/10 0"]
        assert outbox.untold("") == ["c act/10 0", "c once/1 0", "d act/1 0"]


def test_an_outbox_of_a_later_version_is_refused(tmp_path):
    Outbox(tmp_path / "o").close()
    with closing(sqlite3.connect(tmp_path / "o")) as db:
        db.execute("PRAGMA user_version=3")
    with pytest.raises(StoreError, match="is no outbox of this gridpact"):
        Outbox(tmp_path / "o")
