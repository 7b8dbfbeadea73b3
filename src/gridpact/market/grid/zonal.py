"""Zonal clearing: one price per zone, the zones joined by links with limits and fees.

What is accepted and at which prices is decided by
:func:`~gridpact.market.coupling.clearing.clear_tree`; here the counterparties are named. Trades
are made within a zone first; what is left over there meets what is left over in the nearest zones
of the tree, so that every trade goes with the flow of the links on its way. A buyer pays the price
of its zone and a seller receives that of its own: the difference is what those links take, their
fees and their congestion rent, and as no flow goes towards a lower price it is never negative.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.matched import Matched, Pairs, Trades, meet, total_by
from gridpact.market.clearing.priority import ranked
from gridpact.market.coupling.clearing import Coupled, clear_tree
from gridpact.market.coupling.tree import Tree, levels
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


def nearest_first(orders: Orders, location: Ints, tree: Tree, accepted_wh: Ints) -> Pairs:
    """Pair accepted Wh [orders] within zones, then with what is left over in the nearest ones.

    From the lowest zones of the tree up, the dearest bid of a zone and all below it meets the
    cheapest offer there; among equal limits the lower sequence goes first. Pairs come by slot,
    then by the sequences of buyer and seller. Takes O(depth × n log n). Raises ValueError where a
    tree has not as much bought as sold in a slot.
    """
    slots = int(orders.slot.max(initial=0)) + 1
    took = np.flatnonzero(accepted_wh > 0)
    pairs, left = _paired(
        orders, _Left(took, location[took] * slots + orders.slot[took], accepted_wh[took])
    )
    found = [pairs]
    for rows in levels(tree)[::-1]:
        here = np.isin(left.group // slots, rows)
        pairs, rest = _paired(orders, left.take(here))
        found.append(pairs)
        upper = rest._replace(group=tree.parent[rest.group // slots] * slots + rest.group % slots)
        left = _joined(left.take(~here), upper)
    if left.row.size:
        raise ValueError("as much must be bought as sold in every slot of a tree")
    whole = Pairs(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    order = np.lexsort(
        (orders.sequence[whole.sell], orders.sequence[whole.buy], orders.slot[whole.buy])
    )
    return Pairs(*(column[order] for column in whole))


class _Left(NamedTuple):
    """What is not paired yet: rows of orders, (zone, slot) they have come up to, and Wh."""

    row: Ints
    group: Ints
    quantity_wh: Ints

    def take(self, chosen: Ints | Bools) -> _Left:
        return _Left(*(column[chosen] for column in self))


def _joined(first: _Left, second: _Left) -> _Left:
    return _Left(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))


def _paired(orders: Orders, left: _Left) -> tuple[Pairs, _Left]:
    """Pair all that can be paired in each group; return the pairs and the rest."""
    if not left.row.size:
        return Pairs(left.row, left.row, left.quantity_wh), left
    buys = orders.side[left.row] > 0
    bids, offers = left.take(buys), left.take(~buys)
    groups = int(left.group.max()) + 1
    volume = np.minimum(
        *(total_by(side.group, side.quantity_wh, groups) for side in (bids, offers))
    )
    (bids, bid_wh), (offers, offer_wh) = (_first(orders, side, volume) for side in (bids, offers))
    at, other, quantity = meet(bid_wh[bid_wh > 0], offer_wh[offer_wh > 0])
    pairs = Pairs(bids.row[bid_wh > 0][at], offers.row[offer_wh > 0][other], quantity)
    rest = _joined(
        bids._replace(quantity_wh=bids.quantity_wh - bid_wh),
        offers._replace(quantity_wh=offers.quantity_wh - offer_wh),
    )
    return pairs, rest.take(rest.quantity_wh > 0)


def _first(orders: Orders, side: _Left, volume: Ints) -> tuple[_Left, Ints]:
    """One side in merit order, and what of each is among the first ``volume`` [groups] Wh."""
    limit = orders.side[side.row] * orders.limit_micro_per_kwh[side.row]
    side = side.take(ranked(side.group, -limit, orders.sequence[side.row]))
    before = np.cumsum(side.quantity_wh) - side.quantity_wh
    begins = np.searchsorted(side.group, side.group)  # of equal groups the first row
    taken = np.clip(volume[side.group] - (before - before[begins]), 0, side.quantity_wh)
    return side, taken
