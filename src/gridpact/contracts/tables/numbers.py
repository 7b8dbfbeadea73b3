"""Cells as whole numbers of 64 bits and where they are present."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.contracts.evaluate import Known
from gridpact.contracts.tables.faults import Report, Words

if TYPE_CHECKING:
    import polars as pl

_WHOLE = r"^[+-]?[0-9]{1,30}$"
_ODD = re.compile(r"[+-]?(?:nan|inf(?:inity)?|n/?a|null|none)", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def whole_numbers(column: pl.Series, where: str, lines: Ints, report: Report) -> Known:
    """Read a column of text or integers [rows]; empty and null are absent.

    Faults: what is no number, not finite, not whole, or beyond 64 bits with either sign.
    """
    import polars as pl

    if column.dtype == pl.String:
        return _of_text(column, where, lines, report)
    if column.dtype.is_float():
        return _of_floats(column, where, lines, report)
    if not column.dtype.is_integer():
        fix = "store whole numbers as Int64"
        report.add(0, where, f"the column holds {column.dtype}, not whole numbers", fix)
        return _nothing(len(column))
    present = np.asarray(column.is_not_null().to_numpy(), dtype=np.bool_)
    values = column.cast(pl.Int64, strict=False)
    beyond = present & ~_fits(values)
    report.rows(beyond, lines, where, lambda row: _too_large(str(column[row])))
    return _known(values, present & ~beyond)


def _of_text(column: pl.Series, where: str, lines: Ints, report: Report) -> Known:
    import polars as pl

    text = column.fill_null("").str.strip_chars()
    present = np.asarray((text != "").to_numpy(), dtype=np.bool_)
    shaped = np.asarray(text.str.contains(_WHOLE).to_numpy(), dtype=np.bool_)
    values = text.str.strip_chars_start("+").cast(pl.Int64, strict=False)
    good = shaped & _fits(values)
    report.rows(present & ~good, lines, where, lambda row: _problem(str(text[row])))
    return _known(values, good)


def _of_floats(column: pl.Series, where: str, lines: Ints, report: Report) -> Known:
    """Refuse floats, which lose digits beyond 2⁵³, and name what in them is no whole number."""
    fix = "store whole numbers as Int64, with null where there is no value"
    report.add(0, where, f"the column holds {column.dtype}, not whole numbers", fix)
    values = np.asarray(column.fill_null(0).to_numpy(), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        odd = ~np.isfinite(values) | (np.rint(values) != values)
    report.rows(np.asarray(odd, np.bool_), lines, where, lambda row: _problem(str(values[row])))
    return _nothing(len(column))


def _fits(values: pl.Series) -> Bools:
    return np.asarray((values >= -INT64_MAX).fill_null(value=False).to_numpy(), dtype=np.bool_)


def _known(values: pl.Series, good: Bools) -> Known:
    filled = np.asarray(values.fill_null(0).to_numpy(), dtype=np.int64)
    return Known(np.where(good, filled, 0), good)


def _nothing(rows: int) -> Known:
    return Known(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.bool_))


def _problem(text: str) -> Words:
    shown = repr(text[:40])
    if _ODD.fullmatch(text):
        fix = "write a whole number, or leave the cell empty where there is no value"
        return f"{shown} is not a finite number", fix
    if re.fullmatch(_WHOLE, text) or re.fullmatch(r"[+-]?[0-9]+", text):
        return _too_large(text)
    if _DECIMAL.fullmatch(text):
        fix = "write digits alone; choose a smaller unit rather than a fraction"
        return f"{shown} is not a whole number", fix
    return f"{shown} is not a number", "write digits alone, or leave the cell empty"


def _too_large(text: str) -> Words:
    return f"{text[:40]} does not fit 64 bits", "correct the number, or its unit"
