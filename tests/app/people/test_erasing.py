"""Persons erased from files of people, books and readings."""

import os

import pytest

from gridpact.app.people.erasing import PeopleFile
from gridpact.app.people.people_file import read_people
from gridpact.app.people.personal import personal
from gridpact.app.readings.erasing import ReadingsStore
from gridpact.base.errors import BadInput
from gridpact.ledger.privacy.scan import scan
from gridpact.ledger.spaces.erasure import Kept, Step, erase
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

PEOPLE = """\
gridpact: people/1
holder: operator
people:
  operator: {name: Bakery Lane eG, iban: DE89 3704 0044 0532 0130 00}
  # Ada moves out in May
  ada: {name: Ada Miller-Özdemir, email: ada@example.org, mandate: M-17, signed: 2026-01-15,
    address: {country: DE, street: Lindenweg 7, postcode: "10115", city: Berlin}}
  bob: {name: Bob Tan, address: {country: DE, street: Lindenweg 9}}
"""
INVOICES = (
    Kept("lines of 2026-03", "2036-12-31", "r"),
    Kept("lines of 2025-12", "2035-12-31", "r"),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "people.yaml"
    path.write_text(PEOPLE, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_person_goes_and_the_others_stay(path):
    before, data = read_people(path), list(personal(read_people(path)))
    os.link(path, path.with_name("same bytes"))
    assert PeopleFile(path).erase("ada") == Step("people", 5)
    after = read_people(path)
    assert after.people == {k: v for k, v in before.people.items() if k != "ada"}
    assert after.holder == "operator"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any(path.with_name("same bytes").read_bytes())
    found = {each.whose for each in scan(data, [path.parent]).findings}
    assert found == {"operator", "bob"}
    assert "moves out" not in path.read_text(encoding="utf-8")
    assert PeopleFile(path).erase("ada") == Step("people", 0)


def test_what_invoices_must_show_is_kept_and_said(path):
    step = PeopleFile(path, INVOICES).erase("ada")
    assert step.destroyed == 3
    assert step.kept == (Kept("name, address", "2036-12-31", "an invoice names its recipient"),)
    person = read_people(path).people["ada"]
    assert (person.name, person.address.street) == ("Ada Miller-Özdemir", "Lindenweg 7")
    assert (person.email, person.mandate, person.signed) == ("", "", None)
    assert PeopleFile(path, INVOICES).erase("ada") == Step("people", 0, step.kept)


def test_the_holder_of_the_account_is_not_erased(path):
    with pytest.raises(BadInput, match="name another holder first"):
        PeopleFile(path).erase("operator")
    assert path.read_text(encoding="utf-8") == PEOPLE


def test_a_file_with_faults_is_not_written_anew(path):
    path.write_text(PEOPLE.replace("M-17", "M-17, iban: DE00"), encoding="utf-8")
    with pytest.raises(BadInput, match="IBAN"):
        PeopleFile(path).erase("bob")
    assert "Bob Tan" in path.read_text(encoding="utf-8")


def test_where_there_is_no_file_nothing_is_to_be_done(tmp_path):
    assert PeopleFile(tmp_path / "people.yaml").erase("ada") == Step("people", 0)


def test_readings_of_a_subjects_points_are_forgotten(path, tmp_path):
    url = str(tmp_path / "readings")
    Store.create(url, [MeteringPoint(id="meter-17"), MeteringPoint(id="meter-18")])
    readings = ReadingsStore(url, {"ada": ["meter-17"]})
    done = erase("ada", [PeopleFile(path), readings], tmp_path / "erasures")
    assert [step.store for step in done.steps] == ["people", "readings"]
    assert [point.id for point in Store.open(url).points] == ["meter-18"]
    assert readings.erase("bob") == Step("readings", 0)
