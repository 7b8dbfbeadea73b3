"""Enedis: load curves of French metering points, mean power at the end of each interval.

Two layouts, both with ``;``. What a consumer downloads has blocks: a line of names that begins
with ``Identifiant PRM;Type de donnees``, their values, ``Horodate;Valeur``, then the curve. What
suppliers and third parties order (R63) is one table with ``Horodate``, ``Valeur``, ``Nature`` and
``Pas`` (ISO 8601, ``PT30M``) in every row.

Names of columns, W as the unit and the codes of ``Nature`` were confirmed by several public
readers and their test files; that a stamp is the end of its interval by a reader which names a
real export, and by files whose first stamp is one interval after the first day begins. One public
reader takes R63 to be stamped at the beginning: ``stamp: start`` reads it so. A consumer's file may
change its interval, as one published does from hours to ten minutes: rows take their distance from
the row before as their length where a neighbour has the same. Daily energies (R65) are no intervals
of one length and are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.formats.amounts import carried_wh, is_power, unit_fault
from gridpact.metering.formats.enedis_tables import plain, table
from gridpact.metering.formats.laying import Rows, laid_on_slots
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.formats.moments import Clock, numbered, of_column
from gridpact.metering.importers.carried import Place
from gridpact.metering.importers.grid import usual_step
from gridpact.metering.importers.mapping import TextStyle
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

_SIDES: dict[str, Register] = {
    "cons": "withdrawal",
    "consommation": "withdrawal",
    "prod": "injection",
    "production": "injection",
}
_ACTIVE = ("", "pa", "ea", "puissance active", "energie active", "puissance", "puissance moyenne")
_STEPS = {"PT5M": 300, "PT10M": 600, "PT15M": 900, "PT30M": 1800, "PT60M": 3600, "PT1H": 3600}
_NATURES = {
    **dict.fromkeys(("", "R", "B", "S", "T", "F", "G"), Quality.MEASURED),
    **dict.fromkeys(("C", "D"), Quality.EDITED),
    **dict.fromkeys(("E", "H", "K", "P"), Quality.ESTIMATED),
}
"""R real, B raw, S T F G power cuts; C corrected, D imported by hand; E estimated, H
reconstructed, K calculated from other curves, P reconstructed about a power cut."""


def read(
    path: Path, data: bytes, mapping: ReadingsMap, report: Report
) -> tuple[Intervals, Displays] | None:
    """Read the load curves of a file; None with faults in ``report``.

    Reactive energy, voltages, indexes and daily maxima are passed over.
    """
    found = table(data, report)
    if found is None:
        return None
    frame, lines = _curves(*found, report)
    if report.faults:
        return None
    rows = _rows(frame, lines, mapping, report)
    if rows is None or report.faults:
        return None
    intervals = laid_on_slots(rows, mapping.step_s, report)
    return None if intervals is None else (intervals, no_displays(intervals.channels))


def _curves(frame: pl.DataFrame, lines: Ints, report: Report) -> tuple[pl.DataFrame, Ints]:
    """Keep the rows of load curves of active power."""
    kept = _told(frame["type"], lambda word: word in ("", "courbe de charge"))
    kept &= _told(frame["physical"], lambda word: word in _ACTIVE)
    if not kept.any():
        fix = "give a load curve (courbe de charge) of active power"
        report.add(1, "", "the file has no load curve of active power", fix)
    return frame.filter(kept), lines[kept]


def _told(column: pl.Series, wanted: Callable[[str], bool]) -> Bools:
    place, words = numbered(column)
    return np.array([wanted(plain(word)) for word in words], dtype=np.bool_)[place]


def _rows(frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report) -> Rows | None:
    channels, channel = _channels(frame, lines, mapping, report)
    marks = _marks(frame, lines, report)
    read = numbers(frame["value"], TextStyle(), report, lines)
    clock = Clock(mapping.zone, mapping.changes, report)
    at = of_column(frame["stamp"], channel, TextStyle(), clock, report, lines)
    if at is None or report.faults:
        return None
    step = _steps(frame, at, channel, lines, report)
    start = at - (step if mapping.stamped_at_end else 0)
    wh = _energy(frame, read, step, Place(channel, start), (report, lines))
    if report.faults:
        return None
    known = np.asarray(read.present & (step > 0))
    return Rows(
        channels,
        channel[known],
        start[known],
        step[known],
        wh[known],
        marks[known],
        lines[known],
        "Horodate",
    )


def _channels(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[tuple[Channel, ...], Ints]:
    """Channels and the one of each row."""
    place, names = numbered(frame["prm"])
    of_name = [mapping.point(name) for name in names]
    report.unknown_points(of_name, place, lines, "Identifiant PRM")
    side_place, words = numbered(frame["side"])
    sides = [_SIDES.get(plain(word)) for word in words]
    unknown = np.array([side is None for side in sides])[side_place]
    fix = "write CONS or PROD"
    report.rows(unknown, lines, "Grandeur metier", ("this is no side of a meter", fix))
    blank = np.array([not name for name in names])[place]
    report.rows(blank, lines, "Identifiant PRM", ("the row names no point", "name its PRM"))
    keys = [
        Channel(mapping.point(names[one]), sides[other] or "withdrawal")
        for one, other in zip(place.tolist(), side_place.tolist(), strict=True)
    ]
    channels = tuple(sorted(set(keys)))
    numbers_of = {channel: row for row, channel in enumerate(channels)}
    return channels, np.array([numbers_of[key] for key in keys], dtype=np.int64)


def _marks(frame: pl.DataFrame, lines: Ints, report: Report) -> Marks:
    place, words = numbered(frame["nature"])
    unknown = np.array([word.upper() not in _NATURES for word in words])[place]
    fix = f"use one of {', '.join(filter(None, _NATURES))}"
    report.rows(unknown, lines, "Nature", ("this nature is not known", fix))
    marks = [int(_NATURES.get(word.upper(), Quality.MEASURED)) for word in words]
    return np.array(marks, dtype=np.int8)[place]


def _steps(frame: pl.DataFrame, at: Ints, channel: Ints, lines: Ints, report: Report) -> Ints:
    """Length of each row's interval [rows, s]: what it says, else as its neighbours lie."""
    place, words = numbered(frame["pas"])
    unknown = np.array([bool(word) and word not in _STEPS for word in words])[place]
    fix = "give a load curve with PT5M to PT60M; daily energies are no intervals"
    report.rows(unknown, lines, "Pas", ("this is no length of an interval", fix))
    steps = np.array([_STEPS.get(word, 0) for word in words], dtype=np.int64)[place]
    for row in np.unique(channel[steps == 0]).tolist():
        own = np.flatnonzero((channel == row) & (steps == 0))
        order = own[np.argsort(at[own], kind="stable")]
        steps[order] = _distances(at[order])
    return steps


def _distances(at: Ints) -> Ints:
    """Distance from the row before [s] where a neighbour has the same, else the usual one."""
    apart = np.diff(at, prepend=at[0])
    apart[:1] = apart[1:2] if len(at) > 1 else 0  # nothing comes before the first
    allowed = np.isin(apart, list(_STEPS.values()))
    alike = np.zeros(len(at), dtype=np.bool_)
    alike[1:] |= apart[1:] == apart[:-1]
    alike[:-1] |= apart[:-1] == apart[1:]
    return np.where(allowed & alike, apart, usual_step(at))


def _energy(
    frame: pl.DataFrame, read: Numbers, step: Ints, at: Place, told: tuple[Report, Ints]
) -> Ints:
    """Wh of each row: mean power times its length, or energy as it is."""
    report, lines = told
    place, units = numbered(frame["unit"])
    wh = np.zeros(len(step), dtype=np.int64)
    for number, unit in enumerate(units):
        own = np.flatnonzero(place == number)
        if problem := unit_fault(unit, cumulative=False):
            report.add(int(lines[own[0]]), "Unite", *problem)
            continue
        for length in np.unique(step[own]).tolist() if is_power(unit) else [0]:
            rows = own[step[own] == length] if length else own
            part = Numbers(read.values[rows], read.present[rows], single=False)
            own_place = Place(at.channel[rows], at.start_s[rows])
            told_of = (report, lines[rows], "Valeur")
            wh[rows] = carried_wh(part, (unit, length), own_place, told_of)[0]
    return wh
