"""Which columns a file of rows has, in which units, and what is wrong with them.

A column is headed by the name of a field. Amounts have their unit in the header, as in
``quantity [kWh]``, or in every cell; one column has one unit, and one file one currency.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gridpact.app.orders.cells import Unclear, split
from gridpact.app.orders.fields import UNITS, Field
from gridpact.app.orders.tables import Row, Table, units
from gridpact.contracts.tables.faults import Report


class Columns(NamedTuple):
    """The columns of a file: which fields they may be of, and name and unit by header.

    ``currency`` is what prices are in, "" where none says so.
    """

    fields: Mapping[str, Field]
    of_header: dict[str, tuple[str, str]]
    currency: str

    @property
    def names(self) -> set[str]:
        """The names of all columns that there are."""
        return {name for name, _ in self.of_header.values()}

    def texts(self, row: Row) -> dict[str, str]:
        """Texts of a row by field, with the unit of the header where they have none."""
        texts = {}
        for header, text in row.texts.items():
            name, unit = self.of_header[header]
            if name in self.fields:
                bare = unit and self.fields[name].kind in UNITS and _unit_of(text) == ""
                texts[name] = f"{text} {unit}" if bare else text
        return texts


def columns_of(table: Table, fields: Mapping[str, Field], what: str, report: Report) -> Columns:
    """Tell the columns of a file of orders, offers or the like, one of which is ``what``.

    Noted are columns that say nothing of it, say it twice or are missing, units where there can
    be none, and columns or prices in several of them.
    """
    of_header = units(table.headers)
    _check_headers(table, of_header, fields, what, report)
    currencies = _check_units(table, of_header, fields, report)
    return Columns(fields, of_header, next(iter(currencies), ""))


def _check_headers(
    table: Table,
    of_header: dict[str, tuple[str, str]],
    fields: Mapping[str, Field],
    what: str,
    report: Report,
) -> None:
    seen: set[str] = set()
    for header in table.headers:
        name, unit = of_header[header]
        if name not in fields:
            fix = f"there are {', '.join(fields)}"
            report.add(1, header[:80], f"{name[:40]!r} is said of no {what}", fix)
        elif name in seen:
            report.add(1, header[:80], f"two columns say {name}", "keep one of them")
        elif unit and fields[name].kind not in UNITS:
            report.add(1, header[:80], f"{name} has no unit", f"head the column {name!r}")
        seen.add(name)
    for field in fields.values():
        if field.required and field.name not in seen and table.rows:
            fix = f"add a column {field.name!r}: {field.meaning}"
            report.add(1, field.name, "there is no such column", fix)


def _check_units(
    table: Table,
    of_header: dict[str, tuple[str, str]],
    fields: Mapping[str, Field],
    report: Report,
) -> dict[str, int]:
    """Note columns whose cells do not all count in one unit, and prices in two currencies.

    Returns the currencies with the line at which each is first.
    """
    currencies: dict[str, int] = {}
    for header in table.headers:
        name, unit = of_header[header]
        if name not in fields or fields[name].kind not in UNITS:
            continue
        lines = _units_of(table, header, unit)
        if len(lines) > 1:
            there = ", ".join(
                f"{each or 'no unit'} (line {line})" for each, line in list(lines.items())[:5]
            )
            fix = f"write every {name} in one unit, named in the header or in every cell"
            report.add(max(lines.values()), header[:80], f"the column mixes units: {there}", fix)
        for each, line in lines.items():
            if re.fullmatch(r"[A-Z]{3}", head := each.partition("/")[0]):
                currencies.setdefault(head, line)
    if len(currencies) > 1:
        problem = f"prices are in {' and in '.join(currencies)}"
        report.add(max(currencies.values()), "", problem, "write all prices in one currency")
    return currencies


def _units_of(table: Table, header: str, unit: str) -> dict[str, int]:
    """The units of a column, "" for cells without any, and the line at which each is first."""
    lines: dict[str, int] = {unit: 1} if unit else {}
    for row in table.rows:
        if (said := _unit_of(row.texts.get(header, ""))) is not None and (said or not unit):
            lines.setdefault(said, row.line)
    return lines


def _unit_of(text: str) -> str | None:
    """The unit that a cell names, "" where it names none; None where it is no amount."""
    try:
        return split(text).unit if text.strip() else None
    except Unclear:
        return None
