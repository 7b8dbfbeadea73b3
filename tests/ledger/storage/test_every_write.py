"""A kill or a full disk at every single statement of a commit to SQLite loses nothing."""

import os
import shutil
import signal
import sqlite3
import sys
import warnings

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt

STEPS = {"execute", "executemany", "fetchone", "fetchall", "close"}
MANY = [ParticipantAuthorised(f"p{number}", "dso") for number in range(400)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, authority):
    """A ledger of 300 entries, so that the next commit also completes a tile."""
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    with LocalLedger(path, authority) as ledger:
        ledger.commit("before", MANY[:300], 1)
        return path, ledger.head()


def at_step(step, what):
    """Do something before the n-th call into SQLite from now on."""
    left = step

    def count(frame, event, argument):
        nonlocal left
        if event == "c_call" and argument.__name__ in STEPS:
            left -= 1
            if not left:
                what()

    sys.setprofile(count)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def copied(whole, folder, step):
    path, head = whole
    return shutil.copy(path, folder / f"{step}.db"), head


def test_a_kill_before_every_statement(whole, authority, tmp_path):
    outcomes, step = set(), 0
    while True:
        step += 1
        path, before = copied(whole, tmp_path, step)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if not child:
            try:
                at_step(step, die)
                with LocalLedger(path, authority) as ledger:
                    ledger.commit("more", MANY, 2)
            finally:
                os._exit(0)
        if os.waitpid(child, 0)[1] != signal.SIGKILL:
            break
        with LocalLedger(path, authority) as ledger:
            outcomes.add(ledger.verify(before).size)
            assert isinstance(ledger.commit("more", MANY, 3), Receipt)
            assert ledger.verify(before).size == 700
    assert step > 15
    assert outcomes == {300, 700}


def full():
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def test_a_full_disk_at_every_statement(whole, authority, tmp_path):
    for step in range(1, 100):
        path, before = copied(whole, tmp_path, step)
        with LocalLedger(path, authority) as ledger:
            at_step(step, full)
            try:
                ledger.commit("more", MANY, 2)
            except StoreError as error:
                assert "free space and commit again" in str(error)  # noqa: PT017
                assert "\n" not in str(error)  # noqa: PT017
            else:
                sys.setprofile(None)
                assert ledger.verify(before).size == 700
                break
            finally:
                sys.setprofile(None)
            assert ledger.verify(before) == before
            assert isinstance(ledger.commit("more", MANY, 3), Receipt)
            assert ledger.verify(before).size == 700
    assert step > 5


def test_a_disk_that_is_full_after_any_number_of_pages(whole, authority, tmp_path):
    """SQLite itself says so, wherever the limit falls into the commit."""
    for spare in range(0, 400, 3):
        path, before = copied(whole, tmp_path, spare)
        with LocalLedger(path, authority) as ledger:
            db = ledger._storage.db
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count={pages + spare}")
            try:
                ledger.commit("more", MANY, 2)
            except StoreError as error:
                assert "free space and commit again" in str(error)  # noqa: PT017
            else:
                break
            assert ledger.verify(before) == before
            db.execute("PRAGMA max_page_count=1000000")
            assert isinstance(ledger.commit("more", MANY, 3), Receipt)
    assert spare > 9
