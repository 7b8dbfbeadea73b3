"""Coefficients that rules name, from their files, for the slots of a period."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridpact.app.sharing.periods import months_of
from gridpact.app.sharing.rules import SharingFile
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.base.slots import Calendar, Slots, overlap
from gridpact.base.units import MICRO_PER_UNIT, Ints
from gridpact.settlement.sharing.coefficients import POOL, Coefficients
from gridpact.settlement.sharing.files import spanish
from gridpact.settlement.sharing.files.monthly import LAYOUTS, Wanted, read_table
from gridpact.settlement.sharing.files.text import MAX_BYTES

_OWNED = ("spanish-fixed", "spanish-hourly")


def declared(rules: SharingFile, slots: Slots) -> Coefficients | None:
    """Return the coefficients that rules declare for slots; None for keys that have none.

    ``ppm`` is [producers, consumers, slots], of the points in the order of the rules; a pooled key
    has one producer. BadInput lists every fault of every file that the period needs.
    """
    producers = rules.producers if rules.key == "full-dynamic" else (POOL,)
    wanted = Wanted(producers, rules.consumers, slots)
    if rules.coefficients:
        found = _of_files(rules, wanted)
        return _owned(rules, found) if rules.key in _OWNED else found
    if rules.key in ("static", "spanish-fixed"):
        shares = np.array([each.share_ppm for each in rules.members if each.consumes], np.int64)
        ppm = np.broadcast_to(shares[None, :, None], (1, len(shares), slots.count))
        return Coefficients(*wanted[:2], slots, np.asarray(ppm, np.int64))
    return None


def _of_files(rules: SharingFile, wanted: Wanted) -> Coefficients:
    if rules.layout in spanish.RULES:
        return _of_years(rules, wanted)
    months = _months(rules, wanted.slots)
    faults: list[Fault] = []
    ppm = np.zeros((len(wanted.producers), len(wanted.consumers), wanted.slots.count), np.int64)
    for file, slots in months:
        try:
            part = Wanted(wanted.producers, wanted.consumers, slots)
            read = read_table(_data(file), str(file), LAYOUTS[rules.layout], part)
        except BadInput as error:
            faults += error.faults
            continue
        here, there = overlap(wanted.slots, slots)
        ppm[:, :, here] = read.ppm[:, :, there]
    if faults:
        raise BadInput(faults)
    return Coefficients(wanted.producers, wanted.consumers, wanted.slots, ppm)


def _months(rules: SharingFile, slots: Slots) -> list[tuple[Path, Slots]]:
    """Files and the slots that each must have: a month to a file, or all in one."""
    months = months_of(slots, Calendar(rules.timezone, rules.step_s))
    if "{month}" in rules.coefficients:
        names = [rules.coefficients.replace("{month}", name) for name, _ in months]
        parts = [part for _, part in months]
        return [(rules.folder / name, part) for name, part in zip(names, parts, strict=True)]
    first, last = months[0][1], months[-1][1]
    whole = Slots(first.start, first.step, (last.end - first.start) // first.step)
    return [(rules.folder / rules.coefficients, whole)]


def _of_years(rules: SharingFile, wanted: Wanted) -> Coefficients:
    calendar = Calendar(rules.timezone, rules.step_s)
    first = calendar.date_of(wanted.slots.start).year
    last = calendar.date_of(max(wanted.slots.end - 1, wanted.slots.start)).year
    years, faults = [], list[Fault]()
    form = spanish.RULES[rules.layout]
    names = [rules.coefficients.replace("{year}", str(year)) for year in range(first, last + 1)]
    for name in dict.fromkeys(names):
        file = rules.folder / name
        try:
            years.append(spanish.read_year(_data(file), file.name, form, wanted.consumers))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    ppm = spanish.over(years, wanted.consumers, wanted.slots, rules.timezone)
    return Coefficients(wanted.producers, wanted.consumers, wanted.slots, ppm[None])


def _owned(rules: SharingFile, found: Coefficients) -> Coefficients:
    """Refuse coefficients of owners that do not add up to exactly the whole."""
    short = np.flatnonzero(found.ppm.sum(axis=1)[0] != MICRO_PER_UNIT)
    if short.size:
        many = f"{short.size:,} slots" if short.size > 1 else "a slot"
        problem = f"the coefficients of {many} do not add up to exactly 1"
        fix = f"change them, as {rules.key} needs it"
        raise BadInput([Fault(rules.coefficients, 0, f"slot {short[0] + 1}", problem, fix)])
    return found


def rows_of(rules: SharingFile, points: tuple[str, ...], found: Coefficients) -> Ints:
    """Lay coefficients over all points: int64 [producers, points, slots], 0 for who has none."""
    ppm = np.zeros((len(found.producers), len(points), found.slots.count), np.int64)
    place = {point: row for row, point in enumerate(points)}
    ppm[:, [place[name] for name in rules.consumers]] = found.ppm
    return ppm


def _data(file: Path) -> bytes:
    try:
        return read_regular(file, MAX_BYTES)
    except OSError as error:
        problem = f"the coefficients cannot be read: {error.strerror or error}"
        fix = "give the file of this period, or correct its name in the rules"
        raise BadInput([Fault(str(file), 0, "", problem, fix)]) from error
