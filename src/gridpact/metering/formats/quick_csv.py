"""The quick way through a CSV file in which nothing is wrong; any doubt is left to the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.importers.mapping import TextStyle

if TYPE_CHECKING:
    import polars as pl

_BOM = b"\xef\xbb\xbf"
_QUOTE = b'"'
_BLOCK = 1 << 18
"""Bytes looked at at once: what lies between stays in the cache."""


def read(
    data: bytes, style: TextStyle, numeric: Sequence[str], text: str = ""
) -> tuple[pl.DataFrame, Ints] | None:
    """Parse a CSV file with numbers as floats; None where anything needs a closer look.

    ``numeric`` are the columns of numbers; with none named, all but ``text`` are. Where there is no
    column ``text``, the others hold few texts many times. The second value is the line of each row.
    Declined are files with rows of unequal width or over several lines, without an end of the last
    line, and with what is no number in a column of numbers. Of binary data it knows nothing.
    """
    import polars as pl

    data = data.removeprefix(_BOM)
    header = data[: data.find(b"\n") + 1].rstrip(b"\r\n")
    quoted = b'"' in data
    names = _names(header, style.separator)
    if names is None or not _regular(data):
        return None
    lines = _lines(data, style, len(names)) if quoted else 0
    if quoted and not lines:
        return None
    chosen = set(numeric) or set(names) - {text}
    words = pl.String() if text else pl.Categorical()
    kinds = {name: pl.Float64() if name in chosen else words for name in names}
    try:
        frame = pl.read_csv(
            data,
            separator=style.separator,
            schema=kinds,
            quote_char='"' if quoted else None,
            decimal_comma=style.decimal == ",",
        )
    except pl.exceptions.PolarsError:
        return None
    if quoted and frame.height != lines - 1:
        return None  # a line end stands in quotes, or a quote is not closed
    if frame[names[-1]].null_count() and (quoted or not _full(data, header, style.separator)):
        return None
    if style.decimal == "," and data.count(b".") != _dots(frame, header):
        return None
    return frame, np.arange(2, frame.height + 2, dtype=np.int64)


def _names(header: bytes, separator: str) -> list[str] | None:
    """Column names of a plain header; None where they are not plain, or one comes twice."""
    try:
        names = header.decode("utf-8").split(separator)
    except UnicodeDecodeError:
        return None
    names = [_unquoted(name) for name in names]
    plain = all(name == name.strip() and name and '"' not in name for name in names)
    several = len(names) > 1  # of one column alone, a blank line would go unnoticed
    return names if plain and several and len(set(names)) == len(names) else None


def _unquoted(name: str) -> str:
    quoted = len(name) > 2 and name.startswith('"') and name.endswith('"')
    return name[1:-1] if quoted else name


def _regular(data: bytes) -> bool:
    """Tell whether no line is cut short, and all end in the same way."""
    return data.endswith(b"\n") and (b"\r" not in data or _each_line_returns(data))


def _each_line_returns(data: bytes) -> bool:
    return data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")


def _lines(data: bytes, style: TextStyle, fields: int) -> int:
    """Count the lines of a file with quotes; 0 where one stands elsewhere than around a field."""
    if found := _plainly_quoted(data, style, fields):
        return found
    return data.count(b"\n") if _quotes_pairs(data, style) else 0


def _plainly_quoted(data: bytes, style: TextStyle, fields: int) -> int:
    """Count the lines of a file whose quotes stand around fields, no separator within them.

    Each quote stands beside one edge of a field, as many before as behind; and there are just the
    separators that lines of so many fields need, so that a parser who finds so many has met none
    within quotes. All lines have so many, as the reader sees to where there are quotes. 0 if not.
    """
    octets, mark = np.frombuffer(data, dtype=np.uint8), ord(style.separator)
    opened = quotes = int(data.startswith(_QUOTE))
    closed, separators, lines = 0, 0, 1  # the last byte ends a line
    for begin in range(1, len(octets) - 1, _BLOCK):
        part = octets[begin - 1 : begin + _BLOCK + 1]
        quote, separator, line = part[1:-1] == _QUOTE[0], part == mark, part == ord("\n")
        edge = separator | line
        if data.endswith(b"\r\n"):
            edge |= part == ord("\r")
        before, behind = edge[:-2] & quote, edge[2:] & quote
        if np.any(before & behind):
            return 0
        quotes += int(np.count_nonzero(quote))
        opened += int(np.count_nonzero(before))
        closed += int(np.count_nonzero(behind))
        separators += int(np.count_nonzero(separator[1:-1]))
        lines += int(np.count_nonzero(line[1:-1]))
    around = opened == closed and opened + closed == quotes
    return lines if around and separators == (fields - 1) * lines else 0


def _quotes_pairs(data: bytes, style: TextStyle) -> bool:
    """Tell whether quotes stand around fields and nowhere else; a separator may be within them."""
    octets = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(octets == _QUOTE[0])
    opening, closing = quotes[::2], quotes[1::2]
    if len(opening) > len(closing) or closing[-1] + 1 == len(octets):
        return False
    edge = np.zeros(256, dtype=np.bool_)
    edge[[ord("\n"), ord("\r"), style.separator.encode()[0]]] = True
    first = int(opening[0] == 0)
    return bool(edge[octets[opening[first:] - 1]].all() and edge[octets[closing + 1]].all())


def _full(data: bytes, header: bytes, separator: str) -> bool:
    """Tell whether no row is blank or has too few fields: both end in a field without a value.

    A row with too many is refused by the parser, so the right number in all will do.
    """
    mark = separator.encode()
    few = data.count(mark) < header.count(mark) * data.count(b"\n")
    return not few and b"\n\n" not in data and b"\n\r\n" not in data


def _dots(frame: pl.DataFrame, header: bytes) -> int:
    """Count the dots of the header and of texts: with a decimal comma, all others are wrong."""
    import polars as pl

    found = header.count(b".")
    for column in frame.iter_columns():
        if column.dtype == pl.Categorical:
            kinds = column.drop_nulls().unique()
            dots = kinds.cast(pl.String).str.count_matches(".", literal=True).to_numpy()
            times = np.bincount(column.drop_nulls().to_physical().to_numpy())
            found += int(times[kinds.to_physical().to_numpy()] @ dots)
        elif column.dtype == pl.String:
            found += int(column.str.count_matches(".", literal=True).sum())
    return found
