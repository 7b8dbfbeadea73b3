"""Datadis: hourly or quarter-hourly readings of Spanish supply points as consumers download them.

Columns ``cups;fecha;hora;consumo_kWh;metodoObtencion;energiaVertida_kWh;…`` with decimal commas,
or the older ``CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion`` of the CNMC. ``hora`` names the end
of the interval on the clock of Spain: ``01:00`` to ``24:00``, or 1 to 24, 25 or 23. Column names,
decimal commas, both forms of dates and hours and the hour's being an end were confirmed by several
public readers and test files; how days of 23 and 25 hours are numbered with ``HH:MM`` was not, so
hours count from midnight where they go up to 25, or where all 23 are there without a 24th, and
otherwise name the clock's time, a repeated one being the second of the two.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.slots import Calendar
from gridpact.base.units import Bools, Ints
from gridpact.metering.formats.amounts import carried_wh
from gridpact.metering.formats.laying import Rows, laid_on_slots
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.moments import Clock, numbered
from gridpact.metering.importers import csv_file
from gridpact.metering.importers.carried import Place
from gridpact.metering.importers.clock import zone_of
from gridpact.metering.importers.mapping import TextStyle
from gridpact.metering.importers.parse import numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import (
    Channel,
    Displays,
    Intervals,
    Quality,
    Register,
    no_displays,
)

if TYPE_CHECKING:
    import polars as pl

_DAY, _HOUR = 86400, 3600
_QUARTER = 900
_DATE = re.compile(r"^(?:(\d{4})[/-](\d{2})[/-](\d{2})|(\d{2})[/-](\d{2})[/-](\d{4}))$")
_TIME = re.compile(r"^(\d{1,2})(?::(\d{2}))?$")
_METHODS = {
    "": Quality.MEASURED,
    "r": Quality.MEASURED,
    "real": Quality.MEASURED,
    "e": Quality.ESTIMATED,
    "estimada": Quality.ESTIMATED,
    "estimado": Quality.ESTIMATED,
}
_NAMES = {
    "cups": "cups",
    "fecha": "fecha",
    "hora": "hora",
    "consumo_kwh": "withdrawal",
    "metodoobtencion": "method",
    "metodo_obtencion": "method",
    "energiavertida_kwh": "injection",
}


class _Hours(msgspec.Struct, frozen=True):
    """Days since 1970-01-01 and seconds of the day at which intervals end, shape [rows]."""

    day: Ints
    end: Ints


def read(
    path: Path, data: bytes, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the hours of a file; None with faults in ``report``."""
    separator = ";" if b";" in data.split(b"\n", 1)[0] else ","
    found = csv_file.read_csv(data, TextStyle(separator=separator), report)
    if found is None:
        return None
    frame, lines = found
    columns = {_NAMES[name.lower()]: name for name in frame.columns if name.lower() in _NAMES}
    needed = {"cups", "fecha", "hora", "withdrawal"} - set(columns)
    if needed or frame.height == 0:
        fix = "give a file with cups;fecha;hora;consumo_kWh and at least one row"
        report.add(1, ";".join(sorted(needed)), "a column or all rows are missing", fix)
        return None
    frame = frame.rename({name: ours for ours, name in columns.items()})
    rows = _rows(frame, lines, mapping, report)
    if rows is None or report.faults:
        return None
    intervals = laid_on_slots(rows, mapping.step_s, report)
    return None if intervals is None else (intervals, no_displays(intervals.channels))


def _rows(frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report) -> Rows | None:
    """Rows of both registers; None where days or hours cannot be read."""
    style = TextStyle(decimal="," if frame["withdrawal"].str.contains(",").any() else ".")
    hours = _hours(frame, lines, report)
    marks = _marks(frame, lines, report)
    place, names = numbered(frame["cups"])
    report.unknown_points([mapping.point(name) for name in names], place, lines, "cups")
    points = sorted({mapping.point(name) for name in names})
    point = np.array([points.index(mapping.point(name)) for name in names], dtype=np.int64)[place]
    sides: list[Register] = ["injection", "withdrawal"]
    read = {
        side: numbers(frame[side], style, report, lines) for side in sides if side in frame.columns
    }
    if hours is None or report.faults:
        return None
    step = _QUARTER if np.any(hours.end % _HOUR) else _HOUR
    start = _starts(hours, step, point, mapping, report, lines)
    if start is None:
        return None
    at = Place(point, start)
    amounts = {
        side: carried_wh(each, ("kWh", step), at, (report, lines, side))
        for side, each in read.items()
    }
    keys = [2 * point[known] + sides.index(side) for side, (_, known) in amounts.items()]
    used = np.unique(np.concatenate(keys))
    channels = tuple(Channel(points[key // 2], sides[key % 2]) for key in used.tolist())
    known = [each for _, each in amounts.values()]
    wh = np.concatenate([amount[there] for amount, there in amounts.values()])
    return Rows(
        channels,
        np.searchsorted(used, np.concatenate(keys)),
        np.concatenate([start[there] for there in known]),
        np.full(len(wh), step, dtype=np.int64),
        wh,
        np.concatenate([marks[there] for there in known]),
        np.concatenate([lines[there] for there in known]),
        "hora",
    )


def _marks(frame: pl.DataFrame, lines: Ints, report: Report) -> np.ndarray:
    """Marks [rows] by the method of obtaining, measured where there is none."""
    if "method" not in frame.columns:
        return np.full(frame.height, int(Quality.MEASURED), dtype=np.int8)
    place, words = numbered(frame["method"])
    meant = [_METHODS.get(word.strip().lower()) for word in words]
    unknown = np.array([each is None for each in meant])[place]
    fix = "write Real or Estimada"
    report.rows(unknown, lines, "metodoObtencion", ("this method is not known", fix))
    known = [int(each) if each is not None else 0 for each in meant]
    return np.array(known, dtype=np.int8)[place]


def _hours(frame: pl.DataFrame, lines: Ints, report: Report) -> _Hours | None:
    """Days and ends of intervals; None with faults."""
    dates, date_words = numbered(frame["fecha"])
    times, time_words = numbered(frame["hora"])
    days = np.array([_day(word) for word in date_words], dtype=np.int64)[dates]
    ends = np.array([_end(word) for word in time_words], dtype=np.int64)[times]
    words = ("this is no date", "write 2026/03/29 or 29/03/2026")
    wrong = report.rows(np.asarray(days < 0), lines, "fecha", words)
    words = ("this is no hour", "write 01:00 to 24:00, or 1 to 25")
    wrong |= report.rows(np.asarray(ends <= 0), lines, "hora", words)
    return None if wrong else _Hours(days, ends)


def _day(text: str) -> int:
    """Days since 1970-01-01, -1 for what is no date."""
    found = _DATE.match(text.strip())
    if found is None:
        return -1
    parts = [int(part) for part in found.groups() if part is not None]
    year, month, day = parts if found.group(1) else parts[::-1]
    try:
        return date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        return -1


def _end(text: str) -> int:
    """Second of the day at which an interval ends, -1 for what is no hour."""
    found = _TIME.match(text.strip())
    if found is None:
        return -1
    end = int(found.group(1)) * _HOUR + int(found.group(2) or 0) * 60
    return end if end <= _DAY + _HOUR and end % _QUARTER == 0 else -1


def _starts(
    hours: _Hours, step: int, point: Ints, mapping: ReadingsMap, report: Report, lines: Ints
) -> Ints | None:
    """Instants at which intervals begin [rows]; None with faults."""
    if zone_of(mapping.zone) is None:
        Clock(mapping.zone, mapping.changes, report)
        return None
    calendar = Calendar(mapping.zone, step)
    days, place = np.unique(hours.day, return_inverse=True)
    first = date(1970, 1, 1).toordinal()
    bounds = [
        [calendar.midnight(date.fromordinal(first + int(day) + more)) for more in (0, 1)]
        for day in days
    ]
    midnight, length = np.array([(begin, end - begin) for begin, end in bounds]).T
    counted = _counted(hours, length, place, step)
    late = hours.end > np.where(counted, length[place], _DAY)
    words = ("the day has no such hour", "correct the hour, or the time zone")
    if report.rows(np.asarray(late), lines, "hora", words):
        return None
    start = midnight[place] + hours.end - step
    named = np.flatnonzero(~counted)
    local = hours.day[named] * _DAY + hours.end[named] - step
    clock = Clock(mapping.zone, mapping.changes, report)
    found = clock.instants(local, point[named], lines[named], "hora")
    if found is None:
        return None
    start[named] = found
    return np.asarray(start, dtype=np.int64)


def _counted(hours: _Hours, length: Ints, place: Ints, step: int) -> Bools:
    """Tell which rows' hours count from midnight and do not name the clock's time."""
    last = np.zeros(len(length), dtype=np.int64)
    np.maximum.at(last, place, hours.end)
    several = np.zeros(len(length), dtype=np.int64)
    for row in np.flatnonzero(length != _DAY).tolist():
        several[row] = len(np.unique(hours.end[place == row]))
    whole = (length < _DAY) & (last == length) & (several == length // step)
    return np.asarray(((length == _DAY) | (last > _DAY) | whole)[place])
