"""The report on a register: what there was is what became of it, and sources add up."""

import csv
import json
from decimal import Decimal

import pytest
from lxml import html

from gridpact.app.cli.commands import run_command


@pytest.fixture
def moved(lane, capsys):
    """The example's register: issued, moved, used up; ``report`` writes a report of it."""
    issue = ("--period", "2026-03-29", "--readings", "store", "--at", "2026-04-03T12:00")
    assert lane.run("issue", *issue).code == 0
    sides = ("--from", "school", "--to", "bakery", "--energy", "10kWh", "--at", "2026-04-03T13:00")
    assert lane.run("transfer", *sides).code == 0
    use = ("--from", "bakery", "--energy", "8kWh", "--for", "bakery", "--purpose", "supply")
    day = ("--period", "2026-03-29", "--at", "2026-04-04T09:00")
    assert lane.run("cancel", *use, *day).code == 0

    def report(*words):
        code = run_command(["report", "certificates", "-r", "lane", "--out", "out", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    def read(*words):
        code, out, _ = report(*words, "--json")
        assert code == 0
        page, *tables = [lane.folder / name for name in json.loads(out)["files"]]
        found = {}
        for path in tables:
            with path.open(encoding="utf-8", newline="") as stream:
                found[path.stem.removeprefix(f"{page.stem}-")] = [*csv.DictReader(stream)]
        return page, found

    lane.report, lane.read = report, read
    return lane


def test_what_there_was_is_what_became_of_it(moved):
    page, found = moved.read("--period", "2026-04")
    assert found["holders"] == [
        holder("bakery", received=10, cancelled=8, closing=2),
        holder("school", issued=48, given=10, closing=38),
    ]
    (source,) = found["sources"]
    flows = (source["issued_kwh"], source["closing_kwh"])
    assert (source["source"], *flows) == ("solar", "48.000", "40.000")
    tables = {
        table.get("id"): [
            [cell.text_content().replace("\u202f", "") for cell in row]
            for row in table.findall("tbody/tr")
        ]
        for table in html.fromstring(page.read_text("utf-8")).iter("table")
    }
    for name, rows in found.items():
        assert tables.get(name, []) == [[*row.values()] for row in rows]


def holder(name, **flows):
    names = ("opening", "issued", "received", "given", "cancelled", "withdrawn", "expired",
             "closing", "difference")  # fmt: skip
    return {"holder": name, **{f"{each}_kwh": f"{flows.get(each, 0)}.000" for each in names}}


def test_the_period_before_has_its_production_and_its_sources(moved):
    mix = str(moved.folder / "rules" / "residual-mix.yaml")
    words = ("--period", "2026-03-29", "--readings", "store", "--mix", mix)
    page, found = moved.read(*words)
    assert found["holders"] == []
    (device,) = found["devices"]
    assert (device["measured_kwh"], device["issued_kwh"]) == ("48.862", "48.000")
    (used,) = found["used"]
    assert (used["member"], used["source"], used["energy_kwh"]) == ("bakery", "solar", "8.000")
    for member, consumed in (("bakery", "82.435"), ("school", "12.049")):
        mine = [row for row in found["disclosure"] if row["member"] == member]
        assert sum(Decimal(row["energy_kwh"]) for row in mine) == Decimal(consumed)
        assert sum(Decimal(row["share_percent"]) for row in mine) == 100
    assert "made up for the example" in page.read_text("utf-8")


def test_everything_that_is_wrong_is_told_at_once(moved):
    code, out, err = moved.report("--period", "2199", "--readings", "store")
    assert (code, out) == (2, "")
    assert "2 faults; nothing was changed" in err
    assert "open until" in err
    assert "--mix" in err
    assert not (moved.folder / "out").exists()
