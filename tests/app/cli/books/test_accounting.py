"""Double entry for accountants, added up by others: plain Python, and Beancount where there is."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

BEAN_CHECK = shutil.which("bean-check", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture
def exported(lane):
    """A book with a day, payments and tokens, exported."""

    def done(*arguments):
        told = lane.run(*arguments)
        assert (told.code, told.err) == (0, "")
        return told.out

    done("books", "init", "book", "--rules", "rules/rules.yaml")
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    done("settle", "book", "--period", "2026-03-29", "--as-of", "2026-04-03T00:00")
    done("books", "pay", "book", "50", "--received", "deposit:bakery", "--on", "2026-03-01")
    done("books", "pay", "book", "31.80", "--received", "bakery", "--on", "2026-04-14")
    done("books", "limit", "book", "bakery", "100")
    done("books", "tokens", "book", "bakery", "100 SUN", "--for", "25", "--on", "2026-04-20")
    done("export", "accounting", "book", "--out", "out")
    lane.rows = json.loads(done("books", "balance", "book", "--json"))["rows"]
    return lane


def test_the_table_adds_up_to_the_trial_balance(exported):
    with (exported.folder / "out" / "journal.csv").open(encoding="utf-8") as stream:
        legs = list(csv.DictReader(stream))
    sums, transfers = defaultdict(Decimal), defaultdict(Decimal)
    for leg in legs:
        minor = (Decimal(leg["debit"] or 0) - Decimal(leg["credit"] or 0)) * 100
        sums[leg["account"], leg["currency"]] += minor
        transfers[leg["transfer"], leg["currency"]] += minor
    assert not any(transfers.values())
    told = {
        (row["account"], row["currency"]): row["debit"] - row["credit"] for row in exported.rows
    }
    assert sums == told
    days = {leg["source"]: leg["day"] for leg in legs}
    assert days["run 1 supply.supply"] == "2026-03-29"
    assert days["received 2"] == "2026-04-14"
    assert [leg["day"] for leg in legs] == sorted(leg["day"] for leg in legs)


def test_what_counts_later_is_left_out(exported):
    files = ("--at", "2026-04-01T00:00", "--out", "early")
    assert exported.run("export", "accounting", "book", *files).code == 0
    text = (exported.folder / "early" / "journal.csv").read_text()
    assert "deposit:bakery" in text
    assert "received 2" not in text


def test_a_book_without_bookings_is_written_all_the_same(lane):
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    assert lane.run("export", "accounting", "book", "--out", "out").code == 0
    assert len((lane.folder / "out" / "journal.csv").read_text().splitlines()) == 1


@pytest.mark.skipif(not BEAN_CHECK, reason="no Beancount here: make test-simbench")
def test_beancount_finds_every_transfer_and_balance_as_told(exported):
    path = exported.folder / "out" / "journal.beancount"
    good = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True)
    assert (good.returncode, good.stderr) == (0, "")
    text = path.read_text()
    assert text.count(" balance ") == len(exported.rows)
    for old, new in (("  Assets:Bank:Main  31.80 EUR", "  Assets:Bank:Main  31.81 EUR"),):
        assert old in text
        path.write_text(text.replace(old, new))
        bad = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True)
        assert bad.returncode == 1
        assert "does not balance" in bad.stderr
