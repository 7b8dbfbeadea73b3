"""The text file of coefficients of Spanish collective self-consumption, ``{CAU}_{year}.txt``.

Real Decreto 244/2019, annex I, as amended by Orden TED/1247/2021: plain text in UTF-8 without a
byte-order mark, fields apart by ``;``, decimals with a comma. Coefficients that are the same all
year have a line ``CUPS;0,250000`` for each consumer, those set by the hour a line
``CUPS;0001;0,250000`` for each consumer and hour, from 1 to 8760, or 8784 in leap years. In every
hour they add up to exactly 1.

How many decimals there are is a named rule: the order is quoted with four, while the generators in
use write six. Hours are counted as they elapse from the first of the year, so that clock changes
neither skip nor repeat one; on this, too, a file says nothing.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.settlement.sharing.files.points import cau_problem, cups_problem
from gridpact.settlement.sharing.files.text import Report, Row, Shares, rows, written

SEPARATOR, DECIMAL = ";", ","
_NAME = re.compile(r"(.{26})_([0-9]{4})\.txt", re.DOTALL)
_HOUR = re.compile(r"[0-9]{4}")


class Rule(msgspec.Struct, frozen=True):
    """What the order leaves open or is quoted differently: decimals, and how lines end."""

    decimals: int
    line_end: str = "\n"


RULES = {"spain-6.v1": Rule(6), "spain-4.v1": Rule(4)}
"""By name, how the file is written."""


class YearOfCoefficients(msgspec.Struct, frozen=True):
    """Coefficients of one operation and year.

    ``ppm`` is int64 [consumers] where they are fixed and [consumers, hours] where set by the hour;
    every column adds up to 1,000,000.
    """

    cau: str
    year: int
    consumers: tuple[str, ...]
    ppm: Ints

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.cau}_{self.year:04d}.txt"


def hours_of(year: int) -> int:
    """Return the hours of a year: 8760, or 8784 in leap years."""
    return 8784 if calendar.isleap(year) else 8760


def write_year(found: YearOfCoefficients, rule: Rule) -> bytes:
    """Write a year's file; consumers and hours are in order.

    Raises BadInput for a CAU or CUPS that is none, for one that comes twice, and for coefficients
    that do not add up to exactly 1 or need more decimals than the rule has.
    """
    _check(found, rule)
    by_hour = found.ppm.ndim == 2
    texts: dict[int, str] = {}
    lines = []
    for consumer, row in zip(found.consumers, found.ppm.reshape(len(found.ppm), -1), strict=True):
        for hour, value in enumerate(row.tolist(), start=1):
            text = texts.get(value)
            if text is None:
                text = written(value, DECIMAL, percent=False, decimals=rule.decimals)
                texts[value] = text
            lines.append(f"{consumer};{hour:04d};{text}" if by_hour else f"{consumer};{text}")
    return "".join(line + rule.line_end for line in lines).encode()


def _check(found: YearOfCoefficients, rule: Rule) -> None:
    report = Report(found.name)
    _check_names(report, found.cau, enumerate(found.consumers, start=1))
    if found.ppm.ndim == 2 and found.ppm.shape[1] != hours_of(found.year):
        problem = f"{found.ppm.shape[1]:,} hours are given, {found.year} has {hours_of(found.year)}"
        report.add(0, 0, problem, "give a coefficient for every hour")
    if np.any(found.ppm % 10 ** (6 - rule.decimals)):
        fix = "divide the whole anew by this many decimals, or take another rule"
        report.add(0, 0, f"a coefficient needs more than {rule.decimals} decimals", fix)
    whole = np.atleast_1d(found.ppm.sum(axis=0))
    for hour in np.flatnonzero(whole != MICRO_PER_UNIT).tolist():
        at = f" in hour {hour + 1}" if found.ppm.ndim == 2 else ""
        report.add(0, 0, _sum_problem(int(whole[hour]), at), _SUM_FIX)
    if found.ppm.min(initial=0) < 0:
        report.add(0, 0, "a coefficient is negative", "give coefficients from 0 to 1")
    report.check()


def _check_names(report: Report, cau: str, consumers: Iterable[tuple[int, str]]) -> None:
    if problem := cau_problem(cau):
        report.add(0, 0, *problem)
    seen: set[str] = set()
    for line, consumer in consumers:
        if problem := cups_problem(consumer):
            report.add(line, 1, *problem)
        elif consumer in seen:
            report.add(line, 1, f"{consumer} comes twice", "keep one of them")
        seen.add(consumer)


_SUM_FIX = "change them so that they add up to exactly 1"


def _sum_problem(ppm: int, at: str = "") -> str:
    total = written(ppm, DECIMAL, percent=False, decimals=6)
    return f"the coefficients{at} add up to {total}"


def read_year(
    data: bytes, name: str, rule: Rule, known: Iterable[str] | None = None
) -> YearOfCoefficients:
    """Read a year's file.

    Parameters
    ----------
    data : bytes
        All of the file.
    name : str
        Its name without folders, which says operation and year.
    rule : Rule
        How many decimals it must have; how lines end does not matter.
    known : names, optional
        The consumers of the operation: all of these must be there, and no others.

    Raises
    ------
    BadInput
        Every fault with line and column: a name of another form, what is no CUPS or not one of
        the operation, wrong decimals, hours that are missing, repeated or beyond the year, and
        hours whose coefficients do not add up to exactly 1.
    """
    report = Report(name)
    match = _NAME.fullmatch(name)
    if match is None:
        report.add(0, 0, "the file is not named CAU_year.txt", "name it after operation and year")
        report.check()
        raise AssertionError
    reader = _Reader(report, int(match[2]), rule, None if known is None else set(known))
    if problem := cau_problem(match[1]):
        report.add(0, 0, *problem)
    for row in rows(data, SEPARATOR, report, bom=False):
        reader.take(row)
    return reader.year(match[1])


class _Reader:
    """Takes lines one by one; the first says whether the file is by the hour."""

    def __init__(self, report: Report, year: int, rule: Rule, known: set[str] | None) -> None:
        self._report, self._year, self._known = report, year, known
        self._shares = Shares(DECIMAL, percent=False, decimals=rule.decimals)
        self._fields = 0
        self._row: dict[str, int] = {}
        self._values: list[list[int]] = []
        self._last = [0] * (hours_of(year) + 1)  # line that last spoke of each hour; 0 for all

    @property
    def _width(self) -> int:
        """Coefficients of a consumer."""
        return hours_of(self._year) if self._fields == 3 else 1

    def take(self, row: Row) -> None:
        """Take one line, or note what is wrong with it."""
        self._fields = self._fields or len(row.fields)
        if len(row.fields) not in (2, 3) or len(row.fields) != self._fields:
            have = f"the line has {len(row.fields)} fields"
            forms = {2: "CUPS;0,250000", 3: "CUPS;0001;0,250000"}
            form = forms.get(self._fields, " or ".join(forms.values()))
            self._report.add(row.line, 1, have, f"write it as {form}, as the first line")
            return
        place = self._consumer(row)
        hour = self._hour(row) if self._fields == 3 else 0
        value = self._shares.read(row.fields[-1])
        if isinstance(value, tuple):
            self._report.add(row.line, row.column(self._fields - 1), *value)
        elif place is not None and hour is not None:
            self._put(row, place, hour, value)

    def _consumer(self, row: Row) -> int | None:
        name = row.fields[0]
        if name in self._row:
            return self._row[name]
        if problem := cups_problem(name):
            self._report.add(row.line, 1, *problem)
            return None
        if self._known is not None and name not in self._known:
            fix = "correct it, or add the consumer to the operation"
            self._report.add(row.line, 1, f"{name} is no consumer of the operation", fix)
            return None
        self._row[name] = len(self._values)
        self._values.append([-1] * self._width)
        return self._row[name]

    def _hour(self, row: Row) -> int | None:
        text, most = row.fields[1], hours_of(self._year)
        if _HOUR.fullmatch(text) and 1 <= int(text) <= most:
            return int(text)
        problem = f"{text[:20]!r} is not an hour of {self._year}"
        self._report.add(row.line, row.column(1), problem, f"write 0001 to {most}")
        return None

    def _put(self, row: Row, place: int, hour: int, value: int) -> None:
        at = max(hour - 1, 0)
        self._last[hour] = row.line
        if self._values[place][at] >= 0:
            what = f"hour {row.fields[1]} of {row.fields[0]}" if hour else row.fields[0]
            self._report.add(row.line, 1, f"{what} comes twice", "keep one of them")
            return
        self._values[place][at] = value

    def year(self, cau: str) -> YearOfCoefficients:
        """Return what was read; BadInput with all faults."""
        for name in sorted((self._known or set()) - set(self._row)):
            self._report.add(0, 0, f"{name} has no coefficient", "give one, if only 0")
        values = np.array(self._values, dtype=np.int64).reshape(len(self._values), self._width)
        self._check_hours(values)
        if not self._report.count:  # sums of what lacks parts say nothing new
            self._check_sums(values)
        self._report.check()
        ppm = values if self._fields == 3 else values[:, 0]
        return YearOfCoefficients(cau, self._year, tuple(self._row), ppm)

    def _check_hours(self, values: Ints) -> None:
        for name, row in zip(self._row, values, strict=True):
            absent = np.flatnonzero(row < 0)
            if self._fields == 3 and absent.size:
                many = f"{absent.size:,} hours" if absent.size > 1 else "an hour"
                problem = f"{name} lacks {many}, the first {absent[0] + 1:04d}"
                self._report.add(0, 0, problem, "give every hour of the year")

    def _check_sums(self, values: Ints) -> None:
        whole = values.sum(axis=0)
        for hour in np.flatnonzero(whole != MICRO_PER_UNIT).tolist():
            at = f" in hour {hour + 1:04d}" if self._fields == 3 else ""
            line = self._last[hour + 1 if self._fields == 3 else 0]
            self._report.add(line, 0, _sum_problem(int(whole[hour]), at), _SUM_FIX)


def over(
    found: Iterable[YearOfCoefficients], consumers: tuple[str, ...], slots: Slots, timezone: str
) -> Ints:
    """Lay coefficients of years over slots: int64 [consumers, slots].

    Parameters
    ----------
    found : years
        Each of another year.
    consumers : names
        The rows of the result; who has no coefficient in a year has 0.
    slots : Slots
        A slot has the coefficient of the hour in which it begins.
    timezone : str
        By whose clock years begin.

    Raises
    ------
    BadInput
        Names the first slot of which no year speaks.
    """
    starts, local = slots.starts(), Calendar(timezone, slots.step)
    ppm = np.full((len(consumers), slots.count), -1, np.int64)
    for each in found:
        begin, end = (local.midnight(date(year, 1, 1)) for year in (each.year, each.year + 1))
        here = np.flatnonzero((starts >= begin) & (starts < end))
        hour = (starts[here] - begin) // 3600
        ppm[:, here] = 0
        rows_of = {name: row for row, name in enumerate(each.consumers)}
        for row, name in enumerate(consumers):
            if name in rows_of:
                own = each.ppm[rows_of[name]]
                ppm[row, here] = own if own.ndim == 0 else own[hour]
    absent = np.flatnonzero(ppm.min(axis=0, initial=0) < 0)
    if absent.size:
        at = iso(int(starts[absent[0]]))
        fix = "give the file of that year as well"
        raise BadInput([Fault("coefficients", 0, at, "no file speaks of this slot", fix)])
    return ppm
