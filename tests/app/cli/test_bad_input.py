"""What is wrong is refused with every fault and its fix, and leaves everything as it was."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

FAULTY = Path(__file__).parents[2] / "cases" / "scenarios" / "faulty"
FAULT = re.compile(r"  (\S.*?)(:\d+)?: .+ Fix: .+\.")

DATA = """\
gridpact: 1
community: {slot_minutes: 60}
run: {from: 2026-06-15, days: 1}
sources:
  meters.of: {file: meters.csv, time_column: time, timezone: UTC, unit: kWh}
members:
  - {id: alpha, load: {source: meters.of, column: house}}
"""


def refused(done, place, before):
    """Bad input: exit code 2, faults with their fixes on standard error, nothing written."""
    assert (done.code, done.out) == (2, "")
    head, *faults = done.err.splitlines()
    count = len(faults)
    assert head == f"error: {count} fault{'s' * (count != 1)}; nothing was changed"
    assert all(FAULT.fullmatch(fault) for fault in faults)
    assert tree(place) == before
    return faults


def tree(place):
    """Every file with its content."""
    return {path: path.read_bytes() if path.is_file() else None for path in place.rglob("*")}


def test_the_golden_faulty_scenario(called, place):
    shutil.copytree(FAULTY, place / "faulty")
    before = tree(place)
    faults = refused(called("run", "faulty/scenario.yaml"), place, before)
    expected = (FAULTY / "expected.txt").read_text(encoding="utf-8").splitlines()
    told = [fault[2:].removeprefix("faulty/").replace(" faulty/lost", " lost") for fault in faults]
    assert sorted(told) == sorted(expected)


def readings(place, days=(15,), change=None):
    """Write hourly readings of UTC days in June 2026, and perhaps spoil a line."""
    stamps = [f"2026-06-{day:02}T{hour:02}:00:00Z" for day in days for hour in range(24)]
    lines = ["time,house", *(f"{stamp},0.5" for stamp in stamps)]
    for number, text in (change or {}).items():
        lines[number - 1] = text
    (place / "meters.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def metered(place):
    """A place with a scenario that reads a file of three sound days."""
    (place / "metered.yaml").write_text(DATA, encoding="utf-8")
    readings(place, (14, 15, 16))
    return place


def test_bad_data_are_listed_by_line(called, metered):
    change = {7: "2026-06-14T05:00:00Z,much", 9: "2026-06-14T07:00:00Z,-1"}
    readings(metered, (14, 15, 16), change)
    faults = refused(called("run", "metered.yaml"), metered, tree(metered))
    assert [fault.split(": ")[0] for fault in faults] == ["  meters.csv:7", "  meters.csv:9"]


def test_days_outside_the_data(called, metered):
    before = tree(metered)
    told = refused(called("run", "metered.yaml", "--from", "2027-01-01"), metered, before)
    assert len(told) == 1
    assert "meters.csv" in told[0]


def test_data_are_found_again_and_must_be_the_same(called, cli, metered):
    """A run keeps where its data were, whatever folder it is resumed from."""
    done = called("run", "metered.yaml", "--out", "run2", "-q")
    assert (done.code, done.err) == (0, "")
    for folder in (metered, metered.parent):
        again = cli.run("run", "--resume", metered / "run2", "-q", cwd=folder)
        assert (again.returncode, again.stderr) == (0, "")
    readings(metered, (14, 15, 16), {30: "2026-06-15T04:00:00Z,0.6"})
    told = refused(called("run", "--resume", "run2"), metered, tree(metered))
    assert "meters.csv: sources.meters.of: the data changed since the run began" in told[0]
    (metered / "other").mkdir()
    readings(metered / "other", (14, 15, 16))
    again = called("run", "--resume", "run2", "--data", "other", "-q")
    assert (again.code, again.err) == (0, "")
    (metered / "meters.csv").unlink()
    told = refused(called("run", "--resume", "run2"), metered, tree(metered))
    assert "there is no data file" in told[0]


def test_a_scenario_that_is_not_there(called, place):
    told = refused(called("run", "nowhere/none.yaml"), place, tree(place))
    assert "nowhere/none.yaml: the scenario cannot be read: No such file" in told[0]


@pytest.mark.parametrize("command", ["verify", "replay", "explain", "--resume"])
@pytest.mark.parametrize(
    ("folder", "problem"),
    [("nowhere", "there is no such folder"), ("empty", "there is no run in this folder")],
)
def test_what_is_no_run(called, place, command, folder, problem):
    (place / "empty").mkdir()
    before = tree(place)
    words = {"explain": ("explain", folder, "2026-06-15/home-01/supplier.import")}
    words["--resume"] = ("run", "--resume", folder)
    told = refused(called(*words.get(command, (command, folder))), place, before)
    assert told == [f"  {folder}: {problem}. Fix: name a folder that 'gridpact run' wrote."]


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_a_run_that_has_not_finished(called, place, command):
    (place / "run" / "result.json").unlink()
    told = refused(called(command, "run"), place, tree(place))
    fix = "finish it with 'gridpact run --resume run'"
    assert told == [f"  run: the run has not finished. Fix: {fix}."]


def test_explaining_a_run_that_has_not_finished(called, place):
    (place / "run" / "result.json").unlink()
    done = called("explain", "run", "2026-06-15/home-01/supplier.import")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nonsense", "'nonsense' is no line"),
        ("2026-06-15/home-01/import", "'2026-06-15/home-01/import' is no line"),
        ("2026-06-14/home-01/supplier.import", "2026-06-14 is not settled in this run"),
        ("2026-06-15/home-99/supplier.import", "there is no member 'home-99'"),
        ("2026-06-15/home-01/supplier.gift", "there is no line '2026-06-15/home-01/supplier.gift'"),
        ("2026-06-15/operator/imbalance.passed-on", "is the operator's own line"),
    ],
)
def test_lines_that_cannot_be_explained(called, place, line, problem):
    told = refused(called("explain", "run", line), place, tree(place))
    assert problem in told[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--from", "2026-06-16"), "--from: is fixed when a run begins"),
        (("--seed", "5"), "--seed: is fixed when a run begins"),
    ],
)
def test_what_a_resumed_run_cannot_change(called, place, arguments, problem):
    told = refused(called("run", "--resume", "run", *arguments), place, tree(place))
    assert problem in told[0]


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"seed": 2}, "seed: the run began with 1, not 2"),
        ({"first_day": "2026-06-14"}, "first_day: the run began with 2026-06-15, not 2026-06-14"),
        ({"days": "many"}, "the file cannot be read"),
    ],
)
def test_an_edited_description_is_noticed(called, place, changes, problem):
    edit(place / "run" / "run.json", **changes)
    assert problem in refused(called("run", "--resume", "run"), place, tree(place))[0]
    done = called("verify", "run")
    assert done.code in (1, 2)
    assert next(iter(changes)) in done.out + done.err


def test_days_taken_back_by_hand(called, cli, whole, place):
    shutil.copytree(whole / "three" / "run", place / "three" / "run")
    edit(place / "three" / "run" / "run.json", days=1)
    told = refused(called("run", "--resume", "three/run"), place, tree(place))
    assert "3 days are settled. Fix: ask for 3 days or more" in told[0]
    again = called("run", "--resume", "three/run", "--days", "3", "-q")
    assert (again.code, again.err) == (0, "")
    cli.same(place / "three" / "run", whole / "three" / "run")


def test_an_edited_scenario_is_noticed(called, place):
    with (place / "run" / "scenario.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# more\n")
    told = refused(called("run", "--resume", "run"), place, tree(place))
    assert "scenario.yaml: changed since the run began" in told[0]


def spoil(database, statement, values=()):
    """Change a database behind its triggers, as someone with an editor can."""
    with closing(sqlite3.connect(database)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement, values)
        db.commit()


def failing(done):
    """Names and details of the checks that do not hold."""
    assert (done.code, done.err) == (1, "")
    lines = [line[2:] for line in done.out.splitlines() if line.startswith("✗")]
    return {line[:32].strip(): line[33:] for line in lines}


def test_an_edited_journal_row(called, place):
    body = "substr(body,1,20)||x'00'||substr(body,22)"
    spoil(place / "run" / "journal.db", f"UPDATE journal SET body={body} WHERE seq=77")  # noqa: S608
    found = failing(called("verify", "run"))
    assert list(found) == ["journal is whole"]
    assert "row 77 was altered or removed" in found["journal is whole"]
    assert called("replay", "run").code == 1
    assert called("explain", "run", "2026-06-15/home-01/supplier.import").code == 1


def test_a_journal_without_its_end(called, place):
    spoil(place / "run" / "journal.db", "DELETE FROM journal WHERE seq > 200")
    found = failing(called("verify", "run"))
    assert "ends elsewhere than the run's result says" in found["journal is whole"]
    assert "days 1, the journal 0" in found["folder describes this run"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE entries SET body = x'7b7d' WHERE idx = 3", "entry 3"),
        ("UPDATE blocks SET signature = zeroblob(64) WHERE height = 2", "block 2"),
        ("DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)", "entries"),
    ],
)
def test_an_edited_ledger(called, place, statement, what):
    spoil(place / "run" / "ledger.db", statement)
    found = failing(called("verify", "run"))
    assert what in found["ledger is whole"]
    assert "replay gives the same state" not in found


@pytest.mark.parametrize("name", ["statements.csv", "bills.csv", "bills.json"])
def test_an_edited_file_is_named_by_line(called, place, name):
    path = place / "run" / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines) if place > 1 and "0" in line)
    lines[number] = lines[number].replace("0", "1")
    path.write_text("".join(lines), encoding="utf-8")
    found = failing(called("verify", "run"))
    assert list(found) == ["files give what the journal has"]
    assert found.popitem()[1].startswith(
        f"{name}:{number + 1} is not what the journal gives; write it again"
    )
    assert called("run", "--resume", "run", "-q").code == 0
    assert called("verify", "run", "-q").code == 0


@pytest.mark.parametrize("name", ["readings.parquet", "schedules.parquet", "trades.parquet"])
@pytest.mark.parametrize("how", ["edited", "rewritten", "cut", "missing"])
def test_tables_are_compared_by_value(called, place, name, how):
    import polars as pl

    path = place / "run" / name
    table = pl.read_parquet(path)
    if how == "edited":
        number = next(name for name, kind in table.schema.items() if kind == pl.Int64)
        table.with_columns(pl.col(number) + 1).write_parquet(path)
    elif how == "rewritten":
        table.write_parquet(path, compression="snappy")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    else:
        path.unlink()
    done = called("verify", "run")
    assert done.code == (0 if how == "rewritten" else 1)
    assert (name in done.out) == (how != "rewritten")


def test_a_result_of_another_run(called, whole, place):
    shutil.copy(whole / "three" / "run" / "result.json", place / "run")
    assert {"journal is whole", "folder describes this run", "ledger is whole"} <= set(
        failing(called("verify", "run"))
    )
    done = called("replay", "run")
    assert (done.code, done.out.splitlines()[-1]) == (1, "DIFFERENT")


def test_a_journal_of_a_newer_gridpact(called, place):
    with closing(sqlite3.connect(place / "run" / "journal.db")) as db:
        db.execute("PRAGMA user_version=2")
    for command in (("verify", "run"), ("replay", "run"), ("run", "--resume", "run")):
        done = called(*command)
        assert (done.code, done.out) == (3, "")
        assert "newer gridpact (format 2, this one reads 1); update gridpact" in done.err


@pytest.mark.parametrize("name", ["journal.db", "ledger.db"])
@pytest.mark.parametrize("content", [b"", b"not a database at all, but text" * 99])
def test_a_file_that_is_no_database(called, place, name, content):
    (place / "run" / name).write_bytes(content)
    done = called("verify", "run")
    assert done.code in (1, 3)
    assert name in done.out + done.err
    assert "Traceback" not in done.err
    assert (place / "run" / name).read_bytes() == content
