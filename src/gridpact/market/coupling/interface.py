"""The interface to the main market: offers and players, both ways.

Upwards, an aggregator turns what is left open inside into one offer, a line of steps in the
parent's book, and clears inside to what the parent took of it. Downwards, the main market may
stand in a root's book as orders of any depth at an import and an export price; and its players
may trade inside, under the inside rules.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints, checked_sum
from gridpact.market.admission import NO_LIMIT, Admission
from gridpact.market.coupling.clearing import Coupled, clear_open
from gridpact.market.coupling.curves import Curves, Link, add, below, cross
from gridpact.market.coupling.prices import Bounds, known, link_bounds
from gridpact.market.coupling.residuals import ascend
from gridpact.market.coupling.tree import Tree, link_columns, subtree, written_out
from gridpact.market.orders import Orders, Side, no_orders


class Joined(msgspec.Struct, frozen=True):
    """Orders in the markets of a tree; ``market`` [orders] is the row of each order's market."""

    orders: Orders
    market: Ints
    tree: Tree
    slots: int


class Inside(msgspec.Struct, frozen=True):
    """A part of a tree cleared by itself.

    ``tree`` is that part, ``market_row`` [its markets] and ``order_row`` [its orders] the rows in
    the whole, and ``coupled`` the outcome in the part's own rows.
    """

    tree: Tree
    market_row: Ints
    order_row: Ints
    coupled: Coupled


class Player(msgspec.Struct, frozen=True):
    """A main-market player that asks to trade inside.

    ``market`` is where its meter stands: orders count there, so that what it trades with a
    community pays the fees and keeps the limits of the links on the way. Limits [Wh per slot and
    side], -1 for none.
    """

    id: str
    role: str
    market: str
    buy_limit_wh: int = -1
    sell_limit_wh: int = -1


def admit_players(rules: Admission, players: Sequence[Player], roles: Collection[str]) -> Admission:
    """Extend the inside rules to main-market players, in rows below those of the members.

    A player may trade if its role is one of ``roles``; otherwise its orders are refused as
    ``NOT_AUTHORISED``. Gates, price limits and the largest order are those of the inside; a player
    holds no collateral and has no rating.
    """
    allowed = np.array([player.role in roles for player in players], dtype=np.bool_)
    fair, free = np.ones_like(allowed), np.full(allowed.size, NO_LIMIT, dtype=np.int64)
    limits = np.array(
        [(player.sell_limit_wh, player.buy_limit_wh) for player in players], dtype=np.int64
    ).reshape(-1, 1, 2)
    shape = (allowed.size, rules.open_slots.size, 2)
    volume = np.broadcast_to(np.where(limits < 0, NO_LIMIT, limits), shape)
    return msgspec.structs.replace(
        rules,
        authorised=np.concatenate([rules.authorised, allowed]),
        suspended=np.concatenate([rules.suspended, ~fair]),
        rated=np.concatenate([rules.rated, fair]),
        volume_wh=np.concatenate([rules.volume_wh, volume]),
        funds_nano=np.concatenate([rules.funds_nano, free]),
    )


def wholesale(
    import_micro_per_kwh: Ints, export_micro_per_kwh: Ints, orders: Orders, member: int
) -> Orders:
    """Orders of a main market of any depth: it sells at the import price, buys at the export one.

    Both prices are [slots], the export price below the import price, if only by 1 µ¤/kWh: a market
    that sells at the price at which it buys would trade with itself, and crowd out orders at that
    price. Quantities are one Wh more than all ``orders`` together, so that the main market is never
    exhausted and a price at which it trades is its own. Sequences follow those of ``orders``.

    Raises
    ------
    ValueError
        The export price is not below the import price in some slot.
    NumberOverflow
        The quantities of the orders do not add up in 64 bits.
    """
    if np.any(export_micro_per_kwh >= import_micro_per_kwh):
        raise ValueError("a main market must buy below the price at which it sells")
    slots = import_micro_per_kwh.size
    depth = int(checked_sum(orders.quantity_wh)) + 1
    first = int(orders.sequence.max(initial=-1)) + 1
    side = np.repeat(np.array([Side.SELL, Side.BUY], dtype=np.int64), slots)
    return Orders(
        np.arange(first, first + 2 * slots, dtype=np.int64),
        np.full(2 * slots, member, dtype=np.int64),
        np.tile(np.arange(slots, dtype=np.int64), 2),
        side,
        np.full(2 * slots, depth, dtype=np.int64),
        np.concatenate([import_micro_per_kwh, export_micro_per_kwh]),
    )


def residual_offer(joined: Joined, top: int, member: int, first: int) -> Orders:
    """Turn what a market and all below it leave open into orders for the book of its parent.

    Parameters
    ----------
    joined : Joined
        All orders and markets; those that are not below ``top`` do not count.
    top : int
        Row of the market whose residual is offered. The limits and fees of its link are in the
        offer already: an import bids its fee less, an export asks its fee more.
    member, first : int
        Who offers, and the first of the sequences.

    Returns
    -------
    Orders
        Bids for what would be imported and offers of what would be exported, one per price, slot
        and side, in the order of slots and prices.
    """
    part, slots = _part(joined, top), joined.slots
    here, root = written_out(part.tree, slots), part.root
    line = ascend(part.orders, part.market, here).line
    link = Link(np.arange(slots), *(column[root] for column in link_columns(here)))
    residual = add([cross(line, link, slots, part.orders.sequence).residual])
    return _as_orders(residual, part.orders.sequence, member, first)


def clear_inside(
    joined: Joined, top: int, export_wh: Ints, outside_micro_per_kwh: Ints, priced: Bools
) -> Inside:
    """Clear a market and all below it to what its parent took of their residual offer.

    ``export_wh`` [slots] is what the aggregator sold to the parent, negative where it bought, and
    ``outside_micro_per_kwh`` [slots] the parent's price, which comes down through the link, where
    ``priced``. The other parameters are those of :func:`residual_offer`.

    The welfare is that of clearing all at once. So are the prices, except where the conditions
    leave a market several: there the middle counts from the one price that came down.
    """
    part, slots = _part(joined, top), joined.slots
    exported = np.zeros((part.tree.count, slots), dtype=np.int64)
    exported[part.root] = export_wh
    here, root = written_out(part.tree, slots), np.array([part.root])
    bounds = link_bounds(here, root, export_wh, known(outside_micro_per_kwh, priced))
    bounds = Bounds(*(np.broadcast_to(bound, exported.shape) for bound in bounds))
    coupled = clear_open(part.orders, part.market, part.tree, slots, exported, bounds)
    return Inside(part.tree, part.market_row, part.order_row, coupled)


class _Part(NamedTuple):
    """A part of a tree with its orders, in its own rows, and the rows they have in the whole."""

    tree: Tree
    root: int
    orders: Orders
    market: Ints
    market_row: Ints
    order_row: Ints


def _part(joined: Joined, top: int) -> _Part:
    part, market_row = subtree(joined.tree, top)
    order_row = np.flatnonzero(np.isin(joined.market, market_row))
    inner = np.searchsorted(market_row, joined.market[order_row])
    root = int(np.flatnonzero(part.parent < 0)[0])
    return _Part(part, root, joined.orders.take(order_row), inner, market_row, order_row)


def _as_orders(residual: Curves, sequence: Ints, member: int, first: int) -> Orders:
    """Steps that import as bids and those that export as offers, one for each price."""
    imports = below(residual, np.zeros_like(residual.lowest_wh), sequence)
    price = residual.rank >> 1
    quantity = np.stack([imports, residual.quantity_wh - imports])
    starts = np.flatnonzero(
        (np.diff(residual.group, prepend=-1) != 0) | (np.diff(price, prepend=0) != 0)
    )
    if not starts.size:
        return no_orders()
    total = np.add.reduceat(quantity, starts, axis=1)
    at, offer = np.nonzero(total.T)
    rows = starts[at]
    return Orders(
        np.arange(first, first + rows.size, dtype=np.int64),
        np.full(rows.size, member, dtype=np.int64),
        residual.group[rows],
        np.where(offer > 0, int(Side.SELL), int(Side.BUY)),
        total[offer, at],
        price[rows],
    )
