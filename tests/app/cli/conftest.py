"""Runs as a person or a script starts them: real processes, real folders, small scenarios."""

from __future__ import annotations

import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import chdir, closing, redirect_stderr, redirect_stdout
from types import SimpleNamespace
from unittest.mock import patch

import msgspec
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.kernel.codec import decode
from gridpact.kernel.loop import Entry

PROGRAM = [sys.executable, "-c", "from gridpact.app.cli import main; main()"]
TINY = """\
gridpact: 1
community: {name: Tiny Lane, slot_minutes: 60}
run: {from: 2026-06-15, days: DAYS, seed: 1}
market: {intraday_gates: ["12:00"]}
generate: {homes: 2, pv_percent: 50, battery_percent: 50, car_percent: 50}
faults: {readings_missing_percent: 3, readings_late_percent: 3}
"""
EXACT = (
    "result.json",
    "statements.csv",
    "bills.csv",
    "bills.json",
    "readings.parquet",
    "schedules.parquet",
    "trades.parquet",
)
TIMINGS = re.compile(rb'<section id="timings">.*?</section>', re.DOTALL)


def environment(**more):
    """The environment without what steers gridpact, colours or the width of help."""
    drop = ("GRIDPACT_DATA", "GRIDPACT_DEBUG", "NO_COLOR", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {**kept, **more}


def gridpact(*arguments, cwd, env=None, program=None):
    """Run the command line to its end; returns what subprocess.run does.

    In this process, as starting takes longer than most commands do; in its own where a program or
    something of its environment is named.
    """
    words, around = [str(argument) for argument in arguments], environment(**(env or {}))
    if program or env:
        return subprocess.run(
            [*(program or PROGRAM), *words],
            cwd=cwd,
            env=around,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
    out, told = io.StringIO(), io.StringIO()
    with (
        chdir(cwd),
        patch.dict(os.environ, around, clear=True),
        redirect_stdout(out),
        redirect_stderr(told),
    ):
        code = run_command(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), told.getvalue())


def begin(*arguments, cwd, **more):
    """Start the command line and do not wait for it."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def content(database):
    """Every row of every table, by table."""
    with closing(sqlite3.connect(database)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE rootpage")]
        found = {
            name: db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()  # noqa: S608
            for name in tables
            if not name.startswith("sqlite_")
        }
    if "snapshot" in found:
        found["snapshot"] = [(seq, *kept_state(body)) for seq, body, _ in found["snapshot"]]
    return found


def kept_state(body):
    """What a snapshot holds, without the numbers by which the queue counts what was sent.

    A resumed run counts from another start; the order among the waiting is what matters.
    """
    now, _, states, queue = decode(body, tuple[int, int, dict[str, bytes], list[Entry]])
    waiting = sorted(queue, key=lambda entry: entry.order)
    return now, states, [msgspec.structs.replace(entry, order=0) for entry in waiting]


def standing(folder):
    """All of a finished run that must not depend on how often it was stopped."""
    report, count = TIMINGS.subn(b"", (folder / "report.html").read_bytes())
    assert count == 1
    return {
        **{name: (folder / name).read_bytes() for name in EXACT},
        "report.html": report,
        **{name: content(folder / name) for name in ("journal.db", "ledger.db")},
        "names": sorted(path.name for path in folder.iterdir()),
    }


def same(folder, other):
    """Assert that two finished runs left the same, naming the file that differs."""
    one, two = standing(folder), standing(other)
    for journal in (one["journal.db"], two["journal.db"]):
        journal["snapshot"] = {seq: rest for seq, *rest in journal["snapshot"]}
    # a run that was killed just before it kept a snapshot goes on without that one
    both = set(one["journal.db"]["snapshot"]) & set(two["journal.db"]["snapshot"])
    for journal in (one["journal.db"], two["journal.db"]):
        journal["snapshot"] = {seq: journal["snapshot"][seq] for seq in both}
    differing = [name for name in one if one[name] != two[name]]
    assert differing == []


def scenario(folder, days=1, name="tiny.yaml"):
    """Write the small scenario into a folder."""
    path = folder / name
    path.write_text(TINY.replace("DAYS", str(days)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def cli():
    """Helpers by name: see the functions above."""
    return SimpleNamespace(
        run=gridpact,
        begin=begin,
        content=content,
        same=same,
        scenario=scenario,
        program=PROGRAM,
        environment=environment,
    )


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A place with the small scenario and finished runs of 1 day (``run``) and 3 (``three``)."""
    place = tmp_path_factory.mktemp("whole")
    scenario(place)
    for name, days in (("run", "1"), ("three/run", "3")):
        done = gridpact("run", "tiny.yaml", "--days", days, "--out", name, "--quiet", cwd=place)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return place


@pytest.fixture
def place(tmp_path, whole, monkeypatch):
    """An own working directory with the scenario and a copy of the finished run."""
    scenario(tmp_path)
    shutil.copytree(whole / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    for name in ("GRIDPACT_DATA", "GRIDPACT_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def called(capsys):
    """Run the command line in this process: returns exit code, output and errors."""

    def call(*arguments):
        capsys.readouterr()
        code = run_command([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return SimpleNamespace(code=code, out=told.out, err=told.err)

    return call
