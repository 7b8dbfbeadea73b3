"""A book's rules as a text that tests change, with tables of readings, prices and plans."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.base.errors import BadInput

RULES = """\
gridpact: books/1
name: lane
currency: EUR
timezone: Europe/Berlin
slot_minutes: 60
readings: readings.csv
parties: {lane: operator, power: supplier, green: supplier, grid: dso, state: state, tso: other}
members:
  - {id: bakery, role: consumer, supplier: power}
  - id: school
    suppliers:
      - {supplier: power, until: 2026-03-02}
      - {supplier: green, from: 2026-03-02}
contracts:
  - name: power
    supplier: power
    product: supplier-tariff
    with: {member: member, supplier: power, import_price: 0.30 EUR/kWh, export_price: spot}
  - name: green
    supplier: green
    product: supplier-tariff
    with: {member: member, supplier: green, import_price: 0.25 EUR/kWh, export_price: spot}
taxes:
  - {name: vat, on: [power.supply, green], rates: [{percent: 19, from: 2026-01-01}]}
imbalance:
  pricing: single
  operator: tso
  plan: plan.csv
  price: imbalance:price
  settle: [members, groups]
  groups: [{name: all, responsible: power}]
  activations: {grid: activated.csv}
series: {spot: prices.csv, imbalance:price: prices.csv}
"""
START = int(datetime(2026, 2, 28, 23, tzinfo=UTC).timestamp())
LATER = int(datetime(2026, 3, 10, tzinfo=UTC).timestamp())
SLOTS = 48


def table(columns, slots=SLOTS):
    """A CSV table of whole numbers by the hour, from the first of March in Berlin."""
    rows = [",".join(["slot_start", *columns])]
    for slot in range(slots):
        at = datetime.fromtimestamp(START + 3600 * slot, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(",".join([at, *(str(values(slot)) for values in columns.values())]))
    return "\n".join(rows) + "\n"


FILES = {
    "readings.csv": table(
        {
            "bakery:withdrawal": lambda slot: 500 + slot,
            "school:withdrawal": lambda slot: 100,
            "school:injection": lambda slot: 900 if 10 <= slot % 24 < 16 else 0,
        }
    ),
    "prices.csv": table({"spot": lambda slot: 80_000, "imbalance:price": lambda slot: 100_000}),
    "plan.csv": table({"bakery": lambda slot: -500, "school": lambda slot: -100}),
    "activated.csv": table(
        {"bakery": lambda slot: 10 if slot == 5 else 0, "school": lambda slot: 0}
    ),
}


@pytest.fixture
def lane(tmp_path):
    """Files of a book's rules; ``write`` changes them and ``settle`` settles two days."""

    def write(*changes, **files):
        text = RULES
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        for name, content in (FILES | {f"{key}.csv": each for key, each in files.items()}).items():
            (tmp_path / name).write_text(content)
        (tmp_path / "rules.yaml").write_text(text)
        return tmp_path / "rules.yaml"

    def settle(*changes, period="2026-03-01..2026-03-02", **files):
        write(*changes, **files)
        (tmp_path / "books.db").unlink(missing_ok=True)
        book = Book.create(tmp_path, None)
        return run_period(book, Asked(period, LATER, LATER), dry=True)

    def faults(*changes, **files):
        with pytest.raises(BadInput) as refused:
            settle(*changes, **files)
        return [f"{fault.where}: {fault.problem}" for fault in refused.value.faults]

    return SimpleNamespace(write=write, settle=settle, faults=faults, folder=tmp_path, table=table)
