"""Journals of released versions replay for ever: same rows, same state."""

import json
import lzma
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from gridpact.app import checks
from gridpact.app.record import Record
from gridpact.app.vocabulary import VOCABULARY
from gridpact.base.errors import JournalDamaged, ReplayDiverged
from gridpact.kernel.codec import Codec, tag_of
from gridpact.kernel.journal import Journal, Row, link

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("journals/*/expected.json"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request):
    return request.param


@pytest.fixture
def expected(folder):
    return json.loads((folder / "expected.json").read_text())


@pytest.fixture
def path(folder, tmp_path):
    """The journal unpacked where it may be opened without changing what is committed."""
    target = tmp_path / "journal.db"
    if (folder / "journal.db.xz").exists():
        target.write_bytes(lzma.decompress((folder / "journal.db.xz").read_bytes()))
    else:
        shutil.copy(folder / "journal.db", target)
    return target


@pytest.fixture
def journal(path):
    opened = Journal(path)
    yield opened
    opened.close()


def test_something_is_recorded():
    assert FOLDERS


def test_every_recorded_kind_is_still_spoken(expected):
    assert set(expected["vocabulary"]) <= {tag_of(kind) for kind in VOCABULARY}


def test_it_replays_to_the_same_state(journal, expected):
    record = Record(journal)
    assert record.rows == expected["rows"]
    assert journal.head.hex() == expected["journal_head"]
    assert record.opening().gridpact == expected["gridpact"]
    assert checks.replayed(journal, record) == expected["state_hash"]


def test_its_bills_are_worked_out_again(journal):
    """What was settled then is what the rules of then, as recorded, give today."""
    record = Record(journal)
    for check in (checks.energy, checks.boundary, checks.money, checks.roots):
        check(record)


def test_a_changed_row_is_found(path):
    """The journal guards itself; and a forged chain over other content does not replay."""
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER journal_is_append_only_u")
    seq, body = db.execute(
        "SELECT seq, body FROM journal WHERE kind = 'orders-placed' ORDER BY seq DESC"
    ).fetchone()
    codec = Codec(VOCABULARY)
    placed = codec.decode(body)
    orders = msgspec.structs.replace(placed.orders, quantity_wh=placed.orders.quantity_wh + 1)
    forged = codec.encode(msgspec.structs.replace(placed, orders=orders))
    db.execute("UPDATE journal SET body = ? WHERE seq = ?", (forged, seq))
    db.commit()
    journal = Journal(path)
    with pytest.raises(JournalDamaged):
        Record(journal)
    journal.close()
    _chain_anew(db)
    db.close()
    journal = Journal(path)
    with pytest.raises(ReplayDiverged):
        checks.replayed(journal, Record(journal))
    journal.close()


def _chain_anew(db):
    chain = bytes(32)
    for *values, _ in db.execute("SELECT * FROM journal ORDER BY seq").fetchall():
        row = Row(*values)
        chain = link(chain, row)
        db.execute("UPDATE journal SET chain = ? WHERE seq = ?", (chain, row.seq))
    db.commit()
