"""The ledger on a real PostgreSQL server: guards, what is found, and one line per trouble."""

import signal
import threading

import pytest

from gridpact.base.errors import BadInput, LedgerDamaged, StoreError
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.port import Receipt
from gridpact.ledger.storage.addresses import parse_address
from gridpact.ledger.storage.postgres_schema import COLUMNS
from gridpact.ledger.storage.sql import GUARDED

REPLACED = """CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RETURN NULL; END$$"""


@pytest.fixture
def lane(postgres, authority, some_entries):
    """Schema of a closed ledger with two blocks of four and one entries."""
    address = postgres.address()
    with LocalLedger(address, authority) as ledger:
        ledger.commit("first", some_entries, 10)
        ledger.commit("second", some_entries[2:3], 20)
    return parse_address(address).schema


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


def verdict(postgres, lane, key):
    with pytest.raises(LedgerDamaged) as caught, LocalLedger(postgres.address(lane), key) as ledger:
        ledger.verify()
    return one_line(caught)


def tamper(postgres, lane, *statements):
    """Change rows as the database's owner could, then put the guards back."""
    off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in GUARDED[2]]
    on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in GUARDED[2]]
    postgres.run(*off, *statements, *on, schema=lane)


def test_commits_are_synchronised_to_the_servers_disk(postgres, lane, authority):
    with LocalLedger(postgres.address(lane), authority) as ledger:
        asked = {
            name: ledger._storage.query(f"SHOW {name}") for name in ("synchronous_commit", "fsync")
        }
    assert asked == {"synchronous_commit": [["on"]], "fsync": [["on"]]}


@pytest.mark.parametrize("table", [*GUARDED[2], "format"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_the_tables_are_append_only(postgres, lane, table, change):
    with pytest.raises(Exception, match="the ledger is append-only"):
        postgres.run(change.format(table, next(iter(COLUMNS[table]))), schema=lane)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "DROP TRIGGER blocks_no_update ON blocks",
            "trigger blocks_no_update on blocks was removed",
        ),
        ("ALTER TABLE entries DISABLE TRIGGER entries_no_delete", "trigger entries_no_delete on"),
        ("ALTER TABLE entries ENABLE REPLICA TRIGGER entries_no_delete", "entries_no_delete on"),
        (REPLACED, "function append_only was changed"),
        (
            "CREATE RULE r AS ON INSERT TO blocks DO ALSO DELETE FROM identity",
            "rule r on blocks was",
        ),
        (
            "ALTER TABLE entries DROP CONSTRAINT entries_pkey",
            "constraint entries PRIMARY KEY (idx)",
        ),
        ("ALTER TABLE entries SET UNLOGGED", "table entries was changed"),
        ("ALTER TABLE entries ADD COLUMN note text", "column entries.note was added"),
        ("ALTER TABLE blocks ENABLE ROW LEVEL SECURITY", "table blocks was changed"),
        ("CREATE TABLE more (x int)", "column more.x was added"),
        ("CREATE VIEW more AS SELECT 1 AS one", "rule _RETURN on more was added"),
        ("ALTER TABLE entries ALTER body SET DEFAULT 'x'", "column entries.body was changed"),
    ],
)
def test_a_removed_or_changed_guard_is_named(postgres, lane, authority, statement, named):
    postgres.run(statement, schema=lane)
    assert named in verdict(postgres, lane, authority.public)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "UPDATE entries SET body = body || '\\x20' WHERE idx = 2",
            "entry 2 (block 1): its content",
        ),
        ("DELETE FROM entries WHERE idx = 3", "entry 3 (block 1) is missing"),
        ("DELETE FROM blocks WHERE height = 1", "block 1 is missing"),
        ("UPDATE blocks SET at = 11 WHERE height = 1", "block 1: its content"),
        ("UPDATE blocks SET key = 'other' WHERE height = 2", "block 2: its content"),
        ("UPDATE blocks SET count = -1 WHERE height = 2", "block 2: its content"),
        (
            "UPDATE blocks SET edge = edge || '\\x00' WHERE height = 1",
            "block 1: its entries do not",
        ),
        ("UPDATE blocks SET signature = '' WHERE height = 1", "block 1: its signature is not by"),
        ("INSERT INTO subtrees VALUES (1, 0, '\\x00')", "tile level 1 has hashes, and no"),
        ("UPDATE entries SET idx = -1 WHERE idx = 0", "entry 0 (block 1) is missing"),
    ],
)
def test_changed_rows_are_named(postgres, lane, authority, statement, named):
    tamper(postgres, lane, statement)
    assert named in verdict(postgres, lane, authority.public)


def test_every_flipped_bit_of_a_body_is_found(postgres, lane, authority, some_entries):
    with LocalLedger(postgres.address(lane), authority.public) as ledger:
        (row,) = ledger._storage.entry_rows(1, 2)
        for bit in range(0, 8 * len(row.body), 7):
            flipped = int.from_bytes(row.body) ^ 1 << bit
            for body in (flipped.to_bytes(len(row.body)), row.body):
                tamper(postgres, lane, f"UPDATE entries SET body = '\\x{body.hex()}' WHERE idx = 1")  # noqa: S608
                if body == row.body:
                    assert ledger.verify().size == 5
                    continue
                with pytest.raises(LedgerDamaged, match="entry 1"):
                    ledger.verify()
                assert leaf_hash(body) != row.leaf_hash


def test_what_is_no_ledger_is_refused(postgres, lane, authority):
    with pytest.raises(StoreError, match="holds no ledger") as caught:
        LocalLedger(postgres.address(), authority.public)
    one_line(caught)
    postgres.run("CREATE SCHEMA foreign_lane", "CREATE TABLE foreign_lane.x (y int)")
    with pytest.raises(StoreError, match="is not a gridpact ledger"):
        LocalLedger(postgres.address("foreign_lane"), authority)
    tamper(
        postgres, lane, "ALTER TABLE format DISABLE TRIGGER USER", "UPDATE format SET version = 9"
    )
    with pytest.raises(StoreError, match="has format 9, this gridpact reads 2"):
        LocalLedger(postgres.address(lane), authority)


def test_a_user_without_rights_is_told_so(postgres, lane, authority, some_entries):
    postgres.run(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        f"GRANT USAGE ON SCHEMA {lane} TO reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {lane} TO reader",
    )
    address = postgres.address(lane).replace("gridpact@", "reader@")
    with LocalLedger(address, authority.public) as ledger:
        assert ledger.verify().size == 5
    with LocalLedger(address, authority) as ledger:
        with pytest.raises(StoreError, match="let the schema's owner grant it") as caught:
            ledger.commit("third", some_entries, 30)
        one_line(caught)
        assert ledger.head().height == 2
    for wrong, advice in (
        (address.replace("reader@", "nobody_here@"), "give the right user"),
        (address.replace("/postgres?", "/none?"), "there is no such database"),
    ):
        with pytest.raises(StoreError, match=advice) as caught:
            LocalLedger(wrong, authority)
        one_line(caught)


def test_a_locked_ledger_is_named_and_the_commit_can_be_repeated(
    postgres, lane, authority, some_entries
):
    with (
        LocalLedger(postgres.address(lane), authority) as other,
        LocalLedger(postgres.address(lane), authority, wait_s=0.05) as ledger,
    ):
        with other._storage.transaction():
            with pytest.raises(StoreError, match="another process holds it") as caught:
                ledger.commit("third", some_entries, 30)
            one_line(caught)
        assert isinstance(ledger.commit("third", some_entries, 30), Receipt)


def test_writers_at_once_make_one_chain(postgres, lane, authority, some_entries):
    def work(number):
        with LocalLedger(postgres.address(lane), authority, wait_s=30) as ledger:
            for place in range(5):
                ledger.commit(f"writer/{number}/{place}", some_entries, place)
        for _ in range(5):  # opening finds one state, whatever others write
            LocalLedger(postgres.address(lane), authority).close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with LocalLedger(postgres.address(lane), authority.public) as ledger:
        assert ledger.verify().height == 22


def test_an_auditor_cannot_write(postgres, lane, authority):
    with (
        LocalLedger(postgres.address(lane), authority.public) as ledger,
        pytest.raises(StoreError, match="read-only transaction"),
        ledger._storage.view(),
    ):
        ledger._storage.query("INSERT INTO subtrees VALUES (1, 0, '')")


def test_a_server_that_crashes_keeps_what_was_acknowledged(postgres, lane, authority, some_entries):
    with LocalLedger(postgres.address(lane), authority) as ledger:
        for place in range(20):
            assert isinstance(ledger.commit(f"key/{place}", some_entries, place), Receipt)
        head = ledger.head()
        postgres.stop(signal.SIGQUIT)
        with pytest.raises(StoreError, match="the server is away") as caught:
            ledger.commit("key/20", some_entries, 20)
        one_line(caught)
        with pytest.raises(StoreError, match="the server is away"):
            LocalLedger(postgres.address(lane), authority.public)
        postgres.start()
        assert ledger.verify(head) == head
        assert ledger.commit("key/20", some_entries, 20).height == head.height + 1


def test_a_server_that_does_not_fsync_is_refused_to_writers(postgres, lane, authority):
    postgres.stop()
    postgres.start("fsync=off")
    try:
        with pytest.raises(StoreError, match="set fsync = on"):
            LocalLedger(postgres.address(lane), authority)
        with LocalLedger(postgres.address(lane), authority.public) as ledger:
            assert ledger.verify().height == 2
    finally:
        postgres.stop()
        postgres.start()


def test_an_address_with_faults_lists_all():
    with pytest.raises(BadInput) as caught:
        parse_address("postgresql://me@host:99999/?schema=No%20Name&sslmode=maybe&colour=red")
    assert {fault.where for fault in caught.value.faults} == {
        "port", "database", "schema", "sslmode", "colour",
    }  # fmt: skip


def test_a_password_is_never_shown(postgres, monkeypatch):
    address = parse_address("postgresql://me:se%40cret@db.example:5433/energy?schema=lane")
    assert (address.password, address.sslmode) == ("se@cret", "verify-full")
    assert str(address) == "postgresql://me@db.example:5433/energy?schema=lane"
    with pytest.raises(StoreError) as caught:
        LocalLedger("postgresql://me:secret@127.0.0.1:1/energy", demonstration_key(7))
    assert "secret" not in one_line(caught)
    monkeypatch.setenv("PGPASSWORD", "other")
    assert parse_address("postgresql://me@localhost/energy").password == "other"  # noqa: S105
