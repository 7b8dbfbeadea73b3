import sqlite3

import pytest

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from gridpact.ledger.port import Head, Ledger, Receipt, Refused

UNBALANCED = NetSettled("2026-06", "EUR", (("ada", 5), ("bob", -4)))


@pytest.fixture(params=["file", "memory", "postgres"])
def ledger(request, path, authority):
    place = {"file": path, "memory": ":memory:"}.get(request.param)
    place = place or request.getfixturevalue("postgres").address()
    with LocalLedger(place, authority) as opened:
        port: Ledger = opened
        yield port


def test_an_empty_ledger_stands_at_its_genesis(ledger):
    head = ledger.head()
    assert (head.height, head.size, head.root) == (0, 0, EMPTY_ROOT)
    assert ledger.verify(head) == head
    assert ledger.entries() == []
    with pytest.raises(IndexError):
        ledger.prove(0)


def test_one_block_of_many_entries(ledger, some_entries):
    receipt = ledger.commit("first", some_entries, 10)
    again = ledger.commit("second", some_entries[:1], 20)
    assert isinstance(receipt, Receipt)
    assert (receipt.height, receipt.first_index, receipt.count) == (1, 0, 4)
    assert (again.height, again.first_index, again.count) == (2, 4, 1)
    assert ledger.entries() == [*some_entries, some_entries[0]]
    assert ledger.entries(1, 3) == some_entries[1:3]
    assert ledger.entries(4, 99) == some_entries[:1]
    assert ledger.entries(3, 1) == []
    assert ledger.entries(-1) == some_entries[:1]
    assert ledger.verify() == ledger.head() == Head(2, 5, again.root, again.block_hash)
    assert ledger.verify(Head(1, 4, receipt.root, receipt.block_hash)).height == 2


def test_entries_and_growth_are_proved(ledger, some_entries):
    early = ledger.commit("first", some_entries, 10)
    for place, entry in enumerate(some_entries):
        ledger.prove(0)  # the tree in memory must follow the ledger
        ledger.commit(f"more/{place}", [entry, some_entries[0]], 20)
    for index, entry in enumerate(ledger.entries()):
        proof = ledger.prove(index)
        assert proof.leaf == leaf_hash(canonical(entry))
        assert (proof.root, proof.size) == (ledger.head().root, ledger.head().size)
        assert verify_inclusion(proof.leaf, index, proof.size, proof.path, proof.root)
    growth = ledger.prove_growth(4)
    assert verify_consistency(4, early.root, growth.size, growth.root, growth.path)
    with pytest.raises(IndexError):
        ledger.prove_growth(13)


def test_a_repeated_commit_changes_nothing(ledger, some_entries):
    receipt = ledger.commit("key", some_entries, 10)
    assert ledger.commit("key", tuple(some_entries), 99) == receipt
    for other in (some_entries[:3], some_entries[::-1], [*some_entries, some_entries[0]]):
        answer = ledger.commit("key", other, 10)
        assert answer == Refused("key 'key' was used for other entries, in block 1")
    assert ledger.head().height == 1


@pytest.mark.parametrize(
    ("key", "entries", "at", "reason"),
    [
        ("", None, 1, "key ''"),
        ("two\nlines", None, 1, "key"),
        ("key", [], 1, "nothing to commit"),
        ("key", None, 1.5, "time 1.5"),
        ("key", None, 2**63, "time"),
        ("key", [UNBALANCED], 1, "sum to 1, not to zero"),
    ],
)
def test_what_is_not_well_formed_is_refused_whole(ledger, some_entries, key, entries, at, reason):
    before = ledger.head()
    answer = ledger.commit(key, some_entries if entries is None else entries, at)
    assert isinstance(answer, Refused)
    assert reason in answer.reason
    assert ledger.head() == before


def test_a_refusal_lists_every_fault(ledger, some_entries):
    bad = RootAnchored("weather", "c", "p", 0, bytes(32))
    answer = ledger.commit("key", [*some_entries, UNBALANCED, bad], 1)
    assert [fault.where for fault in answer.faults] == [
        "net_settled.positions", "root_anchored.kind", "root_anchored.count",
    ]  # fmt: skip
    assert [fault.file for fault in answer.faults] == ["entry 4", "entry 5", "entry 5"]
    assert ledger.head().size == 0


def test_the_same_work_gives_the_same_ledger(authority, some_entries):
    heads = set()
    for _ in range(2):
        with LocalLedger(":memory:", authority) as ledger:
            ledger.commit("key", some_entries, 10)
            heads.add(ledger.head().hash)
    for name, key in (("other", authority), ("gridpact", demonstration_key(8))):
        with LocalLedger(":memory:", key, name=name) as ledger:
            ledger.commit("key", some_entries, 10)
            heads.add(ledger.head().hash)
    assert len(heads) == 3


def test_reopening_continues(place, authority, filled_place, some_entries):
    with LocalLedger(place, authority) as ledger:
        assert ledger.head() == ledger.verify(filled_place) == filled_place
        assert ledger.commit("third", some_entries[:2], 0).height == 3
        assert ledger.commit("fourth", some_entries, 40).first_index == 7
        assert ledger.verify(filled_place).height == 4


def test_an_auditor_needs_the_public_key_alone(place, authority, filled_place, some_entries):
    with LocalLedger(place, authority.public) as ledger:
        assert ledger.verify(filled_place) == filled_place
        assert "public key" in ledger.commit("fourth", some_entries, 40).reason
        assert ledger.block(2).key == "second"
        with pytest.raises(IndexError):
            ledger.block(4)
    with LocalLedger(place, authority) as writer, LocalLedger(place, authority.public) as reader:
        writer.commit("fourth", some_entries, 40)
        assert reader.verify(filled_place) == writer.head()


def test_two_writers_take_turns(place, authority, some_entries):
    with LocalLedger(place, authority) as one, LocalLedger(place, authority) as other:
        for place in range(6):
            ledger = (one, other)[place % 2]
            assert ledger.commit(f"key/{place}", some_entries, place).height == place + 1
        assert one.verify() == other.verify()
        assert one.commit("key/5", some_entries, 9).height == 6


def test_commits_are_synchronised_to_disk(path, authority):
    with LocalLedger(path, authority) as ledger:
        db = ledger._storage.db
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("table", ["identity", "blocks", "entries"])
@pytest.mark.parametrize("change", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_the_tables_are_append_only(path, filled, table, change):
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
        db.execute(change.format(table))
    db.close()


def test_another_key_or_name_does_not_open_it(place, filled_place, authority):
    with pytest.raises(StoreError, match="give its own name and authority key"):
        LocalLedger(place, AuthorityKey(bytes(32)))
    with pytest.raises(StoreError, match="give its own name and authority key"):
        LocalLedger(place, authority.public, name="other")
    with pytest.raises(ValueError, match="ledger name"):
        LocalLedger(place, authority, name="no name")


def test_files_that_are_no_ledger_are_refused(path, authority, filled):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(StoreError, match="has format 9"):
        LocalLedger(path, authority)
    other = path.with_name("other.db")
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE journal (seq)")
    db.commit()
    db.close()
    before = other.read_bytes()
    with pytest.raises(StoreError, match="is not a gridpact ledger"):
        LocalLedger(other, authority)
    assert other.read_bytes() == before
    other.write_bytes(b"plain text " * 1000)
    for key in (authority, authority.public):
        with pytest.raises(LedgerDamaged, match="not a database"):
            LocalLedger(other, key)


def test_a_closed_ledger_says_so(place, authority, some_entries):
    ledger = LocalLedger(place, authority)
    ledger.close()
    for use in (ledger.head, ledger.verify, lambda: ledger.commit("key", some_entries, 1)):
        with pytest.raises(StoreError, match="closed"):
            use()
