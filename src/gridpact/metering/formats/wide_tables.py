"""Wide tables: one row a time, one column a channel."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.formats import lengths
from gridpact.metering.formats.amounts import carried_wh, unit_fault, whole_wh
from gridpact.metering.formats.counting import Counted, counted
from gridpact.metering.formats.laying import mixed_lengths, phase_fault, too_long
from gridpact.metering.formats.mapping import MappedColumn, ReadingsMap
from gridpact.metering.importers.carried import Place
from gridpact.metering.importers.grid import Grid, instants_of, lay, report_order, usual_step
from gridpact.metering.importers.mapping import Mapping
from gridpact.metering.importers.parse import Numbers, numbers, stamps
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel, Displays, Intervals, no_displays
from gridpact.metering.slotting import as_measured, merged, on_slots
from gridpact.metering.store.points import LARGEST_STEP_S

if TYPE_CHECKING:
    import polars as pl


def read(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the channels of a frame; ``lines`` [rows] are where its rows stand in the file.

    Returns None with faults in ``report`` where nothing can be read.
    """
    wanted = mapping.columns or _every(frame, mapping)
    if not wanted:
        report.add(1, "", "the table has no column of values", "give one column a point at least")
        return None
    _tell_unknown(wanted, mapping, report)
    series = _series(mapping, report)
    found = stamps(frame[mapping.time], mapping.text, report, lines)
    moments = instants_of(found, series, report, lines)
    if moments is None:
        return None
    step = usual_step(moments[0])
    if mapping.values == "cumulative" and len(moments[0]) and not 0 < step <= LARGEST_STEP_S:
        return _now_and_then(frame, lines, wanted, (moments, mapping, report))
    if mapping.until:
        ends = instants_of(
            stamps(frame[mapping.until], mapping.text, report, lines), series, report, lines
        )
        return _with_ends(frame, lines, wanted, (moments, ends, mapping, report))
    if not (step or mapping.interval_s):
        _no_length(lines, mapping, report)
        return None
    if mapping.values == "interval" and _of_other_lengths(moments, lines, mapping, report):
        return None
    grid = lay(*moments, series, report, lines)
    if grid is None or _wrong_units(wanted, mapping, report):
        return None
    return _on_grid(frame, lines, wanted, (grid, mapping, report))


def _tell_unknown(wanted: tuple[MappedColumn, ...], mapping: ReadingsMap, report: Report) -> None:
    header = np.ones(1, dtype=np.int64)
    for column in wanted:
        report.unknown_points([mapping.point(column.point)], header * 0, header, column.column)


def _series(mapping: ReadingsMap, report: Report) -> Mapping:
    return Mapping(
        path=report.file,
        time_column=mapping.time,
        columns=(),
        timezone=mapping.zone,
        gaps="allow",
        clock_changes=mapping.changes,
        step_s=mapping.interval_s,
    )


def _no_length(lines: Ints, mapping: ReadingsMap, report: Report) -> None:
    if not report.faults:  # else rows that cannot be read may be the reason
        fix = "give at least two rows in the order of time"
        problem = "the length of the intervals cannot be told of one row"
        report.add(int(lines[0]), mapping.time, problem, fix)


def _of_other_lengths(
    moments: tuple[Ints, Ints], lines: Ints, mapping: ReadingsMap, report: Report
) -> bool:
    """Note rows at distances that intervals of one length cannot have; tell if there are any."""
    at, rows = moments
    told = (report, lines[rows], mapping.time)
    claimed, one = mapping.interval_s > 0, at * 0
    steps = lengths.constant(mapping.interval_s if claimed else usual_step(at), at)
    found = lengths.mixed(lengths.Stamped(at, one, steps, claimed), told, ())
    return (claimed and lengths.overlapping(at, steps, one, told)) or found


def _with_ends(
    frame: pl.DataFrame,
    lines: Ints,
    wanted: tuple[MappedColumn, ...],
    how: tuple[tuple[Ints, Ints], tuple[Ints, Ints] | None, ReadingsMap, Report],
) -> tuple[Intervals, Displays] | None:
    """Rows that tell both ends of their interval, those of one length after the other."""
    (at, rows), ends, mapping, report = how
    report_order(at, lines[rows], mapping.time, report)
    if report.faults or ends is None:
        return None
    told = (report, lines, mapping.time)
    length = lengths.between(at, ends[0], (report, lines, mapping.until))
    if length is None or lengths.overlapping(at, length, at * 0, told):
        return None
    kinds = np.unique(length).tolist()
    if len(kinds) > 1 and not mapping.step_s:
        mixed_lengths(length, np.array(kinds), lines, mapping.time, report)
        return None
    parts = []
    for kind in kinds:
        own = np.flatnonzero(length == kind)
        series = msgspec.structs.replace(_series(mapping, report), step_s=kind)
        grid = lay(at[own], np.arange(len(own)), series, report, lines[own])
        if grid is None or _wrong_units(wanted, mapping, report):
            return None
        parts.append(_on_grid(frame[own], lines[own], wanted, (grid, mapping, report)))
    found = [each[0] for each in parts if each is not None]
    if len(found) < len(parts):
        return None
    whole = merged(found)
    return whole, no_displays(whole.channels)


def _on_grid(
    frame: pl.DataFrame,
    lines: Ints,
    wanted: tuple[MappedColumn, ...],
    how: tuple[Grid, ReadingsMap, Report],
) -> tuple[Intervals, Displays] | None:
    """Columns of a table whose rows lie on a grid."""
    grid, mapping, report = how
    channels = _channels(wanted, mapping)
    if too_long(_ends(grid), len(channels), grid.step, mapping.time, report):
        return None
    wh, known = _cells(frame, lines, wanted, channels, how)
    if mapping.values == "cumulative":
        line = np.zeros(grid.count, dtype=np.int64)
        line[grid.position] = lines[grid.row]
        place = (grid.start + grid.step * np.arange(grid.count), line, grid.step)
        return _registers(channels, wh, known, place, (wanted, mapping, report))
    start = grid.start - (grid.step if mapping.stamped_at_end else 0)
    step = mapping.step_s or grid.step
    if phase_fault(start, grid.step, step, mapping.time, report):
        return None
    laid = as_measured(channels, start, grid.step, wh, known)
    return on_slots(laid, step), no_displays(channels)


def _now_and_then(
    frame: pl.DataFrame,
    lines: Ints,
    wanted: tuple[MappedColumn, ...],
    how: tuple[tuple[Ints, Ints], ReadingsMap, Report],
) -> tuple[Intervals, Displays] | None:
    """Registers that were read at instants on no grid, more than an hour apart."""
    (at, rows), mapping, report = how
    report_order(at, lines[rows], mapping.time, report)
    wrong = _wrong_units(wanted, mapping, report)
    channels = _channels(wanted, mapping)
    every = Grid(0, 1, len(rows), np.arange(len(rows)), rows)
    wh, known = _cells(frame, lines, wanted, channels, (every, mapping, report))
    if report.faults or wrong:
        return None
    place = (at, lines[rows], usual_step(at))
    return _registers(channels, wh, known, place, (wanted, mapping, report))


def _ends(grid: Grid) -> Ints:
    """First and last instant of a grid [s since the epoch]."""
    return np.array([grid.start, grid.start + grid.step * (grid.count - 1)], dtype=np.int64)


def _every(frame: pl.DataFrame, mapping: ReadingsMap) -> tuple[MappedColumn, ...]:
    """Every column but the stamps, as the withdrawal of a point of its name."""
    stamped = (mapping.time, mapping.until)
    return tuple(MappedColumn(name, name) for name in frame.columns if name not in stamped)


def _channels(wanted: tuple[MappedColumn, ...], mapping: ReadingsMap) -> tuple[Channel, ...]:
    return tuple(sorted({_channel(column, mapping) for column in wanted}))


def _channel(column: MappedColumn, mapping: ReadingsMap) -> Channel:
    return Channel(mapping.point(column.point), column.register)


def _wrong_units(wanted: tuple[MappedColumn, ...], mapping: ReadingsMap, report: Report) -> bool:
    """Note every unit that will not do; tell whether there was one."""
    wrong = False
    for column in wanted:
        problem = unit_fault(column.unit or mapping.unit, mapping.values == "cumulative")
        if problem:
            report.add(0, column.column, *problem)
        wrong |= problem is not None
    return wrong


def _cells(
    frame: pl.DataFrame,
    lines: Ints,
    wanted: tuple[MappedColumn, ...],
    channels: tuple[Channel, ...],
    how: tuple[Grid, ReadingsMap, Report],
) -> tuple[Ints, Bools]:
    """Wh [channels, instants] and whether they are known; columns of one channel are added up."""
    grid, mapping, report = how
    if (found := _at_once(frame, wanted, channels, (grid, mapping))) is not None:
        return found
    wh = np.zeros((len(channels), grid.count), dtype=np.int64)
    known = np.zeros(wh.shape, dtype=np.bool_)
    rows = {channel: row for row, channel in enumerate(channels)}
    begun: set[int] = set()
    for column in wanted:
        read = numbers(frame[column.column], mapping.text, report, lines)
        on_grid = Numbers(read.values[grid.row], read.present[grid.row], read.single)
        unit, told = column.unit or mapping.unit, (report, lines[grid.row], column.column)
        amounts, there = _amounts(on_grid, unit, (grid, mapping), told)
        row = rows[_channel(column, mapping)]
        wh[row, grid.position] += amounts
        if row in begun:
            known[row, grid.position] &= there
        else:
            known[row, grid.position] = there
        begun.add(row)
    return wh, known


def _amounts(
    on_grid: Numbers, unit: str, how: tuple[Grid, ReadingsMap], told: tuple[Report, Ints, str]
) -> tuple[Ints, Bools]:
    """Wh of one or several columns, one after the other, at the instants of a grid that have rows.

    Registers are rounded each; of intervals, what rounding leaves over is carried on.
    """
    grid, mapping = how
    if mapping.values == "cumulative":
        return whole_wh(on_grid, unit, *told)
    begins = grid.start + grid.step * grid.position
    begins -= grid.step if mapping.stamped_at_end else 0
    columns = np.arange(len(on_grid.values) // max(len(begins), 1))
    place = Place(*np.broadcast_arrays(columns[:, None], begins))
    return carried_wh(on_grid, (unit, grid.step), place, told)


def _at_once(
    frame: pl.DataFrame,
    wanted: tuple[MappedColumn, ...],
    channels: tuple[Channel, ...],
    how: tuple[Grid, ReadingsMap],
) -> tuple[Ints, Bools] | None:
    """All columns in one go where each is a channel in floats of one unit; None otherwise.

    Also where a number is too large or infinite, so that it is told of column by column.
    """
    import polars as pl

    grid, mapping = how
    names = {column.column: _channel(column, mapping) for column in wanted}
    units = {column.unit or mapping.unit for column in wanted}
    kinds = set(frame.select(list(names)).dtypes)
    if len(units) > 1 or kinds != {pl.Float64()} or len(set(names.values())) < len(wanted):
        return None
    order = sorted(names, key=names.__getitem__)
    table = frame.select(order).to_numpy()
    if not np.array_equal(grid.row, np.arange(len(table))):
        table = table[grid.row]
    values = np.ascontiguousarray(table.T).ravel()
    present = ~np.isnan(values)
    report, nowhere = Report(""), np.broadcast_to(np.int64(0), values.shape)
    report.rows(np.isinf(values), nowhere, "", ("", ""))
    numbers_of = Numbers(np.where(present, values, 0.0), present, single=False)
    told = (report, nowhere, "")
    amounts, there = _amounts(numbers_of, units.pop(), (grid, mapping), told)
    if report.faults:
        return None
    amounts, there = amounts.reshape(len(order), -1), there.reshape(len(order), -1)
    if np.array_equal(grid.position, np.arange(grid.count)):
        return amounts, there
    wh = np.zeros((len(channels), grid.count), dtype=np.int64)
    known = np.zeros(wh.shape, dtype=np.bool_)
    wh[:, grid.position] = amounts
    known[:, grid.position] = there
    return wh, known


def _registers(
    channels: tuple[Channel, ...],
    wh: Ints,
    known: Bools,
    place: tuple[Ints, Ints, int],
    how: tuple[tuple[MappedColumn, ...], ReadingsMap, Report],
) -> tuple[Intervals, Displays] | None:
    """Displays where a register was read, and the differences between neighbouring ones.

    ``place`` is the instant and the line of each column of ``wh``, and their usual distance.
    """
    (instants, line, step), (wanted, mapping, report) = place, how
    columns = {_channel(column, mapping): column.column for column in wanted}
    channel, at = np.nonzero(known)
    counts = np.count_nonzero(known, axis=1).tolist()
    each = ((row.point,) * count for row, count in zip(channels, counts, strict=True))
    meter = tuple(chain.from_iterable(each))
    displays = Displays(channels, channel, instants[at], wh[channel, at], meter)
    names = tuple(columns[each] for each in channels)
    return counted(Counted(displays, line[at], mapping.time, step, names), mapping, report)
