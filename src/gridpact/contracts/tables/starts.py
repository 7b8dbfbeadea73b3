"""The column of time: instants of each row, and the slots that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools, Ints
from gridpact.contracts.tables.faults import Report, Words
from gridpact.contracts.tables.headers import PATH, TIME

if TYPE_CHECKING:
    import polars as pl

_CLOCK = r"^((?:19|20|21)\d{2}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?)(?:\.0+)?"
_ZONE = r"(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$"
_EARLIEST, _LATEST = -2_208_988_800, 7_258_118_400  # years 1900 to 2199
_FIX = "write it as 2026-06-15T10:00Z or 2026-06-15T12:00+02:00"


class Grid(NamedTuple):
    """The slots of a table and the row of each: int [slots], or [paths, slots]."""

    slots: Slots
    rows: Ints


def instants(column: pl.Series, lines: Ints, report: Report) -> tuple[Ints, Bools]:
    """Return the instant of each row [s since the epoch] and which rows have one."""
    import polars as pl

    if column.dtype == pl.String:
        seconds, good = _of_text(column, lines, report)
    elif isinstance(column.dtype, pl.Datetime):
        seconds, good = _of_datetimes(column, lines, report)
    else:
        fix = "store instants with a time zone, or ISO 8601 text"
        report.add(0, TIME, f"the column holds {column.dtype}, not instants", fix)
        return np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
    return seconds, good


def _of_text(column: pl.Series, lines: Ints, report: Report) -> tuple[Ints, Bools]:
    text = column.fill_null("").str.strip_chars()
    clock = text.str.extract(_CLOCK, 1).str.replace("T", " ").str.replace(r"^(.{16})$", "${1}:00")
    moment = clock.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")
    zone = text.str.extract(_ZONE, 1)
    has_clock = np.asarray(moment.is_not_null().to_numpy(), dtype=np.bool_)
    has_zone = np.asarray(zone.is_not_null().to_numpy(), dtype=np.bool_)
    whole = np.asarray(text.str.contains(_CLOCK + _ZONE).to_numpy(), dtype=np.bool_)
    good = has_clock & has_zone & whole

    def words(row: int) -> Words:
        shown = repr(str(text[row])[:40])
        if has_clock[row] and not has_zone[row]:
            return f"{shown} has no offset from UTC", "end it with Z, or with one such as +02:00"
        return f"{shown} is not an instant", _FIX

    report.rows(~good, lines, TIME, words)
    seconds = np.asarray(moment.dt.epoch("s").fill_null(0).to_numpy(), dtype=np.int64)
    return np.where(good, seconds - _offsets(zone), 0), good


def _offsets(zone: pl.Series) -> Ints:
    """Offsets from UTC [s] of texts such as ``+01:00`` and ``Z``; 0 where there is none."""
    import polars as pl

    table = {"Z": 0}
    for text in zone.unique().drop_nulls().to_list():
        if text != "Z":
            sign = -1 if text[0] == "-" else 1
            table[text] = sign * (int(text[1:3]) * 3600 + int(text[-2:]) * 60)
    found = zone.replace_strict(table, default=0, return_dtype=pl.Int64)
    return np.asarray(found.fill_null(0).to_numpy(), dtype=np.int64)


def _of_datetimes(column: pl.Series, lines: Ints, report: Report) -> tuple[Ints, Bools]:
    if getattr(column.dtype, "time_zone", None) is None:
        fix = "store them with a time zone, UTC best"
        report.add(0, TIME, "the instants have no time zone", fix)
        return np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
    present = np.asarray(column.is_not_null().to_numpy(), dtype=np.bool_)
    micro = np.asarray(column.dt.epoch("us").fill_null(1).to_numpy(), dtype=np.int64)
    seconds, rest = np.divmod(micro, 1_000_000)
    good = present & (rest == 0) & (seconds >= _EARLIEST) & (seconds < _LATEST)
    report.rows(~good, lines, TIME, lambda row: (f"{column[row]} is not a slot's start", _FIX))
    return seconds, np.asarray(good, dtype=np.bool_)


def grid(seconds: Ints, paths: Ints | None, lines: Ints, report: Report) -> Grid | None:
    """Lay the rows of a table on slots; None where they do not make any.

    Each path's rows must be in order of time, without gap or repetition, and all paths alike.
    """
    if paths is None:
        rows = np.arange(len(seconds), dtype=np.int64)
        slots = _slots(seconds, lines, "", report)
        return Grid(slots, rows) if slots else None
    numbers, first, counts = np.unique(paths, return_index=True, return_counts=True)
    order = np.argsort(paths, kind="stable").astype(np.int64)
    leader = order[: counts[0]]
    slots = _slots(seconds[leader], lines[leader], f" of path {numbers[0]}", report)
    if slots is None or not _same_counts(numbers, first, counts, lines, report):
        return None
    by_path: Ints = order.reshape(len(numbers), counts[0])
    differs = seconds[by_path] != seconds[leader]
    late = np.zeros(len(seconds), dtype=np.bool_)
    late[by_path[np.arange(len(by_path)), differs.argmax(axis=-1)]] = differs.any(axis=-1)
    report.rows(late, lines, TIME, lambda row: _other_slot(int(paths[row]), int(numbers[0])))
    return None if late.any() else Grid(slots, by_path)


def _other_slot(path: int, first: int) -> Words:
    problem = f"from this row on, path {path} has other slots than path {first}"
    return problem, "give every path the same slots, in order of time"


def _same_counts(numbers: Ints, first: Ints, counts: Ints, lines: Ints, report: Report) -> bool:
    wrong = counts != counts[0]

    def words(path: int) -> Words:
        have = f"{counts[path]} slot{'s' if counts[path] != 1 else ''}"
        problem = f"path {numbers[path]} has {have}, path {numbers[0]} has {counts[0]}"
        return problem, "give every path the same slots"

    report.rows(wrong, lines[first], PATH, words)
    return not wrong.any()


def _slots(seconds: Ints, lines: Ints, of: str, report: Report) -> Slots | None:
    """Return the slots that instants begin, None where they are not consecutive."""
    steps = np.diff(seconds)
    ahead, counts = np.unique(steps[steps > 0], return_counts=True)
    if not len(ahead):
        problem = f"the table needs two slots{of} or more in order, to tell how long one is"
        report.add(int(lines[0]), TIME, problem, "add the rows that lack, sorted by time")
        return None
    step = int(ahead[np.argmax(counts)])
    bad = np.concatenate(([False], steps != step))

    def words(row: int) -> Words:
        begin, before = int(seconds[row]), int(seconds[row - 1])
        if begin == before:
            return f"the slot at {iso(begin)}{of} comes twice", "keep one of the rows"
        if begin < before:
            return f"{iso(begin)}{of} comes after {iso(before)}", "sort the rows by time"
        problem = f"{iso(begin)}{of} does not follow {iso(before)} by {step} s like the others"
        return problem, "add the missing rows, with empty cells where nothing is known"

    report.rows(bad, lines, TIME, words)
    if bad.any():
        return None
    if seconds[0] % step:
        problem = f"slots of {step} s begin on whole steps of UTC, not at {iso(int(seconds[0]))}"
        report.add(int(lines[0]), TIME, problem, "cut the series into such slots")
        return None
    return Slots(int(seconds[0]), step, len(seconds))
