"""A table of data as the world that contracts are read on."""

from __future__ import annotations

from pathlib import Path

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.needs import Needs
from gridpact.contracts.tables import headers, starts
from gridpact.contracts.tables.csv_text import Rows, read_csv
from gridpact.contracts.tables.faults import Report
from gridpact.contracts.tables.headers import PATH, Column
from gridpact.contracts.tables.numbers import whole_numbers
from gridpact.contracts.tables.parquet import read_parquet

MAX_BYTES = 1 << 30
_PARQUET = b"PAR1"


def read_world(
    path: Path | str, needs: Needs | None = None, *, open_choices: bool = False
) -> tuple[World, Slots]:
    """Read a CSV or Parquet table of data; which of the two is told by its first bytes.

    Parameters
    ----------
    path : Path or str
        The table, as :mod:`gridpact.contracts.tables` describes it.
    needs : Needs
        What to read: every series and choice named must have a column, in its unit where the
        header has one; other columns are ignored. Without it every column is read.
    open_choices : bool
        Let choices have no column, as the reading of obligations allows.

    Returns
    -------
    World, Slots
        int64 [slots] for each column, or [paths, slots] in order of path where the table has a
        column ``path``; :class:`Known` where cells are empty.

    Raises
    ------
    BadInput
        Lists every fault with line and column (of Parquet, the row from 1).
    OSError
        The file cannot be read.
    """
    world, slots, _ = read_lines(path, needs, open_choices=open_choices)
    return world, slots


def read_lines(
    path: Path | str, needs: Needs | None = None, *, open_choices: bool = False
) -> tuple[World, Slots, Ints]:
    """Read a table as :func:`read_world` does, and where its rows stand.

    The third value is the line (of Parquet, the row from 1) of each slot, shaped like the values.
    """
    report = Report(str(path))
    table = _open(Path(path), report)
    if table is None:
        raise report.refuse()
    found = headers.columns(table.headers)
    headers.check_names(found, report)
    time = headers.require(found, report)
    wanted = headers.select(found, needs, report, open_choices=open_choices)
    if table.frame.height == 0 and not report.faults:
        report.add(1, "", "the table has no rows", "give one row per slot")
    if time is None or table.frame.height == 0:
        raise report.refuse()
    grid = _grid(table, time, found, report)
    known = {column.name: _values(table, column, report) for column in wanted}
    report.check()
    assert grid is not None  # noqa: S101 - no grid without a fault
    world = {name: _laid(each, grid.rows) for name, each in known.items()}
    return world, grid.slots, table.lines[grid.rows]


def _open(path: Path, report: Report) -> Rows | None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        problem = f"the file has {size:,} bytes; {MAX_BYTES:,} are read at most"
        report.add(0, "", problem, "keep the slots and series that the contract needs")
        return None
    with path.open("rb") as stream:
        is_parquet = stream.read(len(_PARQUET)) == _PARQUET
    if is_parquet:
        return read_parquet(path, report)
    return read_csv(path.read_bytes(), report)


def _grid(table: Rows, time: Column, found: list[Column], report: Report) -> starts.Grid | None:
    """Lay the rows on slots; None where any row cannot be placed, so that one fault stays one."""
    seconds, good = starts.instants(table.frame[str(time.place)], table.lines, report)
    column = next((each for each in found if each.name == PATH), None)
    paths = _paths(table, column, report) if column else None
    if paths is not None:
        good = good & paths.present
    numbers = None if paths is None else paths.values
    return starts.grid(seconds, numbers, table.lines, report) if good.all() else None


def _paths(table: Rows, column: Column, report: Report) -> Known:
    before = len(report.faults)
    found = _values(table, column, report)
    if len(report.faults) == before:
        words = ("the row has no path", "number every path with a whole number")
        report.rows(~found.present, table.lines, PATH, lambda _: words)
    return found


def _values(table: Rows, column: Column, report: Report) -> Known:
    return whole_numbers(table.frame[str(column.place)], column.name, table.lines, report)


def _laid(known: Known, rows: Ints) -> Ints | Known:
    values, present = known.values[rows], known.present[rows]
    return values if present.all() else Known(values, present)
