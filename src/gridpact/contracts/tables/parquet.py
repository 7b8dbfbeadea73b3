"""Parquet files as columns, rows counted from 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridpact.contracts.tables.csv_text import Rows
from gridpact.contracts.tables.faults import Report
from gridpact.contracts.tables.headers import MAX_COLUMNS

MAX_ROWS = 50_000_000
"""Rows read at most: a small Parquet file can claim any number."""


def read_parquet(path: Path, report: Report) -> Rows | None:
    """Read all columns; None where the file is not Parquet or claims too much."""
    import polars as pl

    try:
        headers = list(pl.read_parquet_schema(path))
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
        if rows > MAX_ROWS or len(headers) > MAX_COLUMNS:
            problem = f"the table has {rows:,} rows and {len(headers):,} columns"
            fix = f"give at most {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns"
            report.add(0, "", problem, fix)
            return None
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or ["damaged"])[0]
        report.add(0, "", f"this is not a whole Parquet file ({reason})", "export the data again")
        return None
    frame.columns = [str(place) for place in range(frame.width)]
    return Rows(headers, frame, np.arange(1, frame.height + 1, dtype=np.int64))
