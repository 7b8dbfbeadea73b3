"""Books read back from the record, to see what a clearing left of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from gridpact.app.record import Record
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.market.clearing.matched import total_by
from gridpact.market.clearing.mechanisms import Mechanism, Option, choose
from gridpact.market.clearing.mechanisms import match as clear_named
from gridpact.market.messages import OrdersPlaced, OrdersRefused, PlaceOrder, SessionCleared
from gridpact.market.orders import Orders, PlacedOrder, Side, concatenate
from gridpact.registry.model import Community, TradingRules


@dataclass(frozen=True)
class Close:
    """A session's orders and how much of each was accepted [orders]."""

    orders: Orders
    accepted_wh: Ints


def closes(record: Record, sessions: list[SessionCleared]) -> dict[str, Close]:
    """Read books back by session, those alone that are certain.

    A book is certain where all placed orders are in it, as many as the session counted, and they
    clear to what every member bought and sold. Where an order was refused, taken back or placed
    twice, or one is more than a plain order, nothing is said of the book.
    """
    community = record.opening().community
    refused = {message.session for message in record.all(OrdersRefused)}
    wanted = {item.session.id: item for item in sessions if item.session.id not in refused}
    batches: dict[str, list[tuple[int, Orders]]] = {name: [] for name in wanted}
    for name, seq, orders in _placed(record, community, wanted):
        batches[name].append((seq, orders))
    found = {}
    for name, cleared in wanted.items():
        parts = [orders for _, orders in sorted(batches[name], key=lambda one: one[0])]
        close = _close(community, cleared, reduce(concatenate, parts)) if parts else None
        if close is not None:
            found[name] = close
    return found


def _placed(
    record: Record, community: Community, wanted: dict[str, SessionCleared]
) -> Iterator[tuple[str, int, Orders]]:
    """Yield batches of orders with their session and journal row; agents' and people's."""
    members = {name: row for row, name in enumerate(community.members.ids)}
    for kept in [*record.kept(OrdersPlaced), *record.kept(PlaceOrder)]:
        match kept.message:
            case OrdersPlaced(session=name, orders=orders) if name in wanted:
                yield name, kept.seq, orders
            case PlaceOrder(session=name, order=order) if name in wanted:
                if order.slots == 1 and order.participant in members:
                    window = wanted[name].session.window
                    yield name, kept.seq, _row(order, members[order.participant], window)


def _row(order: PlacedOrder, member: int, window: Slots) -> Orders:
    """A person's plain order as columns of one row."""
    slot = (order.slot_start - window.start) // window.step
    terms = slot, int(order.side), order.quantity_wh, order.limit_micro_per_kwh
    return Orders(*(np.array([value], dtype=np.int64) for value in (0, member, *terms)))


def _close(community: Community, cleared: SessionCleared, placed: Orders) -> Close | None:
    sequence = np.arange(placed.count, dtype=np.int64)
    columns = (getattr(placed, name) for name in Orders.__struct_fields__[1:])
    orders, shape = Orders(sequence, *columns), cleared.bought_wh.shape
    if orders.count != cleared.orders:
        return None
    accepted = _accepted(community, cleared, orders)
    if accepted is None:
        return None
    cell = orders.member * shape[1] + orders.slot
    for side, energy in ((Side.BUY, cleared.bought_wh), (Side.SELL, cleared.sold_wh)):
        mine = np.where(orders.side == side, accepted, 0)
        if not np.array_equal(total_by(cell, mine, energy.size).reshape(shape), energy):
            return None
    return Close(orders, accepted)


def _accepted(community: Community, cleared: SessionCleared, orders: Orders) -> Ints | None:
    """Accepted Wh by row: added up from trades where they are recorded, else cleared again."""
    if cleared.trades is None:
        mechanism = _mechanism(community.market.trading(cleared.session.kind))
        return clear_named(mechanism, orders, cleared.session.window.count).accepted_wh
    trades = cleared.trades
    rows = np.concatenate([trades.buy_order, trades.sell_order])
    if np.any(rows >= orders.count):
        return None
    return total_by(rows, np.concatenate([trades.quantity_wh] * 2), orders.count)


def _mechanism(rules: TradingRules) -> Mechanism:
    """The mechanism with those of its options that the rules set."""
    given: dict[str, Option] = {"k_ppm": rules.k_ppm, "ties": rules.ties}
    known = choose(rules.mechanism).options
    return choose(rules.mechanism, {name: given[name] for name in known})
