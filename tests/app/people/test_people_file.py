"""A file of people: everything wrong is told at once, and nothing of it reaches a book's hashes."""

import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gridpact.app.books.folder import Book
from gridpact.app.payments.amending import tell
from gridpact.app.people.people_file import Amended, people_of, read_people
from gridpact.base.errors import BadInput

BOOKS = Path(__file__).parents[3] / "examples" / "books"


def changed(tmp_path, *changes):
    """The example with texts replaced."""
    text = (BOOKS / "people.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "people.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_example_says_who_is_who():
    people = read_people(BOOKS / "people.yaml")
    assert people.holder == "lane-community"
    bakery, power = people.person("bakery"), people.person("power-co")
    assert bakery.address.lines == ("Lane 7", "12345 Lanestead", "DE")
    assert (power.vat_id, power.iban) == ("DE123456788", "FR1420041010050500013M02606")
    assert people.person("mill").name == "mill"


def test_every_fault_is_told_at_once(tmp_path):
    path = changed(
        tmp_path,
        ("country: DE}\n    vat_id: DE123456788", "country: Germany}\n    vat_id: 123"),
        ("city: Lanestead, country: DE}\n    email", "city: Lanestead}\n    email"),
        ("street: Lane 7", "strasse: Lane 7"),
    )
    with pytest.raises(BadInput) as error:
        read_people(path)
    told = str(error.value)
    for said in (
        "power-co.address.country",
        "power-co.vat_id",
        "lane-community.address.country",
        "bakery.address.strasse",
    ):
        assert said in told
    assert len(error.value.faults) == 4


def test_who_is_in_no_rules_is_a_mistake_where_a_book_begins(tmp_path):
    path = changed(tmp_path, ("  bakery:\n", "  bakehouse:\n"))
    with pytest.raises(BadInput, match="no such member or party"):
        Book.create(tmp_path / "book", BOOKS / "rules.yaml", "readings", path)
    assert not (tmp_path / "book").exists()
    assert "bakehouse" in read_people(path).people


def test_a_book_keeps_its_people_apart_and_private(tmp_path):
    with_people = Book.create(tmp_path / "one", BOOKS / "rules.yaml", "readings")
    kept = tmp_path / "one" / "people.yaml"
    assert kept.read_bytes() == (BOOKS / "people.yaml").read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()
    assert people_of(kept).people == {}
    digest = with_people.rules().rules.digest
    rest = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert all(b"Lanestead" not in path.read_bytes() for path in rest)
    named = changed(tmp_path, ("name: Bakery", "name: Other"))
    other = Book.create(tmp_path / "two", BOOKS / "rules.yaml", "readings", named)
    assert other.rules().rules.digest == digest
    assert people_of(tmp_path / "two" / "people.yaml").person("bakery").name == "Other"


@pytest.mark.parametrize(
    ("owner", "entry", "told"),
    [
        ("bakery", "{mandate: LANE-001}", "it is the same as now"),
        ("bakery", "{iban: DE75 5121}", "is no IBAN"),
        ("bakery", "{creditor_id: DE98ZZZ09999999999}", "nothing is called so here"),
        ("school", "{mandate: LANE-001}", "it has neither a mandate nor a creditor_id"),
    ],
)
def test_what_was_before_of_a_mandate_is_checked(tmp_path, owner, entry, told):
    text = (BOOKS / "people.yaml").read_text("utf-8")
    path = tmp_path / "people.yaml"
    path.write_text(text.replace(f"  {owner}:\n", f"  {owner}:\n    amended: {entry}\n"), "utf-8")
    with pytest.raises(BadInput, match=told):
        read_people(path)


def test_each_change_of_a_mandate_is_told_alone():
    """In the schema's order; what did not change is not told."""
    pytest.importorskip("sepaxml", reason="the extra payments is not installed")
    expected = {
        "mandate": ["OrgnlMndtId"],
        "iban": ["OrgnlDbtrAcct", "Id", "Othr", "Id"],
        "creditor_id": ["OrgnlCdtrSchmeId", "Id", "PrvtId", "Othr", "Id", "SchmeNm", "Prtry"],
        "name": ["OrgnlCdtrSchmeId", "Nm"],
    }
    for name, tags in expected.items():
        mandate = ET.Element("MndtRltdInf")
        tell(mandate, Amended(**{name: "X-1"}), "")
        assert [each.tag for each in mandate.iter()][1:] == ["AmdmntInd", "AmdmntInfDtls", *tags]
