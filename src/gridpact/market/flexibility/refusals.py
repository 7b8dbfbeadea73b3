"""Why an offer or a request is not taken: every fault at once, as names.

A refusal is an outcome, never an exception: the other rows of the batch do not suffer.
"""

from __future__ import annotations

from enum import IntFlag

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.market.flexibility.offers import (
    HIGHEST_PRICE,
    LARGEST_W,
    PPM,
    Direction,
    Offers,
    Requests,
    Tender,
)


class Refusal(IntFlag):
    """Faults of an offer or a request. The numbers are journalled and never change."""

    DUPLICATE = 1
    NOT_AUTHORISED = 2
    LOCATION = 4
    DIRECTION = 8
    WINDOW = 16
    POWER = 32
    LEAST = 64
    RAMP = 128
    NOTICE = 256
    PRICE = 512
    DURATION = 1024
    CONSTRAINT = 2048
    SLOT = 4096
    NEED = 8192


class Product(msgspec.Struct, frozen=True):
    """A standard product: what an offer must satisfy to be comparable with the others.

    ``longest_notice_s`` [s] bounds the notice, ``slowest_ramp_ppm`` is the least share of its
    power by which an offer must be able to change from slot to slot, ``divisible`` asks for a
    least power of 0, and a product without ``reservation`` or without ``activation`` pays nothing
    for it, so that a price there is refused. ``locations`` are the rows of the zones it is bought
    from, None for all of them.
    """

    direction: Direction
    smallest_w: int
    duration_slots: int
    longest_notice_s: int
    slowest_ramp_ppm: int = 0
    divisible: bool = False
    reservation: bool = True
    activation: bool = True
    locations: tuple[int, ...] | None = None


def offer_faults(
    offers: Offers, tender: Tender, authorised: Bools, product: Product | None = None
) -> Ints:
    """Judge offers; return the sum of the :class:`Refusal` flags of each, 0 for a sound one.

    ``authorised`` [providers] tells who may offer. Of two offers with one sequence both are
    refused. Prices are not negative: a provider that would pay to be called sells its energy in
    the energy market instead, where nobody can be called beyond need for the sake of its price.
    """
    faults = {
        Refusal.DUPLICATE: _repeated(offers.sequence),
        Refusal.NOT_AUTHORISED: ~_allowed(offers.provider, authorised),
        Refusal.LOCATION: ~_within(offers.location, tender.sensitivity_ppm.shape[1]),
        Refusal.DIRECTION: np.abs(offers.direction) != 1,
        Refusal.WINDOW: _outside(offers, tender.window.count),
        Refusal.POWER: (offers.power_w < 1) | (offers.power_w > LARGEST_W),
        Refusal.LEAST: (offers.least_w < 0) | (offers.least_w > offers.power_w),
        Refusal.RAMP: offers.ramp_w < 0,
        Refusal.NOTICE: _too_late(offers, tender),
        Refusal.PRICE: _priced(offers.reservation_micro_per_kw)
        | _priced(offers.activation_micro_per_kwh),
    }
    codes = _flags(faults, offers.count)
    return codes if product is None else codes | _product_faults(offers, product)


def request_faults(requests: Requests, tender: Tender, authorised: Bools) -> Ints:
    """Judge requests; return the sum of the :class:`Refusal` flags of each, 0 for a sound one.

    ``authorised`` [procurers]. Of two requests for one constraint and slot both are refused.
    """
    constraints = tender.sensitivity_ppm.shape[0]
    place = np.stack([requests.constraint, requests.slot])
    limit = requests.limit_micro_per_kw
    faults = {
        Refusal.DUPLICATE: _repeated(requests.sequence) | _repeated(place),
        Refusal.NOT_AUTHORISED: ~_allowed(requests.procurer, authorised),
        Refusal.CONSTRAINT: ~_within(requests.constraint, constraints),
        Refusal.SLOT: ~_within(requests.slot, tender.window.count),
        Refusal.NEED: (requests.need_w < -LARGEST_W)
        | (requests.need_w > LARGEST_W)
        | (requests.exclusive & (requests.need_w < 0)),
        Refusal.PRICE: _priced(limit),
    }
    return _flags(faults, requests.count)


def names(code: int) -> tuple[str, ...]:
    """Names of the faults in a code, such as ``("location", "notice")``."""
    found = [str(flag.name).lower() for flag in Refusal if code & flag]
    return tuple(name.replace("_", " ") for name in found)


def _product_faults(offers: Offers, product: Product) -> Ints:
    power = np.clip(offers.power_w, 0, LARGEST_W)  # beyond, the power itself is at fault
    ramp = np.clip(offers.ramp_w, 0, power)
    unpaid, elsewhere = np.zeros((2, offers.count), dtype=np.bool_)
    if product.locations is not None:
        elsewhere = ~np.isin(offers.location, product.locations)
    if not product.reservation:
        unpaid |= offers.reservation_micro_per_kw != 0
    if not product.activation:
        unpaid |= offers.activation_micro_per_kwh != 0
    faults = {
        Refusal.LOCATION: elsewhere,
        Refusal.DIRECTION: offers.direction != product.direction,
        Refusal.POWER: offers.power_w < product.smallest_w,
        Refusal.DURATION: offers.duration_slots != product.duration_slots,
        Refusal.LEAST: (offers.least_w != 0) & product.divisible,
        Refusal.RAMP: ramp * PPM < power * product.slowest_ramp_ppm,
        Refusal.NOTICE: offers.notice_s > product.longest_notice_s,
        Refusal.PRICE: unpaid,
    }
    return _flags(faults, offers.count)


def _flags(faults: dict[Refusal, Bools], count: int) -> Ints:
    codes = np.zeros(count, dtype=np.int64)
    for flag, faulty in faults.items():
        codes[faulty] |= int(flag)
    return codes


def _repeated(columns: Ints) -> Bools:
    """Rows of which there is another like it."""
    _, place, count = np.unique(columns, axis=-1, return_inverse=True, return_counts=True)
    return np.asarray(count[place.reshape(-1)] > 1, dtype=np.bool_)


def _within(values: Ints, count: int) -> Bools:
    return np.asarray((values >= 0) & (values < count), dtype=np.bool_)


def _allowed(who: Ints, authorised: Bools) -> Bools:
    known = _within(who, authorised.size)
    allowed = np.zeros(who.size, dtype=np.bool_)
    allowed[known] = authorised[who[known]]
    return allowed


def _outside(offers: Offers, slots: int) -> Bools:
    first, duration = offers.first_slot, offers.duration_slots
    sound = _within(first, slots) & (duration >= 1) & (duration <= slots)
    return np.asarray(~sound | (first > slots - duration), dtype=np.bool_)


def _too_late(offers: Offers, tender: Tender) -> Bools:
    """Offers told of later than their notice asks; where the window is unknown, not judged."""
    first = np.clip(offers.first_slot, 0, tender.window.count)
    lead = tender.window.start + first * tender.window.step - tender.decided_at
    return np.asarray((offers.notice_s < 0) | (offers.notice_s > lead), dtype=np.bool_)


def _priced(price: Ints) -> Bools:
    return np.asarray((price < 0) | (price > HIGHEST_PRICE), dtype=np.bool_)
