"""The journal: append-only, chained, and able to tell every kind of tampering."""

import hashlib
import sqlite3
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import JournalDamaged, StoreError
from gridpact.kernel.journal import START, Journal, Origin, Row, link


@pytest.fixture
def path(toy, tmp_path):
    """A journal of twenty rows with a snapshot at the fifteenth."""
    where = tmp_path / "journal.db"
    journal = Journal(where)
    journal.append(toy.rows_of(15))
    journal.save_snapshot(b"state after fifteen")
    journal.append(toy.rows_of(5, start=15))
    journal.close()
    return where


def tamper(path, *statements):
    """Edit the file as somebody with a database tool would: triggers first."""
    database = sqlite3.connect(path)
    with database:
        for name in ("u", "d"):
            database.execute(f"DROP TRIGGER IF EXISTS journal_is_append_only_{name}")
        for statement, *values in statements:
            database.execute(statement, values)
    database.close()


def read(path):
    journal = Journal(path)
    try:
        return list(journal.rows())
    finally:
        journal.close()


def test_rows_come_back_in_order(toy, path):
    journal = Journal(path)
    assert list(journal.rows()) == toy.rows_of(20)
    assert list(journal.rows(after=16)) == toy.rows_of(3, start=17)
    assert list(journal.rows(after=19)) == []
    assert journal.row(7) == toy.rows_of(8)[7]
    assert type(journal.row(7).origin) is type(next(journal.rows()).origin) is Origin
    assert journal.height == 20
    journal.close()


def test_the_head_is_the_chain_of_all_rows(toy, path):
    chain = START
    for row in toy.rows_of(20):
        head = struct.pack("<qqiqi", row.seq, row.time, row.origin, row.cause, row.answers)
        chain = hashlib.sha256(chain + head + row.kind.encode() + b"\0" + row.body).digest()
    journal = Journal(path)
    assert journal.head == chain
    journal.close()


def test_an_empty_journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    assert (journal.height, journal.head, journal.snapshot()) == (0, START, None)
    journal.append([])
    assert list(journal.rows()) == []
    with pytest.raises(JournalDamaged, match="row 0 is missing"):
        journal.row(0)
    journal.close()


@given(
    st.tuples(st.integers(0, 2**40), st.integers(0, 2), st.integers(-1, 9), st.integers(0, 9)),
    st.tuples(st.integers(0, 2**40), st.integers(0, 2), st.integers(-1, 9), st.integers(0, 9)),
    st.tuples(st.sampled_from(["a", "b", "ab"]), st.binary(max_size=3)),
    st.tuples(st.sampled_from(["a", "b", "ab"]), st.binary(max_size=3)),
)
@settings(deadline=None)
def test_the_chain_value_tells_rows_apart(numbers, others, text, texts):
    one = Row(3, numbers[0], Origin(numbers[1]), *numbers[2:], *text)
    other = Row(3, others[0], Origin(others[1]), *others[2:], *texts)
    assert (link(START, one) == link(START, other)) == (one == other)
    assert link(START, one) != link(link(START, one), one)


@pytest.mark.parametrize(
    "statement", ["UPDATE journal SET body=x'00' WHERE seq=3", "DELETE FROM journal WHERE seq=19"]
)
def test_rows_cannot_be_changed_by_accident(path, statement):
    database = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    database.close()
    assert len(read(path)) == 20


SWAP = (
    ("UPDATE journal SET seq=-7 WHERE seq=8",),
    ("UPDATE journal SET seq=8 WHERE seq=9",),
    ("UPDATE journal SET seq=9 WHERE seq=-7",),
)


@pytest.mark.parametrize(
    ("statements", "row"),
    [
        ([("UPDATE journal SET body=? WHERE seq=3", b"other")], 3),
        ([("UPDATE journal SET time=time+1 WHERE seq=0",)], 0),
        ([("UPDATE journal SET origin=2 WHERE seq=4",)], 4),
        ([("UPDATE journal SET origin=7 WHERE seq=4",)], 4),
        ([("UPDATE journal SET cause=1 WHERE seq=4",)], 4),
        ([("UPDATE journal SET answers=1 WHERE seq=4",)], 4),
        ([("UPDATE journal SET kind='told' WHERE seq=4",)], 4),
        ([("UPDATE journal SET kind=x'00' WHERE seq=4",)], 4),
        ([("UPDATE journal SET body='text' WHERE seq=4",)], 4),
        ([("UPDATE journal SET time='noon' WHERE seq=4",)], 4),
        ([("UPDATE journal SET time=1e30 WHERE seq=4",)], 4),
        ([("UPDATE journal SET chain=? WHERE seq=4", bytes(32))], 4),
        ([("DELETE FROM journal WHERE seq=0",)], 0),
        ([("DELETE FROM journal WHERE seq=12",)], 12),
        ([("DELETE FROM journal WHERE seq BETWEEN 5 AND 9",)], 5),
        (
            [
                ("DELETE FROM journal WHERE seq=12",),
                ("UPDATE journal SET seq=seq-1 WHERE seq>12",),
            ],
            12,
        ),
        (SWAP, 8),
        (
            [("INSERT INTO journal SELECT 20,time,0,-1,0,kind,body,chain FROM journal LIMIT 1",)],
            20,
        ),
    ],
)
def test_tampering_is_found_at_its_row(path, statements, row):
    tamper(path, *statements)
    with pytest.raises(JournalDamaged, match=f"row {row} was altered or removed"):
        read(path)


def test_an_edit_with_a_recomputed_link_is_found_at_the_next_row(toy, path):
    rows = toy.rows_of(20)
    edited = rows[3]._replace(body=b"forged")
    chain = START
    for row in rows[:3]:
        chain = link(chain, row)
    tamper(path, ("UPDATE journal SET body=?, chain=? WHERE seq=3", b"forged", link(chain, edited)))
    with pytest.raises(JournalDamaged, match="row 4"):
        read(path)


def test_a_cut_tail_shows_in_the_head(path):
    journal = Journal(path)
    height, head = journal.height, journal.head
    journal.close()
    tamper(path, ("DELETE FROM journal WHERE seq>=18",))
    journal = Journal(path)
    assert len(list(journal.rows())) == 18  # what is left is a valid, shorter journal
    assert (journal.height, journal.head) != (height, head)
    journal.close()


def test_a_snapshot_comes_back_and_replaces_the_one_before(path):
    journal = Journal(path)
    assert journal.snapshot() == (14, b"state after fifteen")
    journal.save_snapshot(b"state after twenty")
    assert journal.snapshot() == (19, b"state after twenty")
    assert journal._db.execute("SELECT count(*) FROM snapshot").fetchone() == (1,)
    journal.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot SET body=x'00'",
        "UPDATE snapshot SET body='text'",
        "UPDATE snapshot SET digest=x'00'",
        "UPDATE snapshot SET seq=13",
        "DELETE FROM journal WHERE seq>=10",  # it was taken at a row that is gone
    ],
)
def test_a_damaged_snapshot_is_not_used(path, statement):
    tamper(path, (statement,))
    journal = Journal(path)
    assert journal.snapshot() is None
    journal.close()


def test_a_snapshot_of_a_cut_tail_is_not_used_when_the_journal_grows_again(path):
    tamper(path, ("DELETE FROM journal WHERE seq>=10",))
    journal = Journal(path)
    journal.append([Row(seq, 0, Origin.INPUT, -1, 0, "said", b"new") for seq in range(10, 30)])
    assert journal.snapshot() is None
    journal.save_snapshot(b"fresh")
    assert journal.snapshot() == (29, b"fresh")
    journal.close()


def test_reading_on_from_a_missing_row_is_refused(path):
    journal = Journal(path)
    with pytest.raises(JournalDamaged, match="row 30 is missing"):
        list(journal.rows(after=30))
    journal.close()


def test_rows_of_one_append_are_written_together_or_not_at_all(toy, path):
    journal = Journal(path)
    head = journal.head
    twice = [*toy.rows_of(2, start=20), toy.rows_of(1)[0]]  # the third collides with row 0
    with pytest.raises(StoreError, match="what was written before is intact"):
        journal.append(twice)
    assert (journal.height, journal.head) == (20, head)
    journal.append(toy.rows_of(1, start=20))
    assert list(journal.rows()) == toy.rows_of(21)
    journal.close()


def test_two_writers_cannot_both_go_on(toy, path):
    first, second = Journal(path), Journal(path)
    first.append(toy.rows_of(1, start=20))
    with pytest.raises(StoreError):
        second.append(toy.rows_of(1, start=20))
    first.close()
    second.close()
    assert read(path) == toy.rows_of(21)


def test_a_journal_of_a_newer_release_is_refused(path):
    tamper(path, ("PRAGMA user_version=99",))
    with pytest.raises(StoreError, match="newer gridpact"):
        Journal(path)


def test_a_file_that_is_no_journal_is_refused_and_kept(tmp_path):
    other = tmp_path / "journal.db"
    other.write_bytes(b"somebody's notes " * 100)
    with pytest.raises(JournalDamaged, match="cannot be read"):
        Journal(other)
    assert other.read_bytes() == b"somebody's notes " * 100


def test_bytes_overwritten_in_the_file_are_found(toy, path):
    journal = Journal(path)
    journal.append([row._replace(body=bytes(3000)) for row in toy.rows_of(40, start=20)])
    journal.close()
    content = bytearray(path.read_bytes())
    for place in range(8192, len(content), 512):
        content[place : place + 16] = b"\xff" * 16
    path.write_bytes(content)
    with pytest.raises(StoreError):
        read(path)


def test_a_folder_that_is_not_there_gives_one_line(tmp_path):
    with pytest.raises(StoreError) as caught:
        Journal(tmp_path / "absent" / "journal.db")
    assert "\n" not in str(caught.value)
    assert "absent" in str(caught.value)
