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


def read(
    data: bytes, style: TextStyle, numeric: Sequence[str], text: Sequence[str]
) -> tuple[pl.DataFrame, Ints] | None:
    """Parse a CSV file with numbers as floats; None where anything needs a closer look.

    ``numeric`` are the columns of numbers; with none named, all but those in ``text`` are. The
    second value is the line of each row. Declined are files with quotes, with rows of unequal
    width, without an end of the last line, and with what is no number in a column of numbers.
    """
    import polars as pl

    data = data.removeprefix(_BOM)
    header = data[: data.find(b"\n") + 1].rstrip(b"\r\n")
    names = _names(header, style.separator)
    if names is None or not _regular(data):
        return None
    chosen = set(numeric) or set(names) - set(text)
    kinds = {
        name: pl.Float64() if name in chosen and style.decimal == "." else pl.String()
        for name in names
    }
    try:
        frame = pl.read_csv(
            data,
            separator=style.separator,
            schema=kinds,
            null_values=[""],
            quote_char=None,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame[names[-1]].null_count() and not _full(data, header, style.separator):
        return None
    return frame, np.arange(2, frame.height + 2, dtype=np.int64)


def _names(header: bytes, separator: str) -> list[str] | None:
    """Column names of a plain header; None where they are not plain, or one comes twice."""
    try:
        names = header.decode("utf-8").split(separator)
    except UnicodeDecodeError:
        return None
    plain = all(name == name.strip() and name for name in names)
    several = len(names) > 1  # of one column alone, a blank line would go unnoticed
    return names if plain and several and len(set(names)) == len(names) else None


def _regular(data: bytes) -> bool:
    """Tell whether no line is quoted or cut short, and all end in the same way."""
    return (
        data.endswith(b"\n")
        and b'"' not in data
        and b"\0" not in data
        and (b"\r" not in data or _each_line_returns(data))
    )


def _each_line_returns(data: bytes) -> bool:
    return data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")


def _full(data: bytes, header: bytes, separator: str) -> bool:
    """Tell whether no row is blank or has too few fields: both end in a field without a value.

    A row with too many is refused by the parser, so the right number in all will do.
    """
    mark = separator.encode()
    few = data.count(mark) < header.count(mark) * data.count(b"\n")
    return not few and b"\n\n" not in data and b"\n\r\n" not in data
