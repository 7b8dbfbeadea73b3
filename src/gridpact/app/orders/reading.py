"""Files of orders: every fault told at once, and no order taken where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gridpact.app.orders.cells import Terms, Value
from gridpact.app.orders.columns import Columns, columns_of
from gridpact.app.orders.fields import FIELDS
from gridpact.app.orders.instants import local
from gridpact.app.orders.making import MISSING, make
from gridpact.app.orders.tables import Row, Table, read_table
from gridpact.app.orders.words import price
from gridpact.contracts.tables.faults import SHOWN, Report
from gridpact.market.orders import LARGEST_ORDER_WH, PlacedOrder


class Wanted(NamedTuple):
    """An order of a file: its line, the session it names ("" for none), and the order itself."""

    line: int
    session: str
    order: PlacedOrder


class Known(NamedTuple):
    """What the orders of a file may name, None for any; a slot's length [s], 0 for any.

    ``limits`` are the lowest and the highest price [µ¤/kWh], ``traded`` tells whether some session
    trades the slot that begins at an instant [s since the epoch].
    """

    members: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    slot_s: int = 0
    limits: tuple[int, int] | None = None
    traded: Callable[[int], bool] | None = None


def read_orders(path: Path, terms: Terms | None = None, known: Known | None = None) -> list[Wanted]:
    """Read the orders of a CSV, JSON-lines or Parquet file, by line.

    Without ``terms`` instants without offset are in UTC and prices in any currency. An order
    without a key has one that follows from its content.

    Raises
    ------
    BadInput
        Lists every fault of the file: lines that cannot be read, unknown columns, units missing or
        mixed, quantities of nothing or absurdly much, keys used twice, and names and slots that
        are not ``known``.
    """
    report = Report(str(path))
    table = read_table(path, report)
    columns = columns_of(table, FIELDS, "order", report)
    found = orders_in(table, columns, terms or Terms(), known or Known(), report)
    report.check()
    return found


def orders_in(
    table: Table, columns: Columns, terms: Terms, known: Known, report: Report
) -> list[Wanted]:
    """Make the orders of a table's rows, as :func:`read_orders` does; faults are noted."""
    reader = _Reader(columns, terms, known, report)
    found = [wanted for row in table.rows if (wanted := reader.order(row))]
    if not table.rows and not report.faults:
        report.add(0, "", "the file has no orders", "write one order to a line")
    _check_keys(found, report)
    return found


class _Reader(NamedTuple):
    """Makes orders of rows, and notes what is wrong with them."""

    columns: Columns
    terms: Terms
    known: Known
    report: Report

    def order(self, row: Row) -> Wanted | None:
        """Make the order of a row; None where it has faults."""
        made = make(self.columns.texts(row), self.terms)
        there = self.columns.names
        for problem in made.problems:
            if problem.problem != MISSING or problem.field in there:  # else the header is told of
                self.report.add(row.line, problem.field, problem.problem, problem.fix)
        self._check_numbers(row.line, made.values)
        self._check_names(row.line, made.values)
        return Wanted(row.line, made.session, made.order) if made.order else None

    def _check_numbers(self, line: int, values: Mapping[str, Value]) -> None:
        quantity, slot = int(values.get("quantity", 1)), int(values.get("slot", 0))
        if not 1 <= quantity <= LARGEST_ORDER_WH:
            problem = f"{quantity:,} Wh in a slot is no quantity to order"
            self.report.add(line, "quantity", problem, f"order 1 to {LARGEST_ORDER_WH:,} Wh")
        if self.known.slot_s and slot % self.known.slot_s:
            problem = f"no slot begins then: slots have {self.known.slot_s // 60} min"
            self.report.add(line, "slot", problem, "name the begin of a slot")
        elif "slot" in values and "session" not in values and not self._trades(slot):
            problem = f"no session ever trades the slot at {local(slot, self.terms.timezone)}"
            self.report.add(line, "slot", problem, "name another slot, or the session")
        self._check_limit(line, values)

    def _trades(self, slot: int) -> bool:
        return self.known.traded is None or self.known.traded(slot)

    def _check_limit(self, line: int, values: Mapping[str, Value]) -> None:
        if self.known.limits is None or "limit" not in values:
            return
        limit, (low, high) = int(values["limit"]), self.known.limits
        if not low <= limit <= high:
            said, least, most = (price(each, self.terms.currency) for each in (limit, low, high))
            problem = f"{said} is outside the market's prices"
            self.report.add(line, "limit", problem, f"stay within {least} and {most}")

    def _check_names(self, line: int, values: Mapping[str, Value]) -> None:
        for name, names in (
            ("member", self.known.members),
            ("partner", self.known.members),
            ("zone", self.known.zones),
        ):
            if names is not None and name in values and values[name] not in names:
                some = ", ".join(sorted(names)[:SHOWN]) + (", …" if len(names) > SHOWN else "")
                problem = f"{values[name]!r} is not known"
                self.report.add(line, name, problem, f"there are {some}")


def _check_keys(found: Iterable[Wanted], report: Report) -> None:
    """Note keys that a member uses twice in the file."""
    first: dict[tuple[str, str], Wanted] = {}
    for each in found:
        order = each.order
        before = first.setdefault((order.participant, order.key), each)
        if before is each:
            continue
        if order.key.startswith("auto-"):
            problem = f"says the same as line {before.line}, and neither has a key"
            report.add(each.line, "key", problem, "give each a key where two orders are meant")
        else:
            other = "the same order" if before.order == order else "another order"
            problem = f"{order.key!r} of {order.participant} is {other} in line {before.line}"
            report.add(each.line, "key", problem, "give every order of a member its own key")
