"""A month becomes statements, from the command line: begin, settle, correct, verify."""

import json
import sqlite3
from contextlib import closing

import pytest

DAY = ("--period", "2026-03-29")
LATER = ("--as-of", "2026-04-04T00:00")
SOON = ("--as-of", "2026-04-01T00:00")


@pytest.fixture
def settled(lane):
    """A book whose day was settled from corrected readings of 2 April."""
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    done = lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T00:00")
    assert (done.code, done.err) == (0, "")
    lane.told = done.out
    return lane


def read(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_gaps_are_listed_and_nothing_is_booked(lane):
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    done = lane.run("settle", "book", *DAY, *SOON)
    assert done.code == 2
    assert "2 faults; nothing was changed" in done.err
    assert "bakery (bakery): 3 slots have no sound value of metered:withdrawal" in done.err
    assert "school (school): a slot has no sound value of metered:injection" in done.err
    assert read(lane.run("books", "status", "book", "--json")) == []
    assert not (lane.folder / "book" / "runs").exists() or not any(
        (lane.folder / "book" / "runs").iterdir()
    )


def test_suspect_readings_are_taken_where_the_rules_say_so(lane):
    rules = lane.folder / "rules" / "rules.yaml"
    rules.write_text(
        rules.read_text().replace("slot_minutes: 15", "slot_minutes: 15\nsuspect: take")
    )
    assert lane.run("books", "init", "book", "--rules", rules).code == 0
    done = lane.run("settle", "book", *DAY, *SOON)
    assert "bakery" in done.err
    assert "school" not in done.err


def test_a_day_is_settled_and_money_adds_up(settled):
    assert "✓ what is paid is received" in settled.told
    assert "booked as run 1" in settled.told
    (run,) = read(settled.run("books", "status", "book", "--json"))
    assert (run["kind"], run["period"], run["as_of"]) == (
        "initial",
        "2026-03-29",
        "2026-04-02T22:00:00Z",
    )
    done = settled.run("books", "verify", "book")
    assert (done.code, done.err) == (0, "")
    assert "✗" not in done.out


def test_a_correction_and_what_was_booked_are_the_corrected_run(settled):
    settled.imported("march-29-corrected", "2026-05-01T00:00", changed=("0,196", "0,996"))
    late = ("--as-of", "2026-05-02T00:00")
    dry = read(settled.run("correct", "book", *DAY, *late, "--dry-run", "--json"))
    assert not dry["booked"]
    second = read(settled.run("correct", "book", *DAY, *late, "--json"))
    assert {**second, "booked": False} == dry
    assert "nothing differs" in settled.run("correct", "book", *DAY, *late).out
    assert settled.run("books", "init", "other", "--rules", "rules/rules.yaml").code == 0
    early = ("--as-of", "2026-04-03T00:00", "--dry-run")
    first = read(settled.run("settle", "other", *DAY, *early, "--json"))
    whole = read(settled.run("settle", "other", *DAY, *late, "--json"))
    assert first["received_minor"] != whole["received_minor"]
    for party, amount in whole["received_minor"]["EUR"].items():
        booked = [run["received_minor"]["EUR"].get(party, 0) for run in (first, second)]
        assert sum(booked) == amount
    assert second["run"]["lines"] == whole["run"]["lines"]
    assert settled.run("books", "verify", "book").code == 0


def test_runs_that_may_not_be_made_are_refused(settled):
    for arguments, said in (
        ((*DAY, *LATER, "--run", "initial"), "run 1 was the initial one"),
        ((*DAY, *LATER, "--run", "final"), "the final run is due from 2027-03-29"),
        (("--period", "2026-03", *LATER), "run 1 settled 2026-03-29"),
        (("--period", "2026-03-30", "--as-of", "2026-03-30T12:00"), "is open until"),
        (("--period", "2026-13"), "not in the calendar"),
    ):
        done = settled.run("settle", "book", *arguments)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
    assert len(read(settled.run("books", "status", "book", "--json"))) == 1


def test_a_second_book_in_a_folder_and_none_are_told(settled):
    done = settled.run("books", "init", "book")
    assert (done.code, "there is a book already" in done.err) == (2, True)
    done = settled.run("settle", "nowhere", *DAY)
    assert (done.code, "there is no book" in done.err) == (2, True)


def tampered_journal(book):
    with closing(sqlite3.connect(book / "books.db")) as database, database:
        database.execute("UPDATE journal SET at_s = at_s + 1")


def tampered_run(book):
    path = book / "runs" / "0001" / "run.json"
    path.write_text(path.read_text().replace('"2026-03-29"', '"2026-03-28"'))


def tampered_rules(book):
    path = book / "runs" / "0001" / "rules.json"
    path.write_text(path.read_text().replace("190000", "200000"))


def tampered_lines(book):
    import polars as pl

    path = book / "runs" / "0001" / "lines.parquet"
    pl.read_parquet(path).with_columns(pl.col("minor") + 1).write_parquet(path)


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (tampered_journal, "entry 1 of the journal is not as it was booked"),
        (tampered_run, "the run is another than was booked"),
        (tampered_rules, "rules.json"),
        (tampered_lines, "lines.parquet"),
    ],
)
def test_what_was_changed_behind_the_book_is_found(settled, tamper, said):
    tamper(settled.folder / "book")
    done = settled.run("books", "verify", "book")
    assert done.code == 1
    assert any(line.startswith("✗") and said in line for line in done.out.splitlines())


def test_what_is_told_of_the_past_afterwards_changes_no_run(settled):
    """Readings that came after the run, known before it by their own account, are no part of it."""
    changed = ("T00:00;0,196", "T00:00;0,200")
    settled.imported("march-29-corrected", "2026-04-02T12:00", changed=changed)
    done = settled.run("books", "verify", "book")
    assert (done.code, done.err) == (0, "")
    now = read(settled.run("settle", "book", *DAY, *LATER, "--dry-run", "--json"))
    assert now["lines"], "the next run knows them"


def test_readings_of_an_instant_to_come_are_refused(settled):
    done = settled.run("settle", "book", *DAY, "--as-of", "2926-04-03T00:00", "--dry-run")
    assert done.code == 2
    assert "2926-04-02T22:00:00Z is yet to come" in done.err
