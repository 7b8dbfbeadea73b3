"""Killed between an order and its answer, no space, no rights, two at once: nothing is lost."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from gridpact.app.folder import held

ORDER = ("--member", "bakery", "--buy", "2.5 kWh", "--limit", "25 ct/kWh")
PLACE = ("order", "place", "run", *ORDER, "--slot", "2026-06-15T13:00")
KILLED = """
import os, signal, sys
from gridpact.kernel.journal import Journal
from gridpact.app.cli.commands import run_command

append = Journal.append

def killed(journal, rows):
    {before}
    append(journal, rows)
    {after}

Journal.append = killed
sys.exit(run_command(sys.argv[1:]))
"""
DIE = "if any(row.kind == {kind!r} for row in rows): os.kill(os.getpid(), signal.SIGKILL)"
NO_SPACE = """
import resource, signal, sys
from gridpact.app.cli.commands import run_command

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.exit(run_command(sys.argv[1:]))
"""
AS_NOBODY = """
import os, sys
from gridpact.app.cli.commands import run_command

run_command(["order", "list", "run", "-q"])  # so that libraries are read while they may be
if os.geteuid() == 0:  # no folder is closed to root
    os.setgid(65534)
    os.setuid(65534)
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", ["place-order", "order-accepted"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_anywhere_and_placed_again_is_one_order(corner, cli, called, kind, moment):
    at = corner()
    code = KILLED.format(**{"before": "", "after": "", moment: DIE.format(kind=kind)})
    done = cli.run(*PLACE, cwd=at.path, program=[sys.executable, "-c", code])
    assert done.returncode == -9
    journalled = (kind, moment) != ("place-order", "before")
    told = called("verify", "run")
    assert told.code == (1 if journalled else 0)
    assert ("an order came in and was not answered" in told.out) == journalled
    code, answer = at.asked(*PLACE)
    assert (code, answer["orders"][0]["accepted"]) == (0, True)
    assert [each["status"] for each in at.list()] == ["open"]
    assert called("verify", "run", "-q").code == 0
    assert called("run", "--resume", "run", "-q").code == 0
    assert called("verify", "run", "-q").code == 0


def test_killed_and_resumed_the_order_has_its_answer(corner, cli, called):
    at = corner()
    code = KILLED.format(before="", after=DIE.format(kind="place-order"))
    cli.run(*PLACE, cwd=at.path, program=[sys.executable, "-c", code])
    assert [each["status"] for each in at.list()] == ["unanswered"]
    assert called("run", "--resume", "run", "-q").code == 0
    assert [each["status"] for each in at.list()] != ["unanswered"]
    assert called("verify", "run", "-q").code == 0


@pytest.mark.parametrize("size", [0, 4_096, 60_000, 100_000])
def test_without_space_some_orders_are_missing_and_none_is_there_twice(corner, cli, called, size):
    """No file may grow beyond a size: SQLite's index (32 KiB) at first, then its log."""
    at = corner()
    rows = [f"workshop,buy,2026-06-15T{n % 24:02}:00,1,20,k{n}" for n in range(150)]
    head = "member,side,slot,quantity [kWh],limit [ct/kWh],key"
    (at.path / "o.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    place = ("order", "place", "run", "--file", "o.csv")
    program = [sys.executable, "-c", NO_SPACE.format(size=size)]
    done = cli.run(*place, cwd=at.path, program=program)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "disk" in done.stderr
    had = len(at.list())
    assert had < 150
    assert (had > 0) == (size > 32_768)
    code, told = at.asked(*place)
    assert (code, {each["accepted"] for each in told["orders"]}) == (0, {True})
    assert [each["order"]["key"] for each in at.list("--open")] == [f"k{n}" for n in range(150)]
    assert called("verify", "run", "-q").code == 0


def test_a_run_that_may_only_be_read_takes_no_orders(corner, cli):
    at = corner()
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        closed = Path(name)
        shutil.copytree(at.path / "run", closed / "run")
        for path in (*closed.rglob("*"), closed):
            path.chmod(0o555 if path.is_dir() else 0o444)
        program = [sys.executable, "-c", AS_NOBODY]
        done = cli.run(*PLACE, cwd=closed, program=program)
        shown = cli.run("market", "show", "run", cwd=closed, program=program)
        for path in (closed, closed / "run"):
            path.chmod(0o755)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "make the folder writable" in done.stderr
    assert (shown.returncode, "2026-06-15.day-ahead" in shown.stdout) == (0, True)


def test_many_at_once_wait_for_each_other(corner, cli):
    at = corner()
    begun = [cli.begin(*PLACE, "--key", f"k{each}", cwd=at.path) for each in range(6)]
    ended = [(each.communicate(timeout=120), each.returncode) for each in begun]
    assert [code for _, code in ended] == [0] * 6, ended
    assert len(at.list("--open")) == 6


def test_two_at_once_are_told_apart(corner, called, monkeypatch):
    at = corner()
    monkeypatch.setattr("gridpact.app.orders.acting.PATIENCE_S", 0.2)
    with held(at.path / "run"):
        done = called(*PLACE)
        assert (done.code, "another process is writing in run" in done.err) == (3, True)
        assert called("order", "list", "run").code == 0
    assert called(*PLACE).code == 0
