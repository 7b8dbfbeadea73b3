"""Residual curves on their way up a tree, until the roots say what each order gets.

Markets joined by links without limit and fee are one area and share one line. Areas are taken
level by level, the deepest first, so the work is one sort of all steps per level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.coupling.curves import Curves, Link, add, below, cross, of_book
from gridpact.market.coupling.tree import LARGEST_LIMIT_WH, Tree, levels, link_columns
from gridpact.market.orders import Orders


class _Areas(NamedTuple):
    """``of`` [markets]: row of the area's uppermost market; ``parent`` area's row there.

    ``by_depth``: those rows, the roots first; ``depth`` and ``place`` [markets] find one in it.
    """

    of: Ints
    parent: Ints
    by_depth: list[Ints]
    depth: Ints
    place: Ints


class Ascent(NamedTuple):
    """Curves that have gone up a tree.

    ``line`` holds the sorted curves of the roots, by (root, slot) in row order; ``passed_wh``
    [orders] what lower links have decided already.
    """

    line: Curves
    passed_wh: Ints


def ascend(orders: Orders, market: Ints, tree: Tree) -> Ascent:
    """Take the curves of all orders up to the roots.

    ``tree`` has columns [markets, slots] with limits of at least 0.
    """
    slots = tree.import_limit_wh.shape[1]
    areas = _areas(tree)
    passed = np.zeros(orders.count, dtype=np.int64)
    line = _book(orders, market, areas, len(areas.by_depth) - 1, slots)
    for depth in range(len(areas.by_depth) - 1, 0, -1):
        link = _link(tree, areas, depth)
        parents = areas.by_depth[depth - 1].size * slots
        crossing = cross(line, link, parents, orders.sequence)
        np.add.at(passed, crossing.passed_row, crossing.passed_wh)
        line = add([_book(orders, market, areas, depth - 1, slots), crossing.residual])
    return Ascent(line, passed)


def passed_wh(orders: Orders, market: Ints, tree: Tree, export_wh: Ints) -> Ints:
    """Quantity of each order that prices rise past [orders]: an offer's sold, a bid's unserved.

    ``export_wh`` [markets, slots] is the net export of the roots.
    """
    line, passed = ascend(orders, market, tree)
    roots = export_wh[tree.parent < 0].ravel()
    np.add.at(passed, line.row, below(line, roots, orders.sequence))
    return passed


def _areas(tree: Tree) -> _Areas:
    free = np.ones(tree.count, dtype=np.bool_)
    for limit in (tree.import_limit_wh, tree.export_limit_wh):
        free &= np.all(limit > LARGEST_LIMIT_WH, axis=1)
    for fee in (tree.import_fee_micro_per_kwh, tree.export_fee_micro_per_kwh):
        free &= np.all(fee == 0, axis=1)
    area = np.arange(tree.count)
    depth, place = np.zeros(tree.count, np.int64), np.zeros(tree.count, np.int64)
    for rows in levels(tree)[1:]:
        above = area[tree.parent[rows]]
        area[rows] = np.where(free[rows], above, rows)
        depth[rows] = depth[above] + ~free[rows]
    by_depth = []
    top = area == np.arange(tree.count)
    for at in range(int(depth.max(initial=0)) + 1):
        rows = np.flatnonzero(top & (depth == at))
        place[rows] = np.arange(rows.size)
        by_depth.append(rows)
    parent = area[np.maximum(tree.parent, 0)]
    return _Areas(area, parent, by_depth, depth, place)


def _book(orders: Orders, market: Ints, areas: _Areas, depth: int, slots: int) -> Curves:
    """Sorted curves of the orders that stand in the areas of a level."""
    area = areas.of[market]
    rows = np.flatnonzero(areas.depth[area] == depth)
    group = areas.place[area[rows]] * slots + orders.slot[rows]
    book = of_book(orders.take(rows), group, areas.by_depth[depth].size * slots)
    return add([book._replace(row=rows)])


def _link(tree: Tree, areas: _Areas, depth: int) -> Link:
    """Links of the areas of a level, by group."""
    rows, slots = areas.by_depth[depth], tree.import_limit_wh.shape[1]
    parent = areas.place[areas.parent[rows]][:, None] * slots + np.arange(slots)
    return Link(parent.ravel(), *(column[rows].ravel() for column in link_columns(tree)))
