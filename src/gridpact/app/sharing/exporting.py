"""Files of coefficients for a network operator."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from gridpact.app.sharing import tables
from gridpact.app.sharing.allocating import in_effect
from gridpact.app.sharing.energy import read_energy
from gridpact.app.sharing.rules import SharingFile
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import write_whole
from gridpact.base.slots import Calendar, Slots, overlap
from gridpact.base.units import Ints
from gridpact.settlement.sharing.coefficients import Coefficients
from gridpact.settlement.sharing.files import spanish
from gridpact.settlement.sharing.files.folder import months_of
from gridpact.settlement.sharing.files.monthly import LAYOUTS, write_table
from gridpact.settlement.sharing.files.points import cau_problem, cups_problem


def coefficients(
    rules: SharingFile, slots: Slots, source: str | None, as_of: int | None
) -> Coefficients:
    """Return the coefficients to be told: those declared, else those that readings come to.

    BadInput where the key declares none and there is no ``source`` of readings.
    """
    found = tables.declared(rules, slots)
    if found is not None:
        return found
    if source is None:
        problem = f"the key {rules.key} has coefficients only once readings are known"
        fix = "name a store of readings with --readings"
        raise BadInput([Fault("arguments", 0, "--readings", problem, fix)])
    return in_effect(rules, read_energy(source, rules, slots, as_of))


def export(rules: SharingFile, found: Coefficients, layout: str, folder: Path) -> list[Path]:
    """Write coefficients into a folder, a file for each month or year; return the files.

    ``layout`` is one of those of tables by slot or of Spanish text files. A file of a month or year
    that the slots do not fill is not written: BadInput.
    """
    files = (
        _years(rules, found, layout) if layout in spanish.RULES else _months(rules, found, layout)
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_whole(folder / name, data)
    return [folder / name for name in files]


def _months(rules: SharingFile, found: Coefficients, layout: str) -> dict[str, bytes]:
    files = {}
    for name, month in months_of(found.slots, Calendar(rules.timezone, rules.step_s)):
        here, _ = overlap(found.slots, month)
        if here.stop - here.start != month.count:
            raise _cut(f"the period has not all of {name}", "name whole months")
        part = Coefficients(found.producers, found.consumers, month, found.ppm[:, :, here])
        files[f"coefficients-{name}.csv"] = write_table(part, LAYOUTS[layout], rules.timezone)
    return files


def _years(rules: SharingFile, found: Coefficients, layout: str) -> dict[str, bytes]:
    if len(found.producers) != 1:
        raise _cut("a Spanish file has no producers", "take a layout of tables by slot")
    calendar = Calendar(rules.timezone, rules.step_s)
    first, last = (calendar.date_of(at).year for at in (found.slots.start, found.slots.end - 1))
    files = {}
    for year in range(first, last + 1):
        ppm = _hours(rules, found, year)
        fixed = rules.key in ("static", "spanish-fixed") and bool(np.all(ppm == ppm[:, :1]))
        made = spanish.YearOfCoefficients(
            rules.cau, year, found.consumers, ppm[:, 0] if fixed else ppm
        )
        _check_codes(rules)
        files[made.name] = spanish.write_year(made, spanish.RULES[layout])
    return files


def _check_codes(rules: SharingFile) -> None:
    """Raise BadInput where the rules name an operation or consumers by what is no Spanish code."""
    faults = []
    if problem := cau_problem(rules.cau):
        faults.append(Fault(rules.file, 0, "cau", *problem))
    for place, member in enumerate(rules.members):
        if member.consumes and (problem := cups_problem(member.point)):
            where = f"members[{place}].point"
            faults.append(Fault(rules.file, member.line, where, *problem))
    if faults:
        raise BadInput(faults)


def _hours(rules: SharingFile, found: Coefficients, year: int) -> Ints:
    """Coefficients of the hours of a year, int64 [consumers, hours]."""
    start = Calendar(rules.timezone, 3600).midnight(date(year, 1, 1))
    each, count = 3600 // found.slots.step, spanish.hours_of(year)
    place = (start - found.slots.start) // found.slots.step
    if place < 0 or place + count * each > found.slots.count:
        raise _cut(f"the period has not all of {year}", "name whole years")
    parts = found.ppm[0][:, place : place + count * each].reshape(-1, count, each)
    if np.any(parts != parts[:, :, :1]):
        raise _cut("coefficients differ within an hour", "a Spanish file has one for each hour")
    return np.asarray(parts[:, :, 0], dtype=np.int64)


def _cut(problem: str, fix: str) -> BadInput:
    return BadInput([Fault("arguments", 0, "", problem, fix)])
