"""Orders of a file at the nodes of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gridpact.app.grids.rows import TERMS, Nodes
from gridpact.app.orders.columns import columns_of
from gridpact.app.orders.fields import FIELDS, Field, Kind
from gridpact.app.orders.reading import Known, Wanted, orders_in
from gridpact.app.orders.tables import read_table
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.tables.faults import Report
from gridpact.market.grid.nodal import LARGEST_PRICE_MICRO_PER_KWH
from gridpact.market.orders import Orders, PlacedOrder

AT_NODES = FIELDS | {"node": Field("node", Kind.NAME, "", "the node where it feeds in or out")}
MOST_SLOTS = 10_000


class AtNode(NamedTuple):
    """An order of a file, and the row of the node at which it stands."""

    wanted: Wanted
    node: int


class Ordered(NamedTuple):
    """The orders of a file, and the currency of their prices, "" where none is said."""

    orders: list[AtNode]
    currency: str


class Book(NamedTuple):
    """Orders as columns, in the order of their lines; ``location`` [orders] is each one's node."""

    placed: Sequence[PlacedOrder]
    orders: Orders
    location: Ints
    window: Slots


def read_at_nodes(path: Path, nodes: Nodes, step_s: int, report: Report) -> Ordered:
    """Read a file of orders that stand at nodes.

    An order's node is what the column ``node`` names, else its ``zone``, else its member. Sessions
    and validity are not looked at. Raises BadInput where the file cannot be told into rows; noted
    is everything else, as are orders that a clearing on a grid does not take.
    """
    table = read_table(path, report)
    columns = columns_of(table, AT_NODES, "order", report)
    named = {row.line: columns.texts(row).get("node", "").strip() for row in table.rows}
    wanted = orders_in(table, columns, TERMS, Known(slot_s=step_s), report)
    found = []
    for each in wanted:
        _check(each, report)
        found.append(AtNode(each, _node(each, named[each.line], nodes, report)))
    return Ordered(found, columns.currency)


def book_of(found: Sequence[AtNode], step_s: int, report: Report) -> Book:
    """Put orders into columns, over the slots from the first to the last that is ordered in.

    Raises BadInput where they reach over too many slots.
    """
    placed = [each.wanted.order for each in found]
    starts = [order.slot_start for order in placed]
    window = Slots(min(starts), step_s, (max(starts) - min(starts)) // step_s + 1)
    if window.count > MOST_SLOTS:
        problem = f"the orders reach over {window.count:,} slots"
        report.add(0, "slot", problem, f"clear at most {MOST_SLOTS:,} slots at once")
    report.check()
    members = {name: row for row, name in enumerate(sorted({each.participant for each in placed}))}
    rows = [
        (
            row,
            members[order.participant],
            window.index(order.slot_start),
            int(order.side),
            order.quantity_wh,
            order.limit_micro_per_kwh,
        )
        for row, order in enumerate(placed)
    ]
    columns = np.array(rows, dtype=np.int64).T.copy()
    location = np.array([each.node for each in found], dtype=np.int64)
    return Book(placed, Orders(*columns), location, window)


def _node(wanted: Wanted, named: str, nodes: Nodes, report: Report) -> int:
    order = wanted.order
    name = named or order.location
    if not name and order.participant not in nodes:
        problem = f"no node is named, and the grid has none called {order.participant!r}"
        report.add(wanted.line, "node", problem, f"say in a column node; there are {nodes.some}")
        return -1
    return nodes.row(name or order.participant, wanted.line, report)


def _check(wanted: Wanted, report: Report) -> None:
    """Note what a clearing on a grid does not take of one order."""
    line, _, order = wanted
    if abs(order.limit_micro_per_kwh) > LARGEST_PRICE_MICRO_PER_KWH:
        bound = LARGEST_PRICE_MICRO_PER_KWH // 10**6
        problem = f"{order.limit_micro_per_kwh / 1e6:g} ¤/kWh is no price"
        report.add(line, "limit", problem, f"stay within -{bound:,} and {bound:,} ¤/kWh")
    if order.is_block:
        problem = "a grid is cleared without orders over several slots, or linked ones"
        report.add(line, "slots", problem, "order each slot by itself")
    if max(order.green_micro_per_kwh, order.partner_micro_per_kwh, order.near_micro_per_kwh) >= 0:
        problem = "a grid is cleared by nothing but price"
        report.add(line, "prefer_green", problem, "leave out what the order prefers")
