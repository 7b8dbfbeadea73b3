"""Readings in a folder of Parquet files, one for each local day, for very many meters.

``2026-03-29.parquet`` has a row for each metering point, in the order of the book's members, with
``point``, and ``withdrawal_wh`` and ``injection_wh``: lists with a whole number for each slot of
the day, null where it is missing. A window of members is read at a time, so that memory is bounded
however many there are.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, covers, overlap
from gridpact.base.units import Bools, Ints
from gridpact.settlement.periods.energy import Metered
from gridpact.settlement.periods.rules import Rules

if TYPE_CHECKING:
    import polars as pl

ROWS = 1 << 17
"""Members that are read at a time."""
_REGISTERS = ("withdrawal", "injection")


class DayFiles:
    """A period's files."""

    commit = 0

    def __init__(self, folder: Path, rules: Rules, period: Slots) -> None:
        self.folder, self._rules = folder, rules
        self._calendar = Calendar(rules.timezone, rules.step_s)
        self._points = np.array([member.point for member in rules.members], dtype=object)
        self._lacks = {
            register: np.array([register not in member.registers for member in rules.members])
            for register in _REGISTERS
        }
        self._read: tuple[Slots, slice, Metered] | None = None
        self.scans: dict[date, pl.LazyFrame] = {}
        self.days = _days(self._calendar, period)
        absent = [day for day in self.days if not self._path(day).is_file()]
        if absent:
            problem, fix = "there is no such file", "write the day's readings into it"
            faults = [Fault(str(self._path(day)), 0, "", problem, fix) for day in absent]
            raise BadInput(faults)

    @property
    def size(self) -> int:
        """Bytes of the period's files."""
        return sum(self._path(day).stat().st_size for day in self.days)

    def file(self, slot_s: int) -> Path:
        """Return the file that has the slot which begins at an instant."""
        return self._path(self._calendar.date_of(slot_s))

    @property
    def digest(self) -> str:
        """SHA-256 of the names and bytes of the period's files."""
        found = hashlib.sha256()
        for day in self.days:
            with self._path(day).open("rb") as stream:
                found.update(hashlib.file_digest(stream, "sha256").digest())
        return found.hexdigest()

    def read(self, slots: Slots, rows: slice, most: int = ROWS) -> Metered:
        """Return what the registers of some members counted, on slots of one local day.

        The next ``most`` members are read with them, since they are asked for next.
        """
        if self._read is None or not _holds(self._read, slots, rows):
            self._read = self._window(slots, rows, most)
        day, window, metered = self._read
        here, _ = overlap(day, slots)
        some = slice(rows.start - window.start, rows.stop - window.start)
        present = metered.present
        known = None if present is None else (present[0][some, here], present[1][some, here])
        return Metered(metered.withdrawal_wh[some, here], metered.injection_wh[some, here], known)

    def _window(self, slots: Slots, rows: slice, most: int) -> tuple[Slots, slice, Metered]:
        """Read the day of some slots for as many members as fit, those asked for among them."""
        on = self._calendar.date_of(slots.start)
        day, path = self._calendar.day(on), self._path(on)
        window = slice(rows.start, min(max(rows.stop, rows.start + most), len(self._points)))
        frame = self.rows(on, window)
        self._check(path, frame, window)
        parts = [self._laid(path, frame, register, window, day) for register in _REGISTERS]
        (withdrawal, one), (injection, other) = parts
        known = (
            None
            if one is None and other is None
            else (_all(one, withdrawal), _all(other, injection))
        )
        return day, window, Metered(withdrawal, injection, known)

    def rows(self, day: date, window: slice) -> pl.DataFrame:
        """Read the rows of some members of a day; days are asked for one after the other."""
        if day not in self.scans:
            self.scans.clear()  # where the rows of days gone by are takes up room
        return self.scan(day).slice(window.start, window.stop - window.start).collect()

    def scan(self, day: date) -> pl.LazyFrame:
        """Return a day's file opened, so that where its rows are is looked up once."""
        import polars as pl

        if day not in self.scans:
            columns = ("point", *(f"{register}_wh" for register in _REGISTERS))
            self.scans[day] = pl.scan_parquet(self._path(day)).select(columns)
        return self.scans[day]

    def _check(self, path: Path, frame: pl.DataFrame, window: slice) -> None:
        expected = self._points[window]
        found = frame["point"].to_numpy()
        if len(found) != len(expected) or not np.array_equal(found, expected):
            problem = "its points are not those of the book's members, in their order"
            raise BadInput([Fault(str(path), 0, "point", problem, "write a row for each member")])

    def _laid(
        self, path: Path, frame: pl.DataFrame, register: str, window: slice, day: Slots
    ) -> tuple[Ints, Bools | None]:
        """Return a register's values [members, slots], and where they are, None for everywhere."""
        column = frame[f"{register}_wh"]
        found = _columns(column, day.count)
        if found is None:
            problem = "its lists have not one whole number for each slot"
            fix = f"the day has {day.count}: lists of Int32 or Int64"
            raise BadInput([Fault(str(path), 0, column.name, problem, fix)])
        values, present = found
        if values.min(initial=0) < 0:
            fix = "give withdrawal and injection apart, both positive"
            raise BadInput([Fault(str(path), 0, column.name, "energy must not be negative", fix)])
        none = self._lacks[register][window]
        if none.any():
            values = np.where(none[:, None], 0, values)
            present = None if present is None else present | none[:, None]
        return values, present

    def _path(self, day: date) -> Path:
        return self.folder / f"{day}.parquet"


class OneMember(DayFiles):
    """The files as they are for one member, whose row they have at ``row``.

    ``rules`` are those for it alone, ``period`` slots of ``files``. All days are read at once.
    """

    def __init__(self, files: DayFiles, rules: Rules, period: Slots, row: int) -> None:
        super().__init__(files.folder, rules, period)
        self.scans, self._row = files.scans, row
        self._frames: dict[date, pl.DataFrame] = {}

    def rows(self, day: date, window: slice) -> pl.DataFrame:
        """Read the member's row of a day, and with it those of the days that follow."""
        import polars as pl

        if day not in self._frames:
            days = [each for each in self.days if each >= day]
            found = pl.collect_all([self.scan(each).slice(self._row, 1) for each in days])
            self._frames.update(zip(days, found, strict=True))
        return self._frames[day]


def _columns(column: pl.Series, count: int) -> tuple[Ints, Bools | None] | None:
    """Return lists of ``count`` whole numbers as [rows, slots], and where they are not null.

    None where they are others; None in place of where for everywhere.
    """
    import polars as pl

    if column.dtype not in (pl.List(pl.Int32), pl.List(pl.Int64)):
        return None
    if len(column) == 1:  # what reads a column of many takes longer to begin
        (values,) = column.to_list()
        if values is None or len(values) != count:
            return None
        there = np.array([[value is not None for value in values]])
        row = np.array([[value or 0 for value in values]], np.int64)
        return row, None if there.all() else there
    if (column.list.len() != count).any():
        return None
    flat, shape = column.explode(), (len(column), count)
    present = flat.is_not_null().to_numpy().reshape(shape) if flat.null_count() else None
    return flat.fill_null(0).to_numpy().reshape(shape), present


def _holds(read: tuple[Slots, slice, Metered], slots: Slots, rows: slice) -> bool:
    day, window, _ = read
    return covers(day, slots) and window.start <= rows.start and rows.stop <= window.stop


def _all(present: Bools | None, values: Ints) -> Bools:
    return np.ones(values.shape, np.bool_) if present is None else present


def _days(calendar: Calendar, period: Slots) -> list[date]:
    first, last = calendar.date_of(period.start), calendar.date_of(period.end - 1)
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]
