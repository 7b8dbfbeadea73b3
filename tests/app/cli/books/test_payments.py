"""Orders for banks from the command line: amounts of the book, valid by the bank's schemas."""

import json
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("sepaxml", reason="the extra payments is not installed")

DAY = ("--period", "2026-03-29")


def read(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


@pytest.fixture
def book(lane):
    """A book whose day was settled, with its people."""
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    done = lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T00:00", "--json")
    lane.owed = read(done)["received_minor"]["EUR"]
    lane.people = lane.folder / "rules" / "people.yaml"

    def export(*more):
        files = ("--people", lane.people, "--out", "orders")
        return lane.run("export", "payments", "book", *DAY, *files, *more)

    lane.export = export
    return lane


def payments(path, tag):
    """Amounts in cents by IBAN, as a bank reads them."""
    root = ET.parse(path).getroot()  # noqa: S314 - made by the command
    space = root.tag.partition("}")[0] + "}"
    found = {}
    for each in root.iter(f"{space}{tag}"):
        side = "CdtrAcct" if tag == "CdtTrfTxInf" else "DbtrAcct"
        iban = each.find(f"{space}{side}/{space}Id/{space}IBAN").text
        amount = next(each.iter(f"{space}InstdAmt"))
        assert amount.get("Ccy") == "EUR"
        found[iban] = int(amount.text.replace(".", ""))
    total = root.find(f".//{space}GrpHdr/{space}CtrlSum").text
    assert int(total.replace(".", "")) == sum(found.values())
    return found


def test_orders_are_what_is_owed_and_fit_the_schemas(book):
    import xmlschema
    from sepaxml import validation

    told = read(book.export("--json"))
    assert told["day"] == "2026-04-12"
    owed = {row["who"]: row["cents"] for row in told["paid"]}
    owed |= {row["who"]: -row["cents"] for row in told["collected"]}
    mine = {name: minor for name, minor in book.owed.items() if minor and name != "lane-community"}
    assert owed == mine
    transfers = payments(book.folder / "orders" / "transfers.xml", "CdtTrfTxInf")
    assert transfers["FR1420041010050500013M02606"] == book.owed["power-co"]
    assert sum(transfers.values()) == sum(minor for minor in mine.values() if minor > 0)
    debits = payments(book.folder / "orders" / "debits.xml", "DrctDbtTxInf")
    assert debits == {"DE75512108001245126199": -book.owed["bakery"]}
    schemas = validation.__file__.replace("validation.py", "schemas/")
    for name, schema in (("transfers", "pain.001.001.09"), ("debits", "pain.008.001.08")):
        xmlschema.XMLSchema(f"{schemas}{schema}.xsd").validate(book.folder / f"orders/{name}.xml")


def test_the_same_orders_have_the_same_identifiers(book):
    def identifiers():
        assert book.export("-q").code == 0
        root = ET.parse(book.folder / "orders" / "transfers.xml").getroot()  # noqa: S314
        return [each.text for each in root.iter() if each.tag.endswith(("Id", "EndToEndId"))]

    first = identifiers()
    assert identifiers() == first
    assert book.run("books", "pay", "book", "1", "--received", "bakery").code == 0
    assert identifiers() != first


def test_what_was_paid_is_not_paid_again(book):
    due = f"{book.owed['power-co'] / 100:.2f}"
    assert book.run("books", "pay", "book", due, "--made", "power-co").code == 0
    assert book.run("books", "pay", "book", "30", "--received", "bakery").code == 0
    told = read(book.export("--json"))
    assert "power-co" not in {row["who"] for row in told["paid"]}
    (left,) = told["collected"]
    assert (left["who"], left["cents"]) == ("bakery", -book.owed["bakery"] - 3000)


def test_everything_that_is_wrong_with_people_is_told_at_once(book):
    text = book.people.read_text()
    for old, new in (
        ("DE75 5121", "DE76 5121"),
        ("FR14 2004", "FR14"),
        ("creditor_id: DE98ZZZ", "creditor_id: DE97ZZZ"),
        ("    signed: 2026-01-15\n", ""),
        ("holder: lane-community", "holder: lane"),
    ):
        assert old in text
        text = text.replace(old, new)
    book.people.write_text(text)
    done = book.export()
    assert (done.code, done.out) == (2, "")
    assert "5 faults; nothing was changed" in done.err
    for said in ("bakery.iban", "power-co.iban", "creditor_id", "bakery.mandate", "holder"):
        assert said in done.err
    assert not (book.folder / "orders").exists()


def test_everything_that_a_payment_lacks_is_told_at_once(book):
    text = book.people.read_text()
    for gone in (
        "    iban: DE75 5121 0800 1245 1261 99\n",
        "    creditor_id: DE98ZZZ09999999999\n",
        "    iban: NL91 ABNA 0417 1643 00\n",
    ):
        assert gone in text
        text = text.replace(gone, "")
    book.people.write_text(text[: text.index("  state:\n")])
    done = book.export()
    assert (done.code, done.out) == (2, "")
    assert "4 faults; nothing was changed" in done.err
    for said in (
        "people.bakery.iban: there is no IBAN",
        "people.lane-community.creditor_id: there is no creditor",
        "people.grid-co.iban: there is no IBAN",
        "people.state: nobody of that name",
    ):
        assert said in done.err


MANDATE = "    mandate: LANE-001\n    signed: 2026-01-15\n"


def test_who_gave_no_mandate_pays_alone_and_is_named(book):
    text = book.people.read_text()
    assert MANDATE in text
    book.people.write_text(text.replace(MANDATE, ""))
    told, owed = read(book.export("--json")), -book.owed["bakery"]
    assert (told["collected"], told["awaited"]) == ([], [{"who": "bakery", "cents": owed}])
    assert [each.name for each in (book.folder / "orders").iterdir()] == ["transfers.xml"]
    assert f"without a mandate: {owed / 100:.2f} EUR, bakery" in book.export().out
    book.people.write_text(text)
    told = read(book.export("--json"))
    assert ([each["cents"] for each in told["collected"]], told["awaited"]) == ([owed], [])
    book.people.write_text(text.replace(MANDATE, ""))  # while the bank collects
    assert "people.bakery.mandate: there is no mandate" in book.export().err


def test_a_period_of_which_nothing_is_owed_has_no_orders(book):
    files = ("--people", book.people, "--out", "orders")
    done = book.run("export", "payments", "book", "--period", "2026-03-28", *files)
    assert (done.code, "nothing is owed" in done.err) == (2, True)
    assert not (book.folder / "orders").exists()
