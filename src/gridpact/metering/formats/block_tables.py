"""The quick way through a long table in which each point has the same times; any doubt goes on.

Such a table is one of two blocks: all times of a point, point after point, or all points of a
time, time after time. Only one block's stamps are read then, and the values are a table as they
are. What is not so regular, or has a fault, is left to the slow way, which names the faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.formats.amounts import is_power, unit_fault, whole_wh
from gridpact.metering.formats.laying import phase_fault, too_long
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.moments import Clock, of_column
from gridpact.metering.importers.grid import usual_step
from gridpact.metering.importers.parse import numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Intervals
from gridpact.metering.slotting import as_measured, on_slots

if TYPE_CHECKING:
    import polars as pl


def read(frame: pl.DataFrame, mapping: ReadingsMap) -> Intervals | None:
    """Read the rows of a frame; None where they are not so regular, or anything is wrong."""
    if not _plain(mapping) or unit_fault(mapping.unit, cumulative=False):
        return None
    report = Report("")
    blocks = _blocks(frame[mapping.point_column], frame[mapping.time])
    if blocks is None:
        return None
    names, stamps, by_time = blocks
    points = [mapping.point(name) for name in names]
    if len(set(points)) < len(points) or "" in points:
        return None
    lines = np.arange(len(stamps), dtype=np.int64)
    clock = Clock(mapping.zone, mapping.changes, report)
    at = of_column(stamps, lines * 0, mapping.text, clock, report, lines)
    anywhere = np.broadcast_to(np.int64(0), (frame.height,))
    read_numbers = numbers(frame[mapping.value_column], mapping.text, report, anywhere)
    if at is None or report.faults or not _in_order(at):
        return None
    step = usual_step(at)
    length = step if is_power(mapping.unit) else 3600
    wh, known = whole_wh(read_numbers, mapping.unit, length, report, anywhere, "")
    if by_time:
        table = (wh.reshape(len(stamps), -1).T, known.reshape(len(stamps), -1).T)
    else:
        table = (wh.reshape(len(points), -1), known.reshape(len(points), -1))
    found = _laid((at, step), table, mapping, report)
    return None if found is None or report.faults else _named(found, points)


def _plain(mapping: ReadingsMap) -> bool:
    """Tell whether each row is nothing but a point, a time and an amount of one interval."""
    others = (mapping.register_column, mapping.meter_column, mapping.quality_column)
    return mapping.values == "interval" and bool(mapping.value_column) and not any(others)


def _blocks(points: pl.Series, times: pl.Series) -> tuple[list[str], pl.Series, bool] | None:
    """Points, stamps, and whether a block is of one time; None where there are no such blocks."""
    import polars as pl

    if points.dtype != pl.String or points.null_count() or times.null_count():
        return None
    for outer, inner, by_time in ((points, times, False), (times, points, True)):
        size = _first_other(outer)
        if len(outer) % size == 0 and _repeats(outer, inner, size):
            firsts, block = outer.gather_every(size), inner.head(size)
            names, stamps = (block, firsts) if by_time else (firsts, block)
            return names.to_list(), stamps, by_time
    return None


def _first_other(column: pl.Series) -> int:
    """Row of the first value that differs from the one in row 0; all rows where none does."""
    other = np.asarray((column != column[0]).to_numpy(), dtype=np.bool_)
    return int(np.argmax(other)) if other.any() else len(column)


def _repeats(outer: pl.Series, inner: pl.Series, size: int) -> bool:
    """Tell whether ``outer`` is constant in blocks of ``size`` rows, and ``inner`` the same in all.

    One block's values are all different; those of ``outer`` are, too, from block to block.
    """
    count = len(outer)
    same = np.asarray((outer.slice(1) == outer.slice(0, count - 1)).to_numpy(), dtype=np.bool_)
    ends = np.zeros(count - 1, dtype=np.bool_)
    ends[size - 1 :: size] = True
    if not np.array_equal(same, ~ends):
        return False
    firsts = outer.gather_every(size)
    if firsts.n_unique() < len(firsts) or inner.head(size).n_unique() < size:
        return False
    return bool((inner.slice(size) == inner.slice(0, count - size)).all())


def _in_order(at: Ints) -> bool:
    """Tell whether instants follow each other on a grid of their usual distance."""
    step = usual_step(at)
    return step > 0 and bool(np.all(np.diff(at) > 0)) and bool(np.all((at - at[0]) % step == 0))


def _laid(
    grid: tuple[Ints, int], table: tuple[Ints, Bools], mapping: ReadingsMap, report: Report
) -> Intervals | None:
    """Lay Wh [points, stamps] and where they are known on slots; None with faults.

    ``grid`` is the instants and their step. Stamps at which nothing is known at all do not count
    at either end. The channels have the numbers of rows for names.
    """
    (at, step), (wh, known) = grid, table
    some = np.flatnonzero(known.any(axis=0))
    if not len(some):
        return None
    window = slice(int(some[0]), int(some[-1]) + 1)
    at = at[window]
    start = int(at[0]) - (step if mapping.stamped_at_end else 0)
    target = mapping.step_s or step
    if too_long(at, len(wh), step, mapping.time, report) or phase_fault(
        start, step, target, mapping.time, report
    ):
        return None
    place = (at - at[0]) // step
    whole, there = wh[:, window], known[:, window]
    if place[-1] >= len(place):  # times are missing in between
        shape = (len(wh), int(place[-1]) + 1)
        whole, there = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        whole[:, place], there[:, place] = wh[:, window], known[:, window]
    channels = tuple(Channel(str(row)) for row in range(len(wh)))
    return on_slots(as_measured(channels, start, step, whole, there), target)


def _named(found: Intervals, points: list[str]) -> Intervals:
    """Give the rows the names of their points, in the order of these."""
    rows = sorted(range(len(points)), key=points.__getitem__)
    channels = tuple(Channel(points[row]) for row in rows)
    columns = (found.wh, found.quality, found.rule)
    if rows != list(range(len(points))):
        columns = (found.wh[rows], found.quality[rows], found.rule[rows])
    return Intervals(channels, found.slots, *columns, found.rules)
