"""Clearing on a grid: one price per node, every branch within its limit in linearised flow.

A radial grid is a tree and cleared as one, see :mod:`gridpact.market.grid.zonal`. A meshed one is
cleared slot by slot as a linear programme over its sensitivities; prices are those that support
the optimum, rounded to 10⁻⁶ µ¤/kWh and then half to even, and what is accepted is then made whole
Wh again by an integer programme in which nobody trades beyond its limit and every branch keeps its
own. Flows of a mesh are not those of trades, so a trade between nodes may there cost its buyer
less than its seller gets; the rent of the slot, from which that is paid, is what remains.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import Bools, Floats, Ints, checked_add, checked_multiply, magnitude
from gridpact.market.clearing.matched import Matched, Trades, total_by
from gridpact.market.clearing.priority import pro_rata
from gridpact.market.coupling.clearing import check_orders
from gridpact.market.coupling.tree import NO_LIMIT
from gridpact.market.grid import zonal
from gridpact.market.grid.flows import FLOW_DECIMALS, Headroom, rooted, sensitivities
from gridpact.market.grid.network import Network, is_radial, steps_from_slack
from gridpact.market.grid.pairing import by_local_price
from gridpact.market.grid.prices import supporting
from gridpact.market.grid.programme import (
    TOLERANCE_WH,
    Limits,
    Steps,
    best,
    in_whole_wh,
)
from gridpact.market.orders import Orders

LARGEST_PRICE_MICRO_PER_KWH = 1_000_000_000
"""1000 ¤/kWh: bound on a limit price on a mesh, so that programmes can tell prices apart."""


class Nodal(msgspec.Struct, frozen=True):
    """The outcome.

    ``price_micro_per_kwh``, ``priced``, ``bought_wh`` and ``sold_wh`` are [nodes, slots];
    ``flow_wh`` [branches, slots] is the flow that trade adds, from source to target, in a mesh in
    fractions of Wh. ``full`` [branches, slots] tells which limits bind, as +1 forward, -1 backward
    and 0 not; ``worth_micro_per_kwh`` [branches, slots] is what another kWh of that limit would
    gain. ``rent_nano`` [slots] is what buyers pay beyond what sellers receive; in a mesh the
    rounding of prices, at most half a µ¤/kWh each, can take a rent of nothing a little below 0.
    """

    matched: Matched
    price_micro_per_kwh: Ints
    priced: Bools
    bought_wh: Ints
    sold_wh: Ints
    flow_wh: Floats
    full: Ints
    worth_micro_per_kwh: Floats
    rent_nano: Ints


def clear(orders: Orders, slots: int, location: Ints, network: Network, room: Headroom) -> Nodal:
    """Clear every slot within the limits of a grid.

    Parameters
    ----------
    orders : Orders
        In any row order; sequences must be unique.
    slots : int
        Number of slots.
    location : int64 [orders]
        Node of each order.
    network, room
        The grid, and what its limits leave for trade, see
        :func:`~gridpact.market.grid.flows.headroom`.

    Raises
    ------
    ValueError, NumberOverflow
        As :func:`~gridpact.market.coupling.clearing.clear_tree`.
    """
    if is_radial(network):
        return _radial(orders, slots, location, network, room)
    return clear_meshed(orders, slots, location, network, room)


def clear_meshed(
    orders: Orders, slots: int, location: Ints, network: Network, room: Headroom
) -> Nodal:
    """Clear by linear programmes, whatever the shape of the grid; see :func:`clear`."""
    check_orders(orders, location, len(network.nodes), slots, 0)
    if magnitude(orders.limit_micro_per_kwh) > LARGEST_PRICE_MICRO_PER_KWH:
        raise NumberOverflow("a price on a mesh is beyond 10⁹ µ¤/kWh")
    factors = sensitivities(network)
    grid = _Grid(factors, steps_from_slack(network))
    shape = (len(network.nodes), slots)
    accepted = np.zeros(orders.count, np.int64)
    price, priced = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    worth = np.zeros((factors.shape[0], slots))
    for slot in np.unique(orders.slot).tolist():
        rows = np.flatnonzero(orders.slot == slot)
        one = _slot(orders.take(rows), location[rows], grid, room, slot)
        accepted[rows] = one.accepted_wh
        price[:, slot], priced[:, slot], worth[:, slot] = one.price, one.priced, one.worth
    pairs = by_local_price(orders, location, accepted, price)
    local = price[location, orders.slot]
    trades = Trades(*pairs, local[pairs.buy], local[pairs.sell])
    bought, sold = _energy(orders, location, accepted, shape)
    return Nodal(
        Matched(accepted, trades),
        price,
        priced,
        bought,
        sold,
        np.round(factors @ (sold - bought).astype(np.float64), FLOW_DECIMALS),
        np.sign(worth).astype(np.int64),
        worth,
        _rent_nano(orders, trades, slots),
    )


def limits_kept(nodal: Nodal, room: Headroom) -> Bools:
    """Tell of each branch and slot whether trade keeps to what was left of its limit."""
    above = nodal.flow_wh > room.forward_wh + TOLERANCE_WH
    below = -nodal.flow_wh > room.backward_wh + TOLERANCE_WH
    kept: Bools = ~(above | below) | (room.forward_wh == NO_LIMIT)
    return kept


class _Grid(NamedTuple):
    """Sensitivities [branches, nodes] and steps from the slack [nodes]."""

    factors: Floats
    rank: Ints


class _Slot(NamedTuple):
    accepted_wh: Ints
    price: Ints
    priced: Bools
    worth: Floats


def _slot(orders: Orders, node: Ints, grid: _Grid, room: Headroom, slot: int) -> _Slot:
    """Clear one slot."""
    factors = grid.factors
    steps, member_of = _steps(orders, node)
    limited = np.flatnonzero(room.forward_wh[:, slot] != NO_LIMIT)
    left = (side[limited, slot].astype(np.float64) for side in (room.forward_wh, room.backward_wh))
    limits = Limits(factors[limited], *left)
    fractions = best(steps, limits)
    sign, bound = _full(steps, limits, fractions)
    low, high = _open(steps, fractions, factors.shape[1])
    found = supporting(grid.rank, low, high, limits.factors[bound], sign[bound])
    price = np.rint(np.round(found.price, 6)).astype(np.int64)
    gains = steps.side * (steps.limit - price[steps.node]) >= 0
    whole = in_whole_wh(steps, limits, fractions, gains)
    worth = np.zeros(factors.shape[0])
    worth[limited[bound]] = np.round(found.worth, 6)
    return _Slot(_shared(orders, steps, member_of, whole), price, found.priced, worth)


def _steps(orders: Orders, node: Ints) -> tuple[Steps, Ints]:
    """The book by node, side and limit, and the step of each order [orders]."""
    key = np.stack([node, orders.side, orders.limit_micro_per_kwh])
    groups, member_of = np.unique(key, axis=1, return_inverse=True)
    member_of = member_of.reshape(-1)
    quantity = total_by(member_of, orders.quantity_wh, groups.shape[1])
    return Steps(groups[0], groups[1], groups[2], quantity), member_of


def _shared(orders: Orders, steps: Steps, member_of: Ints, whole: Ints) -> Ints:
    """Divide what steps got among their orders, pro rata by largest remainder."""
    order = np.argsort(member_of, kind="stable")
    size = np.bincount(member_of, minlength=steps.side.size)
    parts = pro_rata(whole, size, orders.quantity_wh[order], orders.sequence[order])
    accepted = np.empty(orders.count, np.int64)
    accepted[order] = parts
    return accepted


def _full(steps: Steps, limits: Limits, fractions: Floats) -> tuple[Ints, Ints]:
    """Which limited branches are full: +1, -1 or, both ways, 0; and the rows of those that are."""
    flow = limits.factors[:, steps.node] @ (-steps.side * fractions)
    forward = flow > limits.forward_wh - TOLERANCE_WH
    backward = -flow > limits.backward_wh - TOLERANCE_WH
    return forward.astype(np.int64) - backward, np.flatnonzero(forward | backward)


def _open(steps: Steps, fractions: Floats, nodes: int) -> tuple[Floats, Floats]:
    """What a node's orders leave open to its price [nodes]; infinite where they do not bound it."""
    low, high = np.full(nodes, -np.inf), np.full(nodes, np.inf)
    some, rest = fractions > TOLERANCE_WH, fractions < steps.quantity_wh - TOLERANCE_WH
    buys = steps.side > 0
    above, below = np.where(buys, some, rest), np.where(buys, rest, some)
    np.minimum.at(high, steps.node[above], steps.limit[above].astype(np.float64))
    np.maximum.at(low, steps.node[below], steps.limit[below].astype(np.float64))
    return low, high


def _energy(orders: Orders, location: Ints, accepted_wh: Ints, shape: tuple[int, int]) -> Ints:
    """Wh bought and sold, [2, nodes, slots]."""
    energy = np.zeros((2, *shape), np.int64)
    np.add.at(energy, ((orders.side < 0).astype(int), location, orders.slot), accepted_wh)
    return energy


def _rent_nano(orders: Orders, trades: Trades, slots: int) -> Ints:
    spread = checked_add(trades.buyer_micro_per_kwh, -trades.seller_micro_per_kwh)
    gained = checked_multiply(trades.quantity_wh, spread)
    return total_by(orders.slot[trades.buy], gained, slots)


def _radial(orders: Orders, slots: int, location: Ints, network: Network, room: Headroom) -> Nodal:
    """Clear as a tree of nodes; what a branch is worth is what prices differ by at its ends."""
    hung = rooted(network, room)
    found = zonal.clear(orders, slots, location, hung.tree)
    coupled, trades = found.coupled, found.matched.trades
    below = np.flatnonzero(hung.branch >= 0)
    flow = np.zeros((len(network.branches), slots))
    flow[hung.branch[below]] = (hung.sign[:, None] * coupled.export_wh)[below]
    price, priced = coupled.price_micro_per_kwh, coupled.priced
    both = priced[network.source] & priced[network.target]
    worth = np.where(both, price[network.target] - price[network.source], 0)
    return Nodal(
        found.matched,
        price,
        priced,
        coupled.bought_wh,
        coupled.sold_wh,
        flow,
        np.sign(worth),
        worth.astype(np.float64),
        _rent_nano(orders, trades, slots),
    )
