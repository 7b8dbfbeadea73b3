"""Prices for a selection of blocks, such that nobody accepted loses.

In each slot the hourly orders leave an interval of valid prices, as in a uniform-price auction.
Each accepted block needs the mean of the prices over its profile within its limit. Taken are the
middles of the intervals (half to even) where they satisfy every block, else whole prices whose
distances to the middles have the least sum.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.clearing.blocks.model import Blocks, PriceRange
from gridpact.market.clearing.uniform_price import middle
from gridpact.market.orders import Orders


def intervals(
    orders: Orders, accepted_wh: Ints, slots: int, allowed: PriceRange
) -> tuple[Ints, Ints]:
    """Lowest and highest price [slots] at which hourly orders are content with what they have.

    An order that has something is not out of the money, one that lacks something is not in it.
    """
    low = np.full(slots, allowed.lowest, dtype=np.int64)
    high = np.full(slots, allowed.highest, dtype=np.int64)
    some, lacks, sells = accepted_wh > 0, accepted_wh < orders.quantity_wh, orders.side < 0
    above = np.where(sells, some, lacks)
    np.maximum.at(low, orders.slot[above], orders.limit_micro_per_kwh[above])
    below = np.where(sells, lacks, some)
    np.minimum.at(high, orders.slot[below], orders.limit_micro_per_kwh[below])
    return low, high


def supporting(blocks: Blocks, low: Ints, high: Ints) -> Ints | None:
    """Return prices [slots] within the intervals at which none of these blocks loses, or None.

    ``blocks`` are the accepted ones alone. A mixed-integer programme of the size of the selection,
    solved only where the middles do not do; its answer is used only if it holds in whole numbers.
    """
    centre = middle(low, high)
    if not gains(blocks, centre).min(initial=0) < 0:
        return centre
    found = _nearest(blocks, low, high, centre)
    if found is None or gains(blocks, found).min(initial=0) < 0:
        return None
    return found if np.all((low <= found) & (found <= high)) else None


def gains(blocks: Blocks, price: Ints) -> Ints:
    """What a step of each block gains at prices [slots], in nano-¤ [blocks]."""
    per_kwh = blocks.side[:, None] * (blocks.limit_micro_per_kwh[:, None] - price[None])
    return np.asarray((per_kwh * blocks.step_wh).sum(axis=1))


def _nearest(blocks: Blocks, low: Ints, high: Ints, centre: Ints) -> Ints | None:
    """Whole prices up and down from the centre, least in sum."""
    from scipy import optimize

    needs = blocks.side[:, None] * blocks.step_wh
    table = np.hstack([-needs, needs]).astype(np.float64)
    found = optimize.milp(
        np.ones(2 * low.size),
        integrality=np.ones(2 * low.size),
        bounds=optimize.Bounds(0, np.concatenate([high - centre, centre - low])),
        constraints=optimize.LinearConstraint(table, -gains(blocks, centre), np.inf),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    up, down = np.rint(found.x).astype(np.int64).reshape(2, -1)
    return np.asarray(centre + up - down)
