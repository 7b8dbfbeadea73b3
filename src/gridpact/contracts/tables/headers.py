"""Which column of a table is which series, and what is wrong with the headers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from gridpact.contracts import amounts, unit_algebra
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.needs import Needs
from gridpact.contracts.observables import CHOICE_PREFIX, NAME
from gridpact.contracts.tables.faults import SHOWN, Report

TIME = "slot_start"
PATH = "path"
MAX_COLUMNS = 4096
_NEAR = 200  # headers looked at for a near name; a hostile table has more


class Column(NamedTuple):
    """One column: its place from 0, the name and unit that head it, and the header as written."""

    place: int
    name: str
    unit: str
    header: str


def columns(headers: Sequence[str]) -> list[Column]:
    """Split headers into names and units."""
    found = []
    for place, header in enumerate(headers):
        whole = header.strip()
        name, bracket, unit = whole.removesuffix("]").partition("[")
        if not bracket or not whole.endswith("]"):
            name, unit = whole, ""
        found.append(Column(place, name.strip(), unit.strip(), whole))
    return found


def check_names(found: Sequence[Column], report: Report) -> None:
    """Note columns that share a name; which of them counts is not ours to guess."""
    first: dict[str, Column] = {}
    twice = [column for column in found if first.setdefault(column.name, column) is not column]
    for column in [column for column in twice if column.name][:SHOWN]:
        places = f"columns {first[column.name].place + 1} and {column.place + 1}"
        problem = f"{places} are both named {column.name[:80]!r}"
        report.add(1, column.header[:80], problem, "keep one of them, or rename it")


def select(
    found: Sequence[Column], needs: Needs | None, report: Report, *, open_choices: bool
) -> list[Column]:
    """Return the columns to read: those needed, or all that are neither time nor path."""
    series = [column for column in found if column.name not in (TIME, PATH)]
    if needs is None:
        for column in series:
            _check_series(column, report)
        return series
    units = {need.name: need.unit for need in needs.series}
    units |= {CHOICE_PREFIX + need.label: need.unit for need in needs.choices}
    optional = {CHOICE_PREFIX + need.label for need in needs.choices} if open_choices else set()
    by_name = {column.name: column for column in reversed(series)}
    for name, unit in units.items():
        if name in by_name:
            _check_unit(by_name[name], unit, report)
        elif name not in optional:
            _missing(name, unit, series, report)
    return [by_name[name] for name in units if name in by_name]


def require(found: Sequence[Column], report: Report) -> Column | None:
    """Return the column of time; note where there is none."""
    for column in found:
        if column.name == TIME:
            return column
    near = _near(TIME, found)
    fix = f"rename {near!r}" if near else f"head the column of the slots' starts {TIME}"
    report.add(1, TIME, f"the table has no column {TIME!r}", fix)
    return None


def _check_series(column: Column, report: Report) -> None:
    if NAME.fullmatch(column.name) is None:
        fix = "use ASCII letters, digits and . _ : @ / + -, as in 'spot [micro/kWh]'"
        problem = f"column {column.place + 1} is headed {column.header[:80]!r}, not a series' name"
        report.add(1, column.header[:80], problem, fix)
    elif column.unit and not unit_algebra.known(column.unit):
        _check_unit(column, "", report)


def _check_unit(column: Column, unit: str, report: Report) -> None:
    """Note a header whose unit is not the one due; without one due, no unit of terms."""
    if column.unit in ("", unit):
        return
    count, target = _in_terms(column.unit)
    due = unit or target
    heading = f"{column.name} [{due}]" if due else column.name
    fix = f"write whole numbers of {due or 'a unit such as Wh'} and head the column {heading!r}"
    if due and due == target:
        fix += f" (1 {column.unit} is {count} {target})"
    what = f"the contract needs {unit}" if unit else "which is no unit of terms"
    report.add(1, column.header[:80], f"the column is in {column.unit[:40]!r}, {what}", fix)


def _in_terms(written: str) -> tuple[Fraction, str]:
    """Return what a unit that people write is in a unit of terms, ``""`` where it is none."""
    for scale in (1, 1_000) if written != "degC" else ():
        try:
            value, target, _ = amounts.parse(str(scale), written)
        except IllFormed:
            continue
        return Fraction(value, scale), target
    return Fraction(0), ""


def _missing(name: str, unit: str, series: Iterable[Column], report: Report) -> None:
    near = _near(name, series)
    shown = name if name.startswith(CHOICE_PREFIX) else f"{name} [{unit}]"
    fix = f"add a column headed {shown!r}"
    if near:
        fix = f"did you mean {near!r}? head it {shown!r}"
    heads = [column.header for column in series]
    there = ", ".join(head[:40] for head in heads[:8]) + (", …" if len(heads) > 8 else "")
    what = "choice" if name.startswith(CHOICE_PREFIX) else "series"
    has = f"it has {there}" if there else "it has no series"
    report.add(1, name, f"the table has no column of this {what}; {has}", fix)


def _near(name: str, among: Iterable[Column]) -> str:
    names = {column.name.lower(): column.header for column in list(among)[:_NEAR][::-1]}
    short = [each for each in names if len(each) < 2 * len(name) + 8]
    found = difflib.get_close_matches(name.lower(), short, n=1, cutoff=0.6)
    return names[found[0]] if found else ""
