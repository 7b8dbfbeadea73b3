"""Guarantees of origin from the command line: from a store of readings to a disclosure."""

import csv
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import polars as pl
import pytest

DAY = ("--period", "2026-03-29", "--readings", "store")
FIRST, NEXT = ("--at", "2026-04-03T12:00"), ("--at", "2026-04-04T12:00")
USE = ("--for", "bakery", "--purpose", "own use", "--period", "2026-03-29")


def read(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def holdings(lane, *arguments, register="lane"):
    told = read(lane.run("holdings", *NEXT, "--json", *arguments, register=register))
    rows = [(row["first"], row["last"], row["holder"], row["state"]) for row in told["holdings"]]
    return rows, told["balance_wh"]


def readings(folder, point, register):
    """Measured Wh of a register by the UTC second of its slot, from the store's own files."""
    parts = sorted((folder / "store").rglob("*.parquet"))
    frames = [pl.read_parquet(path) for path in parts if "intervals" in path.as_posix()]
    frame = pl.concat(frames).filter(
        (pl.col("point").cast(str) == point) & (pl.col("register").cast(str) == register)
    )
    return dict(
        zip(frame["slot_start"].dt.epoch("s").to_list(), frame["wh"].to_list(), strict=True)
    )


@pytest.fixture
def issued(lane):
    done = lane.run("issue", *DAY, *FIRST)
    assert (done.code, done.err) == (0, "")
    return lane


def test_metered_energy_becomes_certificates_and_a_residual(issued):
    total = sum(readings(issued.folder, "school", "injection").values())
    rows, balance = holdings(issued)
    assert rows == [(1, total // 1000, "school", "held")]
    assert balance == {"school-roof": total % 1000}


def test_nothing_is_issued_twice(issued):
    again = issued.run("issue", *DAY, *NEXT)
    assert (again.code, again.out) == (1, "")
    assert "refused; nothing was changed" in again.err
    assert "no reading changed since" in again.err
    part = issued.run("issue", *DAY, *NEXT, "--each", "hour", "--json")
    assert part.code == 1
    assert len(json.loads(part.out)["refused"]) == 23  # hours of the day on which clocks go forward


def test_a_name_is_done_once_and_never_for_something_else(issued):
    sale = ("--from", "school", "--to", "bakery", "--id", "sale")
    first = issued.run("transfer", *sale, "--energy", "10kWh", *NEXT)
    again = issued.run("transfer", *sale, "--energy", "10kWh", *NEXT)
    assert again.out == first.out.replace("\n", ", done before\n")
    other = issued.run("transfer", *sale, "--energy", "11kWh", *NEXT)
    assert (other.code, "operation sale was another one" in other.err) == (2, True)
    assert holdings(issued)[0] == [(1, 10, "bakery", "held"), (11, 48, "school", "held")]


def test_what_was_cancelled_never_moves(issued):
    assert issued.run("cancel", "--from", "school", "--serials", "3-5", *USE, *NEXT).code == 0
    for command in (
        ("transfer", "--from", "school", "--to", "bakery", "--serials", "5"),
        ("cancel", "--from", "school", "--serials", "3", *USE),
        ("withdraw", "--serials", "1-4", "--reason", "error"),
    ):
        done = issued.run(*command, *NEXT)
        assert (done.code, done.out) == (1, "")
        assert "they are cancelled" in done.err
    assert issued.run("withdraw", "--serials", "1", "--reason", "error", *NEXT).code == 0
    assert holdings(issued)[0] == [
        (1, 1, "school", "withdrawn"),
        (2, 2, "school", "held"),
        (3, 5, "school", "cancelled"),
        (6, 48, "school", "held"),
    ]
    table = issued.run("holdings", "--at", "2027-10-01T00:00").out
    assert table.count("expired") == 2


def test_corrected_readings_take_back_and_owe(issued):
    slot = readings(issued.folder, "school", "injection")
    largest = max(slot.values())
    written = f"{largest / 1000:.3f}".replace(".", ",")
    issued.corrected("2026-04-05T00:00", written, "0,000")
    now = sum(wh for wh in slot.values() if wh != largest)
    assert issued.run("transfer", "--from", "school", "--to", "bakery", "--serials", "1-48",
                      *NEXT).code == 0  # fmt: skip
    done = issued.run("issue", *DAY, "--at", "2026-04-06T00:00")
    assert (done.code, done.err) == (0, "")
    rows, balance = holdings(issued, "--at", "2026-04-07T00:00")
    assert rows == [(1, 48, "bakery", "held")]
    assert balance == {"school-roof": now - 48_000}
    assert balance["school-roof"] < 0
    assert "owed by its next energy" in issued.run("holdings").out


def test_lower_readings_take_back_what_the_owner_has(issued):
    slot = readings(issued.folder, "school", "injection")
    largest = max(slot.values())
    issued.corrected("2026-04-05T00:00", f"{largest / 1000:.3f}".replace(".", ","), "0,000")
    done = issued.run("issue", *DAY, "--at", "2026-04-06T00:00")
    assert (done.code, done.err) == (0, "")
    assert "certificates taken back" in done.out or "certificate taken back" in done.out
    rows, balance = holdings(issued, "--at", "2026-04-07T00:00")
    total = sum(slot.values()) - sum(wh for wh in slot.values() if wh == largest)
    held = sum(last - first + 1 for first, last, _, state in rows if state == "held")
    assert 1000 * held + balance["school-roof"] == total
    told = issued.run("statement", "--operation", "issue-2/school-roof")
    assert "taken back" in told.out


def test_hours_are_matched_as_a_loop_over_readings_does(lane):
    assert lane.begun("hourly", ("size_wh: 1000", "size_wh: 1")).code == 0
    done = lane.run("issue", *DAY, *FIRST, "--each", "hour", register="hourly")
    assert (done.code, done.err) == (0, "")
    words = ("--from", "school", "--hourly", *DAY, "--for", "bakery", "--purpose", "all day", *NEXT)
    assert lane.run("cancel", *words, register="hourly").code == 0
    made, used = (
        readings(lane.folder, *channel)
        for channel in (("school", "injection"), ("bakery", "withdrawal"))
    )
    hours = {}
    for at in sorted({*made, *used}):
        row = hours.setdefault(at // 3600, [0, 0])
        row[0] += made.get(at, 0)
        row[1] += used.get(at, 0)
    expected = [min(row) for row in hours.values()]
    told = read(lane.run("statement", "--operation", "cancel-2", "--json", register="hourly"))
    assert [hour["matched_wh"] for hour in told["hours"]] == expected
    assert told["energy_wh"] == sum(expected)
    whole = sum(row[1] for row in hours.values())
    assert told["matched_share_ppm"] == 1_000_000 * sum(expected) // whole
    again = lane.run("cancel", *words, register="hourly")
    assert (again.code, "more than was matched" in again.err) == (1, True)


def test_a_disclosure_adds_up_and_is_the_same_on_paper(issued):
    words = ("--from", "school", "--energy", "8kWh", *USE, *NEXT)
    assert issued.run("cancel", *words, "--id", "used").code == 0
    asked = ("statement", "--member", "bakery", *DAY, "--mix", "rules/residual-mix.yaml")
    told = read(issued.run(*asked, "--json", "--out", "papers"))
    assert told["consumption_wh"] == sum(readings(issued.folder, "bakery", "withdrawal").values())
    assert sum(row["energy_wh"] for row in told["records"]) == told["consumption_wh"]
    assert sum(row["share_ppm"] for row in told["records"]) == 1_000_000
    solar = next(row for row in told["records"] if row["source"] == "solar")
    assert (solar["certified_wh"], solar["residual_wh"]) == (8_000, 0)
    paper = issued.folder / "papers" / "bakery-2026-03-29"
    assert json.loads(paper.with_suffix(".json").read_text("utf-8")) == told
    with paper.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["energy_wh"]) for row in rows] == [r["energy_wh"] for r in told["records"]]
    page = paper.with_suffix(".html").read_text("utf-8")
    assert all(f"{r['energy_wh'] / 1000:.3f} kWh" in page for r in told["records"])
    assert "http" not in page


def test_a_cancellation_statement_tells_what_the_directive_asks_for(issued):
    words = ("--from", "school", "--serials", "2-9", *USE, *NEXT)
    assert issued.run("cancel", *words, "--id", "used").code == 0
    told = read(issued.run("statement", "--operation", "used", "--json", "--out", "papers"))
    (row,) = told["records"]
    assert (told["beneficiary"], told["purpose"], told["energy_wh"]) == ("bakery", "own use", 8000)
    assert (row["first_id"], row["last_id"]) == (
        "lane-registry-000000000002",
        "lane-registry-000000000009",
    )
    assert (row["source"], row["site"], row["technology"], row["capacity_w"]) == (
        "solar", "Bakery Lane 2", "photovoltaic", 20_000,
    )  # fmt: skip
    assert (row["support"], row["commissioned"], row["country"]) == ("none", "2021-05-01", "DE")
    assert row["produced_from"] == "2026-03-29 00:00 +0100"
    assert row["produced_until"] == "2026-03-30 00:00 +0200"
    page = (issued.folder / "papers" / "used.html").read_text("utf-8")
    assert "Cancellation statement" in page
    assert "lane-registry-000000000009" in page


def test_operations_are_leaves_whose_bytes_have_the_hashes_told(issued):
    import hashlib

    told = read(issued.run("operations", "--json", "--leaves", "leaves.jsonl"))
    lines = (issued.folder / "leaves.jsonl").read_bytes().splitlines()
    assert [hashlib.sha256(line).hexdigest() for line in lines] == [row["sha256"] for row in told]
    keys = list(json.loads(lines[0]))
    assert keys == sorted(keys)


def test_every_fault_of_rules_is_told(lane):
    done = lane.begun(
        "faulty",
        ("regime: eu", "regime: moon"),
        ("size_wh: 1000", "size_wh: 7"),
        ("Europe/Berlin", "Europe/Atlantis"),
        ("[measured, estimated]", "[guessed]"),
        ("2021-05-01", "2021-02-30"),
        ("capacity_w: 20000", "capacity_w: -1"),
        ("support: none", "support: much\n    colour: red"),
    )
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 8 faults; nothing was changed")
    for word in ("moon", "7 Wh", "Atlantis", "guessed", "2021-02-30", "-1", "much", "colour"):
        assert word in done.err
    assert not (lane.folder / "faulty").exists()


def test_a_mix_adds_up_to_a_hundred(issued):
    mix = issued.folder / "rules" / "residual-mix.yaml"
    mix.write_text(mix.read_text("utf-8").replace("38", "39"), "utf-8")
    asked = ("statement", "--member", "bakery", *DAY, "--mix", mix)
    done = issued.run(*asked)
    assert (done.code, "the sources add up to 101 %" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("command", "count", "said"),
    [
        (("issue", "--period", "2026-03", "--readings", "store"), 2, "readings are missing from"),
        (("issue", *DAY, "--device", "x", "--device", "y"), 2, "the rules know no 'x'"),
        (("transfer", "--from", "a", "--to", "b", "--energy", "3kW"), 3, "no energy of whole Wh"),
        (("transfer", "--from", "school", "--to", "bakery", "--serials", "1-x", "--energy", "1kWh",
          "--id", "!"), 3, "are no serials"),
        (("cancel", "--from", "school", *USE), 1, "add --energy, --serials or --hourly"),
        (("cancel", "--from", "school", "--hourly", "--for", "moon", "--purpose", "x", "--period",
          "2026"), 2, "the store that --hourly reads"),
        (("statement",), 4, "give it, or an --operation"),
        (("statement", "--operation", "x", "--member", "y"), 2, "there is no operation 'x'"),
        (("withdraw", "--serials", "z", "--reason", "x"), 1, "are no serials"),
        (("init", "--rules", "lane.yaml"), 1, "there is a register already"),
    ],
)  # fmt: skip
def test_bad_input_is_listed_together(lane, command, count, said):
    done = lane.run(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {count} fault{'s' * (count != 1)}; nothing was changed")
    assert said in done.err


def test_no_register_is_told(lane):
    done = lane.run("verify", register="nowhere")
    assert (done.code, "there is no register of certificates" in done.err) == (2, True)


def test_the_uk_claims_months_of_whole_megawatt_hours(lane):
    changes = (("regime: eu", "regime: uk"), ("size_wh: 1000", "size_wh: 1000000"))
    assert lane.begun("uk", *changes).code == 0
    done = lane.run("issue", *DAY, *FIRST, register="uk")
    assert (done.code, "claims one local month at once" in done.err) == (1, True)


def test_what_was_changed_behind_the_register_is_found(issued):
    assert issued.run("verify").out.count("✓") == 2
    with closing(sqlite3.connect("lane/certificates.db")) as database, database:
        (body,) = database.execute("SELECT body FROM journal").fetchone()
        more = body.replace(b'"count":48', b'"count":49')
        database.execute("UPDATE journal SET body = ?", (more,))
    done = issued.run("verify")
    assert (done.code, "entry 1 of the journal" in done.err) == (1, True)
    # and an operation that certifies more than was measured is refused, whatever its hash
    done = issued.run("transfer", "--from", "school", "--to", "bakery", "--serials", "1", *NEXT)
    assert (done.code, "certifies more than was measured" in done.err) == (1, True)


KILLED = """
import os, signal, sys
from gridpact.app.books import journal
booked = journal.Writing.book
def book(self, kind, body):
    booked(self, kind, body)
    os.kill(os.getpid(), signal.SIGKILL)
journal.Writing.book = book
from gridpact.app.cli import main
main()
"""


def test_a_command_that_is_killed_leaves_the_register_as_it_was(issued):
    before = holdings(issued)
    words = ["certificates", "transfer", "--register", "lane", "--from", "school", "--to", "bakery",
             "--energy", "5kWh", "--id", "sale", *NEXT]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
    assert done.returncode == -9
    assert holdings(issued) == before
    assert issued.run("verify").code == 0
    assert issued.run(*words[1:2], *words[4:]).code == 0
    assert holdings(issued)[0] == [(1, 5, "bakery", "held"), (6, 48, "school", "held")]


def test_several_devices_get_serials_of_their_own(lane):
    text = "devices:\n"
    second = """devices:
  - {id: bakery-meter, owner: bakery, point: bakery, register: withdrawal, source: biogas,
     technology: engine, site: Bakery Lane 1, country: DE, capacity_w: 5000, support: none,
     commissioned: 2020-01-01}
"""
    assert lane.begun("two", (text, second)).code == 0
    done = lane.run("issue", *DAY, *FIRST, "--id", "march", register="two")
    assert (done.code, done.err) == (0, "")
    used = sum(readings(lane.folder, "bakery", "withdrawal").values()) // 1000
    made = sum(readings(lane.folder, "school", "injection").values()) // 1000
    assert holdings(lane, register="two")[0] == [
        (1, used, "bakery", "held"),
        (used + 1, used + made, "school", "held"),
    ]
    assert "done before" in lane.run("issue", *DAY, *FIRST, "--id", "march", register="two").out
    told = read(lane.run("operations", "--json", register="two"))
    assert [row["operation"] for row in told] == ["march/bakery-meter", "march/school-roof"]
