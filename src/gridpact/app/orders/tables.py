"""Files of orders as rows of texts: CSV, JSON lines or Parquet, told apart by their names."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from gridpact.app.orders import message_form
from gridpact.app.orders.cells import Unclear
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.contracts.tables.csv_text import Rows, read_csv
from gridpact.contracts.tables.faults import Report
from gridpact.contracts.tables.headers import columns
from gridpact.contracts.tables.parquet import read_parquet

MAX_BYTES = 256 * 1024 * 1024


class Row(NamedTuple):
    """One row: its line, and a text by column; the columns' names still have their units."""

    line: int
    texts: dict[str, str]


class Table(NamedTuple):
    """A file's rows, and the headers of all columns in the order in which they were met."""

    headers: list[str]
    rows: list[Row]


def read_table(path: Path, report: Report) -> Table:
    """Read the rows of a file; what is wrong with single rows is noted in the report.

    Raises BadInput where the file cannot be read, or not told into rows.
    """
    suffix = path.suffix.lower()
    data = _bytes(path)
    if suffix in (".jsonl", ".ndjson"):
        return _json_lines(data, report)
    if suffix != ".parquet" and not data.strip():
        fix = "begin with a line that names the columns, and write one row to a line below"
        report.add(0, "", "the file is empty", fix)
        raise report.refuse()
    rows = read_parquet(path, report) if suffix == ".parquet" else read_csv(data, report)
    if rows is None:
        raise report.refuse()
    return _of_columns(rows)


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror or error}"
        fix = "correct the path, or the permissions of the file"
        raise BadInput([Fault(str(path), 0, "", problem, fix)]) from error


def _of_columns(rows: Rows) -> Table:
    headers = [header.strip() for header in rows.headers]
    cells = [[_text(value) for value in rows.frame[name].to_list()] for name in rows.frame.columns]
    lines = rows.lines.tolist()
    found = [
        Row(line, dict(zip(headers, values, strict=True)))
        for line, values in zip(lines, zip(*cells, strict=True), strict=True)
    ]
    return Table(headers, found)


def _json_lines(data: bytes, report: Report) -> Table:
    headers: dict[str, None] = {}
    rows = []
    for line, text in enumerate(data.split(b"\n"), start=1):
        if not text.strip():
            continue
        texts = _json_object(text, line, report)
        headers |= dict.fromkeys(texts)
        if texts:
            rows.append(Row(line, texts))
    return Table(list(headers), rows)


def _json_object(text: bytes, line: int, report: Report) -> dict[str, str]:
    """Read one line; what is no flat object of texts and numbers, nor a message, is noted."""
    if message_form.is_message(text):
        return _message(text, line, report)
    fix = 'write one object to a line, as in {"member": "home-01", "quantity": "2.5 kWh"}'
    try:
        pairs = json.loads(text, object_pairs_hook=list, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        report.add(line, "", f"the line is not JSON ({str(error)[:80]})", fix)
        return {}
    if not _is_flat(pairs):
        report.add(line, "", "the line is not one object of texts and numbers", fix)
        return {}
    names = [name.strip() for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        report.add(line, twice[0][:80], "is said twice", "keep one of them")
    return {name: _text(value) for name, (_, value) in zip(names, pairs, strict=True)}


def _message(text: bytes, line: int, report: Report) -> dict[str, str]:
    try:
        return message_form.read(text)
    except Unclear as error:
        report.add(line, "", str(error), error.fix)
        return {}


def _is_flat(pairs: object) -> bool:
    """Whether JSON, read as a list of pairs, is an object without others inside."""
    return (
        isinstance(pairs, list)
        and all(isinstance(pair, tuple) for pair in pairs)
        and not any(isinstance(value, list) for _, value in pairs)
    )


def _text(value: object) -> str:
    """Write a value of JSON or Parquet as a person would in CSV, without losing a digit."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dt.datetime():
            return value.isoformat()
        case float():
            return f"{Decimal(repr(value)):f}".removesuffix(".0")
        case Decimal():
            return f"{value:f}"
    return str(value)


def units(headers: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Split headers such as ``quantity [kWh]`` into name and unit ("" for none), by header."""
    return {each.header: (each.name, each.unit.replace(" ", "")) for each in columns(headers)}
