"""Direct debits over many files: nothing is collected twice, and sequences follow each mandate."""

import json
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("sepaxml", reason="the extra payments is not installed")

DAY = ("--period", "2026-03-29")


@pytest.fixture
def book(lane):
    """A book whose day was settled; ``export`` writes orders and reads the debits of the file."""
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T00:00", "-q").code == 0
    lane.people = lane.folder / "book" / "people.yaml"

    def export(*more):
        path = lane.folder / "orders" / "debits.xml"
        path.unlink(missing_ok=True)
        done = lane.run("export", "payments", "book", *DAY, "--out", "orders", *more, "--json")
        lane.said = done.err
        if done.code:
            return done.code
        told = json.loads(done.out)
        read = debits(path) if path.exists() else []
        assert [(each["id"], each["cents"], each["sequence"]) for each in told["collected"]] == read
        return told["collected"]

    def owes(minor):
        """Let the bakery owe so much more, as a run would."""
        cents = f"{minor / 100:.2f}"
        words = ("books", "pay", "book", cents, "--made", "bakery", "--on", "2026-03-28")
        assert lane.run(*words).code == 0

    def paid(cents, *more):
        words = ("books", "pay", "book", f"{cents / 100:.2f}", "--received", "bakery", *more)
        assert lane.run(*words, "-q").code == 0

    assert lane.run("books", "limit", "book", "bakery", "1000").code == 0
    lane.export, lane.owes, lane.paid = export, owes, paid
    return lane


@cache
def schema():
    import xmlschema
    from sepaxml import validation

    schemas = validation.__file__.replace("validation.py", "schemas/")
    return xmlschema.XMLSchema(f"{schemas}pain.008.001.08.xsd")


def debits(path):
    """Identifier, cents and sequence of each debit, as a bank reads them; valid by the schema."""
    schema().validate(path)
    root = ET.parse(path).getroot()  # noqa: S314 - made by the command
    space = root.tag.partition("}")[0] + "}"
    found = []
    for batch in root.iter(f"{space}PmtInf"):
        sequence = batch.find(f"{space}PmtTpInf/{space}SeqTp").text
        for each in batch.iter(f"{space}DrctDbtTxInf"):
            name = each.find(f"{space}PmtId/{space}EndToEndId").text
            mandate = each.find(f"{space}DrctDbtTx/{space}MndtRltdInf")
            assert mandate.find(f"{space}MndtId").text.startswith("LANE-0")
            assert mandate.find(f"{space}DtOfSgntr").text == "2026-01-15"
            cents = int(each.find(f"{space}InstdAmt").text.replace(".", ""))
            found.append((name, cents, sequence))
    return found


def test_what_is_under_way_is_not_collected_again(book):
    (first,) = book.export()
    assert (first["cents"], first["sequence"]) == (3180, "FRST")
    assert book.export() == [first]
    book.owes(1000)
    (second,) = book.export()
    assert (second["cents"], second["sequence"]) == (1000, "RCUR")
    assert second["id"] != first["id"]
    assert book.export() == [second]  # the last file once more: a bank tells it by its identifiers
    book.paid(3180)
    assert book.export() == [second]
    book.paid(1000)
    book.owes(500)
    (third,) = book.export()
    assert (third["cents"], third["sequence"]) == (500, "RCUR")
    every = [first["id"], second["id"], third["id"]]
    assert len({*every}) == 3


def test_the_same_debits_are_one_message_to_a_bank(book):
    def message():
        book.export()
        root = ET.parse(book.folder / "orders" / "debits.xml").getroot()  # noqa: S314
        return [each.text for each in root.iter() if each.tag.endswith(("MsgId", "PmtInfId"))]

    first = message()
    due = ("books", "pay", "book", "1", "--made", "power-co")
    assert book.run(*due).code == 0  # other transfers, the same debits
    assert message() == first
    book.owes(1)
    assert not {*message()} & {*first}


def test_what_a_bank_returned_is_collected_again(book):
    book.export()
    book.paid(3180, "--ref", "bank-1")
    assert book.run("books", "reverse", "book", "bank-1", "-q").code == 0
    (again,) = book.export()
    assert (again["cents"], again["sequence"]) == (3180, "RCUR")


def test_a_first_that_failed_is_a_first_again(book):
    (first,) = book.export()
    (again,) = book.export("--failed", first["id"])
    assert (again["cents"], again["sequence"]) == (3180, "FRST")
    assert again["id"] != first["id"]
    assert book.export() == [again]
    assert book.run("books", "verify", "book").code == 0


def test_sequences_end_with_the_last(book):
    (last,) = book.export("--final", "bakery")
    assert last["sequence"] == "FNAL"
    book.paid(3180)
    book.owes(100)
    assert book.export() == 2
    assert "its last collection was on 2026-04-12 (FNAL)" in book.said
    text = book.people.read_text().replace("mandate: LANE-001", "mandate: LANE-002")
    book.people.write_text(text)
    done = book.run("export", "payments", "book", *DAY, "--out", "new", "--json")
    assert [each["sequence"] for each in json.loads(done.out)["collected"]] == ["FRST"]


def test_a_mandate_for_once_is_used_once(book):
    text = book.people.read_text()
    text = text.replace(
        "    signed: 2026-01-15", "    signed: 2026-01-15\n    mandate_type: one-off"
    )
    book.people.write_text(text)
    (only,) = book.export()
    assert only["sequence"] == "OOFF"
    book.paid(3180)
    book.owes(100)
    assert book.export() == 2
    assert "(OOFF)" in book.said


OTHER_IBAN, OTHER_CREDITOR = "DE02 1203 0000 0000 2020 51", "DE79ZZZ01234567890"


def change(book, **entries):
    """Amend the mandate of the bakery, or the creditor, and say what was before."""
    before = {
        "mandate": ("LANE-001", "LANE-002"),
        "iban": ("DE75 5121 0800 1245 1261 99", OTHER_IBAN),
        "creditor_id": ("DE98ZZZ09999999999", OTHER_CREDITOR),
        "name": ("Lane community", "Lane union"),
    }
    text = book.people.read_text()
    for owner, names in (
        ("bakery", ("mandate", "iban")),
        ("lane-community", ("creditor_id", "name")),
    ):
        told = {name: entries[name] for name in names if name in entries}
        for name in told:
            old, new = before[name]
            assert f"    {name}: {old}\n" in text
            text = text.replace(f"    {name}: {old}\n", f"    {name}: {new}\n")
        if told:
            listed = ", ".join(f"{name}: {value}" for name, value in told.items())
            text = text.replace(f"  {owner}:\n", f"  {owner}:\n    amended: {{{listed}}}\n")
    book.people.write_text(text)


def amendments(book):
    """What the last file tells of changes: each path below its details, with its text."""
    root = ET.parse(book.folder / "orders" / "debits.xml").getroot()  # noqa: S314

    def paths(node, path=""):
        here = f"{path}/{node.tag.partition('}')[2]}"
        return [(here, node.text)] if not len(node) else [p for e in node for p in paths(e, here)]

    found = [each for each in root.iter() if each.tag.endswith("AmdmntInfDtls")]
    flags = [each.text for each in root.iter() if each.tag.endswith("AmdmntInd")]
    assert flags == ["true"] * len(found)
    return [path for each in found for path in paths(each)]


WAS = {
    "mandate": "LANE-001",
    "iban": "DE75 5121 0800 1245 1261 99",
    "creditor_id": "DE98ZZZ09999999999",
    "name": "Lane community",
}
TOLD = "/AmdmntInfDtls"
CREDITOR = f"{TOLD}/OrgnlCdtrSchmeId"


def test_the_first_collection_after_a_change_tells_what_was_before(book):
    book.export()
    assert amendments(book) == []
    book.paid(3180)
    change(book, **WAS)
    book.owes(100)
    (second,) = book.export()
    assert second["sequence"] == "RCUR"  # the mandate goes on
    expected = [
        (f"{TOLD}/OrgnlMndtId", "LANE-001"),
        (f"{CREDITOR}/Nm", "Lane community"),
        (f"{CREDITOR}/Id/PrvtId/Othr/Id", "DE98ZZZ09999999999"),
        (f"{CREDITOR}/Id/PrvtId/Othr/SchmeNm/Prtry", "SEPA"),
        (f"{TOLD}/OrgnlDbtrAcct/Id/Othr/Id", "SMNDA"),
    ]
    assert amendments(book) == expected
    (again,) = book.export()
    assert (again, amendments(book)) == (second, expected)  # the same message
    (anew,) = book.export("--failed", second["id"])
    assert amendments(book) == expected  # the bank was not told after all
    book.paid(100)
    book.owes(50)
    (third,) = book.export()
    assert third["sequence"] == "RCUR"
    assert anew["id"] != third["id"]
    assert amendments(book) == []


def test_a_debit_under_way_is_not_given_again_by_another_mandate(book):
    book.export()
    change(book, mandate="LANE-001")
    assert book.export() == 2
    assert "is under way by the mandate as it was before" in book.said
    book.owes(100)  # what is owed beyond it is collected by the mandate as it is now
    (second,) = book.export()
    assert (second["cents"], second["sequence"]) == (100, "RCUR")


def test_what_is_owed_beyond_is_collected_also_where_it_is_as_much(book):
    (first,) = book.export()
    book.owes(3180)
    (second,) = book.export()
    assert (second["cents"], second["id"] != first["id"]) == (3180, True)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--on", "2026-01-14"), "it is of 2026-01-15, after the day of collection"),
        (("--on", "2029-01-15"), "was not used since 2026-01-15, for 36 months"),
        (("--final", "school"), "nothing is collected from 'school'"),
        (("--failed", "E1"), "there is no debit 'E1'"),
    ],
)
def test_what_cannot_be_collected_is_told_and_not_remembered(book, more, told):
    assert book.export(*more) == 2
    assert told in book.said
    assert "1 fault; nothing was changed" in book.said
    (first,) = book.export()
    assert first["sequence"] == "FRST"


def test_no_name_or_mandate_is_in_the_journal(book):
    book.export()
    data = (book.folder / "book" / "books.db").read_bytes()
    data += b"".join(path.read_bytes() for path in (book.folder / "book").glob("books.db-*"))
    assert b"FRST" in data
    assert b"LANE-001" not in data
    assert b"DE755121" not in data


def test_whatever_is_paid_and_owed_no_cent_is_collected_twice(book):
    """Σ collected − failed never exceeds what was ever owed, over a course of many files."""
    collected, owed = {}, 3180
    for paid, more in pairwise([0, 700, 2480, 0, 300, 1000, 50]):
        found = book.export()
        collected |= {} if isinstance(found, int) else {each["id"]: each["cents"] for each in found}
        assert sum(collected.values()) == owed
        if paid:
            book.paid(min(paid, owed))
        if more:
            book.owes(more)
            owed += more
