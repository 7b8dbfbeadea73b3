"""Parsed columns to whole numbers on their grid: intervals as they are, registers differenced."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.importers import units
from gridpact.metering.importers.carried import Place, carried
from gridpact.metering.importers.exact import fits, whole
from gridpact.metering.importers.grid import Grid
from gridpact.metering.importers.mapping import Column, Mapping
from gridpact.metering.importers.parse import Numbers
from gridpact.metering.importers.rows import Report

QUARTER_S = 900


class Whole(msgspec.Struct, frozen=True):
    """Whole numbers [columns, n] of ``step`` seconds from ``start`` [s since the epoch]."""

    start: int
    step: int
    values: Ints
    present: Bools


def to_whole(
    columns: list[Numbers], grid: Grid, mapping: Mapping, report: Report, lines: Ints
) -> Whole:
    """Round each column once and lay it on the grid.

    A register is rounded first and then differenced, so that any run of its intervals adds up
    exactly to the difference of its ends. Of energy in intervals shorter than a quarter of an hour,
    what rounding leaves over goes to the next interval of the day (:mod:`.carried`).
    """
    values = np.zeros((len(columns), grid.count), dtype=np.int64)
    present = np.zeros((len(columns), grid.count), dtype=np.bool_)
    for row, (column, numbers) in enumerate(zip(mapping.columns, columns, strict=True)):
        carries = mapping.values == "interval" and grid.step < QUARTER_S
        place = _place(grid, len(lines), mapping) if carries else None
        amounts, there = _amounts(column, numbers, (grid.step, place), report, lines)
        values[row, grid.position] = amounts[grid.row]
        present[row, grid.position] = there[grid.row]
        if mapping.values == "cumulative":
            _forward(amounts[grid.row], there[grid.row], lines[grid.row], column.column, report)
    if mapping.values == "cumulative":
        both = present[:, 1:] & present[:, :-1]
        return Whole(grid.start, grid.step, np.where(both, np.diff(values, axis=1), 0), both)
    start = grid.start - _late(grid, mapping)
    return Whole(start, grid.step, values, present)


def _place(grid: Grid, rows: int, mapping: Mapping) -> Place:
    """When the interval of each row begins [rows]; rows that are not used are apart from others."""
    start, channel = np.full(rows, grid.start, dtype=np.int64), np.ones(rows, dtype=np.int64)
    start[grid.row] += grid.position * grid.step
    channel[grid.row] = 0
    return Place(channel, start - _late(grid, mapping))


def _late(grid: Grid, mapping: Mapping) -> int:
    """Seconds by which a stamp is later than its interval begins."""
    return grid.step if mapping.stamp == "end" else 0


def _amounts(
    column: Column,
    numbers: Numbers,
    lengths: tuple[int, Place | None],
    report: Report,
    lines: Ints,
) -> tuple[Ints, Bools]:
    """One column [rows] in Wh, or in µ¤/kWh; of a length, and carried where a place is given."""
    step, place = lengths
    unit = units.parse(column.unit)
    factor = unit.factor if unit else Fraction(1)
    if unit and unit.dimension == "power":
        factor *= Fraction(step, 3600)
    huge = numbers.present & ~fits(numbers.values, factor)
    words = ("the number is too large", "correct it, or the column's unit")
    report.rows(huge, lines, column.column, words)
    present = np.asarray(numbers.present & ~huge, dtype=np.bool_)
    if unit and unit.dimension != "price":
        words = ("energy must not be negative", "give withdrawal and injection as two columns")
        report.rows(present & (numbers.values < 0), lines, column.column, words)
    values = np.where(present, numbers.values, 0.0)
    if place is not None and not (unit and unit.dimension == "price"):
        return carried(values, factor, place, numbers.single), present
    return whole(values, factor, numbers.single), present


def _forward(register: Ints, present: Bools, lines: Ints, where: str, report: Report) -> None:
    """Report where a register shows less than the last time it was read."""
    read = np.flatnonzero(present)
    back = np.concatenate(([False], np.diff(register[read]) < 0)) if len(read) else present[read]
    words = ("the register runs backwards", "correct the reading, or split the file at the change")
    report.rows(np.asarray(back, dtype=np.bool_), lines[read], where, words)
