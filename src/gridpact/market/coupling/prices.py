"""Prices on their way down a tree, from the orders and flows of a cleared one.

Offers sold and bids unserved bound a market's price from below, bids served and offers unsold
from above. A link that could carry one more Wh in a direction keeps the price there from being
more than the fee better; a link that carries something shows that it is at least the fee better.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.coupling.tree import Tree, levels
from gridpact.market.orders import Orders

ABSENT = 2**62
"""Stands for no bound; with all fees of a way added or taken off it is still beyond _FOUND."""
_FOUND = 2**61


class Bounds(NamedTuple):
    """Least and greatest price that conditions leave open [markets, slots], in µ¤/kWh."""

    low: Ints
    high: Ints


def no_bounds(shape: tuple[int, ...]) -> Bounds:
    """Bounds that leave every price open."""
    return Bounds(np.full(shape, -ABSENT, np.int64), np.full(shape, ABSENT, np.int64))


def own_bounds(orders: Orders, cell: Ints, passed: Ints, shape: tuple[int, ...]) -> Bounds:
    """Bounds by the orders, each in a ``cell`` of the shape; ``passed`` [orders] in Wh.

    See :func:`~gridpact.market.coupling.residuals.passed_wh`.
    """
    bounds, limit = no_bounds(shape), orders.limit_micro_per_kwh
    below, above = passed > 0, passed < orders.quantity_wh
    np.maximum.at(bounds.low.ravel(), cell[below], limit[below])
    np.minimum.at(bounds.high.ravel(), cell[above], limit[above])
    return bounds


def known(price: Ints, priced: Bools) -> Bounds:
    """Bounds that leave a known price only, and every price where none is known."""
    return Bounds(np.where(priced, price, -ABSENT), np.where(priced, price, ABSENT))


def link_bounds(tree: Tree, rows: Ints, export: Ints, outside: Bounds) -> Bounds:
    """Bounds of markets ``rows`` by those at the other end of their links, [rows, slots]."""
    import_fee = tree.import_fee_micro_per_kwh[rows]
    export_fee = tree.export_fee_micro_per_kwh[rows]
    least = np.select(
        [export < 0, export < tree.export_limit_wh[rows]],
        [outside.low + import_fee, outside.low - export_fee],
        -ABSENT,
    )
    most = np.select(
        [export > 0, -export < tree.import_limit_wh[rows]],
        [outside.high - export_fee, outside.high + import_fee],
        ABSENT,
    )
    return Bounds(least, most)


def prices(tree: Tree, export: Ints, own: Bounds, outside: Bounds | None) -> tuple[Ints, Bools]:
    """Price of every market [markets, slots] and whether it has one.

    Bounds go up the tree and down again; then each market has all that the conditions leave open
    to it, and takes the middle, rounded half to even. Middles of such bounds keep the conditions
    among each other; where rounding or an open end does not, the market below gives way.

    Parameters
    ----------
    tree : Tree
        With columns [markets, slots], limits of at least 0.
    export : int64 [markets, slots]
        Net export to the parent [Wh].
    own : Bounds
        By each market's own orders.
    outside : Bounds or None
        Further bounds, in the rows of roots.
    """
    way, low, high = levels(tree), own.low.copy(), own.high.copy()
    for rows in way[:0:-1]:
        parent, bounds = tree.parent[rows], _upwards(tree, rows, export[rows], low, high)
        np.maximum.at(low, parent, bounds.low)
        np.minimum.at(high, parent, bounds.high)
    if outside:
        low[way[0]] = np.maximum(low[way[0]], outside.low[way[0]])
        high[way[0]] = np.minimum(high[way[0]], outside.high[way[0]])
    for rows in way[1:]:
        above = Bounds(low[tree.parent[rows]], high[tree.parent[rows]])
        bounds = link_bounds(tree, rows, export[rows], above)
        low[rows] = np.maximum(low[rows], bounds.low)
        high[rows] = np.minimum(high[rows], bounds.high)
    price, priced = between(low, high)
    for rows in way[1:]:
        above = known(price[tree.parent[rows]], priced[tree.parent[rows]])
        bounds = link_bounds(tree, rows, export[rows], above)
        price[rows] = np.where(
            priced[rows], np.clip(price[rows], bounds.low, bounds.high), price[rows]
        )
    return price, priced


def _upwards(tree: Tree, rows: Ints, export: Ints, low: Ints, high: Ints) -> Bounds:
    """Bounds that markets ``rows`` put on the prices of their parents, [rows, slots]."""
    import_fee, export_fee = (
        tree.import_fee_micro_per_kwh[rows],
        tree.export_fee_micro_per_kwh[rows],
    )
    least = np.select(
        [export > 0, -export < tree.import_limit_wh[rows]],
        [low[rows] + export_fee, low[rows] - import_fee],
        -ABSENT,
    )
    most = np.select(
        [export < 0, export < tree.export_limit_wh[rows]],
        [high[rows] - import_fee, high[rows] + export_fee],
        ABSENT,
    )
    return Bounds(least, most)


def between(low: Ints, high: Ints) -> tuple[Ints, Bools]:
    """Middle of the bounds, half to even; the only bound where one is open; 0 where both are."""
    has_low, has_high = low > -_FOUND, high < _FOUND
    floor = (low & high) + ((low ^ high) >> 1)
    middle = floor + ((low ^ high) & floor & 1)
    price = np.select(
        [has_low & has_high, has_low, has_high], [middle, low, high], default=np.int64(0)
    )
    return price, has_low | has_high
