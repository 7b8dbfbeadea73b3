"""Calling what was reserved: all of it or a part, offer by offer, at its activation price.

A tender that reserves (``called_ppm`` 0) leaves power held by offers. When the need is known,
what is held becomes offers of its own, without a price for reservation, and a second tender
selects among them by cost and effect. What it calls is energy within the contract of the
reservation, so the two tenders' payments are together those of the contract.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.flexibility.offers import Offers
from gridpact.market.flexibility.selection import Selection


class OnCall(msgspec.Struct, frozen=True):
    """Reserved power as offers; ``row`` [calls] is the row of the offer that holds it."""

    offers: Offers
    row: Ints


def on_call(offers: Offers, reserved: Selection) -> OnCall:
    """Offer what a tender reserved to those who may call it.

    Power that may change freely and has no least is on call slot by slot, as far as it is
    reserved there. Any other offer is on call as it was offered, over its whole window and within
    its least power and ramp, up to the lowest power reserved in any slot of it. Sequences are new,
    in the order of the offers' sequences, then of slots.
    """
    loose = (offers.least_w == 0) & (offers.ramp_w >= offers.power_w)
    by_slot, at = np.nonzero((reserved.power_w > 0) & loose[:, None])
    lowest = _lowest_in_window(offers, reserved.power_w)
    whole = np.flatnonzero(~loose & (lowest > 0))
    row = np.concatenate([by_slot, whole])
    first = np.concatenate([at, offers.first_slot[whole]])
    order = np.lexsort((first, offers.sequence[row]))
    row, first = row[order], first[order]
    power = np.concatenate([reserved.power_w[by_slot, at], lowest[whole]])[order]
    return OnCall(_called_as(offers, row, first, power, loose[row]), row)


def called_w(call: OnCall, selected: Selection, offers: int) -> Ints:
    """Power called of every reserved offer [W, offers × slots], in the rows of the reservation."""
    power = np.zeros((offers, selected.power_w.shape[1]), dtype=np.int64)
    np.add.at(power, call.row, selected.power_w)
    return power


def _called_as(offers: Offers, row: Ints, first: Ints, power: Ints, loose: Bools) -> Offers:
    held = offers.take(row)
    return msgspec.structs.replace(
        held,
        sequence=np.arange(row.size, dtype=np.int64),
        first_slot=first,
        duration_slots=np.where(loose, 1, held.duration_slots),
        power_w=power,
        ramp_w=np.minimum(held.ramp_w, power),
        reservation_micro_per_kw=np.zeros_like(power),
    )


def _lowest_in_window(offers: Offers, power_w: Ints) -> Ints:
    """Lowest power reserved in the window of each offer [offers]."""
    slot, first = np.arange(power_w.shape[1]), offers.first_slot[:, None]
    outside = (slot < first) | (slot >= first + offers.duration_slots[:, None])
    lowest = np.where(outside, offers.power_w[:, None], power_w).min(axis=1, initial=2**62)
    return np.asarray(np.where(power_w.any(axis=1), lowest, 0), dtype=np.int64)
