"""All files of a market on a grid, read together, so that all their faults are told at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from gridpact.app.grids.baseline import Baseline, baseline_in, no_baseline, read_baseline
from gridpact.app.grids.flexibility import Offered, nothing_offered, offers_in, read_offers
from gridpact.app.grids.placing import Book, Ordered, book_of, read_at_nodes
from gridpact.app.grids.reading import Grid
from gridpact.app.grids.rows import Nodes, Rows
from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.tables.faults import Report

T = TypeVar("T")
ANY = "¤"


class Paths(NamedTuple):
    """The files: orders, and where there are any, offers of flexibility and a baseline."""

    orders: Path
    offers: Path | None = None
    baseline: Path | None = None


class Files(NamedTuple):
    """What the files say, in the slots of the orders; ``currency`` is ¤ where none is named."""

    book: Book
    offered: Offered
    baseline: Baseline
    currency: str


def read_files(grid: Grid, paths: Paths, step_s: int) -> Files:
    """Read the files of a market on a grid, in slots of ``step_s`` [s].

    Raises
    ------
    BadInput
        Lists the faults of all files: those of files of orders, nodes that the grid does not
        have, offers of nothing, a baseline with gaps, prices in several currencies.
    """
    nodes = Nodes(grid.network.nodes)
    reader = _Reader(nodes, step_s)
    orders = reader.read(paths.orders, read_at_nodes)
    offers = reader.read(paths.offers, read_offers)
    base = reader.read(paths.baseline, read_baseline)
    reader.check()
    currency = _currency(paths, orders, offers)
    report = Report(str(paths.orders))
    book = book_of(orders.orders if orders else [], step_s, report)
    size = (len(grid.network.nodes), book.window.count)
    offered, baseline = nothing_offered(), no_baseline(*size)
    if offers is not None:
        offered = offers_in(offers.said, nodes, book.window, Report(str(paths.offers)))
    if base is not None:
        report = Report(str(paths.baseline))
        baseline = baseline_in(base.said, nodes, size[0], book.window, report)
        report.check()
    return Files(book, offered, baseline, currency)


class _Reader:
    """Reads files one after the other, and gathers the faults of all."""

    def __init__(self, nodes: Nodes, step_s: int) -> None:
        self._nodes, self._step_s = nodes, step_s
        self._faults: list[Fault] = []

    def read(self, path: Path | None, reading: Callable[[Path, Nodes, int, Report], T]) -> T | None:
        """Read a file; None where there is none, or it cannot be told into rows."""
        if path is None:
            return None
        report = Report(str(path))
        try:
            found = reading(path, self._nodes, self._step_s, report)
        except BadInput as refused:
            self._faults += refused.faults
            return None
        self._faults += report.faults
        return found

    def check(self) -> None:
        """Raise BadInput where anything is wrong."""
        if self._faults:
            raise BadInput(self._faults)


def _currency(paths: Paths, orders: Ordered | None, offers: Rows | None) -> str:
    """The currency of all files; BadInput where they name two."""
    found = [each.currency for each in (orders, offers) if each is not None and each.currency]
    if len(set(found)) > 1:
        problem = f"prices are in {found[1]}, those of {paths.orders} in {found[0]}"
        fix = "write all prices in one currency"
        raise BadInput([Fault(str(paths.offers), 0, "price", problem, fix)])
    return found[0] if found else ANY
