"""Snapshots: found again, bound to their block, and ignored where anything was changed."""

import sqlite3
from contextlib import closing

import pytest

from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.storage.port import PLAIN
from gridpact.ledger.storage.snapshots import KEPT, keep, latest
from gridpact.ledger.storage.sqlite import SqliteStorage

KIND = "state/1"


def held_by(*keys):
    """Tell whether a signature is of one of these keys."""
    return lambda message, signature: any(key.holds(message, signature) for key in keys)


def test_the_last_one_is_found_and_few_are_kept(place, authority, some_entries):
    keys = [demonstration_key(8).public, authority.public]
    with LocalLedger(place, authority) as ledger:
        assert latest(ledger._storage, KIND, held_by(*keys)) is None
        assert not keep(ledger._storage, ledger.head(), KIND, b"nothing", authority.sign)
        for number in range(4):
            ledger.commit(f"key/{number}", some_entries, number)
            state = bytes([number]) * 1000
            assert keep(ledger._storage, ledger.head(), KIND, state, authority.sign)
            assert keep(
                ledger._storage, ledger.head(), KIND, state, authority.sign
            )  # again: the same
            assert latest(ledger._storage, KIND, held_by(*keys)) == (ledger.head(), state)
        head = ledger.head()
        assert len(list(ledger._storage.snapshots())) == KEPT
        ledger.commit("more", some_entries, 9)
        assert ledger.verify(head).height == 5
    with LocalLedger(place, authority.public) as ledger:
        assert latest(ledger._storage, KIND, held_by(*keys)) == (head, state)
        assert latest(ledger._storage, "state/2", held_by(*keys)) is None
        assert latest(ledger._storage, KIND, held_by(keys[0])) is None


@pytest.mark.parametrize(
    "change",
    [
        "state = CAST(state || 'x' AS BLOB)",
        "state = zeroblob(10)",
        "signature = zeroblob(64)",
        "block_hash = (SELECT hash FROM blocks WHERE height = 1)",
        "height = 9",
        "height = 1",
    ],
)
def test_a_changed_one_is_passed_over(path, authority, filled, change):
    with LocalLedger(path, authority) as ledger:
        before = ledger.block(2).head()
        for height in (2, 3):
            keep(ledger._storage, ledger.block(height).head(), KIND, b"%d" % height, authority.sign)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE snapshots SET {change} WHERE height = 3")  # noqa: S608
        db.commit()
    with LocalLedger(path, authority) as ledger:
        assert latest(ledger._storage, KIND, held_by(authority.public)) == (before, b"2")
        assert ledger.verify(filled) == filled  # a snapshot is no evidence
        assert keep(ledger._storage, filled, KIND, b"made anew", authority.sign)
        assert latest(ledger._storage, KIND, held_by(authority.public)) == (filled, b"made anew")


def test_a_value_of_another_type_hides_them(path, authority, filled):
    with LocalLedger(path, authority) as ledger:
        keep(ledger._storage, filled, KIND, b"3", authority.sign)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE snapshots SET state = 'text'")
        db.commit()
    with LocalLedger(path, authority) as ledger:
        assert latest(ledger._storage, KIND, held_by(authority.public)) is None


def test_a_file_of_format_1_has_no_place(path, authority, some_entries):
    SqliteStorage(path, writable=True, new=PLAIN).close()
    with LocalLedger(path, authority) as ledger:
        ledger.commit("key", some_entries, 1)
        assert not keep(ledger._storage, ledger.head(), KIND, b"state", authority.sign)
        assert latest(ledger._storage, KIND, held_by(authority.public)) is None
