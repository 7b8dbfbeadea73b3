"""Runs that are killed, stopped or cut off anywhere end as one that never was."""

import shutil
import signal
import sqlite3
import time
from contextlib import closing, suppress
from random import Random

import pytest

STAGE = "proving and writing the report"


def stage_of(folder):
    """How far a killed run came, as its folder shows."""
    if not (folder / "run.json").exists():
        return "before it began"
    if (folder / "result.json").exists():
        return "after its end"
    if any((folder / name).exists() for name in ("statements.csv", "bills.csv", "report.html")):
        return "in the files"
    log = folder / "journal.db-wal"
    return "in the loop" if log.exists() and log.stat().st_size else "at the journal"


def wait_for(process, text):
    """Read what a run tells on standard error until it tells this; False at its end."""
    return any(text in line for line in process.stderr)


class Height(int):
    """A moment told by progress, not by time: when the journal has so many rows."""


def rows_in(journal):
    """Rows that a journal has by now, 0 where it cannot be read yet."""
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM journal").fetchone()[0]
    except sqlite3.Error:
        return 0


def await_moment(process, cwd, moment):
    """Seconds after the start; negative: after the run began its files; or a height."""
    if isinstance(moment, Height):
        while process.poll() is None and rows_in(cwd / "run" / "journal.db") < moment:
            time.sleep(0.001)
        return
    if moment < 0:
        wait_for(process, STAGE)
    time.sleep(abs(moment))


def end(process, number):
    """Send a signal and see the process off; it may have ended by itself."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
    _, told = process.communicate(timeout=120)
    return told


def kill_once(cli, cwd, command, moment):
    """Kill a run at a moment."""
    process = cli.begin(*command, cwd=cwd)
    await_moment(process, cwd, moment)
    end(process, signal.SIGKILL)
    assert process.returncode in (0, -signal.SIGKILL)


def finish(cli, cwd, begin_again=("run", "tiny.yaml", "--out", "run")):
    """Resume a run, or begin it where it had not begun."""
    begun = (cwd / "run" / "run.json").exists()
    command = ("run", "--resume", "run") if begun else begin_again
    done = cli.run(*command, "--quiet", cwd=cwd)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def killed(cli, whole, cwd, moments):
    """Kill a run at each moment in turn, finish it and compare; returns where it was hit."""
    cli.scenario(cwd)
    stages = []
    for moment in moments:
        begun = (cwd / "run" / "run.json").exists()
        command = ("--resume", "run") if begun else ("tiny.yaml", "--out", "run")
        kill_once(cli, cwd, ("run", *command), moment)
        stages.append(stage_of(cwd / "run"))
    finish(cli, cwd)
    cli.same(cwd / "run", whole / "run")
    return stages


@pytest.fixture(scope="session")
def duration(cli, whole, tmp_path_factory):
    """Seconds that an uninterrupted run takes here and now."""
    cwd = tmp_path_factory.mktemp("duration")
    cli.scenario(cwd)
    began = time.monotonic()
    assert cli.run("run", "tiny.yaml", "--out", "run", "--quiet", cwd=cwd).returncode == 0
    return time.monotonic() - began


@pytest.mark.parametrize("share", [0.3, 0.5, 0.65, 0.8, None])
def test_a_killed_run_ends_as_one_that_was_not(cli, whole, duration, tmp_path, share):
    moment = -0.05 if share is None else share * duration
    killed(cli, whole, tmp_path, [moment])


@pytest.mark.slow
def test_fifty_kills(cli, whole, tmp_path):
    """At random moments: at the start, at thirty heights of the journal, among the files."""
    dice, seen = Random(20260615), []  # noqa: S311
    height = rows_in(whole / "run" / "journal.db")
    for number in range(50):
        cwd = tmp_path / str(number)
        cwd.mkdir()
        moments = {0: dice.uniform(0, 0.4), 1: -dice.uniform(0, 0.5)}
        moment = moments.get(number % 5, Height(dice.randrange(height)))
        seen += killed(cli, whole, cwd, [moment])
        shutil.rmtree(cwd)
    print({stage: seen.count(stage) for stage in sorted(set(seen))})  # noqa: T201 - shown by -s
    assert {"before it began", "in the loop", "in the files"} <= set(seen)


@pytest.mark.slow
def test_killed_again_and_again(cli, whole, duration, tmp_path):
    """The resumed run is killed as well, five times in a row."""
    dice = Random(7)  # noqa: S311
    for number in range(4):
        cwd = tmp_path / str(number)
        cwd.mkdir()
        killed(cli, whole, cwd, [dice.uniform(0.4, 0.95) * duration for _ in range(5)])


def test_killed_while_it_resumes(cli, whole, duration, tmp_path):
    killed(cli, whole, tmp_path, [0.7 * duration, 0.7 * duration])


def stop(cli, cwd, moment):
    """Press ctrl-C at a moment; returns exit code and what was told."""
    process = cli.begin("run", "tiny.yaml", "--out", "run", cwd=cwd)
    await_moment(process, cwd, moment)
    told = end(process, signal.SIGINT)
    return process.returncode, told


def stopped(cli, whole, cwd, moment):
    cli.scenario(cwd)
    code, told = stop(cli, cwd, moment)
    assert "Traceback" not in told
    if code:
        assert code == 130
        last = told.splitlines()[-1]
        begun = (cwd / "run" / "run.json").exists()
        hint = "stopped; what was done is kept. Go on with: gridpact run --resume run"
        assert last == (hint if begun else "stopped")
    finish(cli, cwd)
    cli.same(cwd / "run", whole / "run")
    return code


@pytest.mark.parametrize("share", [0.6, None])
def test_ctrl_c_says_how_to_go_on(cli, whole, duration, tmp_path, share):
    moment = -0.05 if share is None else share * duration
    stopped(cli, whole, tmp_path, moment)


@pytest.mark.slow
def test_ctrl_c_anywhere(cli, whole, tmp_path):
    dice, codes = Random(3), []  # noqa: S311
    height = rows_in(whole / "run" / "journal.db")
    for number in range(20):
        cwd = tmp_path / str(number)
        cwd.mkdir()
        codes.append(stopped(cli, whole, cwd, Height(dice.randrange(1, height))))
    assert codes.count(130) > 3  # the others came while the report was written


def test_a_second_ctrl_c_ends_it_at_once(cli, whole, tmp_path):
    cli.scenario(tmp_path)
    process = cli.begin("run", "tiny.yaml", "--days", "30", "--out", "run", cwd=tmp_path)
    assert wait_for(process, "clearing")
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    told = end(process, signal.SIGINT)
    assert process.returncode == 130
    assert told.splitlines()[-1].endswith("gridpact run --resume run")


@pytest.fixture(scope="session")
def half(cli, whole, tmp_path_factory):
    """A run that was killed in its loop, with rows in the write-ahead log alone."""
    cwd = tmp_path_factory.mktemp("half")
    cli.scenario(cwd)
    process = cli.begin("run", "tiny.yaml", "--days", "3", "--out", "run", cwd=cwd)
    assert wait_for(process, "billing")
    process.kill()
    process.communicate()
    assert stage_of(cwd / "run") == "in the loop"
    return cwd


OTHERS = [pytest.param(cut, marks=pytest.mark.slow) for cut in ("a little", "most", "zeros", "")]


@pytest.mark.parametrize("cut", ["half", "noise", *OTHERS])
def test_a_torn_log_is_taken_up_at_its_last_whole_row(cli, whole, half, tmp_path, cut):
    """What a power cut may leave: a log that ends early, in zeros or in noise.

    SQLite's index beside it is gone in any case. The journal then lacks rows whose commits the
    ledger has; they are made again and found there.
    """
    shutil.copytree(half / "run", tmp_path / "run")
    log = tmp_path / "run" / "journal.db-wal"
    data, dice = log.read_bytes(), Random(5)  # noqa: S311
    keep = {"a little": len(data) - 100, "half": len(data) // 2, "most": 4096}.get(cut)
    if keep is None and cut:
        keep = 2 * len(data) // 3
    tail = len(data) - (keep or 0)
    torn = data[:keep] + {"zeros": bytes(tail), "noise": dice.randbytes(tail)}.get(cut, b"")
    log.write_bytes(torn if keep else data)
    (tmp_path / "run" / "journal.db-shm").unlink()
    finish(cli, tmp_path)
    cli.same(tmp_path / "run", whole / "three" / "run")


def test_one_day_and_two_more_are_three(cli, whole, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    done = cli.run("run", "--resume", "run", "--days", "3", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    cli.same(tmp_path / "run", whole / "three" / "run")


def test_resuming_a_finished_run_changes_nothing(cli, whole, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    finish(cli, tmp_path)
    cli.same(tmp_path / "run", whole / "run")


def test_a_run_stopped_while_it_is_extended_is_not_finished(cli, whole, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    process = cli.begin("run", "--resume", "run", "--days", "3", cwd=tmp_path)
    assert wait_for(process, "scheduling")
    process.kill()
    process.communicate()
    told = cli.run("verify", "run", cwd=tmp_path)
    assert told.returncode == 2
    assert "has not finished. Fix: finish it with 'gridpact run --resume run'" in told.stderr
    finish(cli, tmp_path)
    cli.same(tmp_path / "run", whole / "three" / "run")
    assert not (tmp_path / "run" / "journal.db-wal").exists()
