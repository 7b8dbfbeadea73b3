"""Money of a cleared tree, by order, link, market and member; every nano is accounted for.

An order pays or receives its own market's price. So a link receives what it carries at the
importing end's price and pays the exporting end's; the difference is its fee, and beyond that its
congestion rent: ``paid = received + fees + rent`` in every slot, by market and in total.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Ints, checked_add, checked_multiply, magnitude
from gridpact.market.coupling.clearing import Coupled
from gridpact.market.coupling.tree import Tree
from gridpact.market.orders import Orders


class LinkMoney(msgspec.Struct, frozen=True):
    """What links earn [markets, slots], in the rows of the markets below them, in nano-¤."""

    fee_nano: Ints
    rent_nano: Ints


def payments_nano(orders: Orders, market: Ints, coupled: Coupled) -> Ints:
    """What each order pays, negative where it receives [orders]."""
    price = coupled.price_micro_per_kwh[market, orders.slot]
    return checked_multiply(orders.side * coupled.accepted_wh, price)


def surplus_nano(orders: Orders, market: Ints, coupled: Coupled) -> Ints:
    """How much better each order's price is than its limit, over its energy [orders]; never < 0."""
    price = coupled.price_micro_per_kwh[market, orders.slot]
    gain = checked_add(orders.limit_micro_per_kwh, -price)
    return checked_multiply(orders.side * coupled.accepted_wh, gain)


def link_money(
    tree: Tree, coupled: Coupled, outside_micro_per_kwh: Ints | None = None
) -> LinkMoney:
    """Fees and congestion rent of every link.

    ``outside_micro_per_kwh`` [slots] is the price beyond the roots' links, for a tree that is
    cleared as part of a larger one; without it a root has no link.
    """
    root = tree.parent < 0
    far = coupled.price_micro_per_kwh[tree.parent]
    far[root] = 0 if outside_micro_per_kwh is None else outside_micro_per_kwh
    carried = coupled.export_wh
    spread = checked_multiply(carried, far - coupled.price_micro_per_kwh)
    rate = np.where(carried > 0, tree.export_fee_micro_per_kwh, tree.import_fee_micro_per_kwh)
    fee = checked_multiply(np.abs(carried), rate)
    return LinkMoney(fee, checked_add(spread, -fee))


def welfare_nano(orders: Orders, tree: Tree, coupled: Coupled) -> Ints:
    """What buyers would pay at most, less what sellers ask at least, less fees [slots]."""
    worth = checked_multiply(orders.side * coupled.accepted_wh, orders.limit_micro_per_kwh)
    fees = link_money(tree, coupled).fee_nano
    slots = coupled.export_wh.shape[1]
    paid = totals(fees.ravel(), np.tile(np.arange(slots), tree.count), slots)
    return checked_add(totals(worth, orders.slot, slots), -paid)


def totals(values: Ints, place: Ints, places: int) -> Ints:
    """Sums of values by place [places]; raises NumberOverflow where one leaves 64 bits."""
    wide = magnitude(values) * values.size > INT64_MAX
    total = np.zeros(places, dtype=object if wide else np.int64)
    np.add.at(total, place, values)
    if wide and any(abs(value) > INT64_MAX for value in total):
        raise NumberOverflow("a sum of money does not fit 64 bits")
    return total.astype(np.int64)


def totals_by_market(values: Ints, orders: Orders, market: Ints, coupled: Coupled) -> Ints:
    """Sums of the orders' values by market and slot [markets, slots]."""
    shape = coupled.export_wh.shape
    place = market * shape[1] + orders.slot
    return totals(values, place, shape[0] * shape[1]).reshape(shape)


def statement_nano(orders: Orders, payments: Ints, members: int) -> tuple[Ints, Ints]:
    """What each member pays and what each receives [members]; both non-negative sums by sign."""
    paid = totals(np.maximum(payments, 0), orders.member, members)
    return paid, totals(np.maximum(-payments, 0), orders.member, members)
