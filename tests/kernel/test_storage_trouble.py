"""A killed process, a full disk and a folder that cannot be written: nothing kept is lost."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from gridpact.base.errors import StoreError
from gridpact.kernel.journal import Journal

# Appends batches of one to three rows and tells each height once it is kept.
WRITER = """
import os, sys
from gridpact.base.errors import StoreError
from gridpact.kernel.journal import Journal, Origin, Row

{setting}
journal = Journal(sys.argv[1])
print("open", flush=True)
try:
    while journal.height < {limit}:
        first = journal.height
        journal.append([
            Row(seq, seq, Origin.INPUT, -1, 0, "said", seq.to_bytes(8, "big") * {size})
            for seq in range(first, first + 1 + first % 3)
        ])
        print(journal.height, flush=True)
        if journal.height % 10 == 0:
            journal.save_snapshot(b"state" * journal.height)
except StoreError as error:
    print("refused:", error, flush=True)
    kept = list(journal.rows())  # the same process can still read what it wrote
    assert len(kept) == journal.height
    {after}
"""
RLIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
"""


def writer(size=1, limit=10**9, setting="", after="pass"):
    return WRITER.format(size=size, limit=limit, setting=setting, after=after)


def check_kept(path, acknowledged):
    """All acknowledged rows are there, whole, and the journal can go on."""
    journal = Journal(path)
    rows = list(journal.rows())
    assert len(rows) == journal.height >= acknowledged
    assert all(row.body[:8] == row.seq.to_bytes(8, "big") for row in rows)
    snapshot = journal.snapshot()
    if snapshot:
        assert snapshot[1] == b"state" * (snapshot[0] + 1)
    journal.append([rows[-1]._replace(seq=journal.height)])
    assert len(list(journal.rows())) == len(rows) + 1
    journal.close()


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.02, 0.05, 0.1])
def test_a_killed_process_keeps_every_acknowledged_row(tmp_path, delay):
    path = tmp_path / "journal.db"
    process = subprocess.Popen(
        [sys.executable, "-c", writer(size=20), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "open\n"
    lines = [process.stdout.readline() for _ in range(5)]
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    whole = [line for line in lines if line.endswith("\n")]
    check_kept(path, int(whole[-1]))


def test_a_killed_process_killed_again_and_again(tmp_path):
    path, height = tmp_path / "journal.db", 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", writer(), str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "open\n"
        for _ in range(7):
            told = int(process.stdout.readline())
        assert told > height
        height = told
        process.kill()
        process.communicate()
    check_kept(path, height)


def refused(output):
    """Split what the writer told into the last height and its one line of trouble."""
    *told, last = output.splitlines()
    assert last.startswith("refused: journal ")
    assert "what was written before is intact" in last
    assert "Free space" in last
    return int(told[-1])


def test_a_file_that_may_not_grow(tmp_path):
    """The limit on file size stands for a quota; it works on every system and for every user."""
    path = tmp_path / "journal.db"
    command = [sys.executable, "-c", writer(size=400, setting=RLIMIT), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert refused(done.stdout) > 10
    check_kept(path, refused(done.stdout))


def test_a_full_disk(tmp_path):
    """A file system of half a megabyte in the writer's own mount namespace."""
    target, copy = tmp_path / "disk", tmp_path / "copy"
    target.mkdir()
    copy.mkdir()
    mount = 'mount -t tmpfs -o size=512k tmpfs "$1" && exec "$2" -c "$3" "$1/journal.db"'
    after = f"import shutil; shutil.copytree({str(target)!r}, {str(copy)!r}, dirs_exist_ok=True)"
    script = writer(size=400, after=after)
    command = ["unshare", "-Urm", "sh", "-c", mount, "-", str(target), sys.executable, script]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("a full disk needs 'unshare' (util-linux) on Linux")
    if "open" not in done.stdout:
        pytest.skip("a full disk needs the right to mount a tmpfs in a user namespace")
    assert done.returncode == 0, done.stderr
    assert "full" in done.stdout
    check_kept(copy / "journal.db", refused(done.stdout))


OPENER = """
import os, sys
from gridpact.base.errors import StoreError
from gridpact.kernel.journal import Journal, Origin, Row

if os.geteuid() == 0:  # no folder is read-only for root
    os.setgid(65534)
    os.setuid(65534)
for name in sys.argv[1:]:
    try:
        journal = Journal(name)
        journal.append([Row(0, 0, Origin.INPUT, -1, 0, "said", b"")])
    except StoreError as error:
        print(error)
"""


def test_a_folder_that_cannot_be_written():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        there, absent = folder / "there.db", folder / "absent.db"
        Journal(there).close()
        there.chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", OPENER, str(there), str(absent)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert len(lines) == 2
        assert all("make the folder writable" in line for line in lines)
        assert not absent.exists()


def test_closing_an_interrupted_write_rolls_it_back(toy, tmp_path):
    journal = Journal(tmp_path / "journal.db")
    journal.append(toy.rows_of(2))
    journal._db.execute("BEGIN")
    journal._db.execute("INSERT INTO snapshot VALUES (1, x'00', x'00')")
    journal.close()
    journal = Journal(tmp_path / "journal.db")
    assert (journal.height, journal.snapshot()) == (2, None)
    journal.close()


def test_a_durable_journal_waits_for_the_disk(toy, tmp_path):
    for durable, expected in ((True, 2), (False, 1)):
        journal = Journal(tmp_path / f"{durable}.db", durable=durable)
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (expected,)
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        journal.append(toy.rows_of(3))
        journal.close()
        assert not (tmp_path / f"{durable}.db-wal").exists()


def test_a_locked_journal_is_refused_in_one_line(toy, tmp_path):
    first, second = (Journal(tmp_path / "journal.db") for _ in range(2))
    second._db.execute("PRAGMA busy_timeout=10")
    first._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        second.append(toy.rows_of(1))
    first._db.execute("ROLLBACK")
    second.append(toy.rows_of(1))
    first.close()
    second.close()
