"""The past of a ledger in segment files: moved without loss, proved, and every change named."""

import os
import shutil
import signal
import sqlite3
import sys
import warnings
from contextlib import closing

import pytest

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from gridpact.ledger.port import Refused
from gridpact.ledger.storage.archiving import height_before
from gridpact.ledger.storage.port import PLAIN
from gridpact.ledger.storage.segments import Segment
from gridpact.ledger.storage.sqlite import SqliteStorage

SIZES = (3, 200, 90, 300, 1, 7, 512, 5)


def people(first, count):
    return [
        ParticipantAuthorised(f"p{number}", "prosumer") for number in range(first, first + count)
    ]


def make(place, authority, name="gridpact"):
    """Make a ledger of eight blocks at times 10, 20 …; return its head."""
    with LocalLedger(place, authority, name=name) as ledger:
        for number, size in enumerate(SIZES):
            ledger.commit(f"key/{number}", people(sum(SIZES[:number]), size), 10 * number + 10)
        return ledger.head()


@pytest.fixture
def full(place, authority):
    return make(place, authority)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "other disk"
    made.mkdir()
    return made


def leaves(place, key, **options):
    with LocalLedger(place, key, **options) as ledger:
        return ledger._storage.leaves(0, ledger.head().size)


@pytest.fixture
def archived(place, authority, full, folder):
    """A ledger with two segments: blocks 2 to 3 and 4 to 6; returns its tree, made before."""
    tree = Tree(leaves(place, authority.public))
    with LocalLedger(place, authority) as ledger:
        assert height_before(ledger._storage, 31) == 3
        assert ledger.archive(folder, 3).file == "blocks-000000002-000000003.segment"
        assert ledger.archive(folder, 3) is None
        assert ledger.archive(folder, 1) is None
        assert ledger.archive(folder, 6).first_index == 293
        ledger._storage.compact()
    return tree


def check_proofs(ledger, tree, indices):
    size = len(tree)
    for index in indices:
        proof = ledger.prove(index)
        assert (proof.path, proof.root) == (tree.inclusion(index), tree.root())
        assert verify_inclusion(proof.leaf, index, size, proof.path, proof.root)


def test_everything_is_there_with_the_segments(place, authority, full, folder, archived):
    with LocalLedger(place, authority.public, archive=[folder]) as ledger:
        assert ledger.examine(full).entries == full.size == sum(SIZES)
        assert ledger.examine(full).unread == ()
        assert ledger.entries() == people(0, full.size)
        assert ledger.entries(2, 4) == people(2, 2)
        assert ledger.entries(600, 602) == people(600, 2)
        check_proofs(ledger, archived, range(0, full.size, 13))
        for old in range(0, full.size + 1, 17):
            growth = ledger.prove_growth(old)
            root = archived.root(old)
            assert verify_consistency(old, root, growth.size, growth.root, growth.path)


def test_the_ledger_goes_on_without_the_segments(place, authority, full, folder, archived):
    with LocalLedger(place, authority) as ledger:
        found = ledger.examine(full)
        assert (found.head, found.entries) == (full, SIZES[0] + SIZES[6] + SIZES[7])
        assert [row.file for row in found.unread] == sorted(each.name for each in folder.iterdir())
        check_proofs(ledger, archived, range(601, full.size))  # all that came after the cut
        assert ledger.entries(601) == people(601, full.size - 601)
        for use in (lambda: ledger.entries(5, 6), lambda: ledger.prove(5)):
            with pytest.raises(
                StoreError, match=r"blocks-000000002-000000003.segment \(entries 3 to"
            ):
                use()
        assert ledger.commit("key/1", people(3, 200), 99).height == 2  # known, though it has left
        assert isinstance(ledger.commit("key/1", people(3, 199), 99), Refused)
        assert ledger.commit("key/8", people(5000, 600), 99).first_index == full.size
        after = ledger.verify(full)
        check_proofs(
            ledger, Tree(leaves(place, authority, archive=[folder])), range(1300, 1700, 31)
        )
    with LocalLedger(place, authority.public, archive=[folder]) as ledger:
        assert ledger.examine(full).head == after


def test_a_segment_proves_by_itself(place, authority, full, folder, archived):
    with LocalLedger(place, authority.public) as ledger:
        blocks = {height: ledger.block(height) for height in (3, 6)}
        growth = {height: ledger.prove_growth(601) for height in (6,)}
    for path, height in zip(sorted(folder.iterdir()), (3, 6), strict=True):
        moved = shutil.move(path, path.with_name(f"moved-{height}"))
        with closing(Segment(moved)) as segment:
            head = segment.check([authority.public])
            assert head == blocks[height].head()
            for index in (segment.about.first_index, segment.about.size - 1):
                proof = segment.prove(index)
                assert proof.path == archived.inclusion(index, head.size)
                assert verify_inclusion(proof.leaf, index, head.size, proof.path, head.root)
            with pytest.raises(IndexError):
                segment.prove(segment.about.size)
            with pytest.raises(LedgerDamaged, match="its signature is not by"):
                segment.check([demonstration_key(8).public])
    last = growth[6]  # and the ledger leads from the segment's head to its own
    assert verify_consistency(601, blocks[6].tree_root, last.size, full.root, last.path)


def verdict(place, key, folder, error=LedgerDamaged):
    with (
        pytest.raises(error) as caught,
        LocalLedger(place, key, archive=[folder]) as ledger,
    ):
        ledger.verify()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_swapped_or_foreign_segment_is_named(
    place, authority, full, folder, archived, tmp_path
):
    first, second = sorted(folder.iterdir())
    kept = shutil.move(first, tmp_path / "kept")
    said = verdict(place, authority.public, folder, StoreError)
    assert f"segment {first.name} (entries 3 to 292) is missing in {folder}" in said
    shutil.copy(second, first)
    said = verdict(place, authority.public, folder)
    assert f"{first}: holds blocks 4 to 6: another segment stands in its place" in said
    make(tmp_path / "other.db", authority, name="other")
    first.unlink()
    with LocalLedger(tmp_path / "other.db", authority, name="other") as other:
        other.archive(folder, 3)
    assert f"{first}: is of ledger other" in verdict(place, authority.public, folder)
    first.write_bytes(b"no database " * 999)
    assert "is not a database" in verdict(place, authority.public, folder)
    shutil.move(kept, first)
    with LocalLedger(place, authority.public, archive=[folder]) as ledger:
        assert ledger.verify() == full


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "UPDATE entries SET body = CAST(body || ' ' AS BLOB) WHERE idx = 5",
            "entry 5 (block 2): its content",
        ),
        ("DELETE FROM entries WHERE idx = 7", "entry 7 (block 2) is missing"),
        ("UPDATE blocks SET at = 1 WHERE height = 2", "was edited"),
        ("CREATE TABLE more (x)", "was edited"),
    ],
)
def test_an_edited_segment_is_named(place, authority, full, folder, archived, statement, named):
    first = min(folder.iterdir())
    with closing(sqlite3.connect(first)) as db:
        db.execute(statement)
        db.commit()
    assert named in verdict(place, authority.public, folder)


def test_every_byte_of_a_segment_counts(tmp_path, authority, folder):
    place = tmp_path / "ledger.db"
    with LocalLedger(place, authority) as ledger:
        for number in range(3):
            ledger.commit(f"key/{number}", people(number, 1), number)
        ledger.archive(folder, 2)
    (path,) = folder.iterdir()
    good = path.read_bytes()
    for at in range(0, len(good), 41):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
        with (
            pytest.raises(StoreError),
            LocalLedger(place, authority.public, archive=[folder]) as ledger,
        ):
            ledger.verify()


def test_what_does_not_hold_does_not_leave(tmp_path, authority, folder):
    place = tmp_path / "ledger.db"
    head = make(place, authority)
    with closing(sqlite3.connect(place)) as db:
        (guard,) = db.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'entries_no_update'"
        ).fetchone()
        db.execute("DROP TRIGGER entries_no_update")
        db.execute("UPDATE entries SET body = body || ' ' WHERE idx = 100")
        db.execute(guard)
        db.commit()
    with LocalLedger(place, authority) as ledger:
        with pytest.raises(LedgerDamaged, match="entry 100"):
            ledger.archive(folder, 4)
        with pytest.raises(StoreError, match="has no block 99"):
            ledger.archive(folder, 99)
        assert ledger._storage.segments() == []
        assert len(ledger._storage.leaves(0, head.size)) == head.size


def test_a_file_of_format_1_is_kept_and_changes_when_it_is_archived(tmp_path, authority, folder):
    place = tmp_path / "old.db"
    SqliteStorage(place, writable=True, new=PLAIN).close()
    head = make(place, authority)
    with LocalLedger(place, authority) as ledger, LocalLedger(place, authority) as beside:
        assert ledger._storage.format == PLAIN
        tree = Tree(ledger._storage.leaves(0, head.size))
        check_proofs(ledger, tree, range(0, head.size, 50))
        assert ledger.verify(head) == head
        ledger.archive(folder, 4)
        assert beside.commit("more", people(7000, 300), 99).height == 9  # opened before
        assert ledger.verify(head) == beside.head()
    with LocalLedger(place, authority.public, archive=[folder]) as ledger:
        assert ledger._storage.format == 2
        assert ledger.verify(head).size == head.size + 300
        assert leaf_hash(ledger._storage.entry_rows(9, 10)[0].body) == tree.node(0, 9)


STEPS = {"execute", "executemany", "fsync", "replace", "unlink", "open", "close", "fetchall"}


def in_a_child(work, step):
    """Run in a process of its own that ends as by kill -9 before its n-th step; tell if it did."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    left = step

    def count(frame, event, argument):
        nonlocal left
        if event == "c_call" and argument.__name__ in STEPS:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.setprofile(count)
        work()
    finally:
        os._exit(0)


def test_a_kill_at_every_step_of_archiving_loses_nothing(tmp_path, authority, folder):
    whole = tmp_path / "whole.db"
    head = make(whole, authority)
    place = tmp_path / "ledger.db"

    def work():
        with LocalLedger(place, authority) as ledger:
            ledger.archive(folder, 6)

    step, states = 1, set()
    while True:
        for each in (*tmp_path.glob("ledger.db*"), *folder.iterdir()):
            each.unlink()
        shutil.copy(whole, place)
        if not in_a_child(work, step):
            break
        with LocalLedger(place, authority, archive=[folder]) as ledger:
            assert ledger.examine(head).entries == head.size
            states.add(len(ledger._storage.segments()))
            ledger.archive(folder, 6)  # doing it again finishes it
            assert ledger.examine(head).entries == head.size
            assert len(ledger._storage.segments()) == 1
        assert [each.name for each in folder.iterdir()] == ["blocks-000000002-000000006.segment"]
        step += 1
    assert step > 20
    assert states == {0, 1}
