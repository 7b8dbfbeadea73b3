"""Where files of a solved fleet say something else than the fleet and schedules they are about."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np

from gridpact.app.schedules.keeping import OUTCOME, PRICES, SCHEDULES
from gridpact.app.schedules.limits import tight_limits
from gridpact.app.schedules.model import Solved
from gridpact.app.schedules.outcome import outcome
from gridpact.app.schedules.tables import prices_table, schedules_table

if TYPE_CHECKING:
    import polars as pl

RELATIVE, ABSOLUTE = 1e-12, 1e-6
"""Numbers that differ by less are equal: another processor may add up in another order."""
KEYS = ("asset", "zone", "slot_start")
"""Columns that say what a row of a table is about."""
NOTHING = "nothing"

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | float | bool | None"
"""What JSON holds."""


class Difference(msgspec.Struct, frozen=True):
    """Something a file says at a place, and what fleet and schedules come to instead.

    ``more`` counts further rows of the same column that differ.
    """

    file: str
    where: str
    says: str
    comes_to: str
    more: int = 0


def differences(place: Path, solved: Solved) -> tuple[Difference, ...]:
    """Compare the files in a folder with the solved fleet that was read from it.

    Schedules are those of their table, so what they are checked against here is what follows from
    them: net energy of storage, the names, zones and slots of all rows. Prices and outcome are
    wholly made anew.
    """
    return (
        *_tables(place, SCHEDULES, schedules_table(solved)),
        *_tables(place, PRICES, prices_table(solved)),
        *_outcome(place, solved),
    )


def _tables(place: Path, name: str, meant: pl.DataFrame) -> Iterator[Difference]:
    import polars as pl

    try:
        table = pl.read_parquet(place / name)
    except (OSError, pl.exceptions.PolarsError) as error:
        yield Difference(name, "the file", str(error), "a readable table")
        return
    if table.height != meant.height:
        yield Difference(name, "rows", f"{table.height:,}", f"{meant.height:,}")
        return
    for column in meant.columns:
        if column in table.columns:
            yield from _column(name, meant, table[column])
        else:
            yield Difference(name, column, NOTHING, "a column")
    for column in table.columns:
        if column not in meant.columns:
            yield Difference(name, column, "a column", NOTHING)


def _column(file: str, meant: pl.DataFrame, found: pl.Series) -> Iterator[Difference]:
    """Compare a column row by row; the first that differs is named."""
    expected = meant[found.name]
    if expected.dtype.is_numeric() and found.dtype.is_numeric():
        one, other = (each.cast(float).to_numpy() for each in (found, expected))
        same = np.isclose(one, other, RELATIVE, ABSOLUTE, equal_nan=True)
        same &= found.is_null().to_numpy() == expected.is_null().to_numpy()
    else:
        pairs = zip(found.to_list(), expected.to_list(), strict=True)
        same = np.fromiter((one == other for one, other in pairs), np.bool_, len(found))
    rows = np.flatnonzero(~same)
    if rows.size:
        row = int(rows[0])
        keys = [_shown(meant[key][row]) for key in KEYS if key in meant.columns]
        where = f"{found.name} of {', '.join(keys)}"
        values = _shown(found[row]), _shown(expected[row])
        yield Difference(file, where, *values, more=rows.size - 1)


def _shown(value: object) -> str:
    if value is None:
        return NOTHING
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _outcome(place: Path, solved: Solved) -> Iterator[Difference]:
    """Compare the outcome field by field."""
    try:
        found = json.loads((place / OUTCOME).read_bytes())
    except (OSError, ValueError) as error:
        yield Difference(OUTCOME, "the file", str(error), "readable JSON")
        return
    meant = json.loads(json.dumps(msgspec.to_builtins(outcome(solved, tight_limits(solved)))))
    yield from _within("", found, meant)


def _within(where: str, found: Plain, meant: Plain) -> Iterator[Difference]:
    """Compare two values of JSON, down to the numbers and words in them."""
    if isinstance(found, dict) and isinstance(meant, dict):
        for key in sorted({*found, *meant}):
            if key in found and key in meant:
                yield from _within(f"{where}.{key}".lstrip("."), found[key], meant[key])
            else:
                says, comes_to = (_words(each, key) for each in (found, meant))
                yield Difference(OUTCOME, f"{where}.{key}".lstrip("."), says, comes_to)
    elif isinstance(found, list) and isinstance(meant, list) and len(found) == len(meant):
        for number, (one, other) in enumerate(zip(found, meant, strict=True)):
            yield from _within(f"{where}[{number}]", one, other)
    elif not _equal(found, meant):
        yield Difference(OUTCOME, where or "the file", json.dumps(found), json.dumps(meant))


def _words(values: dict[str, Plain], key: str) -> str:
    return json.dumps(values[key]) if key in values else NOTHING


def _equal(one: Plain, other: Plain) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return one == other
