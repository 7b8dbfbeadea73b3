"""Files of charging sessions: who plugged in when, until when, and how much energy it took."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Ints
from gridpact.metering.importers import units
from gridpact.metering.importers.clock import resolve, zone_of
from gridpact.metering.importers.exact import whole
from gridpact.metering.importers.files import open_frame
from gridpact.metering.importers.mapping import SessionMapping
from gridpact.metering.importers.parse import numbers, stamps
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl


class Sessions(msgspec.Struct, frozen=True):
    """Charging sessions by user, then by arrival; arrays int64 [sessions].

    ``arrive_s`` and ``leave_s`` are instants [s since the epoch]. ``skipped`` lists the rows that
    were left out because the mapping allows it.
    """

    user: tuple[str, ...]
    arrive_s: Ints
    leave_s: Ints
    energy_wh: Ints
    skipped: tuple[Fault, ...]


def read_sessions(mapping: SessionMapping) -> Sessions:
    """Read a file of sessions; raises :class:`BadInput` with every fault."""
    report = Report(mapping.file)
    sessions = read_sessions_into(mapping, report)
    if sessions is None or report.faults:
        raise BadInput(report.faults)
    return sessions


def read_sessions_into(mapping: SessionMapping, report: Report) -> Sessions | None:
    """Read like :func:`read_sessions`, but leave faults in ``report``."""
    unit, zone = units.parse(mapping.unit), zone_of(mapping.timezone)
    if unit is None or unit.dimension != "energy":
        problem = f"{mapping.unit!r} is no unit of energy"
        report.add(0, "unit", problem, "use Wh, kWh or MWh")
    if zone is None:
        problem = f"{mapping.timezone!r} is no time zone"
        report.add(0, "timezone", problem, "write UTC, UTC+10 or a name such as Europe/Oslo")
    wanted = [mapping.user, mapping.arrive, mapping.leave, mapping.energy]
    found = open_frame(mapping.path, mapping.format, mapping.text, wanted, report)
    if found is None or unit is None or zone is None:
        return None
    frame, lines = found
    arrive, leave = (
        _instants(frame, column, mapping, report, lines)
        for column in (mapping.arrive, mapping.leave)
    )
    energy, there = _energy(frame, mapping, unit.factor, report, lines)
    users = frame[mapping.user].cast(str).fill_null("").to_list()
    if report.faults:
        return None
    rows = Report(mapping.file)
    bad = _impossible(users, (arrive, leave), there & (energy >= 0), lines, rows)
    if mapping.bad_rows == "refuse":
        report.faults.extend(rows.faults)
    kept = np.flatnonzero(~bad)
    names = np.array(users, dtype=np.str_)
    order = kept[np.lexsort((arrive[kept], names[kept]))]
    ordered = tuple(str(names[row]) for row in order)
    skipped = tuple(sorted(rows.faults)) if mapping.bad_rows == "skip" else ()
    return Sessions(ordered, arrive[order], leave[order], energy[order], skipped)


def _instants(
    frame: pl.DataFrame, column: str, mapping: SessionMapping, report: Report, lines: Ints
) -> Ints:
    """Instants [rows, s since the epoch] of one column of stamps."""
    zone = zone_of(mapping.timezone)
    read = stamps(frame[column], mapping.text, report, lines)
    plain = np.flatnonzero(read.good & ~read.aware)
    moments = read.clock - read.offset
    if zone is not None and len(plain):
        # arrivals come when they like: that one does not come twice tells nothing of the clock
        by_rows = mapping.clock_changes in ("filled", "in-order")
        policy = "first" if by_rows else mapping.clock_changes
        found, rows = resolve(read.clock[plain], zone, policy, report, lines[plain], column)
        moments[plain[rows]] = found
    return moments + mapping.shift_s


def _energy(
    frame: pl.DataFrame, mapping: SessionMapping, factor: Fraction, report: Report, lines: Ints
) -> tuple[Ints, Bools]:
    """Whole Wh [rows] and whether the row has a value."""
    read = numbers(frame[mapping.energy], mapping.text, report, lines)
    return whole(read.values, factor, read.single), read.present


def _impossible(
    users: list[str], times: tuple[Ints, Ints], sound: Bools, lines: Ints, report: Report
) -> Bools:
    """Tell which sessions cannot have been: they end before they begin, or overlap another."""
    arrive, leave = times
    empty = leave <= arrive
    fix = "correct the row, or set bad_rows to skip"
    report.rows(empty, lines, "", ("the car leaves before it arrives", fix))
    report.rows(~sound, lines, "", ("the energy is missing or negative", fix))
    bad = np.asarray(empty | ~sound, dtype=np.bool_)
    names = np.array(users, dtype=np.str_)
    until: dict[str, int] = {}
    overlap = np.zeros_like(bad)
    for row in np.lexsort((arrive, names)):
        if bad[row]:
            continue
        user = users[row]
        overlap[row] = int(arrive[row]) < until.get(user, int(arrive[row]))
        if not overlap[row]:
            until[user] = int(leave[row])
    report.rows(overlap, lines, "", ("the car is still plugged in from an earlier session", fix))
    return np.asarray(bad | overlap, dtype=np.bool_)
