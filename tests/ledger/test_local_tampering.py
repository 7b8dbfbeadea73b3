"""Whatever is changed behind the ledger's back is found, and the first bad place is named."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.chain import Block, seal
from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head
from gridpact.ledger.storage.port import TILED
from gridpact.ledger.storage.sqlite import SCHEMA

GUARDS = [statement for statement in SCHEMA[TILED] if statement.startswith("CREATE TRIGGER")]
CELLS = [
    *(("entries", column) for column in ("idx", "height", "body", "leaf_hash")),
    *(("blocks", column) for column in Block.__struct_fields__),
]


def tamper(path, *statements):
    """Change a file as someone with full access would, then put its guards back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        for guard in GUARDS:
            db.execute(f"DROP TRIGGER {guard.split()[2]}")
        for statement, *values in statements:
            db.execute(statement, values)
        for guard in GUARDS:
            db.execute(guard)
        db.execute("COMMIT")


def verdict(path, key, expected=None):
    """Open and verify; return what was found to be wrong."""
    with pytest.raises(LedgerDamaged) as caught, LocalLedger(path, key) as ledger:
        ledger.verify(expected)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def other_values(value):
    yield from (b"", "text", 1.5, -1)
    if isinstance(value, int):
        yield value + 1000
    elif isinstance(value, str):
        yield value + "x"
        yield "ä".encode("latin-1")
    else:
        yield value[:-1]
        yield from (
            bytes([*value[:at], value[at] ^ 1 << at % 8, *value[at + 1 :]])
            for at in range(len(value))
        )


@pytest.mark.parametrize(("table", "column"), CELLS)
def test_every_changed_byte_of_every_cell_is_found(path, authority, filled, table, column):
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()  # noqa: S608
    for row, value in rows[:: 3 if table == "entries" else 1]:
        for place, new in enumerate(other_values(value)):
            copy = shutil.copy(path, path.with_name(f"copy-{row}-{place}.db"))
            try:
                tamper(copy, (f"UPDATE {table} SET {column}=? WHERE rowid=?", new, row))  # noqa: S608
            except sqlite3.IntegrityError:  # a row number can only become another number
                continue
            verdict(copy, authority.public)


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (
            [("UPDATE entries SET body=CAST(body||' ' AS BLOB) WHERE idx=2",)],
            "entry 2 (block 1): its content",
        ),
        ([("DELETE FROM entries WHERE idx=5",)], "entry 5 (block 3) is missing"),
        ([("DELETE FROM blocks WHERE height=2",)], "block 2 is missing"),
        ([("UPDATE blocks SET at=11 WHERE height=1",)], "block 1: its content"),
        (
            [("UPDATE blocks SET signature=zeroblob(64) WHERE height=2",)],
            "block 2: its signature is not by ed25519:",
        ),
        (
            [
                ("UPDATE entries SET idx=100 WHERE idx=0",),
                ("UPDATE entries SET idx=0 WHERE idx=1",),
                ("UPDATE entries SET idx=1 WHERE idx=100",),
            ],
            "block 1: its entries do not give its tree root",
        ),
        (
            [
                ("UPDATE blocks SET height=100, key='x' WHERE height=1",),
                ("UPDATE blocks SET height=1 WHERE height=2",),
                ("UPDATE blocks SET height=2 WHERE height=100",),
            ],
            "block 1: its content",
        ),
        ([("DROP TRIGGER blocks_no_update",)], "its trigger blocks_no_update was removed"),
        (
            [("CREATE TRIGGER more AFTER INSERT ON blocks BEGIN DELETE FROM entries; END",)],
            "its trigger more was added",
        ),
    ],
)
def test_the_first_bad_place_is_named(path, authority, filled, statements, named):
    if "TRIGGER" in statements[0][0]:
        with closing(sqlite3.connect(path)) as db:
            db.execute(statements[0][0])
    else:
        tamper(path, *statements)
    assert named in verdict(path, authority.public)


def test_an_entry_rewritten_with_its_hash_is_found(path, authority, filled):
    body = canonical(ParticipantAuthorised("eve", "dso"))
    change = "UPDATE entries SET body=?, leaf_hash=? WHERE idx=1"
    tamper(path, (change, body, leaf_hash(body)))
    assert "block 1: its entries do not give its tree root" in verdict(path, authority.public)


def cut(path):
    """Drop the last block and its entries: what is left is a whole, signed ledger."""
    tamper(path, ("DELETE FROM entries WHERE height=3",), ("DELETE FROM blocks WHERE height=3",))


def test_a_cut_ledger_is_found_by_whoever_kept_its_head(path, authority, filled):
    cut(path)
    with LocalLedger(path, authority.public) as ledger:
        assert ledger.verify().height == 2
    assert verdict(path, authority.public, filled) == "cut short: block 2 is last, 3 was seen"


def test_another_history_by_the_same_key_is_found(path, authority, filled, some_entries):
    cut(path)
    with LocalLedger(path, authority) as ledger:
        ledger.commit("third", some_entries[:2], 31)
        ledger.commit("fourth", some_entries[:2], 40)
        assert ledger.verify().height == 4
    found = verdict(path, authority.public, filled)
    assert found == "block 3 is not the one seen before: another history"
    other = Head(0, 0, filled.root, filled.hash)
    assert "block 0 is not the one" in verdict(path, authority.public, other)


def append(path, block, bodies):
    rows = [
        (block.first_index + at, block.height, body, leaf_hash(body))
        for at, body in enumerate(bodies)
    ]
    insert = "INSERT INTO {} VALUES ({})"
    tamper(
        path,
        (insert.format("blocks", ",".join("?" * 10)), *msgspec.structs.astuple(block)),
        *((insert.format("entries", "?,?,?,?"), *row) for row in rows),
    )


def sealed_after(path, key, public, bodies):
    """Make a block as the holder of ``key`` would, behind the adapter's back."""
    with LocalLedger(path, public) as ledger:
        leaves = [row for (row,) in ledger._storage.db.execute("SELECT leaf_hash FROM entries")]
        edge = Edge()
        for leaf in [*leaves, *map(leaf_hash, bodies)]:
            edge.append(leaf)
        return seal(key, ledger.head(), edge, "forged", 50)


def test_a_block_by_another_key_is_found(path, authority, filled):
    bodies = [canonical(ParticipantAuthorised("eve", "dso"))]
    append(path, sealed_after(path, demonstration_key(666), authority.public, bodies), bodies)
    assert "block 4: its signature is not by" in verdict(path, authority.public)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (canonical(NetSettled("p", "EUR", (("a", 1),))), "sum to 1, not to zero"),
        (b'{"entry": "unknown"}', "not a ledger entry"),
    ],
)
def test_what_the_authority_itself_signed_wrongly_is_found(path, authority, filled, body, named):
    append(path, sealed_after(path, authority, authority.public, [body]), [body])
    found = verdict(path, authority.public)
    assert "entry 7 (block 4)" in found
    assert named in found


def test_a_stray_entry_is_found(path, authority, filled):
    with LocalLedger(path, authority) as ledger:
        body = canonical(ParticipantAuthorised("eve", "dso"))
        tamper(path, ("INSERT INTO entries VALUES (7, 4, ?, ?)", body, leaf_hash(body)))
        with pytest.raises(LedgerDamaged, match="entry 7 belongs to no block"):
            ledger.verify()
    assert "8 entries do not fit its last block" in verdict(path, authority.public)


def test_reading_damaged_entries_and_proving_them_stops(path, authority, filled):
    tamper(path, ("UPDATE entries SET leaf_hash=zeroblob(32) WHERE idx=1",))
    with LocalLedger(path, authority.public) as ledger:
        assert len(ledger.entries(2)) == 5
        for use in (ledger.entries, lambda: ledger.prove(0), lambda: ledger.prove_growth(0)):
            with pytest.raises(LedgerDamaged):
                use()


def content(path):
    with closing(sqlite3.connect(path)) as db:
        return [db.execute(f"SELECT * FROM {t}").fetchall() for t in ("blocks", "entries")]  # noqa: S608


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damaged_byte_of_the_file_is_found_or_harmless(data, path, authority, filled):
    original = path.read_bytes()
    keys = st.sampled_from([authority, authority.public])
    at = data.draw(st.sampled_from([at for at, byte in enumerate(original) if byte]))
    value = data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / "ledger.db"
        copy.write_bytes(original[:at] + bytes([original[at] ^ value]) + original[at + 1 :])
        try:
            with LocalLedger(copy, data.draw(keys)) as ledger:
                assert ledger.verify(filled) == filled
        except StoreError as error:
            assert "\n" not in str(error)  # noqa: PT017 - both outcomes are allowed
        else:
            assert content(copy) == content(path)
