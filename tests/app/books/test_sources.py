"""The same readings settle to the same lines, wherever they are kept."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gridpact.app.books.day_files import DayFiles
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.lines import digest
from gridpact.settlement.periods.rules import Member, Rules

DAYS = (date(2026, 3, 1), date(2026, 3, 2))


def day_files(folder, change=lambda frame: frame):
    """The lane's two days as a file each."""
    table = pl.read_csv(folder / "readings.csv")
    for number, day in enumerate(DAYS):
        some = table.slice(24 * number, 24)
        rows = {
            "point": ["bakery", "school"],
            "withdrawal_wh": [
                some["bakery:withdrawal"].to_list(),
                some["school:withdrawal"].to_list(),
            ],
            "injection_wh": [[0] * 24, some["school:injection"].to_list()],
        }
        lists = pl.List(pl.Int32)
        schema = {"point": pl.String, "withdrawal_wh": lists, "injection_wh": lists}
        frame = pl.DataFrame(rows, schema=schema)
        (folder / "days").mkdir(exist_ok=True)
        change(frame).write_parquet(folder / "days" / f"{day}.parquet")


def test_day_files_settle_as_a_table(lane):
    whole = lane.settle()
    day_files(lane.folder)
    found = lane.settle(("readings: readings.csv", "readings: days"))
    assert digest(found.lines) == digest(whole.lines)
    assert found.run.readings != whole.run.readings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.reverse(), "its points are not those of the book's members"),
        (lambda frame: frame.head(1), "its points are not those of the book's members"),
        (lambda frame: frame.with_columns(pl.col("withdrawal_wh").list.head(23)), "has not one"),
        (
            lambda frame: frame.with_columns(pl.col("withdrawal_wh").cast(pl.List(pl.Float64))),
            "whole",
        ),
        (
            lambda frame: frame.with_columns(pl.col("injection_wh").list.eval(-pl.element())),
            "negative",
        ),
        (
            lambda frame: frame.with_columns(
                pl.col("withdrawal_wh").list.eval(pl.when(pl.element() < 505).then(pl.element()))
            ),
            "have no sound value of metered:withdrawal",
        ),
    ],
)
def test_day_files_that_do_not_fit_are_refused(lane, change, said):
    lane.write()
    day_files(lane.folder, change)
    told = lane.faults(("readings: readings.csv", "readings: days"))
    assert any(said in each or said in each.replace("lists have not", "has not") for each in told)


def test_a_day_without_a_file_is_told(lane):
    lane.write()
    day_files(lane.folder)
    (lane.folder / "days" / "2026-03-02.parquet").unlink()
    assert lane.faults(("readings: readings.csv", "readings: days")) == [": there is no such file"]


def ten_members(folder):
    """Two days of ten members, whose injection is twice their withdrawal; rules, and the values."""
    names = [f"m{number}" for number in range(10)]
    values = np.arange(240, dtype=np.int32).reshape(10, 24)
    lists = pl.List(pl.Int32)
    frame = pl.DataFrame(
        {"point": names, "withdrawal_wh": values.tolist(), "injection_wh": (values * 2).tolist()},
        schema={"point": pl.String, "withdrawal_wh": lists, "injection_wh": lists},
    )
    for day in DAYS:
        frame.write_parquet(folder / f"{day}.parquet")
    members = tuple(Member(name, name) for name in names)
    return Rules("x", "EUR", 10**7, "half-even", "UTC", 3600, {}, members, ()), values


def test_windows_of_members_are_read_as_a_whole(tmp_path):
    """However few members are read at a time, each has its own readings."""
    rules, values = ten_members(tmp_path)
    day = Calendar("UTC", 3600).day(DAYS[0])
    source = DayFiles(tmp_path, rules, day)
    for rows in (slice(0, 2), slice(2, 7), slice(7, 10), slice(0, 10)):
        found = source.read(Slots(day.start + 3600, 3600, 5), rows, 3)
        assert np.array_equal(found.withdrawal_wh, values[rows, 1:6])
        assert np.array_equal(found.injection_wh, 2 * values[rows, 1:6])


def test_a_day_gone_by_is_not_held_open(tmp_path):
    """What is kept of a file grows with its members, and a year has many files."""
    rules, values = ten_members(tmp_path)
    first, second = (Calendar("UTC", 3600).day(day) for day in DAYS)
    source = DayFiles(tmp_path, rules, Slots(first.start, 3600, 48))
    for day in (first, second, first):
        found = source.read(day, slice(0, 10))
        assert np.array_equal(found.withdrawal_wh, values)
        assert len(source.scans) == 1
