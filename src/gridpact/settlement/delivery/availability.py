"""Availability of reserved flexibility over a month, and what it earns."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_sum
from gridpact.settlement.delivery.orders import HOUR


class Fee(msgspec.Struct, frozen=True):
    """Fee for availability: ``price_micro`` in µ¤ for a kW held over an hour.

    It is multiplied by ``delivery_ppm``, the mean delivery of the month before, as in SSEN's
    TRANSITION trials; in a first month, when nothing was ordered before, by ``first_ppm``.
    """

    price_micro: int
    delivery_ppm: int | None = None
    first_ppm: int = MICRO_PER_UNIT


class Availability(msgspec.Struct, frozen=True):
    """Reserved and available energy capacity of a month, and the fee.

    ``reserved_wh`` and ``available_wh`` are power times time [Wh], rounded half to even;
    ``ratio_ppm`` their ratio, and ``delivery_ppm`` what the fee was multiplied by.
    ``unknown_slots`` are reserved slots of which nobody knows whether power was available: they
    count neither way.
    """

    reserved_wh: int
    available_wh: int
    ratio_ppm: int
    delivery_ppm: int
    fee_nano: int
    unknown_slots: int


def availability(
    reserved_w: Ints, available_w: Ints, known: Bools, step: int, fee: Fee
) -> Availability:
    """Return what reserved power was available over slots of ``step`` seconds.

    ``reserved_w`` and ``available_w`` are int64 [slots], non-negative; what is available beyond
    the reservation is not paid. Raises ValueError for negative power.
    """
    if min(reserved_w.min(initial=0), available_w.min(initial=0)) < 0:
        raise ValueError("reserved and available power must not be negative")
    held = np.where(known, reserved_w, 0)
    there = np.minimum(held, np.where(known, available_w, 0))
    reserved, available = int(checked_sum(held)), int(checked_sum(there))
    ratio = round_half_even(available * MICRO_PER_UNIT, reserved) if reserved else MICRO_PER_UNIT
    share = fee.first_ppm if fee.delivery_ppm is None else fee.delivery_ppm
    due = available * step * fee.price_micro * share
    return Availability(
        reserved_wh=round_half_even(reserved * step, HOUR),
        available_wh=round_half_even(available * step, HOUR),
        ratio_ppm=ratio,
        delivery_ppm=share,
        fee_nano=round_half_even(due, HOUR * MICRO_PER_UNIT),
        unknown_slots=int(np.count_nonzero(~known & (reserved_w > 0))),
    )
