"""Every bit of a whole founded file, flipped: it is found, or nothing that anybody reads changed.

The smallest ledger of an authority, with acts and a snapshot, in pages of 512 bytes; each flip is
verified in memory, free space and SQLite's own bytes among them.
"""

import re
import sqlite3
from contextlib import closing
from functools import lru_cache

import numpy as np
import pytest

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger import acts, local
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.keys import PublicKey, demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.storage.sqlite import SqliteStorage

EVIDENCE = ("identity", "blocks", "entries", "subtrees", "segments")
KEY = demonstration_key(7)
PARTS, SAMPLED = 16, 200


class InMemory(SqliteStorage):
    """A ledger file's bytes, read as the file is."""

    data = b""

    def _connect(self, writable, wait_s):
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.deserialize(self.data)
        db.execute("PRAGMA query_only=ON")
        return db


def small(path):
    """Make the file; return its bytes, the last head and which bytes are which entry's."""
    with LocalLedger(path, KEY) as ledger:
        ledger.commit("founded", [LedgerFounded((("auth", KEY.public.raw),), 1, 300)], 10)
        entry = ParticipantAuthorised("ada", "dso")
        draft = drafted(("auth",), [entry], sequence=1, at=20, why="joined")
        ledger.commit("joined", [signed(draft, ledger.genesis, "auth", KEY), entry], 20)
        ledger._state.keep(KEY, every=1)
        head, rows = ledger.head(), ledger._storage.entry_rows(0, 9)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in ("journal_mode=DELETE", "page_size=512"):
            db.execute(f"PRAGMA {statement}")
        db.execute("VACUUM")
        data = db.serialize()
    named = {}
    for row in rows:
        cells = row.body + row.leaf_hash
        for part in pieces(data, cells):
            named |= dict.fromkeys(part, f"entry {row.idx} (block {row.height}): its content")
    return data, head, named


def pieces(data, cells):
    """Yield where the cells' bytes lie, which may go on in other pages of 512 bytes."""
    while cells:
        length = len(cells)
        while data.count(cells[:length]) != 1:
            length -= 1
            assert length > 30
        at = data.index(cells[:length])
        yield range(at, at + length)
        cells = cells[length:]


@pytest.fixture
def lane(tmp_path, monkeypatch):
    found = small(tmp_path / "ledger.db")
    monkeypatch.setattr(local, "open_storage", lambda place, writable, wait_s: InMemory(
        place, writable=writable
    ))  # fmt: skip
    for place in (PublicKey, acts):  # the same signature of the same bytes holds or does not
        monkeypatch.setattr(place, "holds", lru_cache(None)(place.holds))
    return found


def rows_of(data):
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        db.text_factory = bytes
        return [db.execute(f"SELECT * FROM {table}").fetchall() for table in EVIDENCE]  # noqa: S608


def look(data, head, monkeypatch):
    """Return what is found wrong; "" where it verifies, and then with the state as it was."""
    monkeypatch.setattr(InMemory, "data", data)
    try:
        with LocalLedger("in memory", KEY.public) as ledger:
            assert ledger.verify(head) == head
            participants = ledger.state().participants.rows
    except StoreError as error:
        return f"{type(error).__name__}: {error}"
    assert participants["ada"].roles == ("dso",)
    return ""


def flip(lane, bits, monkeypatch):
    data, head, named = lane
    rows, whole = rows_of(data), 0
    assert look(data, head, monkeypatch) == ""
    for bit in map(int, bits):
        at = bit // 8
        spoilt = data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :]
        found = look(spoilt, head, monkeypatch)
        if at in named:
            assert found.startswith(LedgerDamaged.__name__), bit
            assert re.search(re.escape(named[at]), found), (bit, found)
        assert "\n" not in found
        if not found:
            whole += 1
            assert rows_of(spoilt) == rows, bit
    return whole


def test_some_flipped_bits_of_a_whole_file_are_found_or_change_nothing(lane, monkeypatch):
    bits = np.random.default_rng(9).choice(8 * len(lane[0]), SAMPLED, replace=False)
    assert 0 < flip(lane, bits, monkeypatch) < SAMPLED


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_flipped_bit_of_a_whole_file_is_found_or_changes_nothing(lane, part, monkeypatch):
    assert len(lane[2]) > 600  # bytes of three entries and their hashes
    flip(lane, range(part, 8 * len(lane[0]), PARTS), monkeypatch)


def test_a_level_that_is_no_number_is_damage(lane, monkeypatch):
    """What a flipped bit of a record's header once made of it, and nothing caught."""
    data, head, _ = lane
    query = InMemory.query
    monkeypatch.setattr(
        InMemory,
        "query",
        lambda self, line, *values: (
            [(None, 1)] if "GROUP BY level" in line else query(self, line, *values)
        ),
    )
    assert "a subtree's level is no number" in look(data, head, monkeypatch)
