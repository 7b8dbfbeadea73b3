"""Sheets: tables of whole numbers, told on a page and in a CSV file with the same digits."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from gridpact.app.report.parts import Table
from gridpact.app.report.text import MINUS, MISSING, THIN, Money, inert, number
from gridpact.base.units import Ints, checked_sum

Kind: TypeAlias = Literal["text", "count", "energy", "money", "share", "index", "mass", "factor"]
"""What a column holds: words, a number of things, Wh, minor units, parts in a million as per cent,
parts in a million as a number between 0 and 1, grams, mg per kWh."""
Cell: TypeAlias = str | int | None
ON_PAGE = 200
"""Rows of a table on a page; the CSV has all."""
_NANO = {"energy": 10**6, "share": 10**5, "index": 10**3, "mass": 10**6, "factor": 10**6}
_UNITS = {"energy": "kWh", "share": "%", "mass": "kg", "factor": "g/kWh"}
_ENDINGS = {"energy": "kwh", "share": "percent", "mass": "kg", "factor": "g_per_kwh"}


class Column(msgspec.Struct, frozen=True):
    """A column: its name in a file, its heading on a page, and what it holds."""

    name: str
    label: str
    kind: Kind = "text"


class Sheet(msgspec.Struct, frozen=True):
    """A table of values; ``id`` names it on its page and, with the report's name, its file.

    ``foot`` is its last row, such as a sum; None in it and in ``rows`` is what is not known.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] = ()
    note: str = ""

    def table(self, money: Money) -> Table:
        """Return the sheet as it is shown on a page."""
        names = next((at for at, each in enumerate(self.columns) if each.kind != "text"), 1)
        left = len(self.rows) - ON_PAGE
        more = f"{number(left)} more rows are in {self.id}.csv." if left > 0 else ""
        return Table(
            self.id,
            self.caption,
            tuple(_heading(each, money) for each in self.columns),
            tuple(self._row(row, money) for row in self.rows[:ON_PAGE]),
            self._row(self.foot, money) if self.foot else (),
            names=max(names, 1),
            note=" ".join(filter(None, (self.note, more))),
        )

    def csv(self, money: Money) -> bytes:
        """Return the sheet as CSV (RFC 4180), its foot left out; what is not known is empty."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow([_named(each, money) for each in self.columns])
        for row in self.rows:
            writer.writerow([
                _plain(shown(each.kind, cell, money), each.kind)
                for each, cell in zip(self.columns, row, strict=True)
            ])  # fmt: skip
        return stream.getvalue().encode()

    def _row(self, row: Sequence[Cell], money: Money) -> tuple[str, ...]:
        return tuple(
            shown(each.kind, cell, money) for each, cell in zip(self.columns, row, strict=True)
        )


Row: TypeAlias = tuple[Cell, ...]


def laid(
    names: Sequence[tuple[str, ...]], columns: Sequence[Ints | None]
) -> tuple[tuple[Row, ...], Row]:
    """Return rows of names followed by columns [rows], and the sums below them.

    A column of None is not known.
    """
    cells = [[None] * len(names) if each is None else each.tolist() for each in columns]
    rows = tuple((*name, *row) for name, row in zip(names, zip(*cells, strict=True), strict=True))
    blank = ("",) * (len(names[0]) - 1) if names else ()
    sums = [None if each is None else int(checked_sum(each)) for each in columns]
    return rows, ("in sum", *blank, *sums)


def shown(kind: Kind, cell: Cell, money: Money) -> str:
    """Write a cell exactly: every Wh, minor unit and millionth; a dash for what is not known."""
    if cell is None or isinstance(cell, str):
        return MISSING if cell is None else cell
    if kind == "count":
        return number(cell)
    return money.minor(cell) if kind == "money" else Money("", _NANO[kind]).minor(cell)


def _heading(column: Column, money: Money) -> str:
    unit = money.currency if column.kind == "money" else _UNITS.get(column.kind, "")
    return f"{column.label} [{unit}]" if unit else column.label


def _named(column: Column, money: Money) -> str:
    unit = money.currency.lower() if column.kind == "money" else _ENDINGS.get(column.kind, "")
    return f"{column.name}_{unit}" if unit else column.name


def _plain(text: str, kind: Kind) -> str:
    """Return a shown cell as other programs read it."""
    if text == MISSING:
        return ""
    return inert(text) if kind == "text" else text.replace(THIN, "").replace(MINUS, "-")
