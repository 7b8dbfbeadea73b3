"""Delivery against orders: the change of power that was ordered, and what came of it."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_add, checked_sum
from gridpact.settlement.delivery.baselines import Baseline
from gridpact.settlement.delivery.days import Metered, known_at, places_of

HOUR = 3600


class Order(msgspec.Struct, frozen=True):
    """Flexibility ordered of points together, on consecutive slots of one local day.

    ``power_w`` [slots] is the change of net withdrawal, as in UFTP: negative is to withdraw less
    or to inject more. ``price_nano`` is the price of the whole order.
    """

    reference: str
    congestion_point: str
    slots: Slots
    power_w: tuple[int, ...]
    price_nano: int


class Delivered(msgspec.Struct, frozen=True):
    """An order and what came of it, int64 [slots] in W; the sign is that of the order.

    ``baseline_w`` and ``actual_w`` are the points' net withdrawal together. ``deficiency_w`` is
    ordered and not delivered, never negative. ``reason`` says why nothing can be told; all power
    is then 0 and nothing may be settled.
    """

    order: Order
    method: str
    baseline_w: Ints
    actual_w: Ints
    delivered_w: Ints
    deficiency_w: Ints
    reason: str = ""

    @property
    def ordered_w(self) -> Ints:
        """What was ordered [slots]."""
        return np.array(self.order.power_w, dtype=np.int64)


def deliveries(orders: tuple[Order, ...], baseline: Baseline, metered: Metered) -> list[Delivered]:
    """Hold orders of one event against what was metered.

    All orders are on the slots of the baseline and were placed with the same points. The change of
    a slot is shared among its orders in their order: the first is served whole before the next,
    and none beyond what it ordered.

    Raises ValueError where slots differ, or orders of one slot ask for both more and less.
    """
    _check(orders, baseline)
    reason = _reason(baseline, metered)
    wh = np.zeros((2, baseline.event.count), np.int64)
    if not reason:
        places = places_of(metered.slots, baseline.event)
        wh = np.stack([checked_sum(each, 0) for each in (baseline.wh, metered.wh[:, places])])
    expected, actual = watts(wh, baseline.event.step)
    ordered = np.array([order.power_w for order in orders], np.int64)
    ordered = ordered.reshape(len(orders), baseline.event.count)
    given = in_turn(ordered, checked_add(actual, -expected))
    deficit = np.abs(ordered) - np.abs(given)
    if reason:
        given, deficit = np.zeros_like(given), np.zeros_like(deficit)
    return [
        Delivered(order, baseline.method, expected, actual, got, lack, reason)
        for order, got, lack in zip(orders, given, deficit, strict=True)
    ]


def in_turn(ordered_w: Ints, change_w: Ints) -> Ints:
    """Share a change of power [slots] among orders [orders, slots] one after the other.

    A change away from what was ordered delivers nothing. Orders of one slot have one sign.
    """
    sign = np.sign(ordered_w.sum(axis=0))
    size = np.abs(ordered_w)
    before = np.cumsum(size, axis=0) - size
    return np.asarray(sign * np.clip(sign * change_w - before, 0, size), dtype=np.int64)


def watts(wh: Ints, step: int) -> Ints:
    """Mean power of energy per slot of ``step`` seconds [W], rounded half to even."""
    return muldiv(wh, np.array(HOUR, np.int64), np.array(step, np.int64))


def _check(orders: tuple[Order, ...], baseline: Baseline) -> None:
    for order in orders:
        if order.slots != baseline.event or len(order.power_w) != order.slots.count:
            raise ValueError(f"order {order.reference} is not on the slots of the baseline")
    signs: Bools = np.array([[np.sign(p) for p in order.power_w] for order in orders])
    if len(orders) and np.any((signs.max(axis=0) > 0) & (signs.min(axis=0) < 0)):
        raise ValueError("orders of one slot and the same points ask for both more and less")


def _reason(baseline: Baseline, metered: Metered) -> str:
    told = [f"point {row + 1}: {why}" for row, why in enumerate(baseline.reasons) if why]
    places = places_of(metered.slots, baseline.event)
    known = known_at(metered, places)
    doubted = np.zeros_like(known)
    if metered.suspect is not None:
        doubted = metered.suspect[:, places] & (places >= 0) & ~known
    missing = [(row, "missing") for row in _lacking(known | doubted)]
    suspect = [(row, "suspect") for row in _lacking(~doubted)]
    absent = [
        f"point {row + 1}: readings of the event are {what}" for row, what in missing + suspect
    ]
    return "; ".join([*told, *absent])


def _lacking(known: Bools) -> list[int]:
    return [int(row) for row in np.flatnonzero(~known.all(axis=1))]
