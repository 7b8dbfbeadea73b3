"""CSV files as text columns with the line that each row stands on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.importers.mapping import TextStyle
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl

_BOM = b"\xef\xbb\xbf"


def read_csv(data: bytes, style: TextStyle, report: Report) -> tuple[pl.DataFrame, Ints] | None:
    """Parse CSV text into a frame of strings; None where nothing can be read.

    A byte-order mark is tolerated. Rows with too few or too many fields are faults and left out,
    so that the faults of all other rows are found too.
    """
    data = data.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not _is_text(data, report):
        return None
    ended = data.endswith(b"\n")
    data = data.rstrip(b"\n") + b"\n"
    ends, lines = _records(data)
    widths = _widths(data, ends, style.separator)
    good = _check_widths(widths, lines, ended, report)
    if not _header(data[: ends[0]], style, report):
        return None
    if not good.all():
        data = _only(data, ends, good)
    frame = _frame(data, style, report)
    return None if frame is None else (frame, lines[good][1:])


def _is_text(data: bytes, report: Report) -> bool:
    if b"\0" in data:
        report.add(0, "", "the file holds binary data", "give a CSV file saved as UTF-8 text")
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(line, "", "this line is not UTF-8 text", "save the file as UTF-8")
        return False
    return True


def _records(data: bytes) -> tuple[Ints, Ints]:
    """End of every record [byte] and the line it begins on; line ends in quotes do not count."""
    octets = np.frombuffer(data, dtype=np.uint8)
    breaks = np.flatnonzero(octets == ord("\n"))
    quotes = np.flatnonzero(octets == ord('"'))
    outside = np.searchsorted(quotes, breaks) % 2 == 0
    outside[-1] = True
    ends = breaks[outside].astype(np.int64)
    lines = np.concatenate(([0], np.flatnonzero(outside)[:-1] + 1)) + 1
    return ends, lines.astype(np.int64)


def _widths(data: bytes, ends: Ints, separator: str) -> Ints:
    """Count the fields of each record, separators in quotes left out."""
    octets = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(octets == ord(separator))
    quotes = np.flatnonzero(octets == ord('"'))
    marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    upto = np.searchsorted(marks, ends)
    return np.diff(upto, prepend=0).astype(np.int64) + 1


def _check_widths(widths: Ints, lines: Ints, ended: bool, report: Report) -> Bools:
    """Report records whose field count differs from the header's, and a last line cut short."""
    good = widths == widths[0]
    if not ended:
        problem = "the last line has no line end, so it may be cut short"
        report.add(int(lines[-1]), "", problem, "export the file again, or end the line if whole")
        good[-1] = len(good) == 1
    for width in np.unique(widths[~good]):
        if width == widths[0]:
            continue
        words = (
            f"{width} field{'s' if width != 1 else ''} where the header has {widths[0]}",
            "complete the row, quote fields that hold the separator, or set separator",
        )
        report.rows((widths == width) & ~good, lines, "", words)
    return np.asarray(good, dtype=np.bool_)


def _header(line: bytes, style: TextStyle, report: Report) -> bool:
    names = [name.strip().strip('"') for name in line.decode("utf-8").split(style.separator)]
    twice = sorted({name for name in names if names.count(name) > 1})
    for name in twice:
        report.add(1, name, "two columns have this name", "rename one of them")
    return not twice


def _only(data: bytes, ends: Ints, good: Bools) -> bytes:
    starts = np.concatenate(([0], ends[:-1] + 1))
    pieces = zip(starts[good], ends[good], strict=True)
    return b"".join(data[begin : end + 1] for begin, end in pieces)


def _frame(data: bytes, style: TextStyle, report: Report) -> pl.DataFrame | None:
    import polars as pl

    try:
        frame = pl.read_csv(io.BytesIO(data), separator=style.separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:  # an empty line of names, quotes that do not close
        reason = str(error).splitlines()[0]
        report.add(1, "", f"this is not a table ({reason})", "export the data again")
        return None
    return frame.rename({name: name.strip() for name in frame.columns})
