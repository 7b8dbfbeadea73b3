"""Lines of every kind explained: of members, balance groups, and parties that activated."""

from fractions import Fraction

import polars as pl
import pytest

from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.explaining.explain import explain
from gridpact.app.explaining.opened import Opened
from gridpact.app.explaining.slots import Asked as Told
from gridpact.app.invoicing.issuing import Asked as Billed
from gridpact.app.invoicing.issuing import invoice_period

LATER, PERIOD = 1_773_100_800, "2026-03-01..2026-03-02"


@pytest.fixture
def opened(lane):
    """A book of two days, settled and billed: its folder opened, and its documents."""

    def make(*changes, prepare=lambda folder: None, **files):
        lane.write(*changes, **files)
        prepare(lane.folder)
        book = Book.create(lane.folder, None)
        run_period(book, Asked(PERIOD, LATER, LATER))
        found = invoice_period(book, Billed(PERIOD, LATER))
        return Opened(lane.folder), found.documents

    return make


def days(folder):
    """The readings as a file for each day."""
    (folder / "days").mkdir()
    table = pl.read_csv(folder / "readings.csv")
    lists = pl.List(pl.Int32)
    for number, day in enumerate(("2026-03-01", "2026-03-02")):
        some = table.slice(24 * number, 24)
        taken = [some[f"{name}:withdrawal"].to_list() for name in ("bakery", "school")]
        given = [[0] * 24, some["school:injection"].to_list()]
        rows = {"point": ["bakery", "school"], "withdrawal_wh": taken, "injection_wh": given}
        schema = {"point": pl.String, "withdrawal_wh": lists, "injection_wh": lists}
        pl.DataFrame(rows, schema=schema).write_parquet(folder / "days" / f"{day}.parquet")


@pytest.mark.parametrize("kept", ["readings.csv", "days"])
def test_lines_of_every_kind_add_up(lane, opened, kept):
    changed = {"bakery": lambda slot: 1000 * (slot == 5), "school": lambda slot: 0}
    change = ("readings: readings.csv", f"readings: {kept}")
    book, documents = opened(change, prepare=days, activated=lane.table(changed))
    seen = {}
    for document in documents:
        for item in document.items:
            found = explain(book, f"{document.number}/{item.id}", Told(every=True))
            assert [check.name for check in found.checks if not check.good] == []
            assert sum(slot.nano for slot in found.slots) == found.statement.nano
            assert sum(slot.energy_wh for slot in found.slots) == found.statement.energy_wh
            assert Fraction(found.statement.nano, 10**7) - item.minor <= Fraction(1, 2)
            assert (found.source.kind, found.lacking) == (
                "table" if kept == "readings.csv" else kept.replace("days", "day files"), (),
            )  # fmt: skip
            seen[document.owner, item.name] = found
    deviations = {
        slot.start_s: slot.energy_wh for slot in seen["school", "imbalance.imbalance"].slots
    }
    for slot in seen["bakery", "imbalance.imbalance"].slots:
        deviations[slot.start_s] = deviations.get(slot.start_s, 0) + slot.energy_wh
    group = seen["group:all", "imbalance-groups.imbalance"]
    assert (group.members, len(group.slots)) == (2, 47)
    assert {slot.start_s: slot.energy_wh for slot in group.slots} == {
        at: wh for at, wh in deviations.items() if wh
    }
    (activated,) = seen["activation:grid", "imbalance-activations.imbalance"].slots
    assert (activated.energy_wh, activated.why) == (1000, "only")
    assert activated.prices == {"imbalance:price": 100_000}
    assert all(slot.readings for slot in seen["bakery", "power.supply"].slots)


def test_a_supplier_switch_and_a_change_of_tax_are_lines_of_their_own(opened):
    until = "{percent: 19, from: 2026-01-01, until: 2026-03-02}"
    rates = f"rates: [{until}, {{percent: 7, from: 2026-03-02}}]"
    book, documents = opened(("rates: [{percent: 19, from: 2026-01-01}]", rates))
    (document,) = (d for d in documents if (d.owner, d.seller, d.tax) == ("bakery", "power", "vat"))
    lines = [explain(book, f"{document.number}/{item.id}") for item in document.items]
    assert [(line.item.rate_ppm, line.slot_count) for line in lines] == [
        (190_000, 24),
        (70_000, 24),
    ]
    assert [line.slot_energy_wh for line in lines] == [
        sum(500 + slot for slot in some) for some in (range(24), range(24, 48))
    ]
    assert all(line.verified for line in lines)
