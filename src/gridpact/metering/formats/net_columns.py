"""Signed net columns of tables as two columns, one of each register.

Netting has hidden what went both ways within an interval, so the registers of such a point are
those of the net only: in each interval one of the two is zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.formats.mapping import MappedColumn, ReadingsMap
from gridpact.metering.importers.parse import numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Register

if TYPE_CHECKING:
    import polars as pl

_OTHER: dict[Register, Register] = {"withdrawal": "injection", "injection": "withdrawal"}


def split(
    frame: pl.DataFrame, lines: Ints, mapping: ReadingsMap, report: Report
) -> tuple[pl.DataFrame, ReadingsMap]:
    """Return a table with a column of each register in place of net ones, and its mapping.

    Cells that hold no number are faults in ``report``.
    """
    if mapping.positive:
        found = _parted(frame, lines, mapping.value_column, mapping, report)
        sides = dict(zip((mapping.positive, _OTHER[mapping.positive]), found, strict=True))
        return frame.with_columns(found), msgspec.structs.replace(
            mapping,
            positive="",
            value_column="",
            withdrawal_column=sides["withdrawal"].name,
            injection_column=sides["injection"].name,
        )
    columns = list[MappedColumn]()
    for column in mapping.columns:
        if not column.positive:
            columns.append(column)
            continue
        found = _parted(frame, lines, column.column, mapping, report)
        frame = frame.with_columns(found)
        for part, register in zip(found, (column.positive, _OTHER[column.positive]), strict=True):
            columns.append(MappedColumn(part.name, column.point, register, column.unit))
    return frame, msgspec.structs.replace(mapping, columns=tuple(columns))


def _parted(
    frame: pl.DataFrame, lines: Ints, name: str, mapping: ReadingsMap, report: Report
) -> list[pl.Series]:
    """Positive amounts of a column, and negative ones without their sign."""
    import polars as pl

    read = numbers(frame[name], mapping.text, report, lines)
    kind = pl.Float32() if read.single else pl.Float64()
    sides = (np.maximum(read.values, 0.0), np.maximum(-read.values, 0.0))
    return [
        pl.Series(f"{name} ({sign})", np.where(read.present, side, np.nan)).cast(kind)
        for sign, side in zip(("positive", "negative"), sides, strict=True)
    ]
