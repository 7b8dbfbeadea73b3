"""Net export curves: how much a market would send out at each price, in whole Wh.

At the lowest price a market imports all that its bids ask for. As the price rises, each offer it
passes adds its quantity to the export, and so does each bid, because it is no longer served. So a
curve is where it begins (minus the sum of the bids) and a line of steps by rising price, one step
for an order, whichever its side. Curves add up by putting their steps on one line. A link cuts
a curve off at its limits; its fees lower the price of the steps that import and raise that of
those that export.

Steps keep the row of their order, so that where a line is cut says what every order gets.
Orders tied at a cut share what is served of them pro rata to quantity, by largest remainder, the
lower sequence first.

A bid ranks just above an offer of the same price: ``rank = 2 × price + bid``. Both then trade,
which is the rule of the greatest volume among equal welfare.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import INT64_MAX, Ints
from gridpact.market.clearing import priority
from gridpact.market.orders import Orders

_KEY_BITS = 63
_NO_RANK = -INT64_MAX - 1


class Curves(NamedTuple):
    """Curves of many groups (a market in a slot); columns [steps], and ``lowest_wh`` [groups].

    ``row`` is that of the order, ``rank`` twice the price [µ¤/kWh], plus one for a bid, and
    ``lowest_wh`` the net export below all steps, never positive. Quantities are positive.
    """

    group: Ints
    rank: Ints
    quantity_wh: Ints
    row: Ints
    lowest_wh: Ints


class Link(NamedTuple):
    """Links of the groups, [groups]: parent's group, limits ≥ 0 [Wh], fees ≥ 0 [µ¤/kWh]."""

    parent: Ints
    import_wh: Ints
    export_wh: Ints
    import_fee: Ints
    export_fee: Ints


class Crossing(NamedTuple):
    """What is left after a link: the residual curves, in the parents' groups, and what is decided.

    ``passed_wh`` of the orders in ``passed_row`` lies below the import limit: whatever the parent
    does, those offers are accepted and those bids are not.
    """

    residual: Curves
    passed_row: Ints
    passed_wh: Ints


def of_book(orders: Orders, group: Ints, groups: int) -> Curves:
    """Curves of a book's orders, each in a group [orders]; steps in no particular order."""
    bid = orders.side > 0
    lowest = np.zeros(groups, dtype=np.int64)
    np.subtract.at(lowest, group[bid], orders.quantity_wh[bid])
    rank = 2 * orders.limit_micro_per_kwh + bid
    return Curves(group, rank, orders.quantity_wh, np.arange(orders.count), lowest)


def add(curves: list[Curves]) -> Curves:
    """Sum of curves over the same groups, its steps sorted by (group, rank)."""
    group, rank, quantity, row = (
        np.concatenate([getattr(curve, name) for curve in curves]) for name in Curves._fields[:4]
    )
    lowest = np.asarray(sum(curve.lowest_wh for curve in curves), dtype=np.int64)
    place = _order(group, rank, lowest.size)
    return Curves(group[place], rank[place], quantity[place], row[place], lowest)


def net_export_wh(curves: Curves, price_micro_per_kwh: Ints) -> tuple[Ints, Ints]:
    """Least and greatest net export at a price per group [groups], in Wh.

    They differ where steps lie at that very price.
    """
    price, at = curves.rank >> 1, price_micro_per_kwh[curves.group]
    least, greatest = curves.lowest_wh.copy(), curves.lowest_wh.copy()
    np.add.at(least, curves.group, np.where(price < at, curves.quantity_wh, 0))
    np.add.at(greatest, curves.group, np.where(price <= at, curves.quantity_wh, 0))
    return least, greatest


def below(curves: Curves, at_wh: Ints, sequence: Ints) -> Ints:
    """Part of each step [steps] that lies below a net export ``at_wh`` [groups], in Wh.

    The steps must be sorted; ``sequence`` [orders] decides between equal remainders.
    """
    groups, total = curves.lowest_wh.size, np.cumsum(curves.quantity_wh)
    ends = np.concatenate([[0], total])[np.cumsum(np.bincount(curves.group, minlength=groups))]
    begins = np.concatenate([[0], ends[:-1]])
    target = begins + np.clip(at_wh - curves.lowest_wh, 0, ends - begins)
    before = total - curves.quantity_wh
    part = np.clip(target[curves.group] - before, 0, curves.quantity_wh)
    inner = np.flatnonzero((begins < target) & (target < ends))
    last = curves.rank[np.searchsorted(total, target[inner], "left")]
    following = curves.rank[np.searchsorted(total, target[inner], "right")]
    _share(curves, part, inner[last == following], last[last == following], sequence)
    return np.asarray(part, dtype=np.int64)


def cross(curves: Curves, link: Link, parents: int, sequence: Ints) -> Crossing:
    """Take sorted curves over their links to ``parents`` groups: cut off at limits, add fees."""
    low = below(curves, -link.import_wh, sequence)
    passed = low > 0
    lowest = np.maximum(curves.lowest_wh, -link.import_wh)
    rest = _kept(curves._replace(lowest_wh=lowest), curves.quantity_wh - low)
    rest = _kept(rest, below(rest, link.export_wh, sequence))
    charged = link.import_fee + link.export_fee > 0
    # Without a fee a step stays whole: it is the same order on both sides of the link.
    imports = below(rest, np.where(charged, 0, lowest), sequence)
    exports = rest.quantity_wh - imports
    parts = [_shifted(rest, imports, -link.import_fee), _shifted(rest, exports, link.export_fee)]
    group, rank, quantity, row = (
        np.concatenate([getattr(part, name) for part in parts]) for name in Curves._fields[:4]
    )
    base = np.zeros(parents, dtype=np.int64)
    np.add.at(base, link.parent, lowest)
    residual = Curves(link.parent[group], rank, quantity, row, base)
    return Crossing(residual, curves.row[passed], low[passed])


def _kept(curves: Curves, quantity_wh: Ints) -> Curves:
    """The same steps with other quantities, those without any left out."""
    if np.all(quantity_wh > 0):
        return curves._replace(quantity_wh=quantity_wh)
    kept = np.flatnonzero(quantity_wh)
    group, rank, row = curves.group[kept], curves.rank[kept], curves.row[kept]
    return Curves(group, rank, quantity_wh[kept], row, curves.lowest_wh)


def _shifted(curves: Curves, quantity_wh: Ints, fee: Ints) -> Curves:
    kept = _kept(curves, quantity_wh)
    return kept._replace(rank=kept.rank + 2 * fee[kept.group]) if fee.any() else kept


def _order(group: Ints, rank: Ints, groups: int) -> Ints:
    """Places of the steps by (group, rank).

    The three numbers usually fit one of 63 bits, and sorting plain numbers is several times
    faster than sorting by several columns.
    """
    if not group.size:
        return np.empty(0, dtype=np.int64)
    least = int(rank.min())
    rank_bits = (int(rank.max()) - least).bit_length()
    place_bits = (group.size - 1).bit_length()
    if (groups - 1).bit_length() + rank_bits + place_bits > _KEY_BITS:
        return np.lexsort((rank, group))
    key = ((group << rank_bits) | (rank - least)) << place_bits
    key |= np.arange(group.size)
    key.sort()
    return np.asarray(key & ((1 << place_bits) - 1), dtype=np.int64)


def _share(curves: Curves, part: Ints, tied: Ints, rank: Ints, sequence: Ints) -> None:
    """Divide what lies below a cut among all steps at its rank; changes ``part`` in place.

    ``tied`` are the groups whose cut lies within steps of one ``rank`` [tied].
    """
    cut_rank = np.full(curves.lowest_wh.size, _NO_RANK, dtype=np.int64)
    cut_rank[tied] = rank
    rows = np.flatnonzero(curves.rank == cut_rank[curves.group])
    if not rows.size:
        return
    bid, whole = curves.rank[rows] & 1 == 1, curves.quantity_wh[rows]
    served = np.where(bid, whole - part[rows], part[rows])  # all steps of a rank are of one side
    served = pro_rata(curves.group[rows], served, whole, sequence[curves.row[rows]])
    part[rows] = np.where(bid, whole - served, served)


def pro_rata(group: Ints, taken: Ints, weight: Ints, sequence: Ints) -> Ints:
    """Divide the sum of ``taken`` within each run of equal ``group`` by weight, all [shares].

    Largest remainder, the lower sequence first among equal ones. Weights are positive and sum to
    at least what is divided, so that no share exceeds its weight.
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    size = np.diff(starts, append=group.size)
    return priority.pro_rata(np.add.reduceat(taken, starts), size, weight, sequence)
