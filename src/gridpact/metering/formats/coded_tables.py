"""The quick way through a long table in which nothing is wrong; any doubt is left to the slow way.

Points and stamps come again from row to row. Each text is read once, and a row is the cell of its
point and its stamp: a table of points and times is filled in one pass, without sorting. What has a
fault, several lengths of intervals, or an hour that the clock showed twice is left to the slow way,
which names the faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.formats.amounts import carried_wh, is_power, unit_fault
from gridpact.metering.formats.laying import phase_fault, too_long
from gridpact.metering.formats.lengths import uneven
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.moments import BLOCK, Clock, Codes, coded, of_column
from gridpact.metering.importers.carried import Place
from gridpact.metering.importers.parse import Numbers, numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Intervals, Register
from gridpact.metering.slotting import as_measured, on_slots

if TYPE_CHECKING:
    import polars as pl

_SPARSE = 8
"""Cells a row that a table may have at most."""


class _Times(NamedTuple):
    """Stamps on a grid: ``slot`` of each text, ``size`` of them ``unit`` seconds apart."""

    codes: Codes
    slot: Ints
    start: int
    unit: int
    size: int


class _Values(NamedTuple):
    """One column of values: its numbers, and the register of each of its rows, as codes."""

    numbers: Numbers
    side: Codes


class _Keys(NamedTuple):
    """Two numbers a point, by code, and which of them the codes of registers add."""

    point: Codes
    of_point: Ints
    side: Codes
    of_side: Ints

    def of_rows(self, part: slice) -> Ints:
        """Return the keys of some rows [rows]."""
        found: Ints = self.of_point[self.point.code[part]]
        if len(self.side.code):
            found += self.of_side[self.side.code[part]]
        return found

    def there(self) -> Ints:
        """Return the keys that there are, in order."""
        if not len(self.side.code):
            return np.unique(self.of_point[self.point.of_text])
        there = np.zeros(int(self.of_point.max()) + 2, dtype=np.bool_)
        for begin in range(0, len(self.point.code), BLOCK):
            there[self.of_rows(slice(begin, begin + BLOCK))] = True
        return np.asarray(np.flatnonzero(there), dtype=np.int64)


class _Table(NamedTuple):
    """Values [channels, times], which of them are known, and which had a row."""

    values: Floats
    known: Bools
    rows: Bools


def read(frame: pl.DataFrame, mapping: ReadingsMap) -> Intervals | None:
    """Read the rows of a frame; None where anything is unlike what was said above."""
    others = mapping.meter_column or mapping.quality_column or mapping.until
    plain = mapping.values == "interval" and not others
    if not plain or unit_fault(mapping.unit, cumulative=False):
        return None
    points = coded(frame[mapping.point_column])
    times = _times(frame[mapping.time], mapping)
    columns = _columns(frame, mapping)
    if points is None or times is None or columns is None or "" in points.texts:
        return None
    channels, keys, row = _channels(points, columns, mapping)
    if len(channels) * times.size > _SPARSE * frame.height * len(columns) + 1000:
        return None
    table = _filled(times, [each.numbers for each in columns], keys, row)
    if table is None or not _one_length(table.rows, times, mapping):
        return None
    return _laid(channels, times, table, mapping)


def _times(column: pl.Series, mapping: ReadingsMap) -> _Times | None:
    """Stamps as places on a grid; None where one is no time, or may be either of two."""
    import polars as pl

    codes = coded(column)
    if codes is None:
        return None
    report, lines = Report(""), np.arange(len(codes.texts))
    policy = "refuse" if mapping.changes == "in-order" else mapping.changes
    texts = pl.Series(column.name, codes.texts)
    clock = Clock(mapping.zone, policy, report)
    at = of_column(texts, lines * 0, mapping.text, clock, report, lines)
    if at is None or report.faults:
        return None
    start = int(at.min())
    unit = int(np.gcd.reduce(at - start))
    if not unit:
        return None
    slot = (at - start) // unit
    return _Times(codes, slot, start, unit, int(slot.max()) + 1)


def _columns(frame: pl.DataFrame, mapping: ReadingsMap) -> list[_Values] | None:
    """Columns of values; None with one that holds anything but numbers, or an unknown register."""
    names = (mapping.value_column, mapping.withdrawal_column, mapping.injection_column)
    words = Codes(np.zeros(0, np.int64), np.zeros(1, np.int64), ["withdrawal"])
    sides = [words, words, msgspec.structs.replace(words, texts=["injection"])]
    if mapping.register_column:
        found = coded(frame[mapping.register_column])
        meant = [mapping.registers.get(word.strip(), "") for word in found.texts] if found else [""]
        if found is None or "" in meant:
            return None
        sides[0] = msgspec.structs.replace(found, texts=meant)
    report = Report("")
    anywhere = np.broadcast_to(np.int64(0), (frame.height,))
    read_columns = [
        _Values(numbers(frame[name], mapping.text, report, anywhere), side)
        for name, side in zip(names, sides, strict=True)
        if name
    ]
    return None if report.faults else read_columns


def _channels(
    points: Codes, columns: list[_Values], mapping: ReadingsMap
) -> tuple[tuple[Channel, ...], list[_Keys], Ints]:
    """Channels of the table in order, the keys of each column, and the channel [keys] of a key."""
    names = sorted({mapping.point(text) for text in points.texts})
    number = {name: 2 * row for row, name in enumerate(names)}
    ours = np.array([number[mapping.point(text)] for text in points.texts], dtype=np.int64)
    keys = []
    for column in columns:
        withdrawn = np.array([text == "withdrawal" for text in column.side.texts], dtype=np.int64)
        each = len(column.side.code) == 0
        of_side = withdrawn if each else column.side.by_code(withdrawn)
        of_point = points.by_code(ours + withdrawn if each else ours)
        keys.append(_Keys(points, of_point, column.side, of_side))
    there = np.zeros(2 * len(names), dtype=np.bool_)
    for key in keys:
        there[key.there()] = True
    sides: list[Register] = ["injection", "withdrawal"]
    used = np.flatnonzero(there).tolist()
    return tuple(Channel(names[key // 2], sides[key % 2]) for key in used), keys, there.cumsum() - 1


def _filled(times: _Times, columns: list[Numbers], keys: list[_Keys], row: Ints) -> _Table | None:
    """Put every value in the cell of its channel and time; None where two belong in one."""
    shape = (int(row[-1]) + 1, times.size)
    values, known = np.full(shape[0] * shape[1], np.nan), None
    if not all(column.present.all() for column in columns):
        known = np.zeros(len(values), dtype=np.bool_)
    slot, begins, rows = times.codes.by_code(times.slot), row * times.size, 0
    for column, key in zip(columns, keys, strict=True):
        rows += len(column.values)
        for begin in range(0, len(column.values), BLOCK):
            part = slice(begin, begin + BLOCK)
            cell = begins[key.of_rows(part)]
            cell += slot[times.codes.code[part]]
            values[cell] = column.values[part]
            if known is not None:
                known[cell] = column.present[part]
    there = ~np.isnan(values)
    found = int(np.count_nonzero(there))
    if found < rows:
        return None
    if found < len(values):
        values[~there] = 0.0
    known = there if known is None else known
    return _Table(values.reshape(shape), known.reshape(shape), there.reshape(shape))


def _one_length(rows: Bools, times: _Times, mapping: ReadingsMap) -> bool:
    """Tell whether in every channel most neighbouring rows are one place apart.

    And whether that is the length which the mapping says, or which stamps tell for sure.
    """
    if mapping.interval_s:
        return mapping.interval_s == times.unit and not uneven(rows, claimed=True)
    if times.size > 2 and rows.all():
        return True
    next_to = np.count_nonzero(rows[:, 1:] & rows[:, :-1], axis=1)
    most = bool(np.all(2 * next_to > np.count_nonzero(rows, axis=1)))
    return most and not uneven(rows, claimed=False)


def _laid(
    channels: tuple[Channel, ...], times: _Times, table: _Table, mapping: ReadingsMap
) -> Intervals | None:
    """Round values to Wh and lay them on slots; None with faults.

    Times at which nothing is known at all do not count at either end.
    """
    report, step = Report(""), times.unit
    anywhere = np.broadcast_to(np.int64(0), (table.values.size,))
    flat = Numbers(table.values.ravel(), table.known.ravel(), single=False)
    length = step if is_power(mapping.unit) else 3600
    shape = table.values.shape
    begins = times.start + step * np.arange(shape[1]) - (step if mapping.stamped_at_end else 0)
    place = Place(*np.broadcast_arrays(np.arange(shape[0])[:, None], begins))
    wh, known = carried_wh(flat, (mapping.unit, length), place, (report, anywhere, ""))
    whole, there = wh.reshape(shape), known.reshape(shape)
    some = np.flatnonzero(there.any(axis=0))
    if report.faults or not len(some):
        return None
    first, last = int(some[0]), int(some[-1])
    ends = times.start + step * np.array([first, last], dtype=np.int64)
    start = int(ends[0]) - (step if mapping.stamped_at_end else 0)
    target = mapping.step_s or step
    if too_long(ends, len(channels), step, mapping.time, report) or phase_fault(
        start, step, target, mapping.time, report
    ):
        return None
    if last - first + 1 < times.size:
        whole, there = whole[:, first : last + 1], there[:, first : last + 1]
    return on_slots(as_measured(channels, start, step, whole, there), target)
