"""Bills from the command line: issued once, corrected by credit notes, never changed."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[4] / "examples"
LATE = ("march-29-corrected", "2026-04-02T09:30")


@pytest.fixture
def settled(lane):
    """The example's lane with its day settled; ``bill`` bills it and returns the JSON."""
    lane.imported(*LATE)
    made = lane.run("books", "init", "lane", "--rules", "rules/rules.yaml")
    assert (made.code, made.err) == (0, "")
    day = ("lane", "--period", "2026-03-29")
    assert lane.run("settle", *day, "--as-of", "2026-04-03T12:00", "-q").code == 0

    def bill(*options):
        done = lane.run("bill", *day, *options, "--json")
        assert (done.code, done.err) == (0, "")
        return json.loads(done.out)

    def correct():
        store = ("--map", EXAMPLES / "readings" / "map.yaml", "--into", "rules/readings")
        late = ("rules/march-29-late.csv", *store, "--known-at", "2026-04-20T08:00", "--commit")
        assert lane.run("import", "readings", *late, "-q").code == 0
        assert lane.run("correct", *day, "--as-of", "2026-04-21T12:00", "-q").code == 0

    lane.bill, lane.correct, lane.day = bill, correct, day
    return lane


def received(told):
    """What everybody receives by all documents."""
    owed = {}
    for document in told["documents"]:
        sign = -1 if document["code"] in (381, 261) else 1
        for party, side in ((document["seller"], 1), (document["buyer"], -1)):
            owed[party] = owed.get(party, 0) + sign * side * document["total_minor"]
    return owed


def test_documents_come_to_what_was_settled(settled):
    told = settled.bill()
    assert (told["new"], told["issued"], len(told["documents"])) == (9, True, 9)
    assert received(told) == {
        "bakery": -3180,
        "school": 18,
        "grid-co": 774,
        "lane-community": 0,
        "power-co": 2194,
        "state": 194,
    }


def test_bills_are_issued_once(settled):
    first = settled.bill("--member", "bakery")
    again = settled.bill()
    assert (again["new"], again["issued"]) == (0, False)
    assert again["documents"] == first["documents"]
    assert settled.run("bill", *settled.day).out.endswith("nothing is new; nothing was issued\n")


def test_a_correction_takes_invoices_back_and_issues_new_ones(settled):
    first = settled.bill()["documents"]
    settled.correct()
    told = settled.bill()
    assert told["documents"][:9] == first
    new = told["documents"][9:]
    taken_back = [each for each in new if each["code"] in (381, 261)]
    numbers = {each["number"]: each for each in first}
    for credit in taken_back:
        taken = numbers[credit["refers"]]
        assert (credit["items"], credit["taxes"]) == (taken["items"], taken["taxes"])
    assert {each["refers"] for each in new} == {each["refers"] for each in taken_back}
    assert len(new) == 2 * len(taken_back) == told["new"]
    booked = {"bakery": -28, "school": 2, "grid-co": 6, "lane-community": 0, "power-co": 18}
    assert received({"documents": new}) == {**booked, "state": 2}
    assert settled.run("books", "verify", "lane").code == 0


def test_a_dry_run_issues_nothing(settled):
    planned = settled.bill("--dry-run")
    assert (planned["new"], planned["issued"]) == (9, False)
    assert settled.bill()["new"] == 9


def test_a_bill_is_netted(settled):
    (bill,) = settled.bill("--member", "school")["bills"]
    assert (bill["owed_minor"], bill["due_minor"]) == (-18, -18)
    assert {each["name"]: each["energy_wh"] for each in bill["registers"]} == {
        "withdrawal": bill["energy"]["metered:withdrawal"],
        "injection": bill["energy"]["metered:injection"],
    }
    out = settled.run("bill", *settled.day, "--member", "school").out
    assert "paid out to the member  0.18 EUR" in out
    assert re.search(r"vat 19 % +0\.61\n +total +3\.84", out)


def test_pages_carry_the_numbers_of_the_documents(settled):
    told = settled.bill("--html", "pages")
    pages = {p.stem: p.read_text("utf-8") for p in (settled.folder / "pages").iterdir()}
    assert {*pages} == {"bakery", "school"}
    for document in told["documents"]:
        member = ({document["seller"], document["buyer"]} & {*pages}).pop()
        page = pages[member]
        (section,) = (s for s in page.split("<section") if f" {document['number']}</h2>" in s)
        assert f"<td>{document['total_minor'] / 100:.2f}\u00a0EUR</td>" in section
        for item in document["items"]:
            assert f"<td>{item['id']}  " in section
            assert f"<td>{item['minor'] / 100:.2f}</td>" in section
    assert "<b>31.80\u00a0EUR</b>" in pages["bakery"]
    assert "src=" not in pages["bakery"]
    widths = re.findall(r'width="([0-9.]+)" height="24"', pages["school"])
    assert sum(map(float, widths)) == pytest.approx(2 * 640, abs=0.1)


def test_bills_are_written_as_pdf_beside_pages(settled):
    done = settled.run("bill", *settled.day, "--pdf", "bills", "--html", "pages")
    assert (done.code, done.err) == (0, "")
    assert "✓ pages: 2 bills\n✓ bills: 2 bills\n" in done.out
    for member in ("bakery", "school"):
        assert (settled.folder / "bills" / f"{member}.pdf").read_bytes()[:8] == b"%PDF-1.7"


def test_the_book_verifies_what_was_issued(settled):
    settled.bill()
    line = "✓ invoices of 2026-03-29: as they were issued, without a gap"
    assert line in settled.run("books", "verify", "lane").out
    database = sqlite3.connect(settled.folder / "lane" / "books.db")
    (body,) = database.execute("SELECT body FROM journal WHERE kind = 'invoices'").fetchone()
    other = body.replace(b'"grid-co":2', b'"grid-co":3')
    assert other != body
    database.execute("UPDATE journal SET body = ? WHERE kind = 'invoices'", (other,))
    database.commit()
    database.close()
    done = settled.run("books", "verify", "lane")
    assert done.code == 1
    assert "documents of run 1 are not as they were issued" in done.out


def test_bad_input_is_named_and_nothing_is_issued(settled):
    for options, said in (
        (("--member", "mill"), "there is no member 'mill'. Fix: there are bakery, school"),
        (("--period", "2026-03-30"), "2026-03-30 was not settled. Fix: settle it: gridpact"),
        (("--period", "soon"), "'soon' is not a period"),
    ):
        done = settled.run("bill", *settled.day, *options)
        assert done.code == 2
        assert said in done.err
    assert settled.bill()["new"] == 9


def test_damaged_lines_are_not_invoiced(settled):
    import polars as pl

    path = settled.folder / "lane" / "runs" / "0001" / "lines.parquet"
    pl.read_parquet(path).with_columns(pl.col("minor") + 1).write_parquet(path)
    done = settled.run("bill", *settled.day)
    assert done.code == 3
    assert "lines of run 1 are not as they were booked" in done.err
