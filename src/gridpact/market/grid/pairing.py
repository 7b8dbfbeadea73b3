"""Who trades with whom where a clearing has several places: the near before the far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.clearing.matched import Pairs, meet, total_by
from gridpact.market.clearing.priority import ranked
from gridpact.market.coupling.tree import Tree, levels
from gridpact.market.orders import Orders


def nearest_first(orders: Orders, location: Ints, tree: Tree, accepted_wh: Ints) -> Pairs:
    """Pair accepted Wh [orders] within zones, then with what is left over in the nearest ones.

    From the lowest zones of the tree up, the dearest bid of a zone and all below it meets the
    cheapest offer there; among equal limits the lower sequence goes first. Pairs come by slot,
    then by the sequences of buyer and seller. Takes O(depth × n log n). Raises ValueError where a
    tree has not as much bought as sold in a slot.
    """
    slots = int(orders.slot.max(initial=0)) + 1
    pairs, left = _within(orders, location, slots, accepted_wh)
    found = [pairs]
    for rows in levels(tree)[::-1]:
        here = np.isin(left.group // slots, rows)
        pairs, rest = _paired(orders, left.take(here))
        found.append(pairs)
        upper = rest._replace(group=tree.parent[rest.group // slots] * slots + rest.group % slots)
        left = _joined(left.take(~here), upper)
    if left.row.size:
        raise ValueError("as much must be bought as sold in every slot of a tree")
    return _in_order(orders, found)


def by_local_price(orders: Orders, location: Ints, accepted_wh: Ints, price: Ints) -> Pairs:
    """Pair accepted Wh [orders] within places, then across, where flows are not those of trades.

    Across places, buyers and sellers meet by rising local price [places, slots]: so every buyer
    pays at least what its seller receives wherever some pairing has it so. Raises ValueError where
    a slot has not as much bought as sold.
    """
    slots = price.shape[1]
    pairs, left = _within(orders, location, slots, accepted_wh)
    slot = left.group % slots
    local = price.ravel()[left.group]
    left = left.take(np.lexsort((orders.sequence[left.row], local, slot)))
    buys = orders.side[left.row] > 0
    bids, offers = left.take(buys), left.take(~buys)
    one, other, quantity = meet(bids.quantity_wh, offers.quantity_wh)
    far = Pairs(bids.row[one], offers.row[other], quantity)
    if (orders.slot[far.buy] != orders.slot[far.sell]).any():
        raise ValueError("as much must be bought as sold in every slot")
    return _in_order(orders, [pairs, far])


def _in_order(orders: Orders, found: Sequence[Pairs]) -> Pairs:
    """Put pairs together, by slot and then by the sequences of buyer and seller."""
    whole = Pairs(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    buyer, seller = orders.sequence[whole.buy], orders.sequence[whole.sell]
    order = np.lexsort((seller, buyer, orders.slot[whole.buy]))
    return Pairs(*(column[order] for column in whole))


class _Left(NamedTuple):
    """What is not paired yet: rows of orders, (zone, slot) they have come up to, and Wh."""

    row: Ints
    group: Ints
    quantity_wh: Ints

    def take(self, chosen: Ints | Bools) -> _Left:
        return _Left(*(column[chosen] for column in self))


def _within(orders: Orders, location: Ints, slots: int, accepted_wh: Ints) -> tuple[Pairs, _Left]:
    """Pair what can be paired at each place and slot; return the pairs and the rest."""
    took = np.flatnonzero(accepted_wh > 0)
    group = location[took] * slots + orders.slot[took]
    return _paired(orders, _Left(took, group, accepted_wh[took]))


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
