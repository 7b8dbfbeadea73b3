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
    if names is None or not _regular(data, header, style.separator):
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
    return frame, np.arange(2, frame.height + 2, dtype=np.int64)


def _names(header: bytes, separator: str) -> list[str] | None:
    """Column names of a plain header; None where they are not plain, or one comes twice."""
    try:
        names = header.decode("utf-8").split(separator)
    except UnicodeDecodeError:
        return None
    plain = all(name == name.strip() and name for name in names)
    return names if plain and len(set(names)) == len(names) else None


def _regular(data: bytes, header: bytes, separator: str) -> bool:
    """Tell whether no line is quoted, blank or cut short, and separators are as many as needed.

    A row with too many fields is refused by the parser; with none of those, the right number of
    separators in all means that no row has too few.
    """
    mark = separator.encode()
    lines = data.count(b"\n")
    return (
        data.endswith(b"\n")
        and b'"' not in data
        and b"\0" not in data
        and (data.count(b"\r") in (0, lines) and b"\n\n" not in data)
        and b"\n\r\n" not in data
        and data.count(mark) == header.count(mark) * lines
    )
