"""Stamps of rows that belong to several channels, as instants; clock changes per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Ints
from gridpact.metering.importers.clock import NEVER, TWICE, UNCLEAR, in_order, instants, zone_of
from gridpact.metering.importers.mapping import ClockChanges, TextStyle
from gridpact.metering.importers.parse import stamps
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl

_DAY = 86400
BLOCK = 1 << 16
"""Rows taken at once: what lies between stays in the cache."""


class Codes(msgspec.Struct, frozen=True):
    """A column of texts as numbers: ``code`` [rows], and the code of each of ``texts``.

    The texts are all different, and in no order.
    """

    code: NDArray[np.integer]
    of_text: NDArray[np.integer]
    texts: list[str]

    def by_code(self, values: Ints) -> Ints:
        """Bring values [texts] in the order of codes; those of other columns' texts have 0."""
        found = np.zeros(int(self.of_text.max()) + 1, dtype=np.int64)
        found[self.of_text] = values
        return found

    def of_rows(self, values: Ints) -> Ints:
        """Give each row [rows] the value of its text."""
        return np.asarray(self.by_code(values)[self.code], dtype=np.int64)


def coded(column: pl.Series) -> Codes | None:
    """Number the texts of a column in any order; None where it holds none or not only texts."""
    import polars as pl

    if column.dtype == pl.String:
        column = column.cast(pl.Categorical)
    if column.dtype != pl.Categorical or column.null_count() or not len(column):
        return None
    code = column.to_physical().to_numpy()
    row = np.full(int(code.max()) + 1, -1, dtype=np.int64)  # one row of each code
    for begin in range(0, len(code), BLOCK):
        part = code[begin : begin + BLOCK]
        row[part] = np.arange(begin, begin + len(part))
    of_text = np.flatnonzero(row >= 0)
    return Codes(code, of_text, column.gather(row[of_text]).cast(pl.String).to_list())


def numbered(column: pl.Series) -> tuple[Ints, list[str]]:
    """Number the texts of a column: number of each row, and the texts in order."""
    import polars as pl

    if column.dtype == pl.Categorical and (codes := coded(column)) is not None:
        order = np.argsort(np.array(codes.texts, dtype=object))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return codes.of_rows(place), [codes.texts[row] for row in order.tolist()]
    text = column.cast(pl.String).fill_null("")
    names = text.unique().sort()
    numbers = text.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()
    return np.asarray(numbers, dtype=np.int64), names.to_list()


class Clock:
    """The clock that a file's stamps were read from, and what to do where it is changed."""

    def __init__(self, timezone: str, policy: ClockChanges, report: Report) -> None:
        self._zone = zone_of(timezone)
        self._policy = policy
        self._report = report
        if self._zone is None:
            fix = "write UTC, a fixed offset such as UTC+10, or a name such as Europe/Berlin"
            report.add(0, "timezone", f"{timezone!r} is no time zone", fix)

    def instants(self, local: Ints, channel: Ints, lines: Ints, where: str) -> Ints | None:
        """Instants [rows, s since the epoch] of naive local seconds; None with faults reported.

        ``channel`` [rows] keeps the rows apart that the policy ``in-order`` counts.
        """
        found = self.told(local, channel, lines, where)
        return found[0] if found is not None and found[1].all() else None

    def told(
        self, local: Ints, channel: Ints, lines: Ints, where: str
    ) -> tuple[Ints, Bools] | None:
        """Instants like those of :meth:`instants`, and which rows have one; None without a zone."""
        if self._zone is None:
            return None
        first, second, state = instants(local, self._zone)
        if not state.any():
            return first, np.ones(len(first), dtype=np.bool_)
        fix = "correct the stamp, or set timezone to the clock the file was written with"
        words = ("this local time never occurred", fix)
        wrong = np.asarray(state == NEVER)
        self._report.rows(wrong, lines, where, words)
        twice = np.asarray(state == TWICE)
        if self._policy == "refuse" and twice.any():
            fix = "set clock_changes to first, second or in-order, or use a clock without changes"
            words = ("this local time occurred twice", fix)
            self._report.rows(twice, lines, where, words)
            wrong |= twice
        later = twice & (self._policy == "second")
        if self._policy == "in-order" and twice.any():
            later, unclear = in_order(local, channel, twice)
            self._report.rows(unclear, lines, where, UNCLEAR)
            wrong |= unclear
        return np.where(later, second, first), ~wrong


def of_column(
    column: pl.Series, channel: Ints, style: TextStyle, clock: Clock, report: Report, lines: Ints
) -> Ints | None:
    """Instants [rows, s since the epoch] of a column of stamps; None with faults reported."""
    found = read_column(column, channel, style, clock, report, lines)
    return found[0] if found is not None and found[1].all() else None


def read_column(
    column: pl.Series, channel: Ints, style: TextStyle, clock: Clock, report: Report, lines: Ints
) -> tuple[Ints, Bools] | None:
    """Instants [rows, s since the epoch] of stamps, and which could be read; others are reported.

    Texts are read once each, however many rows they stand in. None where the zone is unknown.
    """
    import polars as pl

    if column.dtype not in (pl.String, pl.Categorical):
        read, place = stamps(column, style, report, lines), np.arange(len(column))
    else:
        place, names = numbered(column)
        first = np.full(len(names), -1, dtype=np.int64)
        first[place[::-1]] = lines[::-1]
        read = stamps(pl.Series(column.name, names), style, report, first)
    whole, good = (read.clock - read.offset)[place], read.good[place]
    if read.aware.all():
        return whole, good
    naive = np.flatnonzero(good & ~read.aware[place])
    local = read.clock[place][naive]
    found = clock.told(local, channel[naive], lines[naive], column.name)
    if found is None:
        return None
    whole[naive], good[naive] = found
    return whole, good
