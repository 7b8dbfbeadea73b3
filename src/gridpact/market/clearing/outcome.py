"""What a clearing gives back, whatever the mechanism, and what follows from it."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Bools, Ints, checked_multiply
from gridpact.market.orders import Orders


class Clearing(msgspec.Struct, frozen=True):
    """The outcome. ``accepted_wh`` [orders] in the rows of the orders; the others [slots].

    ``price_micro_per_kwh`` means something only where ``traded``: a slot without trade has no
    price, and what stands in its place is filler.
    """

    price_micro_per_kwh: Ints
    traded: Bools
    volume_wh: Ints
    accepted_wh: Ints


def payments_nano(orders: Orders, clearing: Clearing) -> Ints:
    """What each order pays (positive) or receives (negative) at the clearing price [orders].

    Sums to zero over every slot. Raises :class:`~gridpact.base.errors.NumberOverflow`.
    """
    price = clearing.price_micro_per_kwh[orders.slot]
    return checked_multiply(orders.side * clearing.accepted_wh, price)


def welfare_nano(orders: Orders, clearing: Clearing) -> Ints:
    """Welfare [slots]: what buyers would have paid at most less what sellers asked at least.

    Exact; raises :class:`~gridpact.base.errors.NumberOverflow` where it does not fit 64 bits.
    """
    worth = checked_multiply(orders.side * clearing.accepted_wh, orders.limit_micro_per_kwh)
    slots = clearing.volume_wh.size
    peak = max(int(worth.max(initial=0)), -int(worth.min(initial=0)))
    wide = peak * orders.count > INT64_MAX
    total = np.zeros(slots, dtype=object if wide else np.int64)
    np.add.at(total, orders.slot, worth)
    if wide and any(abs(value) > INT64_MAX for value in total):
        raise NumberOverflow("the welfare of a slot does not fit 64 bits")
    return total.astype(np.int64)


def energy_by_member(orders: Orders, clearing: Clearing, members: int) -> tuple[Ints, Ints]:
    """Energy bought and sold by each member [Wh], two arrays [members, slots]."""
    slots = clearing.volume_wh.size
    bought = np.zeros(members * slots, dtype=np.int64)
    sold = np.zeros(members * slots, dtype=np.int64)
    cell = orders.member * slots + orders.slot
    buys = orders.side > 0
    np.add.at(bought, cell[buys], clearing.accepted_wh[buys])
    np.add.at(sold, cell[~buys], clearing.accepted_wh[~buys])
    return bought.reshape(members, slots), sold.reshape(members, slots)
