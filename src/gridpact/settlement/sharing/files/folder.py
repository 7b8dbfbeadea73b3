"""Coefficients of a period from the files that have them: a month or a year to a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.base.slots import Calendar, Slots, overlap
from gridpact.base.units import MICRO_PER_UNIT
from gridpact.settlement.sharing.coefficients import Coefficients
from gridpact.settlement.sharing.files import spanish
from gridpact.settlement.sharing.files.monthly import LAYOUTS, Wanted, read_table
from gridpact.settlement.sharing.files.text import MAX_BYTES

MONTH, YEAR = "{month}", "{year}"


class Files(msgspec.Struct, frozen=True):
    """Where coefficients are: ``name`` has :data:`MONTH` or :data:`YEAR` in their places.

    ``layout`` is a table's or a Spanish file's; ``whole`` says that coefficients of a slot must add
    up to exactly 1. ``find`` returns the path of a file.
    """

    name: str
    layout: str
    timezone: str
    whole: bool
    find: Callable[[str], Path]


def months_of(slots: Slots, calendar: Calendar) -> list[tuple[str, Slots]]:
    """Return the local months that slots touch, each whole, by names such as ``2026-03``."""
    found = []
    day = calendar.date_of(slots.start).replace(day=1)
    while slots.count and calendar.midnight(day) < slots.end:
        after = (day + timedelta(days=31)).replace(day=1)
        start, end = calendar.midnight(day), calendar.midnight(after)
        found.append((f"{day:%Y-%m}", Slots(start, slots.step, (end - start) // slots.step)))
        day = after
    return found


def read_coefficients(files: Files, wanted: Wanted) -> Coefficients:
    """Read the coefficients of the slots wanted; BadInput lists every fault of every file.

    A file of a month must have all of it, one without :data:`MONTH` all months of the slots.
    """
    found = _of_years(files, wanted) if files.layout in spanish.RULES else _of_months(files, wanted)
    short = np.flatnonzero(found.ppm.sum(axis=1)[0] != MICRO_PER_UNIT)
    if files.whole and short.size:
        many = f"{len(short):,} slots" if len(short) > 1 else "a slot"
        problem = f"the coefficients of {many} do not add up to exactly 1"
        fix = "change them, or take a key whose coefficients need not"
        raise BadInput([Fault(files.name, 0, f"slot {short[0] + 1}", problem, fix)])
    return found


def _of_months(files: Files, wanted: Wanted) -> Coefficients:
    faults: list[Fault] = []
    ppm = np.zeros((len(wanted.producers), len(wanted.consumers), wanted.slots.count), np.int64)
    for name, slots in _months(files, wanted.slots):
        path = files.find(name)
        try:
            part = Wanted(wanted.producers, wanted.consumers, slots)
            read = read_table(_data(path), str(path), LAYOUTS[files.layout], part)
        except BadInput as error:
            faults += error.faults
            continue
        here, there = overlap(wanted.slots, slots)
        ppm[:, :, here] = read.ppm[:, :, there]
    if faults:
        raise BadInput(faults)
    return Coefficients(wanted.producers, wanted.consumers, wanted.slots, ppm)


def _months(files: Files, slots: Slots) -> list[tuple[str, Slots]]:
    """Names of files and the slots that each must have."""
    months = months_of(slots, Calendar(files.timezone, slots.step))
    if MONTH in files.name:
        return [(files.name.replace(MONTH, month), part) for month, part in months]
    first, last = months[0][1], months[-1][1]
    whole = Slots(first.start, first.step, (last.end - first.start) // first.step)
    return [(files.name, whole)]


def _of_years(files: Files, wanted: Wanted) -> Coefficients:
    calendar = Calendar(files.timezone, wanted.slots.step)
    end = max(wanted.slots.end - 1, wanted.slots.start)
    years = range(calendar.date_of(wanted.slots.start).year, calendar.date_of(end).year + 1)
    found, faults = [], list[Fault]()
    for name in dict.fromkeys(files.name.replace(YEAR, str(year)) for year in years):
        path, form = files.find(name), spanish.RULES[files.layout]
        try:
            found.append(spanish.read_year(_data(path), path.name, form, wanted.consumers))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    ppm = spanish.over(found, wanted.consumers, wanted.slots, files.timezone)
    return Coefficients(wanted.producers, wanted.consumers, wanted.slots, ppm[None])


def _data(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        problem = f"the coefficients cannot be read: {error.strerror or error}"
        fix = "give the file of this period, or correct its name"
        raise BadInput([Fault(str(path), 0, "", problem, fix)]) from error
