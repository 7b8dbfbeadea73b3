"""Preference matching: the assignment of bids to offers with the greatest surplus.

A pair's surplus is the bid's limit and its premiums for what this offer has (green, partner,
nearby), less the offer's limit and the grid fee between their locations. Per slot, of all
assignments within the sizes the one with the greatest sum of quantity × surplus is taken; of those
the greatest volume; of those the one in which the lower sequences go first, bid by bid and offer
by offer (:mod:`~gridpact.market.clearing.preferences.ties`). This is the transportation problem
(Hitchcock 1941), solved exactly in integers.

Each pair divides its surplus, a share k to the seller, rounded half to even to whole µ¤/kWh: the
seller receives its limit and its share, the buyer pays that and the grid fee. So a buyer never
pays beyond its limit and premiums, and a seller never gets less than its limit.

Without preferences and fees volume and welfare are those of the uniform-price auction.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.clearing import line
from gridpact.market.clearing.k_pricing import HALF, between
from gridpact.market.clearing.matched import Matched, Trades, to_matched
from gridpact.market.clearing.preferences import model
from gridpact.market.clearing.preferences.ties import settle
from gridpact.market.clearing.preferences.transport import optimise
from gridpact.market.orders import Orders

LARGEST_SLOT = 1_000
"""Most bids and offers together in one slot: its matrices are (bids + offers)²."""


def clear(
    orders: Orders,
    slots: int,
    preferences: model.Preferences | None = None,
    distances: model.Distances | None = None,
    k_ppm: int = HALF,
) -> Matched:
    """Clear every slot.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique, ``slot`` in ``[0, slots)``.
    slots : int
        Number of slots.
    preferences : Preferences, optional
        In the rows of the orders; without them only price counts.
    distances : Distances, optional
        Fees and nearness of the locations; without them there is one location, without fees.
    k_ppm : int
        Share of a pair's surplus that goes to the seller [ppm].

    Raises
    ------
    ValueError
        The orders or preferences are unsound, ``k_ppm`` is not within 0 and 1,000,000, or a slot
        has more than 1,000 orders.
    NumberOverflow
        Quantities do not add up, or limits with premiums and fees might not fit, in 64 bits.

    Notes
    -----
    In a slot of n orders a linear programme of up to n²/4 columns, then O(n²) per search in the
    exact part, which is a few searches where the programme's solution is right, and at most one
    per pair for ties.
    """
    line.check(orders, slots)
    preferences = preferences or model.indifferent(orders)
    distances = distances or model.one_place()
    model.check(orders, preferences, distances)
    order = np.lexsort((orders.sequence, -orders.side, orders.slot))
    ends = np.searchsorted(orders.slot[order], np.arange(slots + 1))
    trades = [
        _slot(orders, preferences, distances, order[start:end], k_ppm)
        for start, end in pairwise(ends.tolist())
        if end > start
    ]
    return to_matched(orders, _together(trades))


def _slot(
    orders: Orders,
    preferences: model.Preferences,
    distances: model.Distances,
    rows: Ints,
    k_ppm: int,
) -> Trades:
    """Match the orders of one slot, given by sequence, bids first."""
    if rows.size > LARGEST_SLOT:
        raise ValueError(
            f"slot {orders.slot[rows[0]]} has {rows.size} orders; preference matching takes at "
            f"most {LARGEST_SLOT} in a slot"
        )
    bids, offers = rows[orders.side[rows] > 0], rows[orders.side[rows] < 0]
    pairs = model.pairs_of(orders, preferences, distances, bids, offers)
    surplus = model.surplus_of(pairs.value, orders.limit_micro_per_kwh[offers])
    # an order that gains with nobody takes no part, which keeps the matrices small
    useful = surplus >= 0
    some = np.ix_(useful.any(axis=1), useful.any(axis=0))
    bids, offers = bids[useful.any(axis=1)], offers[useful.any(axis=0)]
    size = orders.quantity_wh
    flow = settle(*optimise(surplus[some], size[bids], size[offers]))
    bid, offer = np.nonzero(flow)
    value, fee = pairs.value[some][bid, offer], pairs.fee[some][bid, offer]
    receives = between(orders.limit_micro_per_kwh[offers[offer]], value, k_ppm)
    return Trades(bids[bid], offers[offer], flow[bid, offer], receives + fee, receives)


def _together(trades: list[Trades]) -> Trades:
    """Put the trades of all slots below each other."""
    none = Trades(*(np.empty(0, dtype=np.int64) for _ in Trades.__struct_fields__))
    columns = Trades.__struct_fields__
    return Trades(*(np.concatenate([getattr(t, at) for t in [none, *trades]]) for at in columns))
