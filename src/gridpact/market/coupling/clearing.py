"""Clearing of a tree of markets: each slot at the greatest welfare that the links allow.

Residual curves go up: a market's curve, with those of the markets below it, is cut off at the
limits of its link, shifted by the link's fee and becomes part of its parent's curve. At the root
the net export is zero, and where that cuts the line says what each order of the tree gets.

Prices come down: every link bounds the price of one end by that of the other. Where it carries
less than its limit a difference beyond the fee would be worth another Wh; where it carries
something the difference is at least the fee. A market's price is the middle of what its orders
and all others of the tree leave open to it, rounded half to even. With one market these are the
rules of the uniform-price auction, and without fees and binding limits the outcome is that of one
auction with all orders in it. The conditions are those of nodal pricing (Schweppe et al., Spot
Pricing of Electricity, 1988) on a tree.

Orders tied where a line is cut share pro rata over all markets in which they are tied. A group
of tied orders that a link lets pass in part is divided the same way at the link first.

Takes O(depth × n log n) time for n orders, in chunks of slots that bound the memory.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import Bools, Ints, checked_sum, magnitude
from gridpact.market.coupling.prices import Bounds, own_bounds, prices
from gridpact.market.coupling.residuals import passed_wh
from gridpact.market.coupling.tree import Tree, levels, link_columns, written_out
from gridpact.market.orders import Orders

CHUNK_ORDERS = 2_000_000
"""Slots are cleared so many orders at a time."""
LARGEST_PRICE_MICRO_PER_KWH = 2**59
"""Bound on a limit price with all fees on its way: twice it, and a sum of two, fit 64 bits."""


class Coupled(msgspec.Struct, frozen=True):
    """The outcome. ``accepted_wh`` [orders] in the rows of the orders, the others [markets, slots].

    ``price_micro_per_kwh`` counts only where ``priced``: a market without any order in reach has
    no price. Without trade a price is what keeps another Wh from being worth trading.
    ``export_wh`` is what a market sends to its parent, negative where it imports; zero for a
    root.
    """

    accepted_wh: Ints
    price_micro_per_kwh: Ints
    priced: Bools
    bought_wh: Ints
    sold_wh: Ints
    export_wh: Ints


def clear_tree(orders: Orders, market: Ints, tree: Tree, slots: int) -> Coupled:
    """Clear every slot of a tree of markets.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique.
    market : int64 [orders]
        Row of the market in which each order stands.
    tree : Tree
        The markets and their links; several roots are separate trees.
    slots : int
        Number of slots.

    Raises
    ------
    ValueError
        An order has no positive quantity, an unknown slot or market, or a side other than ±1; the
        tree's columns have another number of slots.
    NumberOverflow
        Quantities, or prices with the fees on the way, leave the range this can compute in.
    """
    return clear_open(orders, market, tree, slots, np.zeros((tree.count, slots), np.int64), None)


def clear_open(
    orders: Orders, market: Ints, tree: Tree, slots: int, export_wh: Ints, outside: Bounds | None
) -> Coupled:
    """Clear a tree whose roots export given amounts, under bounds on their prices.

    ``export_wh`` [markets, slots] counts in the rows of roots; it must be within what their
    curves and links can give. ``outside`` bounds the prices there, or leaves them free.
    """
    _check(orders, market, tree, slots)
    chunks = max(1, min(slots, -(-orders.count // CHUNK_ORDERS)))
    found = []
    for part in np.array_split(np.arange(slots), chunks):
        first, last = int(part[0]) if part.size else 0, int(part[-1]) + 1 if part.size else 0
        rows = np.flatnonzero((orders.slot >= first) & (orders.slot < last))
        chosen = orders.take(rows) if chunks > 1 else orders
        chosen = msgspec.structs.replace(chosen, slot=chosen.slot - first)
        here = written_out(tree, slots, first, last)
        limits = outside and Bounds(outside.low[:, first:last], outside.high[:, first:last])
        exported = export_wh[:, first:last]
        found.append((rows, _clear(chosen, market[rows], here, exported, limits)))
    accepted = np.empty(orders.count, dtype=np.int64)
    for rows, one in found:
        accepted[rows] = one.accepted_wh
    columns = [
        np.concatenate([getattr(one, name) for _, one in found], axis=1)
        for name in Coupled.__struct_fields__[1:]
    ]
    return Coupled(accepted, *columns)


def _check(orders: Orders, market: Ints, tree: Tree, slots: int) -> None:
    shapes = ((tree.count, 1), (tree.count, slots))
    if not all(column.shape in shapes for column in link_columns(tree)):
        raise ValueError(f"the tree's columns must be [{tree.count}, {slots}]")
    columns = (tree.import_fee_micro_per_kwh, tree.export_fee_micro_per_kwh)
    fees = sum(int(fee[rows].max(initial=0)) for rows in levels(tree) for fee in columns)
    check_orders(orders, market, tree.count, slots, fees)


def check_orders(orders: Orders, market: Ints, markets: int, slots: int, fees: int) -> None:
    """Raise what :func:`clear_tree` says of its orders; ``fees`` bounds those of any way."""
    if not orders.count:
        return
    if int(orders.quantity_wh.min()) < 1:
        raise ValueError("an order's quantity must be positive")
    if int(orders.slot.min()) < 0 or int(orders.slot.max()) >= slots:
        raise ValueError(f"an order's slot must be in [0, {slots})")
    if int(market.min()) < 0 or int(market.max()) >= markets:
        raise ValueError(f"an order's market must be in [0, {markets})")
    if not np.array_equal(np.abs(orders.side), np.ones_like(orders.side)):
        raise ValueError("an order's side must be +1 or -1")
    checked_sum(orders.quantity_wh)
    if magnitude(orders.limit_micro_per_kwh) + fees > LARGEST_PRICE_MICRO_PER_KWH:
        raise NumberOverflow("a price with the fees on its way is beyond 2⁵⁹ µ¤/kWh")


def _clear(
    orders: Orders, market: Ints, tree: Tree, export_wh: Ints, outside: Bounds | None
) -> Coupled:
    """Clear one chunk; the tree's columns are [markets, slots], its limits all non-negative."""
    shape = export_wh.shape
    passed = passed_wh(orders, market, tree, export_wh)
    buys = orders.side > 0
    accepted = np.where(buys, orders.quantity_wh - passed, passed)
    cell = market * shape[1] + orders.slot
    bought, sold = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(bought.ravel(), cell[buys], accepted[buys])
    np.add.at(sold.ravel(), cell[~buys], accepted[~buys])
    export = sold - bought
    for rows in levels(tree)[:0:-1]:
        np.add.at(export, tree.parent[rows], export[rows])
    own = own_bounds(orders, cell, passed, shape)
    price, priced = prices(tree, export, own, outside)
    return Coupled(accepted, price, priced, bought, sold, export)
