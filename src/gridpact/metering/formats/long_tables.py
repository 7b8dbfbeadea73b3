"""Long tables: one row a point and time, with one value or one of each register."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.formats import coded_tables, lengths
from gridpact.metering.formats.amounts import carried_wh, is_power, unit_fault, whole_wh
from gridpact.metering.formats.counting import Counted, counted
from gridpact.metering.formats.laying import Rows, evenly, laid_on_slots, own_steps, repeated
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.moments import Clock, numbered, of_column, read_column
from gridpact.metering.importers.carried import Place
from gridpact.metering.importers.parse import Numbers, numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Marks,
    Quality,
    Register,
    no_displays,
)

if TYPE_CHECKING:
    import polars as pl


def read(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the rows of a frame; ``lines`` [rows] are where they stand in the file.

    Returns None with faults in ``report`` where nothing can be read.
    """
    if problem := unit_fault(mapping.unit, mapping.values == "cumulative"):
        report.add(0, "unit", *problem)
        return None
    quick = coded_tables.read(frame, mapping)
    if quick is not None and all(report.knows(channel.point) for channel in quick.channels):
        return quick, no_displays(quick.channels)
    channels, channel = _channels(frame, lines, mapping, report)
    certain = not report.faults
    clock = Clock(mapping.zone, mapping.changes, report)
    found = read_column(frame[mapping.time], channel[0], mapping.text, clock, report, lines)
    marks = _qualities(frame, lines, mapping, report)
    at, readable = found or (lines * 0, lines < 0)
    blank = Rows(channels, channel[0], at, at * 0, at * 0, marks, lines, mapping.time)
    if not report.faults and mapping.values == "interval":
        blank = _with_lengths(frame, blank, clock, mapping, report)
    if report.faults:
        _tell_the_rest(frame, blank, (channel, readable & certain), mapping, report)
        return None
    parts = [
        _values(frame[name], blank, numbers_of, mapping, report)
        for name, numbers_of in zip(_value_columns(mapping), channel, strict=True)
    ]
    rows = parts[0] if len(parts) == 1 else _joined(parts)
    if mapping.values == "cumulative":
        return _registers(rows, frame, lines, mapping, report)
    if report.faults:
        return None
    laid = laid_on_slots(rows, mapping.step_s, report)
    return None if laid is None else (laid, no_displays(laid.channels))


def _with_lengths(
    frame: pl.DataFrame, blank: Rows, clock: Clock, mapping: ReadingsMap, report: Report
) -> Rows:
    """Give rows the lengths that the mapping tells; without any, stamps must tell them."""
    at, own, lines = blank.start_s, blank.channel, blank.lines
    told = (report, lines, mapping.time)
    if mapping.until:
        column = frame[mapping.until]
        ends = of_column(column, own, mapping.text, clock, report, lines)
        steps = None if ends is None else lengths.between(at, ends, (report, lines, mapping.until))
    else:
        claimed = mapping.interval_s > 0
        steps = lengths.constant(mapping.interval_s, at) if claimed else own_steps(blank)
        if not evenly(blank, steps):
            named = tuple(channel.point for channel in blank.channels)
            lengths.mixed(lengths.Stamped(at, own, steps, claimed), told, named)
    if steps is None or not (mapping.until or mapping.interval_s):
        return blank if steps is None else msgspec.structs.replace(blank, step_s=steps)
    if lengths.overlapping(at, steps, own, told):
        return blank
    return msgspec.structs.replace(blank, step_s=steps)


def _tell_the_rest(
    frame: pl.DataFrame,
    blank: Rows,
    known: tuple[list[Ints], Bools],
    mapping: ReadingsMap,
    report: Report,
) -> None:
    """Look at the values of a table with faults, and for repeats among the rows that are readable.

    So all faults are told at once.
    """
    parts = []
    for name, own in zip(_value_columns(mapping), known[0], strict=True):
        there = numbers(frame[name], mapping.text, report, blank.lines).present
        parts.append(msgspec.structs.replace(blank, channel=own).only(there & known[1]))
    rows = _joined(parts)
    if len(rows.lines):
        device = _devices(frame, blank.lines, rows, mapping)
        repeated(rows, report, None if device is None else device[0])


def _devices(
    frame: pl.DataFrame, lines: Ints, rows: Rows, mapping: ReadingsMap
) -> tuple[Ints, list[str]] | None:
    """Devices of rows by number, and their names; None where the file names none."""
    if not mapping.meter_column:
        return None
    place, names = numbered(frame[mapping.meter_column])
    return place[np.searchsorted(lines, rows.lines)], names


def _value_columns(mapping: ReadingsMap) -> list[str]:
    names = (mapping.value_column, mapping.withdrawal_column, mapping.injection_column)
    return [name for name in names if name]


def _channels(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[tuple[Channel, ...], list[Ints]]:
    """Channels of the file, and the channel [rows] of each column of values."""
    place, names = numbered(frame[mapping.point_column])
    blank = np.asarray(place == names.index("")) if "" in names else np.zeros(0, np.bool_)
    fix = "name the metering point"
    if blank.any():
        report.rows(blank, lines, mapping.point_column, ("the row names no point", fix))
    of_name = [mapping.point(name) for name in names]
    report.unknown_points(of_name, place, lines, mapping.point_column)
    register = _registers_of(frame, lines, mapping, report)
    points = sorted({mapping.point(name) for name in names})
    number = {point: 2 * row for row, point in enumerate(points)}
    ours = np.array([number[mapping.point(name)] for name in names], dtype=np.int64)
    sides: list[Register] = ["injection", "withdrawal"]
    keys = [ours[place] + side for side in register]
    there = np.zeros(2 * len(points), dtype=np.bool_)
    for key in keys:
        there[key] = True
    channels = tuple(
        Channel(points[key // 2], sides[key % 2]) for key in np.flatnonzero(there).tolist()
    )
    row = np.cumsum(there) - 1
    return channels, [row[key] for key in keys]


def _registers_of(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> list[Ints]:
    """Per column of values the register, 1 for withdrawal and 0 for injection, [rows] or one."""
    if not mapping.value_column:
        pair = ((mapping.withdrawal_column, 1), (mapping.injection_column, 0))
        return [np.array(side, dtype=np.int64) for name, side in pair if name]
    if not mapping.register_column:
        return [np.array(1, dtype=np.int64)]
    place, words = numbered(frame[mapping.register_column])
    found = [mapping.registers.get(word.strip()) for word in words]
    unknown = np.array([each is None for each in found])[place]
    fix = f"add it to registers, where there are {', '.join(mapping.registers)}"
    report.rows(
        unknown, lines, mapping.register_column, ("this word is not among the registers", fix)
    )
    return [np.array([each == "withdrawal" for each in found], dtype=np.int64)[place]]


def _qualities(frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report) -> Marks:
    """Marks [rows] that the file sets; all measured where it has none, or unknown ones."""
    if not mapping.quality_column:
        return np.full(frame.height, int(Quality.MEASURED), dtype=np.int8)
    place, words = numbered(frame[mapping.quality_column])
    meant = [mapping.qualities.get(word.strip()) for word in words]
    unknown = np.array([each is None for each in meant])[place]
    fix = "add it to qualities, as missing, measured, suspect, estimated or edited"
    report.rows(unknown, lines, mapping.quality_column, ("this mark is not known", fix))
    marks = [int(Quality[(each or "measured").upper()]) for each in meant]
    return np.array(marks, dtype=np.int8)[place]


def _values(
    column: pl.Series, blank: Rows, channel: Ints, mapping: ReadingsMap, report: Report
) -> Rows:
    """Rows of one column of values; those without a value are left out."""
    read = numbers(column, mapping.text, report, blank.lines)
    have_lengths = len(blank.step_s) > 0 and bool(blank.step_s.all())
    step = (
        blank.step_s if have_lengths else own_steps(msgspec.structs.replace(blank, channel=channel))
    )
    power = is_power(mapping.unit)
    length = int(step[0]) if power and len(step) and step[0] else 3600
    if power and len(step) and step.min() != step.max():
        fix = "give energy, or one file for each length"
        report.add(0, "unit", "power over intervals of several lengths is not read", fix)
    if mapping.quality_column:
        there = read.present & (blank.quality != np.int8(Quality.MISSING))
        read = Numbers(np.where(there, read.values, 0.0), np.asarray(there), read.single)
    start = blank.start_s
    if mapping.values == "cumulative":
        wh, known = whole_wh(read, mapping.unit, report, blank.lines, column.name)
    else:
        start = start - (step if mapping.stamped_at_end else 0)
        told = (report, blank.lines, column.name)
        wh, known = carried_wh(read, (mapping.unit, length), Place(channel, start), told)
    every = Rows(
        *(blank.channels, channel, start, step, wh),
        *(blank.quality, blank.lines, blank.where),
    )
    return every if known.all() else every.only(known)


def _joined(parts: list[Rows]) -> Rows:
    columns = ("channel", "start_s", "step_s", "wh", "quality", "lines")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    return msgspec.structs.replace(parts[0], **whole)


def _registers(
    rows: Rows, frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Differences of registers that were read at their stamps."""
    points = [channel.point for channel in rows.channels]
    meter = np.array(points, dtype=object)[rows.channel]
    device = np.zeros(len(meter), dtype=np.int64)
    if (devices := _devices(frame, lines, rows, mapping)) is not None:
        device = devices[0]
        meter = np.array(devices[1], dtype=object)[device]
    if report.faults or repeated(rows, report, device):
        return None
    displays = Displays(rows.channels, rows.channel, rows.start_s, rows.wh, tuple(meter.tolist()))
    known = rows.step_s[rows.step_s > 0]
    step = int(np.median(known)) if len(known) else 0
    names = _value_columns(mapping)
    columns = tuple(
        names[-1] if channel.register == "injection" else names[0] for channel in rows.channels
    )
    read_rows = Counted(displays, rows.lines, mapping.time, step, columns)
    return counted(read_rows, mapping, report)
