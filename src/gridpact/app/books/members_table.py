"""Members of a book from a table, CSV or Parquet, for communities of very many.

A row is a member, with the columns that a member has in the rules: ``id``, and where they are
wanted ``point``, ``role``, ``from``, ``until``, ``supplier``, ``deposit`` and ``prepayment``. A
member who changes its supplier has a row for each, one below the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from gridpact.app.books.entries import NAME, Node
from gridpact.base.documents import Document, Value
from gridpact.base.files import read_regular
from gridpact.base.units import Bools, Ints
from gridpact.contracts.tables.csv_text import Rows, read_csv
from gridpact.contracts.tables.faults import Report
from gridpact.contracts.tables.parquet import read_parquet
from gridpact.settlement.periods.rules import Member, Span

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("id", "point", "role", "from", "until", "supplier", "deposit", "prepayment")
_KINDS = COLUMNS[2:]
_MOST_BYTES = 1 << 30
_NAMED = "use letters, digits and . _ @ + -"


class Table(NamedTuple):
    """Cells as text, null where empty, and the line of each row."""

    cells: pl.DataFrame
    lines: Ints


def read_ids(path: Path, report: Report) -> list[str]:
    """Return the members that a table lists in its column ``id``; what is wrong is noted."""
    table = _read(path, report, None)
    found: list[str] = [] if table is None else table.cells["id"].drop_nulls().to_list()
    return found


def read_table(
    path: Path, report: Report, parties: Collection[str], member: Callable[[Node], Member]
) -> tuple[Member, ...]:
    """Return the members of a table, none where anything is wrong; it is noted with its line.

    ``member`` reads one that is written as in a file of rules, and notes what is wrong with it.
    """
    table = _read(path, report, COLUMNS)
    if table is None:
        return ()
    _check_names(table, parties, report)
    kinds, of = _kinds(table, report, member)
    if report.faults:
        return ()
    ids = table.cells["id"].to_list()
    points = table.cells["point"].fill_null(table.cells["id"]).to_list()
    found = [
        Member(name, point, k.span, k.registers, k.supplies, k.deposit_minor, k.prepaid_minor)
        for name, point, k in zip(ids, points, (kinds[row] for row in of.tolist()), strict=True)
    ]
    if len({*ids}) < len(ids):
        found = [*_together(found, table.lines.tolist(), report)]
    if points != ids:
        _check_points(found, report)
    return () if report.faults else tuple(found)


def _read(path: Path, report: Report, known: tuple[str, ...] | None) -> Table | None:
    """Read a table with a column ``id``; None where it has no rows that could be told."""
    import polars as pl

    try:
        rows = _rows(path, report)
    except OSError as error:
        problem = f"the table cannot be read: {error.strerror or error}"
        report.add(0, "", problem, "name a readable CSV or Parquet file")
        return None
    if rows is None:
        return None
    headers = [header.strip() for header in rows.headers]
    for name in () if known is None else sorted({*headers} - {*known}):
        report.add(1, name, "no column is called so here", f"there are {', '.join(known or ())}")
    if "id" not in headers:
        report.add(1, "id", "there is no such column", "name each member in a column id")
        return None
    text = pl.all().cast(pl.String).str.strip_chars().replace("", None)
    cells = rows.frame.rename(dict(zip(rows.frame.columns, headers, strict=True))).select(text)
    lacking = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in headers]
    return Table(cells.with_columns(lacking), rows.lines)


def _rows(path: Path, report: Report) -> Rows | None:
    if path.suffix.lower() == ".parquet":
        return read_parquet(path, report)
    return read_csv(read_regular(path, _MOST_BYTES), report)


def _check_names(table: Table, parties: Collection[str], report: Report) -> None:
    for column in ("id", "point"):
        names = table.cells[column]
        if names.null_count() == len(names) and column == "point":
            continue
        fits = names.str.contains(f"^(?:{NAME})$").fill_null(column == "point").to_numpy()

        def words(row: int, names: pl.Series = names) -> tuple[str, str]:
            name = names[row]
            return "is missing" if name is None else f"{name[:40]!r} is not a name", _NAMED

        report.rows(~fits, table.lines, column, words)
    ids = table.cells["id"]
    both = ids.is_in([*parties]).fill_null(value=False).to_numpy()
    fix = "call one of them otherwise"
    report.rows(both, table.lines, "id", lambda row: (f"{ids[row]} is a party as well", fix))


def _kinds(
    table: Table, report: Report, member: Callable[[Node], Member]
) -> tuple[list[Member], Ints]:
    """Return members that differ in more than their names, and which of them each row is."""
    import polars as pl

    first = table.cells.select(_KINDS).unique(keep="first", maintain_order=True)
    found: list[Member] = []
    for said in first.rows():
        document = Document(report.file)
        value: dict[str, Value] = {n: v for n, v in zip(_KINDS, said, strict=True) if v is not None}
        found.append(member(Node(document, (), {"id": "member", **value})))
        same = _same(table.cells, said) if document.faults else np.zeros(0, np.bool_)
        for fault in document.faults:
            told = _always(fault.problem, fault.fix)
            report.rows(same, table.lines, fault.where, told)
    at = first.with_columns(pl.int_range(pl.len()).alias("kind"))
    beside = table.cells.select(_KINDS).join(
        at, on=_KINDS, how="left", nulls_equal=True, maintain_order="left"
    )
    return found, beside["kind"].to_numpy().astype(np.int64)


def _same(cells: pl.DataFrame, said: tuple[str | None, ...]) -> Bools:
    there = [cells[name].eq_missing(text) for name, text in zip(_KINDS, said, strict=True)]
    return np.asarray(np.logical_and.reduce([each.to_numpy() for each in there]), np.bool_)


def _together(found: list[Member], lines: list[int], report: Report) -> Iterator[Member]:
    """Put the rows of each member together: who supplies it changes from one to the next."""
    seen: set[str] = set()
    for name, rows in groupby(zip(found, lines, strict=True), key=lambda each: each[0].id):
        some = [*rows]
        if name in seen:
            fix = "keep one, or put its rows one below the other"
            report.add(some[0][1], "id", f"{name} is there already", fix)
        seen.add(name)
        whole = some[0][0]
        for row, line in some[1:]:
            if row.span.first_s != whole.span.end_s:
                problem, fix = f"{name} is there already", "begin where the row before ends"
                report.add(line, "from", problem, fix)
            supplies, span = whole.supplies + row.supplies, row.span
            if msgspec.structs.replace(row, span=whole.span, supplies=whole.supplies) != whole:
                problem = f"{name} is another than in the row before"
                report.add(line, "id", problem, "change nothing but the supplier")
            joined = Span(whole.span.first_s, span.end_s)
            whole = msgspec.structs.replace(whole, span=joined, supplies=supplies)
        yield whole


def _always(problem: str, fix: str) -> Callable[[int], tuple[str, str]]:
    return lambda _: (problem, fix)


def _check_points(found: list[Member], report: Report) -> None:
    """Refuse points of two members, and points that are called as another member is."""
    owner = {member.id: member.id for member in found}
    points: dict[str, str] = {}
    for member in found:
        other = points.setdefault(member.point, member.id)
        other = owner.get(member.point, other) if other == member.id else other
        if other != member.id:
            problem = f"{member.point} is of {other} and of {member.id}"
            report.add(0, "point", problem, "keep one")
