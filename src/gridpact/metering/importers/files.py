"""Opening data files: CSV or Parquet to a frame plus the row numbers that faults show."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.importers.csv_file import read_csv
from gridpact.metering.importers.mapping import TextStyle
from gridpact.metering.importers.parquet_file import read_parquet
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl

_SUFFIXES = {".csv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}


def open_frame(
    path: str,
    kind: str,
    style: TextStyle,
    wanted: Sequence[str],
    report: Report,
    spare: Sequence[str] = (),
) -> tuple[pl.DataFrame, Ints] | None:
    """Read the wanted columns; None with faults in ``report`` where that fails.

    A missing column is a fault; those in ``spare`` are then read as empty and the rest goes on.
    The second value is the line (CSV) or the row counted from 1 (Parquet) of each row.
    """
    import polars as pl

    file = Path(path)
    kind = kind or _SUFFIXES.get(file.suffix.lower(), "")
    if not kind:
        report.add(0, "format", "the file's name tells no format", "set format to csv or parquet")
        return None
    if not file.is_file():
        report.add(0, "file", "there is no such file", "correct the name or the data folder")
        return None
    if file.stat().st_size == 0:
        report.add(0, "", "the file is empty (0 bytes)", "export the data again")
        return None
    found = (
        read_csv(file.read_bytes(), style, report)
        if kind == "csv"
        else read_parquet(file, wanted, report)
    )
    if found is None:
        return None
    frame, lines = found
    missing = _missing(frame.columns, wanted, report)
    if not set(missing) <= set(spare):
        return None
    # the other columns of the file are still looked at, so that all its faults are told at once
    frame = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in missing)
    return _not_empty((frame, lines), wanted, report)


def _missing(names: Sequence[str], wanted: Sequence[str], report: Report) -> list[str]:
    missing = [name for name in dict.fromkeys(wanted) if name not in names]
    for name in missing:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        fix = f"write {near[0]}" if near else f"use one of the file's columns: {shown}"
        report.add(1, name, "the file has no such column", fix)
    return missing


def _not_empty(
    found: tuple[pl.DataFrame, Ints], wanted: Sequence[str], report: Report
) -> tuple[pl.DataFrame, Ints] | None:
    frame, lines = found
    if frame.height == 0:
        report.add(1, "", "the file has no rows", "export the data again")
        return None
    return frame.select(list(dict.fromkeys(wanted))), np.asarray(lines, dtype=np.int64)
