"""Runs read owner by owner, held against what is read whole; runs as books kept them before."""

import msgspec
import numpy as np
import pytest

from gridpact.app.books.folder import RUNS, Book
from gridpact.app.books.kept import folder_of, read_run
from gridpact.app.books.kept_run import KeptRun
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.explaining.opened import Opened
from gridpact.app.invoicing.issuing import Asked as Billed
from gridpact.app.invoicing.issuing import invoice_period
from gridpact.base.errors import BadInput, StoreError
from gridpact.settlement.lines import COLUMNS

LATER, PERIOD = 1_773_100_800, "2026-03-01..2026-03-02"


@pytest.fixture
def book(lane):
    lane.write()
    found = Book.create(lane.folder, None)
    run_period(found, Asked(PERIOD, LATER, LATER))
    return found


def as_before(folder):
    """Write the rules of a run with all members within, as books before did."""
    whole = read_run(folder).rules
    (folder / "rules.json").write_bytes(msgspec.json.encode(whole))
    (folder / "members.parquet").unlink()


@pytest.mark.parametrize("older", [False, True])
def test_what_a_run_made_of_an_owner_is_what_it_made_of_all(book, older):
    (run,) = book.runs()
    folder, whole = folder_of(book.folder / RUNS, 1), book.made(run)
    if older:
        as_before(folder)
        assert book.made(run).rules == whole.rules
    kept = KeptRun(folder, run)
    assert kept.whole.rules.digest == run.rules
    assert {"group:all", "bakery", "school"} <= {*whole.lines.owners}
    for name in (*whole.lines.owners, "nobody"):
        one, lines = kept.of(name), whole.lines.of(name)
        for column in set(COLUMNS) - {"owner"}:
            assert np.array_equal(getattr(one.lines, column), getattr(lines, column))
        assert len(one.booked) == len(lines)
        row = kept.member(name)
        if row is not None:
            assert one.rules.members == (whole.rules.members[row],)
            assert np.array_equal(one.energy_wh[:, 0], whole.energy_wh[:, row])
            assert np.array_equal(one.own["plan:net"].values[0], whole.own["plan:net"].values[row])
        else:
            assert (one.rules.members, name in ("bakery", "school")) == ((), False)


@pytest.mark.parametrize("name", ["members.parquet", "lines.parquet", "run.json"])
def test_a_part_that_is_missing_is_told(book, name):
    (run,), folder = book.runs(), folder_of(book.folder / RUNS, 1)
    (folder / name).unlink()
    with pytest.raises(StoreError, match="the run is damaged"):
        KeptRun(folder, run).of("bakery")


def test_corrected_documents_are_found_one_by_one_as_they_were_issued(lane, book):
    """Three runs, each invoiced: every document by its number, and none beyond."""
    issued = [*invoice_period(book, Billed(PERIOD, LATER)).documents]
    for number, wh in ((2, 700), (3, 900)):
        table = lane.folder / "readings.csv"
        rows = table.read_text().splitlines()
        cells = rows[7].split(",")
        rows[7] = ",".join([cells[0], str(wh), *cells[2:]])
        table.write_text("\n".join(rows) + "\n")
        run_period(book, Asked(PERIOD, LATER + number, LATER + number))
        issued = [*invoice_period(book, Billed(PERIOD, LATER + number)).documents]
    assert {document.run for document in issued} == {1, 2, 3}
    assert any(document.credit for document in issued)
    opened = Opened(lane.folder)
    for document in issued:
        found, stating, _ = opened.document(document.number)
        assert found == document
        assert stating.credit is False
    last = issued[-1].number
    name, _, number = last.rpartition("-")
    with pytest.raises(BadInput, match="no document of this number was issued"):
        opened.document(f"{name}-{int(number) + 1:06d}")
    with pytest.MonkeyPatch.context() as patch:  # so many that all are drawn up at once
        patch.setattr("gridpact.app.explaining.documents._MANY", 0)
        again = Opened(lane.folder)
        assert [again.document(document.number)[0] for document in issued] == issued
