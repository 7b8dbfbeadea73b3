"""Rows to a regular grid of intervals: order, duplicates, gaps."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.importers.clock import resolve, zone_of
from gridpact.metering.importers.mapping import Mapping
from gridpact.metering.importers.parse import Stamps
from gridpact.metering.importers.rows import SHOWN, Report


class Grid(msgspec.Struct, frozen=True):
    """``count`` instants ``step`` seconds apart from ``start`` [s since the epoch].

    ``position`` [rows used] is each row's place, ``row`` [rows used] its number in the file.
    """

    start: int
    step: int
    count: int
    position: Ints
    row: Ints


def instants_of(
    stamps: Stamps, mapping: Mapping, report: Report, lines: Ints
) -> tuple[Ints, Ints] | None:
    """Instants [s] of the readable rows and the row of each; None where the zone is unknown."""
    zone = zone_of(mapping.timezone)
    if zone is None:
        fix = "write UTC, a fixed offset such as UTC+10, or a name such as Europe/Berlin"
        report.add(0, "timezone", f"{mapping.timezone!r} is no time zone", fix)
        return None
    local = np.flatnonzero(stamps.good & ~stamps.aware)
    known = np.flatnonzero(stamps.good & stamps.aware)
    moments, picked = resolve(
        stamps.clock[local], zone, mapping.clock_changes, report, lines[local], mapping.time_column
    )
    rows = np.concatenate((local[picked], known))
    moments = np.concatenate((moments, stamps.clock[known] - stamps.offset[known]))
    order = np.argsort(rows, kind="stable") if len(known) else np.arange(len(rows))
    return moments[order] + mapping.shift_s, rows[order]


def lay(moments: Ints, rows: Ints, mapping: Mapping, report: Report, lines: Ints) -> Grid | None:
    """Lay instants on a grid; what does not lie on it, repeats or lacks goes to ``report``."""
    where = mapping.time_column
    step = mapping.step_s or usual_step(moments)
    if step <= 0:
        fix = "set step_minutes, or give at least two rows in order"
        report.add(0, where, "the length of the intervals cannot be told", fix)
        return None
    unique, index = moments, np.arange(len(moments))
    apart = np.diff(moments)
    if len(apart) and apart.min() == apart.max() == step:  # nothing lacks, repeats or is off
        return Grid(int(moments[0]), step, len(moments), index, rows)
    if np.any(apart <= 0):
        report_order(moments, lines[rows], where, report)
        unique, index = np.unique(moments, return_index=True)
    phase = _usual(unique % step)
    off = unique % step != phase
    words = (f"the stamp is not on the file's {step} s grid", "correct the stamp, or its step")
    _report_at(report, off, lines[rows[index]], where, words)
    unique, index = unique[~off], index[~off]
    if mapping.gaps == "refuse":
        _report_gaps(unique, step, lines[rows[index]], where, report)
    count = int((unique[-1] - unique[0]) // step) + 1
    return Grid(int(unique[0]), step, count, (unique - unique[0]) // step, rows[index])


def usual_step(moments: Ints) -> int:
    """Most frequent positive distance between neighbouring instants [s], 0 without any."""
    distances = np.diff(moments)
    return _usual(distances[distances > 0])


def _usual(values: Ints) -> int:
    if not len(values):
        return 0
    if values.min() == values.max():
        return int(values[0])
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])


def _report_at(
    report: Report,
    bad: Bools,
    lines: Ints,
    where: str,
    words: tuple[str, str],
) -> None:
    order = np.argsort(lines, kind="stable")
    report.rows(np.asarray(bad[order]), lines[order], where, words)


def report_order(moments: Ints, lines: Ints, where: str, report: Report) -> None:
    """Note stamps that came before, and those earlier than the one before them."""
    again = np.ones(len(moments), dtype=np.bool_)
    again[np.unique(moments, return_index=True)[1]] = False
    fix = "remove one of the rows; if the clock was set back, set clock_changes"
    report.rows(again, lines, where, ("this time stamp came before", fix))
    back = np.concatenate(([False], np.diff(moments) < 0)) & ~again
    fix = "sort the rows by time"
    report.rows(back, lines, where, ("this time stamp is earlier than the one before it", fix))


def _report_gaps(moments: Ints, step: int, lines: Ints, where: str, report: Report) -> None:
    wide = np.diff(moments) > step
    if report.faults:  # a row that was refused for another reason is not missing as well
        wide &= np.diff(lines) == 1
    places = np.flatnonzero(wide)
    fix = "add what is missing, or set gaps to allow"
    for place in places[:SHOWN]:
        begin, end = int(moments[place]) + step, int(moments[place + 1])
        rows = (end - begin) // step
        span = f"{iso(begin)} to {iso(end)}"
        problem = f"{rows} rows are missing, {span}" if rows > 1 else f"a row is missing, {span}"
        report.add(int(lines[place + 1]), where, problem, fix)
    if len(places) > SHOWN:
        problem = f"rows are missing at {len(places) - SHOWN} more places"
        report.add(int(lines[places[SHOWN]]), where, problem, fix)
