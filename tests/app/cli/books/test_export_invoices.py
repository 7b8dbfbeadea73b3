"""Invoices from the command line as files: what was issued, for whom, and what they lack."""

import json
from xml.etree import ElementTree as ET

import pypdf
import pytest

DAY = ("--period", "2026-03-29")


@pytest.fixture
def book(lane):
    """A book with its day billed; ``export`` writes files and returns them by name."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    assert lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T12:00", "-q").code == 0
    lane.billed = json.loads(lane.run("bill", "book", *DAY, "--json").out)

    def export(*more):
        done = lane.run("export", "invoices", "book", *DAY, "--out", "files", "--json", *more)
        assert (done.code, done.err) == (0, "")
        return {path.split("/")[-1]: lane.folder / path for path in json.loads(done.out)["files"]}

    lane.export = export
    return lane


def test_bills_have_all_numbers_of_the_documents(book):
    files = book.export()
    assert {*files} == {"bakery.pdf", "school.pdf"}
    text = "".join(page.extract_text() for page in pypdf.PdfReader(files["bakery.pdf"]).pages)
    for document in book.billed["documents"]:
        if "bakery" in (document["seller"], document["buyer"]):
            assert document["number"] in text
            for minor in (document["total_minor"], *(each["minor"] for each in document["items"])):
                assert f"{minor / 100:.2f}" in text
    assert "31.80" in text
    assert {*book.export("--format", "html", "--member", "school")} == {"school.html"}


def test_numbers_and_days_are_written_in_the_language_of_the_rules(book):
    rules = book.folder / "book" / "rules.yaml"
    rules.write_text(rules.read_text("utf-8") + "\nlocale: de\n", "utf-8")
    page = book.export("--format", "html", "--member", "bakery")["bakery.html"].read_text("utf-8")
    assert '<html lang="de">' in page
    assert "<b>31,80\u00a0EUR</b>" in page
    assert "29.03.2026" in page
    assert book.run("books", "verify", "book").code == 0


def test_e_invoices_are_one_for_each_document(book):
    pytest.importorskip("drafthorse", reason="the extra invoices is not installed")
    files = book.export("--format", "xml")
    totals = {}
    for name, path in files.items():
        root = ET.parse(path).getroot()  # noqa: S314 - made by the command
        (total,) = (each.text for each in root.iter() if each.tag.endswith("}GrandTotalAmount"))
        totals[name] = round(100 * float(total))
    assert totals == {f"{d['number']}.xml": d["total_minor"] for d in book.billed["documents"]}
    within = book.export("--format", "facturx", "--member", "bakery")
    reader = pypdf.PdfReader(within["power-co-000001.pdf"])
    assert reader.attachments["factur-x.xml"] == [files["power-co-000001.xml"].read_bytes()]


def test_what_an_e_invoice_lacks_is_told_and_nothing_is_written(book):
    pytest.importorskip("drafthorse", reason="the extra invoices is not installed")
    people = book.folder / "book" / "people.yaml"
    text = people.read_text("utf-8").replace("    vat_id: DE123456788\n", "")
    people.write_text(text[: text.index("  state:\n")], "utf-8")
    done = book.run("export", "invoices", "book", *DAY, "--out", "none", "--format", "xml")
    assert (done.code, done.out) == (2, "")
    assert "2 faults; nothing was changed" in done.err
    for said in ("people.power-co.vat_id", "people.state: nobody of that name"):
        assert said in done.err
    people.unlink()
    assert {*book.export()} == {"bakery.pdf", "school.pdf"}


def test_what_was_not_billed_is_not_written(book):
    for options, said in (
        (("--member", "mill"), "there is no member 'mill'"),
        (("--period", "2026-03-30"), "2026-03-30 was not settled"),
        (("--people", "nobody.yaml"), "nobody.yaml"),
    ):
        done = book.run("export", "invoices", "book", *DAY, "--out", "none", *options)
        assert done.code == 2
        assert said in done.err
    lane = book.run("books", "init", "other", "--rules", "rules/rules.yaml")
    assert lane.code == 0
    assert book.run("settle", "other", *DAY, "--as-of", "2026-04-03T12:00", "-q").code == 0
    done = book.run("export", "invoices", "other", *DAY, "--out", "none")
    assert (done.code, "run 1 was not billed yet. Fix: bill it: gridpact bill" in done.err) == (
        2,
        True,
    )
    assert not (book.folder / "none").exists()


def test_a_missing_library_is_said(book, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    done = book.run("export", "invoices", "book", *DAY, "--out", "none", "--format", "facturx")
    assert done.code == 2
    assert "drafthorse is not installed. Fix: pip install 'gridpact[invoices]'" in done.err
