"""What power could be had of points at a time: how far they were from a limit of theirs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Ints, checked_sum
from gridpact.settlement.delivery.days import Metered
from gridpact.settlement.delivery.orders import Delivered, watts

NAME = "headroom.v1"


class Reserved(msgspec.Struct, frozen=True):
    """Power held ready under a contract: a change of net withdrawal [W], as an order would ask.

    ``reserved_w`` int64 [slots] is 0 where nothing is held, and of one sign elsewhere. ``limit_w``
    is the net withdrawal of all points together that they can be brought to in that direction.
    """

    contract: str
    congestion_point: str
    slots: Slots
    reserved_w: Ints
    limit_w: int


def headroom(
    reserved: Reserved, metered: Metered, delivered: Sequence[Delivered]
) -> tuple[Ints, Bools]:
    """Return power that could be had [slots], in the direction of the reservation, and where known.

    It is the distance of the points' net withdrawal from their limit, never below zero. Power that
    was ordered and delivered in the same direction was there as well and counts. Known is a slot
    of which all points were read, and all orders in it could be settled.
    """
    here, there = overlap(reserved.slots, metered.slots)
    net, known = np.zeros((2, reserved.slots.count), np.int64)
    net[here] = watts(checked_sum(metered.wh[:, there], 0), metered.slots.step)
    known[here] = metered.known[:, there].all(axis=0)
    sign = int(np.sign(reserved.reserved_w.sum()))
    free = np.maximum(sign * (reserved.limit_w - net), 0)
    for each in delivered:
        here, there = overlap(reserved.slots, each.order.slots)
        free[here] += np.maximum(sign * each.delivered_w[there], 0)
        known[here] &= not each.reason
    return free, known.astype(np.bool_)
