"""A command that is killed, a full disk or two commands at once leave a book as it was, or done."""

import errno
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gridpact.app.books import kept
from gridpact.app.books.journal import Writing

SETTLE = ("settle", "book", "--period", "2026-03-29", "--as-of", "2026-04-03T00:00")
PROGRAM = [sys.executable, "-c", "from gridpact.app.cli import main; main()"]


@pytest.fixture
def book(lane):
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    return lane


def runs(book):
    return json.loads(book.run("books", "status", "book", "--json").out)


def settles_and_holds(book):
    """Settling goes on as if nothing had been, and the book holds."""
    if not runs(book):
        assert book.run(*SETTLE).code == 0
    assert [run["run"] for run in runs(book)] == [1]
    assert book.run("books", "verify", "book").code == 0
    assert sorted(path.name for path in (book.folder / "book" / "runs").iterdir()) == ["0001"]


def test_a_full_disk_books_nothing(book, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(kept, "_columns", full)
        done = book.run(*SETTLE)
    assert (done.code, done.out) == (3, "")
    assert "No space left on device; what was booked before is intact" in done.err
    assert runs(book) == []
    settles_and_holds(book)


def test_one_stopped_between_writing_and_booking_booked_nothing(book, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Writing, "book", stopped)
        assert book.run(*SETTLE).code == 130
    assert (book.folder / "book" / "runs" / "0001").is_dir()
    assert runs(book) == []
    settles_and_holds(book)


@pytest.mark.parametrize("seconds", [0.6, 1.2, 1.8])
def test_one_that_is_killed_booked_all_or_nothing(book, seconds):
    process = subprocess.Popen([*PROGRAM, *SETTLE], cwd=book.folder, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()
    assert len(runs(book)) in (0, 1)
    settles_and_holds(book)


def test_of_two_at_once_one_is_initial_and_the_other_finds_nothing_to_revise(book):
    def settle(_):
        done = subprocess.run([*PROGRAM, *SETTLE], cwd=book.folder, capture_output=True, text=True)
        return done.returncode, "nothing differs from what was booked" in done.stdout

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(settle, range(2)))
    assert found == [(0, False), (0, True)]
    assert [(run["run"], run["kind"]) for run in runs(book)] == [(1, "initial"), (2, "revised")]
    assert book.run("books", "verify", "book").code == 0
