"""CSV text as columns of strings, with the line that each row stands on."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.contracts.tables.faults import Report
from gridpact.contracts.tables.headers import MAX_COLUMNS, columns

if TYPE_CHECKING:
    import polars as pl

_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'(?:(?<=,)|(?<=\n)|(?<![\s\S]))"([^",\n]*)"(?=[,\n])')
_COMMA = re.compile(rb'"\s*[-+]?[0-9]+,[0-9]+[^",\n]*"')


class Rows(NamedTuple):
    """A table before its values are read: headers, columns by place, the line of each row."""

    headers: list[str]
    frame: pl.DataFrame
    lines: Ints


def read_csv(data: bytes, report: Report) -> Rows | None:
    """Split CSV text into columns of strings; None where it cannot be told what is what.

    A byte-order mark, quotes around whole cells, and CR LF are tolerated. Rows with too few or
    too many cells are faults and left out, so that the faults of all other rows are found too.
    """
    data = data.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not _is_text(data, report):
        return None
    ended = data.endswith(b"\n")
    data = data.rstrip(b"\n") + b"\n"
    if b'"' in data:
        data = _QUOTED.sub(rb"\1", data)
    head, _, body = data.partition(b"\n")
    headers = _headers(head, report)
    if headers is None:
        return None
    breaks, good = _check_rows(body, len(headers), report)
    if not ended:
        problem = "the last line has no line end, so it may be cut short"
        report.add(len(breaks) + 1, "", problem, "end the line if it is whole")
        good[-1:] = False
    lines = np.arange(2, len(breaks) + 2, dtype=np.int64)
    if not good.all():
        body = _only(body, breaks, good)
    return Rows(headers, _frame(body, len(headers)), lines[good])


def _is_text(data: bytes, report: Report) -> bool:
    if not data.strip():
        report.add(0, "", "the table is empty", "begin with a line such as slot_start,spot")
        return False
    if b"\0" in data:
        report.add(0, "", "the file holds binary data", "save it as UTF-8 text, or as .parquet")
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(line, "", "this line is not UTF-8 text", "save the file as UTF-8")
        return False
    return True


def _headers(head: bytes, report: Report) -> list[str] | None:
    count = head.count(b",") + 1
    if count > MAX_COLUMNS:
        problem = f"the table has {count:,} columns; {MAX_COLUMNS:,} are read at most"
        report.add(1, "", problem, "keep the series that the contract needs")
        return None
    if count == 1 and re.search(rb"[;\t]", head):
        sign = "';'" if b";" in head else "tabs"
        report.add(1, "", f"the columns are separated by {sign}", "export the table with commas")
        return None
    return [column.header for column in columns(head.decode("utf-8").split(","))]


def _check_rows(body: bytes, width: int, report: Report) -> tuple[Ints, Bools]:
    """Return where each row ends [byte] and which rows have one cell per header."""
    octets = np.frombuffer(body, dtype=np.uint8)
    breaks = np.flatnonzero(octets == ord("\n")).astype(np.int64)
    commas = np.flatnonzero(octets == ord(","))
    found = np.diff(np.searchsorted(commas, breaks), prepend=0) + 1
    quotes = np.flatnonzero(octets == ord('"'))
    quoted = np.zeros(len(breaks), dtype=np.bool_)
    quoted[np.searchsorted(breaks, quotes)] = True
    blank = np.diff(breaks, prepend=-1) == 1
    ragged = ((found != width) | blank) & ~quoted
    lines = np.arange(2, len(breaks) + 2, dtype=np.int64)

    def cells(row: int) -> tuple[str, str]:
        if blank[row]:
            return "the line is empty", "remove it"
        many = f"{found[row]} cell{'s' if found[row] != 1 else ''}"
        fix = "write one cell per column, and numbers without commas"
        return f"{many} where the header has {width}", fix

    report.rows(ragged, lines, "", cells)
    fix = "put quotes around whole cells, or leave them out"
    begins = np.concatenate(([0], breaks[:-1] + 1))

    def quotes_of(row: int) -> tuple[str, str]:
        if _COMMA.search(body, int(begins[row]), int(breaks[row])):
            return "a number has a comma", "write decimals with a point: 1.5, not 1,5"
        return "a quote stands within a cell", fix

    report.rows(quoted, lines, "", quotes_of)
    return breaks, np.asarray(~ragged & ~quoted, dtype=np.bool_)


def _only(body: bytes, breaks: Ints, good: Bools) -> bytes:
    begins = np.concatenate(([0], breaks[:-1] + 1))
    pieces = zip(begins[good].tolist(), breaks[good].tolist(), strict=True)
    return b"".join(body[begin : end + 1] for begin, end in pieces)


def _frame(body: bytes, width: int) -> pl.DataFrame:
    import polars as pl

    names = [str(place) for place in range(width)]
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.read_csv(
        io.BytesIO(body),
        has_header=False,
        new_columns=names,
        infer_schema=False,
        quote_char=None,
    )
