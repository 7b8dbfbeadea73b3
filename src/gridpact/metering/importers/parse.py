"""Columns of a frame as numbers and stamps; what cannot be read is a fault with its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.importers import fixed_stamps
from gridpact.metering.importers.mapping import TextStyle
from gridpact.metering.importers.rows import Report

if TYPE_CHECKING:
    import polars as pl

_NUMBER = r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
_ABSENT = ("", "nan", "na", "n/a", "null")
_STAMP = r"^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$"
_END_OF_DAY = r"([T ])24:00((?::00)?(?:Z|[+-]\d{2}:?\d{2})?)$"  # as ISO 8601 has it
_DAY_MS = 86_400_000

_YEAR_2_MS, _YEAR_9999_MS = -62_104_060_800_000, 253_370_764_800_000


class Numbers(msgspec.Struct, frozen=True):
    """One numeric column [rows]; ``single`` where it was stored with 32-bit floats."""

    values: Floats
    present: Bools
    single: bool


class Stamps(msgspec.Struct, frozen=True):
    """One column of time stamps [rows].

    ``clock`` is the second that the stamp shows, ``offset`` [s] what it says about UTC where
    ``aware``; ``good`` tells which rows could be read.
    """

    clock: Ints
    offset: Ints
    aware: Bools
    good: Bools


def numbers(column: pl.Series, style: TextStyle, report: Report, lines: Ints) -> Numbers:
    """Read a numeric or text column; NaN, null and empty are absent, never zero."""
    import polars as pl

    if column.dtype == pl.String:
        return _text_numbers(column, style, report, lines)
    if not column.dtype.is_numeric():
        fix = "choose a column of numbers"
        report.add(0, column.name, f"the column holds {column.dtype}, not numbers", fix)
        column = pl.Series(column.name, [None] * len(column), dtype=pl.Float64)
    if not column.null_count() and column.dtype == pl.Float64:
        whole = column.to_numpy()
        if np.isfinite(whole.sum()):  # which it is not with a NaN or an infinity among them
            return Numbers(whole, np.ones(len(whole), dtype=np.bool_), single=False)
    values = np.array(column.cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)
    present = ~np.isnan(values)
    infinite = np.isinf(values)
    report.rows(infinite, lines, column.name, ("this is not a finite number", "correct it"))
    present &= ~infinite
    return Numbers(np.where(present, values, 0.0), present, column.dtype == pl.Float32)


def _text_numbers(column: pl.Series, style: TextStyle, report: Report, lines: Ints) -> Numbers:
    import polars as pl

    text = column.fill_null("").str.strip_chars()
    absent = np.asarray(text.str.to_lowercase().is_in(list(_ABSENT)).to_numpy(), dtype=np.bool_)
    if style.decimal == ",":
        dots = np.asarray(text.str.contains(".", literal=True).to_numpy(), dtype=np.bool_)
        text = text.str.replace(",", ".", literal=True)
    else:
        dots = np.zeros(len(text), dtype=np.bool_)
    shaped = np.asarray(text.str.contains(_NUMBER).to_numpy(), dtype=np.bool_) & ~dots
    cast = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    good = shaped & np.isfinite(cast)
    for row in np.flatnonzero(~good & ~absent)[:200]:
        fix = f"write a plain number with decimal sign '{style.decimal}', or leave it empty"
        report.add(int(lines[row]), column.name, f"{column[int(row)]!r} is not a number", fix)
    return Numbers(np.where(good, cast, 0.0).astype(np.float64), np.asarray(good), False)


def stamps(column: pl.Series, style: TextStyle, report: Report, lines: Ints) -> Stamps:
    """Read a column of stamps from text, dates with time, or epoch-free datetimes."""
    import polars as pl

    if column.dtype == pl.String:
        return _text_stamps(column, style, report, lines)
    count = len(column)
    if isinstance(column.dtype, pl.Datetime):
        aware = column.dtype.time_zone is not None
        milli = column.dt.epoch("ms").fill_null(1).to_numpy()
        milli = np.where(_of_a_calendar(milli), milli, 1)
    else:
        fix = "choose a column of time stamps"
        report.add(0, column.name, f"the column holds {column.dtype}, not time stamps", fix)
        aware, milli = False, np.ones(count, dtype=np.int64)
        return Stamps(milli, milli * 0, np.zeros(count, np.bool_), np.zeros(count, np.bool_))
    good = np.asarray(milli % 1000 == 0, dtype=np.bool_)
    words = ("there is no whole-second time stamp", "give every row its time stamp")
    report.rows(~good, lines, column.name, words)
    clock = (milli // 1000).astype(np.int64)
    return Stamps(clock, np.zeros_like(clock), np.full(count, aware), good)


def _text_stamps(column: pl.Series, style: TextStyle, report: Report, lines: Ints) -> Stamps:
    import polars as pl

    if (fixed := fixed_stamps.read(column, style.time_format)) is not None:
        every = np.ones(len(column), dtype=np.bool_)
        return Stamps(fixed[0], fixed[1], every & fixed[2], every)
    text = column.fill_null("").str.strip_chars()
    midnight = np.asarray(text.str.contains(_END_OF_DAY).to_numpy(), dtype=np.bool_)
    text = text.str.replace(_END_OF_DAY, "${1}00:00${2}")
    if style.time_format:
        moment = text.str.to_datetime(style.time_format, strict=False, time_unit="ms")
        zone = pl.Series([None] * len(text), dtype=pl.String)
    else:
        core = text.str.extract(_STAMP, 1).str.replace("T", " ")
        core = core.str.replace(r"^(.{16})$", "${1}:00")
        moment = core.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="ms")
        zone = text.str.extract(_STAMP, 2)
    milli = moment.dt.epoch("ms").fill_null(1).to_numpy() + midnight * _DAY_MS
    good = np.asarray((milli % 1000 == 0) & _of_a_calendar(milli), dtype=np.bool_)
    shape = style.time_format or "2026-06-15T10:00 or 2026-06-15T10:00:00Z"
    for row in np.flatnonzero(~good)[:200]:
        problem = f"{column[int(row)]!r} is not a time stamp"
        report.add(
            int(lines[row]), column.name, problem, f"write it as {shape}, or set time_format"
        )
    aware = np.asarray(zone.is_not_null().to_numpy(), dtype=np.bool_)
    return Stamps((milli // 1000).astype(np.int64), _offsets(zone), aware, good)


def _of_a_calendar(milli: Ints) -> Bools:
    """Tell which milliseconds since the epoch lie in the years 2 to 9998, in any zone."""
    return np.asarray((milli >= _YEAR_2_MS) & (milli < _YEAR_9999_MS), dtype=np.bool_)


def _offsets(zone: pl.Series) -> Ints:
    """Offsets from UTC [s] of texts such as ``+01:00`` and ``Z``; 0 where there is none."""
    table = {None: 0, "Z": 0}
    for text in zone.unique().drop_nulls().to_list():
        if text != "Z":
            sign = -1 if text[0] == "-" else 1
            table[text] = sign * (int(text[1:3]) * 3600 + int(text[-2:]) * 60)
    return np.array([table[text] for text in zone.to_list()], dtype=np.int64)
