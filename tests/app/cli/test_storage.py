"""Full disks, read-only folders and two processes at one run: one clear line, nothing lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from gridpact.app.folder import held
from gridpact.kernel.journal import Journal

UNSHARE = ["unshare", "-Urm", "sh", "-c"]
ADVICE = "free space"


def one_line(done):
    """Storage trouble: exit code 3 and one line on standard error that says what to do."""
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def rows(path):
    """Rows of a journal, its chain checked to the last; none where it was not even begun."""
    with closing(sqlite3.connect(path)) as db:
        if not path.stat().st_size or not db.execute("PRAGMA user_version").fetchone()[0]:
            return []
    journal = Journal(path, writable=False)
    found = list(journal.rows())
    assert len(found) == journal.height
    journal.close()
    return found


# -- a limit on the size of files: works everywhere ------------------------------------------

LIMITED = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from gridpact.app.cli import main
main()
"""


def limited(cli, cwd, limit, *arguments):
    """Run with a limit on the size of every file that is written."""
    return cli.run(limit, *arguments, cwd=cwd, program=[sys.executable, "-c", LIMITED])


@pytest.mark.parametrize("limit", [0, 10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_run_that_may_not_grow_goes_on_once_it_may(cli, whole, tmp_path, limit):
    cli.scenario(tmp_path)
    told = one_line(limited(cli, tmp_path, limit, "run", "tiny.yaml", "--out", "run", "-q"))
    assert ADVICE in told.lower()
    begun = (tmp_path / "run" / "run.json").exists()
    if begun:
        rows(tmp_path / "run" / "journal.db")
    command = ("--resume", "run") if begun else ("tiny.yaml", "--out", "run")
    again = cli.run("run", *command, "-q", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    cli.same(tmp_path / "run", whole / "run")


FILES = (
    "statements.csv",
    "bills.csv",
    "bills.json",
    "readings.parquet",
    "schedules.parquet",
    "trades.parquet",
    "report.html",
)


def test_a_report_that_does_not_fit_is_written_later(cli, whole, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    had = rows(tmp_path / "run" / "journal.db")
    (tmp_path / "run" / "report.html").unlink()
    limit = (whole / "run" / "report.html").stat().st_size // 2
    told = one_line(limited(cli, tmp_path, limit, "run", "--resume", "run", "-q"))
    assert "cannot write run/report.html: File too large; free space" in told
    check_unfinished(tmp_path, had)
    again = cli.run("run", "--resume", "run", "-q", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    cli.same(tmp_path / "run", whole / "run")


def check_unfinished(cwd, had):
    """Nothing half written, no result, and the journal as it was."""
    assert not list((cwd / "run").glob(".*.partial"))
    assert not (cwd / "run" / "result.json").exists()
    assert rows(cwd / "run" / "journal.db") == had


@pytest.mark.parametrize("name", [*FILES, "result.json"])
def test_a_file_that_cannot_be_put_in_place(called, cli, whole, place, name):
    """A folder of the file's name is in its way."""
    had = rows(place / "run" / "journal.db")
    (place / "run" / name).unlink()
    (place / "run" / name).mkdir()
    done = called("run", "--resume", "run", "-q")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    why = "Is a directory" if name == "result.json" else "it is a folder, which is not replaced"
    assert f"run/{name}: {why}" in done.err
    (place / "run" / name).rmdir()
    check_unfinished(place, had)
    again = called("run", "--resume", "run", "-q")
    assert (again.code, again.err) == (0, "")
    cli.same(place / "run", whole / "run")


# -- a full disk: a file system in memory, in the process's own mount namespace ----------------

FULL = """\
mount -t tmpfs -o size=64m tmpfs disk || exit 77
if [ -d run ]; then cp -R run disk/run; else mkdir disk/run; fi
cp tiny.yaml disk
free=$(( 65536 - $(du -sk disk | cut -f1) - $1 ))
dd if=/dev/zero of=disk/ballast bs=1024 count=$free 2>/dev/null
shift
cd disk
"$@" >&2 && exit 50
code=$?
rm -f ballast
cp -R run ../stopped
exit $code
"""


def on_full_disk(cli, cwd, left_kb, *arguments):
    """Run on a disk with so much left; its folder then lies in ``stopped``."""
    cli.scenario(cwd)
    (cwd / "disk").mkdir()
    command = [*UNSHARE, FULL, "-", str(left_kb), *cli.program, *arguments]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=cli.environment(), capture_output=True, text=True, timeout=300
        )
    except FileNotFoundError:
        pytest.skip("a full disk needs 'unshare' (util-linux) on Linux")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("a full disk needs the right to mount a tmpfs in a user namespace")
    return done


def goes_on(cli, whole, cwd):
    """Finish what lies in ``stopped`` on a disk with space, and compare."""
    (cwd / "late").mkdir()
    cli.scenario(cwd / "late")
    shutil.move(cwd / "stopped", cwd / "late" / "run")
    begun = (cwd / "late" / "run" / "run.json").exists()
    command = ("--resume", "run") if begun else ("tiny.yaml", "--out", "run")
    again = cli.run("run", *command, "-q", cwd=cwd / "late")
    assert (again.returncode, again.stderr) == (0, "")
    cli.same(cwd / "late" / "run", whole / "run")


def filled(cli, whole, cwd, left_kb):
    """Begin a run on a disk that fills; returns the line that it ends with."""
    done = on_full_disk(cli, cwd, left_kb, "run", "tiny.yaml", "--out", "run", "-q")
    told = one_line(done)
    if (cwd / "stopped" / "journal.db").exists():
        rows(cwd / "stopped" / "journal.db")
    goes_on(cli, whole, cwd)
    return told


@pytest.mark.parametrize("left_kb", [4, 100])
def test_a_disk_that_fills(cli, whole, tmp_path, left_kb):
    assert "disk is full" in filled(cli, whole, tmp_path, left_kb) or left_kb == 4


@pytest.mark.slow
def test_disks_of_many_sizes_meet_journal_and_ledger(cli, whole, tmp_path):
    seen = []
    for left_kb in (0, 8, 40, 76, 92, 100, 104, 108, 112, 116, 160, 240):
        cwd = tmp_path / str(left_kb)
        cwd.mkdir()
        seen.append(filled(cli, whole, cwd, left_kb))
    assert any("journal run/journal.db" in told for told in seen)
    assert any("ledger run/ledger.db" in told for told in seen)
    assert any("cannot" in told for told in seen)


def test_a_disk_that_fills_while_files_are_written(cli, whole, tmp_path):
    """The loop is done; what is left takes some files and not the report."""
    shutil.copytree(whole / "run", tmp_path / "run")
    for name in FILES:
        (tmp_path / "run" / name).unlink()
    told = one_line(on_full_disk(cli, tmp_path, 120, "run", "--resume", "run", "-q"))
    assert "cannot write run/report.html: No space left on device; free space" in told
    assert (tmp_path / "stopped" / "schedules.parquet").exists()
    goes_on(cli, whole, tmp_path)


# -- folders that cannot be written --------------------------------------------------------------

AS_NOBODY = """
import os, sys
from gridpact.app.cli.commands import run_command
from gridpact.simulation.scenarios import load

load("tiny.yaml")  # so that libraries are read while they may be
assert run_command(["verify", "run", "-q"]) == 0
assert run_command(["explain", "run", "2026-06-15/home-01/supplier.import", "-q"]) == 0
if os.geteuid() == 0:  # no folder is closed to root
    os.setgid(65534)
    os.setuid(65534)
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.fixture
def closed(cli, whole):
    """A folder with a finished run where nothing may be written."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(whole / "run", folder / "run")
        cli.scenario(folder)
        for path in (*folder.rglob("*"), folder):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield folder
        for path in (folder, folder / "run"):
            path.chmod(0o755)


def without_rights(cli, cwd, *arguments):
    """Run as a user who may only read."""
    return cli.run(*arguments, cwd=cwd, program=[sys.executable, "-c", AS_NOBODY])


def test_a_run_that_may_only_be_read(cli, closed):
    before = {path: path.stat().st_mtime_ns for path in (closed / "run").iterdir()}
    line = "2026-06-15/home-01/supplier.import"
    for command in (("verify", "run"), ("replay", "run"), ("explain", "run", line)):
        done = without_rights(cli, closed, *command)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout
    assert {path: path.stat().st_mtime_ns for path in (closed / "run").iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "tiny.yaml", "-q"),
        ("run", "tiny.yaml", "--out", "new", "-q"),
        ("run", "--resume", "run", "-q"),
        ("demo", "--out", "demo", "-q"),
    ],
)
def test_a_folder_that_may_only_be_read(cli, closed, arguments):
    before = sorted(closed.rglob("*"))
    told = one_line(without_rights(cli, closed, *arguments))
    assert "make the folder writable" in told
    assert sorted(closed.rglob("*")) == before


def test_a_run_that_may_not_even_be_read(cli, closed):
    shutil.copytree(closed / "run", closed / "other")
    (closed / "other" / "journal.db").chmod(0)
    told = one_line(without_rights(cli, closed, "verify", "other"))
    assert "journal other/journal.db: unable to open database file" in told


def test_looking_leaves_nothing_behind(cli, whole, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    line = "2026-06-15/home-01/supplier.import"
    for command in (("verify", "run"), ("replay", "run"), ("explain", "run", line)):
        assert cli.run(*command, cwd=tmp_path).returncode == 0
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


# -- two processes at one run ----------------------------------------------------------------------


def test_a_second_process_is_refused(called, place):
    """In every way of running; looking is left to everybody."""
    shutil.copytree(place / "run", place / "demo")
    manifest = (place / "demo" / "run.json").read_text(encoding="utf-8")
    manifest = manifest.replace('"demo": false', '"demo": true')
    (place / "demo" / "run.json").write_text(manifest, encoding="utf-8")
    (place / "new").mkdir()
    with held(place / "run"), held(place / "demo"), held(place / "new"):
        for folder, *words in (
            ("run", "run", "--resume", "run"),
            ("demo", "demo", "--out", "demo"),
            ("new", "run", "tiny.yaml", "--out", "new"),
        ):
            done = called(*words)
            assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
            assert f"another process is running in {folder}; wait until it is done" in done.err
        assert called("verify", "run", "-q").code == 0
        assert called("replay", "run", "-q").code == 0
    assert called("run", "--resume", "run", "-q").code == 0


def test_the_first_process_is_not_disturbed(cli, whole, tmp_path):
    cli.scenario(tmp_path)
    first = cli.begin("run", "tiny.yaml", "--days", "3", "--out", "run", cwd=tmp_path)
    assert any("forecasting" in line for line in first.stderr)
    others = [
        cli.begin(*words, cwd=tmp_path)
        for words in (
            ("run", "--resume", "run", "-q"),
            ("explain", "run", "2026-06-15/home-01/supplier.import"),
            ("verify", whole / "run", "-q"),
        )
    ]
    told = [process.communicate(timeout=300)[1] for process in (*others, first)]
    assert "Traceback" not in "".join(told)
    assert others[1].returncode in (0, 2)  # according to whether its day is settled
    assert (others[2].returncode, first.returncode) == (0, 0)
    cli.same(tmp_path / "run", whole / "three" / "run")


def test_two_processes_begin_at_once(cli, whole, tmp_path):
    """One of them runs; the other is refused whichever moment it looks."""
    cli.scenario(tmp_path)
    both = [cli.begin("run", "tiny.yaml", "--out", "run", "-q", cwd=tmp_path) for _ in range(2)]
    told = [process.communicate(timeout=300)[1] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 2], [0, 3]), told
    assert "Traceback" not in "".join(told)
    cli.same(tmp_path / "run", whole / "run")


def test_a_killed_process_lets_go(cli, whole, tmp_path):
    cli.scenario(tmp_path)
    first = cli.begin("run", "tiny.yaml", "--out", "run", cwd=tmp_path)
    assert any("scheduling" in line for line in first.stderr)
    first.kill()
    first.communicate()
    assert cli.run("run", "--resume", "run", "-q", cwd=tmp_path).returncode == 0
    assert os.listdir(tmp_path / "run").count(".lock") == 1  # noqa: PTH208 - the names alone
