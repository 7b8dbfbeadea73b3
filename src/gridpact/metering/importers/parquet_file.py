"""Parquet files as frames; rows are counted from 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl


def read_parquet(
    path: Path, wanted: Sequence[str], report: Report
) -> tuple[pl.DataFrame, Ints] | None:
    """Read those of the wanted columns that exist; None where the file is not Parquet."""
    import polars as pl

    try:
        names = list(pl.read_parquet_schema(path))
        present = [name for name in dict.fromkeys(wanted) if name in names]
        frame = pl.read_parquet(path, columns=present)
        others = [name for name in names if name not in present]
        if len(present) < len(set(wanted)):  # a fault tells the names that there are
            frame = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(n) for n in others)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        report.add(0, "", f"this is not a whole Parquet file ({reason})", "export the data again")
        return None
    return frame, np.arange(1, frame.height + 1, dtype=np.int64)
