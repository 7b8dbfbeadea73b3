"""Zonal clearing: one price per zone, the zones joined by links with limits and fees.

What is accepted and at which prices is decided by
:func:`~gridpact.market.coupling.clearing.clear_tree`; here the counterparties are named. Trades
are made within a zone first; what is left over there meets what is left over in the nearest zones
of the tree, so that every trade goes with the flow of the links on its way. A buyer pays the price
of its zone and a seller receives that of its own: the difference is what those links take, their
fees and their congestion rent, and as no flow goes towards a lower price it is never negative.
"""

from __future__ import annotations

import msgspec

from gridpact.base.units import Ints
from gridpact.market.clearing.matched import Matched, Trades
from gridpact.market.coupling.clearing import Coupled, clear_tree
from gridpact.market.coupling.tree import Tree
from gridpact.market.grid.pairing import nearest_first
from gridpact.market.orders import Orders


class Zonal(msgspec.Struct, frozen=True):
    """The outcome: trades with the prices of both ends, and prices and flows of the zones."""

    matched: Matched
    coupled: Coupled


def clear(orders: Orders, slots: int, location: Ints, tree: Tree) -> Zonal:
    """Clear every slot within the limits of the links.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique.
    slots : int
        Number of slots.
    location : int64 [orders]
        Zone of each order, a row of the tree.
    tree : Tree
        Zones and their links; several roots are separate trees, without trade between them.

    Raises
    ------
    ValueError, NumberOverflow
        As :func:`~gridpact.market.coupling.clearing.clear_tree`.
    """
    coupled = clear_tree(orders, location, tree, slots)
    pairs = nearest_first(orders, location, tree, coupled.accepted_wh)
    price = coupled.price_micro_per_kwh[location, orders.slot]
    trades = Trades(*pairs, price[pairs.buy], price[pairs.sell])
    return Zonal(Matched(coupled.accepted_wh, trades), coupled)
