"""A real run's ledger tells nothing of those who take part, but their identifiers."""

import numpy as np
import polars as pl

from gridpact.app import folder
from gridpact.app.people.people_file import read_people
from gridpact.app.people.personal import personal
from gridpact.ledger import leaves as lv
from gridpact.ledger.privacy.personal import Datum, coordinates, row, unsalted
from gridpact.ledger.privacy.scan import scan
from gridpact.metering.messages import DayMetered

PEOPLE = """\
gridpact: people/1
holder: home-01
people:
  home-01: {name: Ada Miller-Özdemir, iban: DE89 3704 0044 0532 0130 00, email: ada@example.org,
    address: {country: DE, street: Lindenweg 7, postcode: "10115", city: Berlin}}
  home-02: {name: Ngozi Tan, mandate: M-2026-17, signed: 2026-01-15}
"""


def data_of(place):
    """People, secrets, meters and all readings of the run, row by row and as leaves."""
    (place / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    yield from personal(read_people(place / "people.yaml"))
    yield Datum("meter", "home-01", "1EMH0012345678")
    yield from coordinates("home-01", 52.516275, 13.377704)
    record = folder.record(place / "run")
    members = record.opening().community.members.ids
    for name, secret in lv.demonstration_secrets(1, members).items():
        yield Datum("secret", name, secret)
    for day in record.all(DayMetered):
        values = np.stack([day.withdrawal_wh, day.injection_wh, day.estimated.astype(np.int64)], 1)
        for name, numbers in zip(members, values, strict=True):
            yield from unsalted(lv.LeafBody("readings", name, day.day, numbers))
    for fields in pl.read_parquet(place / "run" / "readings.parquet").iter_rows(named=True):
        written = {name: str(value) for name, value in fields.items()}
        yield from row("reading", "home", written)


def test_a_run_leaves_no_personal_datum_on_its_ledger(place):
    data = list(data_of(place))
    assert {each.what for each in data} >= {"iban", "part of the name", "secret", "reading"}
    report = scan(data, [place / "run" / "ledger.db"], ["home-01", "home-02"])
    assert report.findings == ()
    assert report.pseudonyms > 0
    assert report.needles > 10_000


def test_the_same_search_finds_readings_where_they_are_in_the_clear(place):
    data = list(data_of(place))
    kept = lv.demonstration_secrets(1, ["home-01"])["home-01"]
    (place / "note.txt").write_text(f"Ada MILLER-ÖZDEMIR, {kept.hex()}", encoding="utf-8")
    found = {each.what for each in scan(data, [place / "note.txt"]).findings}
    assert found == {"name", "part of the name", "secret"}
    assert scan(data, [place / "people.yaml"]).findings
