"""Reconciliation where members change supplier within a period, block by block."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.reporting.followed import follow
from gridpact.app.reporting.reconciled import differing
from gridpact.app.reporting.settled import settled_period
from gridpact.app.reporting.supplier import supplier_report
from gridpact.base.errors import BadInput

LATER_S = 1_800_000_000
PERIOD = "2026-03-01..2026-03-02"


@pytest.fixture
def settled(lane):
    """Two days in which the school changes its supplier at midnight."""
    lane.write()
    book = Book.create(lane.folder, None)
    run_period(book, Asked(PERIOD, LATER_S, LATER_S))
    return settled_period(book, PERIOD, LATER_S)


def test_each_supplier_sees_the_days_on_which_it_supplied(settled):
    expected = {"power": {"bakery": sum(500 + slot for slot in range(48)), "school": 24 * 100},
                "green": {"school": 24 * 100}}  # fmt: skip
    for party, members in expected.items():
        report = supplier_report(settled, party)
        residual = next(sheet for sheet in report.sheets if sheet.id == "residual")
        withdrawn = [column.name for column in residual.columns].index("withdrawn")
        assert {row[0]: row[withdrawn] for row in residual.rows} == members
        assert differing(report.sheets) == 0
        billed = next(sheet for sheet in report.sheets if sheet.id == "billed")
        assert sum(row[2] for row in billed.rows) == sum(row[1] for row in billed.rows) > 0


def test_no_supplier_named_where_there_are_two(settled):
    with pytest.raises(BadInput, match="name one of green, power"):
        supplier_report(settled)


def test_neither_size_nor_order_of_blocks_changes_what_is_followed(settled):
    whole = follow(settled)
    for cells in (1, 7, 60):
        again = follow(settled, cells)
        assert np.array_equal(again.members_wh, whole.members_wh)
        assert np.array_equal(again.slots_wh, whole.slots_wh)
        for name, energy in whole.supplied_wh.items():
            assert np.array_equal(again.supplied_wh[name], energy)
    kept = settled.made.energy_wh
    assert np.array_equal(whole.members_wh, kept)


def test_readings_that_are_others_now_are_not_reported_on(settled, lane):
    rows = [*csv.reader(io.StringIO((lane.folder / "readings.csv").read_text()))]
    rows[5][1] = "9999"
    text = "\n".join(",".join(row) for row in rows) + "\n"
    Path(lane.folder / "readings.csv").write_text(text)
    with pytest.raises(BadInput, match="not those that the run was made of"):
        follow(settled)
