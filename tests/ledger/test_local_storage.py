"""Storage trouble is one clear line, and what was acknowledged stays."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt

WRITER = """
    import sys
    from gridpact.ledger.kinds.participants import ParticipantAuthorised
    from gridpact.ledger.keys import demonstration_key
    from gridpact.ledger.local import LocalLedger
    ledger = LocalLedger(sys.argv[1], demonstration_key(7))
    for place in range(int(sys.argv[2]), 10**9):
        entries = [ParticipantAuthorised(f"p{place}-{row}", "prosumer") for row in range(3)]
        receipt = ledger.commit(f"key/{place}", entries, place)
        print(place, receipt.height, receipt.block_hash.hex(), flush=True)
"""


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def unprivileged():
    """Run as a user whom file modes bind; a superuser may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder():
    """A folder that any user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        yield place
        place.chmod(0o777)


def test_no_acknowledged_commit_is_lost_to_a_kill(path, authority):
    acknowledged = []
    for round_ in range(4):
        start = str(len(acknowledged))
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(path), start],
            stdout=subprocess.PIPE,
        ) as writer:
            for _ in range(5 + 17 * round_):
                acknowledged.append(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            acknowledged += writer.stdout.read().splitlines(keepends=True)
        told = [line.split() for line in acknowledged if line.endswith(b"\n")]
        with LocalLedger(path, authority) as ledger:
            head = ledger.verify()
            # At most one commit was on disk and not yet told.
            assert head.height - len(told) in (0, 1)
            for place, height, digest in told:
                block = ledger.block(int(height))
                assert (block.key, block.hash.hex()) == (f"key/{int(place)}", digest.decode())
            # The one not told can be repeated; the rounds go on after the told ones.
        acknowledged = [b" ".join(line) + b"\n" for line in told]


def test_a_full_disk_loses_nothing(path, authority, some_entries):
    with LocalLedger(path, authority) as ledger:
        ledger.commit("before", some_entries, 1)
        ledger._storage.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = ledger._storage.db.execute("PRAGMA page_count").fetchone()[0]
        ledger._storage.db.execute(f"PRAGMA max_page_count={pages}")
        before = ledger.head()
        with pytest.raises(StoreError, match="free space and commit again") as caught:
            ledger.commit("big", some_entries * 100, 2)
        one_line(caught)
        assert ledger.verify() == before
        ledger._storage.db.execute("PRAGMA max_page_count=1000000")
        assert isinstance(ledger.commit("big", some_entries * 100, 2), Receipt)
    with LocalLedger(path, authority) as ledger:
        assert ledger.verify(before).size == 404


def test_a_file_that_may_not_grow_loses_nothing(path, authority):
    """The operating system itself refuses to write, in the middle of a commit."""
    limit = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, ({200_000}, r.RLIM_INFINITY))\n"
    done = subprocess.run(
        [sys.executable, "-c", limit + textwrap.dedent(WRITER), str(path), "0"],
        capture_output=True,
        text=True,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("gridpact.base.errors.StoreError: ledger ")
    told = done.stdout.splitlines()
    assert len(told) > 10
    with LocalLedger(path, authority) as ledger:
        assert ledger.verify().height == len(told)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_read_only_file_can_be_audited_and_not_written(folder, path, authority, filled):
    place = Path(shutil.copy(path, folder / "ledger.db"))
    place.chmod(0o444)
    folder.chmod(0o555)
    with unprivileged():
        with pytest.raises(StoreError, match="make the file and its folder writable") as caught:
            LocalLedger(place, authority)
        one_line(caught)
        with LocalLedger(place, authority.public) as ledger:
            assert ledger.verify(filled) == filled
    assert [each.name for each in folder.iterdir()] == ["ledger.db"]


def test_a_folder_that_cannot_be_written_is_named(folder, authority):
    folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError, match="the folder must exist") as caught:
        LocalLedger(folder / "ledger.db", authority)
    assert str(folder) in one_line(caught)


def test_a_missing_folder_or_file_is_named(path, authority):
    with pytest.raises(StoreError, match="the folder must exist"):
        LocalLedger(path.parent / "none" / "ledger.db", authority)
    with pytest.raises(StoreError, match="cannot be opened"):
        LocalLedger(path, authority.public)
    assert not path.exists()


def test_a_locked_file_is_named_and_the_commit_can_be_repeated(path, authority, some_entries):
    with LocalLedger(path, authority, wait_s=0.05) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another process holds it") as caught:
                ledger.commit("key", some_entries, 1)
            one_line(caught)
            other.execute("ROLLBACK")
        assert isinstance(ledger.commit("key", some_entries, 1), Receipt)


def test_an_interrupted_commit_leaves_nothing(path, authority, some_entries, monkeypatch):
    with LocalLedger(path, authority) as ledger:
        with monkeypatch.context() as patch:
            patch.setattr(
                "gridpact.ledger.local.seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
            )
            with pytest.raises(KeyboardInterrupt):
                ledger.commit("key", some_entries, 1)
        assert ledger.verify().height == 0
        assert isinstance(ledger.commit("key", some_entries, 1), Receipt)


def test_a_crowded_log_is_read_by_the_next_opening(path, authority, some_entries):
    """A copy taken with its log while a writer is open holds every acknowledged commit."""
    with LocalLedger(path, authority) as ledger:
        for place in range(20):
            ledger.commit(f"key/{place}", some_entries, place)
        copy = path.with_name("copy.db")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        head = ledger.head()
    with LocalLedger(copy, authority.public) as ledger:
        assert ledger.verify(head) == head
