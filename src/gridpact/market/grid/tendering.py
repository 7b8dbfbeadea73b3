"""Limits around a state, as requests of a flexibility tender.

A request counts in watts at the place where a watt does most, so that currents and voltages are
asked for in one unit. What a limit needs is what would be beyond if nothing were bought; a limit
that would be kept asks for nothing and lends its headroom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.market.flexibility.offers import (
    HIGHEST_PRICE,
    LARGEST_W,
    PPM,
    Offers,
    Requests,
    Tender,
)
from gridpact.market.grid.limits import Linear

HEADROOM_MICRO_PER_KW = HIGHEST_PRICE
"""What overrunning a limit that is kept counts, so that it is not done to relieve another one."""
NO_EFFECT = 1e-9
"""An effect per W [VA or millionths] that is none."""
_MARGIN = 1e-3


class Asked(NamedTuple):
    """A tender and, for each of its requests, the limit it stands for [requests]."""

    requests: Requests
    tender: Tender
    limit: Ints


def ask(
    linear: Linear, offers: Offers, power_w: Ints, window: Slots, nodes: int, worth: int
) -> Asked:
    """Write a tender around a state in which ``power_w`` [offers, slots] is bought already.

    ``worth`` is the most that a kW at the best place may cost in a slot [µ¤/kW]. Limits that all
    offers together cannot bring beyond are left out.
    """
    running, column = _running(offers, linear), np.searchsorted(linear.locations, offers.location)
    per_watt = linear.effect[:, column] * (offers.direction[:, None] * running)
    base = linear.beyond - np.einsum("los,os->ls", per_watt, power_w[:, linear.slots])
    worst = np.einsum("los,o->ls", np.maximum(per_watt, 0.0), offers.power_w)
    limit, at = np.nonzero((base > _MARGIN) | (base + worst > _MARGIN))
    scale = np.abs(linear.effect[limit, :, at]).max(axis=1, initial=0.0)
    idle = scale < NO_EFFECT
    scale = np.where(idle, 1.0, scale)
    need = np.ceil(base[limit, at] / scale - _MARGIN)
    place = np.zeros((limit.size, nodes), np.int64)
    relief = -linear.effect[limit, :, at] / scale[:, None] * PPM
    place[:, linear.locations] = np.where(idle[:, None], 0, np.rint(relief)).astype(np.int64)
    called = np.full(window.count, PPM, np.int64)
    return Asked(
        _requests(linear.slots[at], np.clip(need, -LARGEST_W, LARGEST_W).astype(np.int64), worth),
        Tender(window, window.start, place, called),
        limit,
    )


def _requests(slot: Ints, need_w: Ints, worth: int) -> Requests:
    """One request per constraint; all of one procurer, the grid operator."""
    rows = np.arange(slot.size, dtype=np.int64)
    price = np.where(need_w > 0, worth, HEADROOM_MICRO_PER_KW)
    procurer, shared = np.zeros(slot.size, np.int64), np.zeros(slot.size, np.bool_)
    return Requests(rows, procurer, rows, slot, need_w, price, shared)


def _running(offers: Offers, linear: Linear) -> Bools:
    """Whether each offer runs in each slot looked at [offers, slots]."""
    first, slots = offers.first_slot[:, None], linear.slots[None, :]
    found: Bools = (slots >= first) & (slots < first + offers.duration_slots[:, None])
    return found
