"""The French file of entries, read again by a reader of its own, against the trial balance."""

import csv
import json
import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal

import pytest

FIELDS = [
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib"),
    *("CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit"),
    *("EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise"),
]
SIREN = "732829320"
FEC = ("--format", "fec", "--siren", SIREN)


@pytest.fixture
def exported(lane):
    """A book with a day, payments over two years, and tokens; ``done`` runs a command."""

    def done(*arguments):
        told = lane.run(*arguments)
        assert (told.code, told.err) == (0, "")
        return told.out

    lane.done = done
    done("books", "init", "book", "--rules", "rules/rules.yaml")
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    done("settle", "book", "--period", "2026-03-29", "--as-of", "2026-04-03T00:00")
    done("books", "pay", "book", "50", "--received", "deposit:bakery", "--on", "2025-12-31")
    done("books", "pay", "book", "31.80", "--received", "bakery", "--on", "2026-04-14")
    done("books", "pay", "book", "21.94", "--made", "power-co", "--on", "2026-04-15")
    done("books", "limit", "book", "bakery", "100")
    done("books", "tokens", "book", "bakery", "100 SUN", "--for", "25", "--on", "2026-04-20")
    return lane


def read(path):
    """Entries of a file as the tax office reads them: every rule of the order is held."""
    lines = path.read_bytes().decode("iso8859-15").split("\r\n")
    assert lines.pop() == ""
    head, *rows = (line.split("\t") for line in lines)
    assert head == FIELDS
    entries = defaultdict(list)
    for row in rows:
        assert len(row) == 18
        leg = dict(zip(FIELDS, row, strict=True))
        assert re.fullmatch(r"[1-9][0-9]{2,}", leg["CompteNum"])
        for name in ("EcritureDate", "PieceDate", "ValidDate"):
            assert datetime.strptime(leg[name], "%Y%m%d")  # noqa: DTZ007 - a day
        for name in ("Debit", "Credit"):
            assert re.fullmatch(r"[0-9]+,[0-9]{2}", leg[name])
            leg[name] = Decimal(leg[name].replace(",", "."))
        assert min(leg["Debit"], leg["Credit"]) == 0 < max(leg["Debit"], leg["Credit"])
        for name in ("JournalCode", "JournalLib", "CompteLib", "PieceRef", "EcritureLib"):
            assert leg[name]
        entries[int(leg["EcritureNum"])].append(leg)
    assert [*entries] == [*range(1, len(entries) + 1)]
    for legs in entries.values():
        assert sum(leg["Debit"] - leg["Credit"] for leg in legs) == 0
        assert (
            len({(leg["JournalCode"], leg["EcritureDate"], leg["ValidDate"]) for leg in legs}) == 1
        )
    first = 2 if entries[1][0]["JournalCode"] == "AN" else 1
    valid = [entries[number][0]["ValidDate"] for number in range(first, len(entries) + 1)]
    assert valid == sorted(valid)
    return entries


def sums(entries):
    """Debits less credits by account and its holder."""
    found = defaultdict(Decimal)
    for legs in entries.values():
        for leg in legs:
            found[leg["CompteNum"], leg["CompAuxNum"]] += leg["Debit"] - leg["Credit"]
    return {key: each for key, each in found.items() if each}


def test_a_year_of_entries_adds_up_to_the_trial_balance(exported):
    exported.done("export", "accounting", "book", "--period", "2026", *FEC, "--out", "out")
    (path,) = (exported.folder / "out").iterdir()
    assert path.name == f"{SIREN}FEC20261231.txt"
    found = sums(read(path))
    told = json.loads(exported.done("books", "balance", "book", "--json"))["rows"]
    balance = {
        row["account"]: Decimal(row["debit"] - row["credit"]) / 100
        for row in told
        if row["currency"] == "EUR" and row["debit"] != row["credit"]
    }
    assert found["512000", ""] == balance["bank:main"]
    assert found["165000", "bakery"] == balance["deposit:bakery"]
    assert found["419700", ""] == balance["token:backing"]
    assert found["401000", "grid-co"] == balance["dso:grid-co"]
    assert found["445710", "grid-co"] == balance["tax:grid-co:vat:19"]
    assert sorted(found.values()) == sorted(balance.values())


def test_balances_before_the_year_are_brought_forward(exported):
    exported.done("export", "accounting", "book", "--period", "2025", *FEC, "--out", "before")
    exported.done("export", "accounting", "book", "--period", "2026", *FEC, "--out", "after")
    before = read(exported.folder / "before" / f"{SIREN}FEC20251231.txt")
    after = read(exported.folder / "after" / f"{SIREN}FEC20261231.txt")
    assert {leg["JournalCode"] for legs in before.values() for leg in legs} == {"BQ"}
    assert {leg["JournalCode"] for leg in after[1]} == {"AN"}
    assert {leg["EcritureDate"] for leg in after[1]} == {"20260101"}
    assert sums({1: after[1]}) == sums(before) == {
        ("512000", ""): Decimal(50), ("165000", "bakery"): Decimal(-50),
    }  # fmt: skip


def test_other_forms_of_a_period_begin_with_balances(exported):
    words = ("--period", "2026-04", "--format", "csv", "--format", "beancount", "--out", "out")
    exported.done("export", "accounting", "book", *words)
    with (exported.folder / "out" / "journal.csv").open(encoding="utf-8") as stream:
        legs = [*csv.DictReader(stream)]
    assert {leg["source"] for leg in legs[:3]} == {"opening balances"}
    assert {leg["day"][:7] for leg in legs} == {"2026-04"}
    found = defaultdict(Decimal)
    for leg in legs:
        key = leg["account"], leg["currency"]
        found[key] += Decimal(leg["debit"] or 0) - Decimal(leg["credit"] or 0)
    told = json.loads(exported.done("books", "balance", "book", "--json"))["rows"]
    for row in told:
        assert found[row["account"], row["currency"]] * 100 == row["debit"] - row["credit"]


def test_accounts_may_be_others(exported):
    (exported.folder / "plan.yaml").write_text(
        'gridpact: plan/1\naccounts: {member: "411200", bank:main: 512100}\n'
    )
    words = ("--period", "2026", *FEC, "--plan", "plan.yaml", "--out", "out")
    exported.done("export", "accounting", "book", *words)
    numbers = {
        number for number, _ in sums(read(exported.folder / "out" / f"{SIREN}FEC20261231.txt"))
    }
    assert {"411200", "512100", "401000"} <= numbers
    assert not {"411000", "512000"} & numbers


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (("--format", "fec"), ["--siren", "--period"]),
        (("--format", "fec", "--period", "2026", "--siren", "732829321"), ["wrong check digit"]),
        (("--period", "soon"), ["is not a period"]),
        ((*FEC, "--period", "2026", "--plan", "plan.yaml"), ["411x", "nonsense"]),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(exported, words, faults):
    text = 'gridpact: plan/1\naccounts: {member: "411x", nonsense: 411000}\n'
    (exported.folder / "plan.yaml").write_text(text)
    done = exported.run("export", "accounting", "book", *words, "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert f"{len(faults)} fault" in done.err
    assert all(told in done.err for told in faults)
    assert not (exported.folder / "out").exists()
