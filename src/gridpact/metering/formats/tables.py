"""CSV and Parquet tables of readings: wide, one column a channel, or long, one row a value."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gridpact.base.units import Ints
from gridpact.metering.formats import long_tables, net_columns, quick_csv, wide_tables
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.importers import csv_file, parquet_file
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Displays, Intervals

if TYPE_CHECKING:
    import polars as pl

Found = tuple[Intervals, Displays]


def read_csv(path: Path, data: bytes, mapping: ReadingsMap, report: Report) -> Found | None:
    """Read a CSV table; None with faults in ``report``."""
    text = "" if mapping.point_column else mapping.time
    found = quick_csv.read(data, mapping.text, _numeric(mapping), text) or csv_file.read_csv(
        data, mapping.text, report
    )
    return None if found is None else _read(*found, mapping, report)


def read_parquet(path: Path, data: bytes, mapping: ReadingsMap, report: Report) -> Found | None:
    """Read a Parquet table, its rows counted from 1; None with faults in ``report``."""
    every = not mapping.columns and not mapping.point_column
    wanted = _names(path) if every else _wanted(mapping)
    found = parquet_file.read_parquet(path, wanted, report)
    return None if found is None else _read(*found, mapping, report)


def _names(path: Path) -> list[str]:
    """Names of all columns; none where the file is broken, which reading it reports."""
    import polars as pl

    try:
        return list(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError):
        return []


def _numeric(mapping: ReadingsMap) -> list[str]:
    """Columns that hold numbers, as far as the mapping names them."""
    single = (mapping.value_column, mapping.withdrawal_column, mapping.injection_column)
    return [*(column.column for column in mapping.columns), *(name for name in single if name)]


def _wanted(mapping: ReadingsMap) -> list[str]:
    """Columns that the mapping names."""
    others = (
        mapping.time,
        mapping.until,
        mapping.point_column,
        mapping.register_column,
        mapping.meter_column,
        mapping.quality_column,
    )
    return list(dict.fromkeys([*(name for name in others if name), *_numeric(mapping)]))


def _read(frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report) -> Found | None:
    if not mapping.time:
        fix = f"add time: {frame.columns[0]}, if that is the column of stamps"
        report.add(0, "time", "the mapping does not say which column holds the stamps", fix)
        return None
    if frame.height == 0:
        report.add(1, "", "the file has no rows", "export the data again")
        return None
    if _missing(frame.columns, _wanted(mapping), report):
        return None
    frame, mapping = net_columns.split(frame, lines, mapping, report)
    reader = long_tables.read if mapping.point_column else wide_tables.read
    return reader(frame, lines, mapping, report)


def _missing(names: Sequence[str], wanted: Sequence[str], report: Report) -> bool:
    missing = [name for name in wanted if name not in names]
    for name in missing:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        fix = f"write {near[0]}" if near else f"use one of the file's columns: {shown}"
        report.add(1, name, "the file has no such column", fix)
    return bool(missing)
