"""Help, output for people and for programs, and exit codes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from html import unescape
from types import SimpleNamespace

import click
import pytest

from gridpact.app.cli import commands, inspecting
from gridpact.app.cli.output import Progress
from gridpact.base.errors import (
    BadInput,
    GridpactError,
    JournalDamaged,
    LedgerDamaged,
    StoreError,
)

LINE = "2026-06-15/home-01/supplier.import"


def every_command(group=commands.cli, path=()):
    """All commands with the words that lead to them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_examples_that_parse(called, place, path):
    done = called(*path, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Usage: gridpact " + " ".join(path) in done.out
    examples = re.findall(r"^ +(gridpact .*)$", done.out.split("Example", 1)[1], re.MULTILINE)
    assert examples
    assert max(map(len, done.out.splitlines())) <= 100
    for example in examples:
        words = shlex.split(example)[1:]
        found = max((each for each in COMMANDS if words[: len(each)] == list(each)), key=len)
        COMMANDS[found].make_context(" ".join(found), words[len(found) :])


def test_the_group_helps(called):
    done = called("--help")
    assert done.code == 0
    assert all(path[0] in done.out for path in COMMANDS)
    assert "..." not in done.out.split("Commands:")[1]  # no description is cut off
    assert all(f" {code} " in done.out for code in (0, 1, 2, 3, 70, 130))
    bare = called()
    assert bare.code == 2
    assert "Usage: gridpact" in bare.err


def test_the_version(called):
    assert re.fullmatch(r"gridpact, version \d+\.\d+\.\d+\n", called("--version").out)


def test_the_package_run_as_a_module_is_the_same_command():
    command = [sys.executable, "-m", "gridpact", "fly"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: gridpact [OPTIONS]")
    assert "No such command 'fly'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("run",),
        ("run", "tiny.yaml", "--resume", "run"),
        ("run", "--resume", "run", "--out", "other"),
        ("run", "tiny.yaml", "--days", "0"),
        ("run", "tiny.yaml", "--days", "many"),
        ("run", "tiny.yaml", "--seed", "-1"),
        ("run", "tiny.yaml", "--from", "15 June"),
        ("run", "tiny.yaml", "--out", "tiny.yaml"),
        ("verify",),
        ("explain", "run"),
    ],
)
def test_wrong_usage_is_said_and_nothing_happens(called, place, arguments):
    before = sorted(place.rglob("*"))
    done = called(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error: " in done.err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments", [("replay", "run"), ("verify", "run"), ("explain", "run", LINE)]
)
def test_looking_at_a_run_for_people_for_programs_and_quietly(called, place, arguments):
    people, programs, quiet = (called(*arguments, *more) for more in ((), ("--json",), ("-q",)))
    assert [done.code for done in (people, programs, quiet)] == [0, 0, 0]
    assert [done.err for done in (people, programs, quiet)] == ["", "", ""]
    assert people.out
    assert "\x1b" not in people.out
    assert json.loads(programs.out)
    assert quiet.out == ""


def test_a_run_for_people_and_for_programs(cli, place):
    people = cli.run("run", "tiny.yaml", cwd=place)
    assert people.returncode == 0
    assert len(people.stdout.splitlines()) == 10
    assert "\x1b" not in people.stdout + people.stderr
    assert "scheduling …" in people.stderr
    assert (place / "runs" / "tiny-2026-06-15" / "report.html").exists()
    programs = cli.run("run", "tiny.yaml", "--out", "other", "--json", cwd=place)
    found = json.loads(programs.stdout)
    assert (programs.returncode, programs.stderr) == (0, "")
    assert found["members"] == 2
    assert found["report"] == "other/report.html"


def test_json_stays_empty_where_there_is_an_error(called, place):
    done = called("run", "absent.yaml", "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 1 fault; nothing was changed\n  absent.yaml: ")


def test_a_new_run_is_named_by_scenario_and_day_and_never_overwrites(called, place):
    named = ("run", "tiny.yaml", "--from", "2026-01-31", "-q")
    (place / "runs" / "tiny-2026-01-31").mkdir(parents=True)
    shutil.copy(place / "run" / "run.json", place / "runs" / "tiny-2026-01-31")
    done = called(*named)
    assert done.code == 2
    folder = "runs/tiny-2026-01-31"
    assert f"{folder}: --out: the folder already holds a run" in done.err
    assert f"resume it with 'gridpact run --resume {folder}', or name another" in done.err


@pytest.mark.parametrize("name", ["report.html", "journal.db", "scenario.yaml"])
def test_what_is_in_the_folder_is_not_overwritten(called, place, name):
    other = place / "mine"
    other.mkdir()
    (other / name).write_text("precious", encoding="utf-8")
    done = called("run", "tiny.yaml", "--out", "mine")
    assert done.code == 2
    assert f"mine: --out: the run would overwrite {name}. Fix: " in done.err
    assert (other / name).read_text(encoding="utf-8") == "precious"
    assert [path.name for path in other.iterdir()] == [name]


def test_run_in_place_and_resume_under_odd_names_from_elsewhere(cli, place):
    """Spaces and other alphabets in paths; the scenario's own folder as the run's."""
    here = place / "énergie für alle 能源"
    here.mkdir()
    shutil.move(place / "tiny.yaml", here / "le scénario.yaml")
    done = cli.run("run", "le scénario.yaml", "--out", "un essai/1", "-q", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    folder = here / "un essai" / "1"
    report = unescape((folder / "report.html").read_text(encoding="utf-8"))
    assert "gridpact run 'le scénario.yaml' --from" in report
    again = cli.run("run", "--resume", folder, "--days", "2", "-q", cwd=place)
    assert (again.returncode, again.stderr) == (0, "")
    assert cli.run("verify", folder, "-q", cwd=place).returncode == 0


def test_an_empty_folder_is_enough_for_a_demo_and_a_demo_replaces_a_demo(cli, tmp_path):
    first = cli.run("demo", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    report = tmp_path / "runs" / "demo" / "report.html"
    (tmp_path / "runs" / "demo" / "notes.txt").write_text("mine", encoding="utf-8")
    was = report.stat().st_mtime_ns
    second = cli.run("demo", "--json", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert report.stat().st_mtime_ns > was
    assert first.stdout.splitlines()[-1] == "Report     runs/demo/report.html"
    assert json.loads(second.stdout)["state_hash"][:16] in first.stdout
    assert (tmp_path / "runs" / "demo" / "notes.txt").exists()
    assert cli.run("verify", "runs/demo", "-q", cwd=tmp_path).returncode == 0


def test_a_demo_does_not_replace_another_run(called, place):
    before = (place / "run" / "run.json").read_bytes()
    done = called("demo", "--out", "run")
    assert done.code == 2
    assert "run: --out: the folder holds a run that is no demo, and is kept" in done.err
    assert (place / "run" / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput([]), 2),
        (StoreError("full"), 3),
        (JournalDamaged("row 7"), 1),
        (LedgerDamaged("block 7"), 1),
        (GridpactError("other"), 1),
        (PermissionError(13, "Permission denied", "x"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(called, place, monkeypatch, error, code):
    def fail(path):
        raise error

    monkeypatch.setattr(inspecting, "verify", fail)
    done = called("verify", "run")
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err
    assert "defect" not in done.err


def test_a_defect_is_one_line_and_its_traceback_is_for_those_who_ask(called, place, monkeypatch):
    def fail(path):
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr(inspecting, "verify", fail)
    done = called("verify", "run")
    assert (done.code, done.out, done.err.count("\n")) == (70, "", 1)
    assert "defect of gridpact" in done.err
    assert "(ZeroDivisionError: by nothing); please report it" in done.err
    monkeypatch.setenv("GRIDPACT_DEBUG", "1")
    done = called("verify", "run")
    assert done.code == 70
    assert "Traceback" in done.err
    assert "in fail" in done.err


@pytest.mark.parametrize("command", [("verify", "run"), ("explain", "run", LINE), ("--help",)])
def test_a_reader_that_leaves_early(cli, place, command):
    """As ``gridpact … | head -1`` does: no traceback, and a check keeps its exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*cli.program, *command],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=place,
        env=cli.environment(),
        text=True,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == (0 if command != ("--help",) else 1)


def test_progress_that_nobody_reads_does_not_stop_a_run(cli, place):
    process = cli.begin("run", "tiny.yaml", "--out", "new", cwd=place)
    process.stderr.close()
    assert len(process.stdout.read().splitlines()) == 10
    process.stdout.close()
    assert process.wait() == 0


def test_a_terminal_of_few_letters(cli, place):
    done = cli.run("verify", "run", cwd=place, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert done.stdout.startswith("? journal is whole")


SHOW = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal(cli, place, more, coloured):
    program = [sys.executable, "-c", SHOW, *cli.program]
    done = cli.run("verify", "run", cwd=place, env={"TERM": "xterm", **more}, program=program)
    assert done.returncode == 0, done.stdout
    assert ("\x1b[32m" in done.stdout) == coloured


def shown(monkeypatch, capsys, *, quiet=False, **environment):
    """What progress writes to a terminal."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress = Progress(quiet=quiet)
    for _ in range(2):
        progress("scheduling", 1_781_481_600)
    progress("writing", 0)
    progress.done()
    return capsys.readouterr().err


def test_progress_on_a_terminal_is_one_line_that_goes_away(monkeypatch, capsys):
    told = shown(monkeypatch, capsys, TERM="xterm")
    assert "\n" not in told
    assert "15 Jun 00:00 scheduling …" in told
    assert told.endswith("\r\x1b[K")


def test_progress_elsewhere_names_each_phase_once(monkeypatch, capsys):
    assert shown(monkeypatch, capsys, TERM="dumb") == "scheduling …\nwriting …\n"
    assert shown(monkeypatch, capsys, TERM="xterm", quiet=True) == ""


def test_explain_adds_up_in_every_line(called, place):
    """Each line of a statement is the sum of its slots, and is proved."""
    rows = (place / "run" / "statements.csv").read_text(encoding="utf-8").splitlines()
    header = rows[0].split(",")
    members = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
    seen = SimpleNamespace(zero=0, lines=0)
    for row in members:
        if not row["party"].startswith("home"):
            continue
        found = json.loads(called("explain", "run", row["line_id"], "--json").out)
        assert found["proof"]["verified"]
        assert sum(slot["nano"] for slot in found["slots"]) == int(row["amount_nano"])
        assert (found["nano"], found["minor"]) == (
            int(row["amount_nano"]),
            int(row["amount_minor"]),
        )
        assert (found["payer"], found["payee"]) == (row["payer"], row["payee"])
        seen.lines += 1
        seen.zero += not found["slots"]
    assert seen.lines > 10
    assert seen.zero


def test_explain_in_words(called, place):
    told = called("explain", "run", LINE).out
    row = next(
        row
        for row in (place / "run" / "statements.csv").read_text(encoding="utf-8").splitlines()
        if row.startswith(LINE)
    ).split(",")
    assert f"  home-01 pays supplier {row[10]} EUR for " in told
    assert "rounded once: half-even to 0.01 EUR" in told
    assert "journal row of the reading" in told
    assert re.search(rf"^  total +{row[8][:-9] or 0}\.{row[8][-9:]:0>9}$", told, re.MULTILINE)
    zero = next(
        row.split(",")[0]
        for row in (place / "run" / "statements.csv").read_text(encoding="utf-8").splitlines()
        if ",0,0,0,0.00," in row
    )
    told = called("explain", "run", zero).out
    assert "the amount is zero in every slot of the day" in told
    assert "journal row" not in told
