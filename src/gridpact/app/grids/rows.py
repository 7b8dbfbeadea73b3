"""Rows of files about places in a grid: what they say, with all that is wrong noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gridpact.app.orders.cells import Terms, Unclear, Value, read
from gridpact.app.orders.columns import Columns, columns_of
from gridpact.app.orders.fields import EXAMPLES, Field, Kind
from gridpact.app.orders.making import MISSING
from gridpact.app.orders.tables import Row, Table, read_table
from gridpact.base.slots import Slots
from gridpact.contracts.tables.faults import SHOWN, Report

TERMS = Terms()
NODE = Field("node", Kind.NAME, "", "the node where it is", required=True)
SLOT = Field("slot", Kind.INSTANT, "", "when the first slot begins", required=True)
SLOTS = Field("slots", Kind.COUNT, "", "for how many slots")


class Nodes:
    """The nodes of a grid by name; ``some`` names the first of them for people."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._rows = {name: row for row, name in enumerate(names)}
        self.some = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

    def __contains__(self, name: str) -> bool:
        """Whether there is a node of that name."""
        return name in self._rows

    def row(self, name: str, line: int, report: Report) -> int:
        """Row of a node; -1, noted, where there is none of that name."""
        if name not in self._rows:
            problem = f"the grid has no node {name!r}"
            report.add(line, "node", problem, f"there are {self.some}")
        return self._rows.get(name, -1)


class Said(NamedTuple):
    """What a row says, by field; only rows without faults are."""

    line: int
    values: dict[str, Value]

    def number(self, name: str, otherwise: int = 0) -> int:
        """Return a whole number, or what it is where nothing is said."""
        return int(self.values.get(name, otherwise))


class Rows(NamedTuple):
    """The rows of a file, and the currency that its prices are in, "" for none."""

    said: list[Said]
    currency: str


def read_rows(path: Path, fields: Mapping[str, Field], what: str, report: Report) -> Rows:
    """Read a file whose rows say the given fields, ``what`` being what one of them is.

    Raises BadInput where the file cannot be told into rows; all else is noted.
    """
    table = read_table(path, report)
    columns = columns_of(table, fields, what, report)
    return Rows(list(_sound(table, columns, report)), columns.currency)


def check_slot(said: Said, step_s: int, report: Report) -> None:
    """Note a slot that does not begin when slots do."""
    if said.number("slot") % step_s:
        problem = f"no slot begins then: slots have {step_s // 60} min"
        report.add(said.line, "slot", problem, "name the begin of a slot")


def first_slot(said: Said, window: Slots) -> int:
    """Row of the slot in which a row begins, outside the window where it is."""
    return (said.number("slot") - window.start) // window.step


def _sound(table: Table, columns: Columns, report: Report) -> Iterator[Said]:
    """Yield the rows that say all they must."""
    required = {field.name for field in columns.fields.values() if field.required}
    for row in table.rows:
        values = _values(row, columns, report)
        if required <= values.keys():
            yield Said(row.line, values)


def _values(row: Row, columns: Columns, report: Report) -> dict[str, Value]:
    texts = columns.texts(row)
    values: dict[str, Value] = {}
    for name, field in columns.fields.items():
        text = texts.get(name, "").strip()
        try:
            if text:
                values[name] = read(field, text, TERMS)
            elif field.required and name in columns.names:  # else the header is told of
                fix = f"say {field.meaning}, such as {EXAMPLES[field.kind]}"
                report.add(row.line, name, MISSING, fix)
        except Unclear as error:
            report.add(row.line, name, str(error), error.fix)
    return values
