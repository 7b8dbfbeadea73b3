"""Files of orders: every fault told at once, and no order taken where there is one.

A column is headed by the name of a field. Amounts have their unit in the header, as in
``quantity [kWh]``, or in every cell; one column has one unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gridpact.app.orders.cells import Terms, Unclear, Value, split
from gridpact.app.orders.fields import FIELDS, UNITS
from gridpact.app.orders.making import MISSING, make
from gridpact.app.orders.tables import Row, Table, read_table, units
from gridpact.contracts.tables.faults import SHOWN, Report
from gridpact.market.orders import LARGEST_ORDER_WH, PlacedOrder


class Wanted(NamedTuple):
    """An order of a file: its line, the session it names ("" for none), and the order itself."""

    line: int
    session: str
    order: PlacedOrder


class Known(NamedTuple):
    """What the orders of a file may name, None for any; a slot's length [s], 0 for any."""

    members: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    slot_s: int = 0


def read_orders(path: Path, terms: Terms | None = None, known: Known | None = None) -> list[Wanted]:
    """Read the orders of a CSV, JSON-lines or Parquet file, by line.

    Without ``terms`` instants without offset are in UTC and prices in any currency. An order
    without a key has one that follows from its content.

    Raises
    ------
    BadInput
        Lists every fault of the file: lines that cannot be read, unknown columns, units missing or
        mixed, quantities of nothing or absurdly much, keys used twice, and names and slots that
        are not ``known``.
    """
    report, terms = Report(str(path)), terms or Terms()
    table = read_table(path, report)
    of_header = units(table.headers)
    _check_headers(table, of_header, report)
    _check_units(table, of_header, report)
    reader = _Reader(of_header, terms, known or Known(), report)
    found = [wanted for row in table.rows if (wanted := reader.order(row))]
    if not table.rows and not report.faults:
        report.add(0, "", "the file has no orders", "write one order to a line")
    _check_keys(found, report)
    report.check()
    return found


def _check_headers(table: Table, of_header: dict[str, tuple[str, str]], report: Report) -> None:
    """Note columns that say nothing of an order, say it twice, or count it in a wrong unit."""
    seen: set[str] = set()
    for header in table.headers:
        name, unit = of_header[header]
        if name not in FIELDS:
            fix = f"there are {', '.join(FIELDS)}"
            report.add(1, header[:80], f"{name[:40]!r} is said of no order", fix)
        elif name in seen:
            report.add(1, header[:80], f"two columns say {name}", "keep one of them")
        elif unit and FIELDS[name].kind not in UNITS:
            report.add(1, header[:80], f"{name} has no unit", f"head the column {name!r}")
        seen.add(name)
    for field in FIELDS.values():
        if field.required and field.name not in seen and table.rows:
            fix = f"add a column {field.name!r}: {field.meaning}"
            report.add(1, field.name, "there is no such column", fix)


def _check_units(table: Table, of_header: dict[str, tuple[str, str]], report: Report) -> None:
    """Note columns whose cells do not all count in one unit, and prices in two currencies."""
    currencies: dict[str, int] = {}
    for header in table.headers:
        name, unit = of_header[header]
        if name not in FIELDS or FIELDS[name].kind not in UNITS:
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


class _Reader(NamedTuple):
    """Makes orders of rows, and notes what is wrong with them."""

    of_header: dict[str, tuple[str, str]]
    terms: Terms
    known: Known
    report: Report

    def order(self, row: Row) -> Wanted | None:
        """Make the order of a row; None where it has faults."""
        made = make(self._texts(row), self.terms)
        there = {name for name, _ in self.of_header.values()}
        for problem in made.problems:
            if problem.problem != MISSING or problem.field in there:  # else the header is told of
                self.report.add(row.line, problem.field, problem.problem, problem.fix)
        self._check_numbers(row.line, made.values)
        self._check_names(row.line, made.values)
        return Wanted(row.line, made.session, made.order) if made.order else None

    def _texts(self, row: Row) -> dict[str, str]:
        """Texts by field, with the unit of the header where they have none."""
        texts = {}
        for header, text in row.texts.items():
            name, unit = self.of_header[header]
            if name in FIELDS:
                bare = unit and FIELDS[name].kind in UNITS and _unit_of(text) == ""
                texts[name] = f"{text} {unit}" if bare else text
        return texts

    def _check_numbers(self, line: int, values: Mapping[str, Value]) -> None:
        quantity, slot = int(values.get("quantity", 1)), int(values.get("slot", 0))
        if not 1 <= quantity <= LARGEST_ORDER_WH:
            problem = f"{quantity:,} Wh in a slot is no quantity to order"
            self.report.add(line, "quantity", problem, f"order 1 to {LARGEST_ORDER_WH:,} Wh")
        if self.known.slot_s and slot % self.known.slot_s:
            problem = f"no slot begins then: slots have {self.known.slot_s // 60} min"
            self.report.add(line, "slot", problem, "name the begin of a slot")

    def _check_names(self, line: int, values: Mapping[str, Value]) -> None:
        for name, names in (
            ("member", self.known.members),
            ("partner", self.known.members),
            ("zone", self.known.zones),
        ):
            if names is not None and name in values and values[name] not in names:
                some = ", ".join(sorted(names)[:SHOWN]) + (", …" if len(names) > SHOWN else "")
                problem = f"{values[name]!r} is not known"
                self.report.add(line, name, problem, f"there are {some}")


def _check_keys(found: Iterable[Wanted], report: Report) -> None:
    """Note keys that a member uses twice in the file."""
    first: dict[tuple[str, str], Wanted] = {}
    for each in found:
        order = each.order
        before = first.setdefault((order.participant, order.key), each)
        if before is each:
            continue
        if order.key.startswith("auto-"):
            problem = f"says the same as line {before.line}, and neither has a key"
            report.add(each.line, "key", problem, "give each a key where two orders are meant")
        else:
            other = "the same order" if before.order == order else "another order"
            problem = f"{order.key!r} of {order.participant} is {other} in line {before.line}"
            report.add(each.line, "key", problem, "give every order of a member its own key")
