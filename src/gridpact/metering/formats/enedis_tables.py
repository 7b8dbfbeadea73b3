"""The two layouts of Enedis load curves as one table of texts."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl

_KEYS = {
    "identifiant prm": "prm",
    "type de donnees": "type",
    "grandeur physique": "physical",
    "grandeur metier": "side",
    "unite": "unit",
    "horodate": "stamp",
    "valeur": "value",
    "nature": "nature",
    "pas": "pas",
}
COLUMNS = ("prm", "type", "physical", "side", "unit", "stamp", "value", "nature", "pas")


def plain(text: str) -> str:
    """Lower case without accents, as names of columns are compared."""
    parts = unicodedata.normalize("NFKD", text.strip())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).lower()


def table(data: bytes, report: Report) -> tuple[pl.DataFrame, Ints] | None:
    """Return the rows of a file as texts under :data:`COLUMNS`, and the line of each.

    Columns that the file lacks are empty. None with faults in ``report`` where nothing can be read.
    """
    import polars as pl

    text = _decoded(data, report)
    if text is None:
        return None
    reader = _Reader(report)
    for line, row in enumerate(text.split("\n"), start=1):
        reader.line(line, [field.strip().strip('"') for field in row.split(";")])
    if text and not text.endswith("\n"):
        problem = "the last line has no line end, so it may be cut short"
        line = text.count("\n") + 1
        report.add(line, "", problem, "export the file again, or end the line if whole")
    if not reader.rows:
        report.add(1, "", "the file has no load curve", "give Horodate;Valeur with their PRM")
        return None
    rows = [row for _, row in reader.rows]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return frame, np.array([line for line, _ in reader.rows], dtype=np.int64)


def _decoded(data: bytes, report: Report) -> str | None:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(line, "", "this line is not UTF-8 text", "save the file as UTF-8")
        return None


class _Reader:
    """Goes through the lines: names of columns, values of a block, rows of a curve."""

    def __init__(self, report: Report) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self._report = report
        self._names: list[str] = []
        self._block: dict[str, str] = {}
        self._expects_block = False

    def line(self, line: int, fields: list[str]) -> None:
        """Take the next line in."""
        if not any(field.strip() for field in fields):
            return
        first = _KEYS.get(plain(fields[0]), "")
        if first in ("prm", "stamp"):
            self._names = [_KEYS.get(plain(field), "") for field in fields]
            whole = {"stamp", "value"} <= set(self._names)
            self._expects_block = not whole
            self._block = self._block if first == "stamp" else {}
        elif not self._names:
            fix = "begin with the line of names, Identifiant PRM;…"
            self._report.add(line, "", "this line has no names of columns above it", fix)
        elif self._fits(line, fields):
            found = {name: text for name, text in zip(self._names, fields, strict=False) if name}
            if self._expects_block:
                self._block, self._expects_block = found, False
            else:
                row = self._block | found
                self.rows.append((line, [row.get(name, "").strip() for name in COLUMNS]))

    def _fits(self, line: int, fields: list[str]) -> bool:
        extra = any(field.strip() for field in fields[len(self._names) :])
        if len(fields) < len(self._names) or extra:
            problem = f"{len(fields)} fields where there are {len(self._names)} names"
            self._report.add(line, "", problem, "complete the row, or export the file again")
            return False
        return True
