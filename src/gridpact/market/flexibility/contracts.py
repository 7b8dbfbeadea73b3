"""What a tender selected becomes contracts, one per offer, of the products for reserves."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.contracts.observables import Const, Observable, Profile, Series
from gridpact.contracts.products.reserve import secondary_reserve, tertiary_reserve
from gridpact.contracts.terms import All, Contract
from gridpact.market.flexibility.offers import Direction, Offers, Tender
from gridpact.market.flexibility.selection import Selection


class Parties(msgspec.Struct, frozen=True):
    """Who provides, who buys, and in which currency. Where several share, one buys for them."""

    provider: str
    buyer: str
    currency: str


class Verification(msgspec.Struct, frozen=True):
    """The series that shows what was delivered [Wh], and the price of what is missing."""

    delivered: str
    penalty_micro_per_kwh: int


def to_contract(
    offers: Offers, selection: Selection, tender: Tender, row: int, parties: Parties
) -> Contract:
    """Return what the provider of one offer and the buyer have agreed.

    The selected power is held in every slot at the reservation price, and the buyer draws energy
    within it at the activation price, decided as ``choice:activate-up`` or ``-down`` [Wh] at the
    offer's notice: :func:`~gridpact.contracts.products.reserve.secondary_reserve`. Energy down is
    paid for as well, hence at the negative of the price at which it would be bought. An
    offer of which nothing was selected has the empty contract.

    Raises ValueError where slots do not divide the hour.
    """
    power = selection.power_w[row]
    if not power.any():
        return All()
    held, nothing = _profile(tender, power, "W"), Const(0, "W")
    up = offers.direction[row] == Direction.UP
    reserve = Const(int(offers.reservation_micro_per_kw[row]), "micro/kW")
    energy = int(offers.activation_micro_per_kwh[row])
    return secondary_reserve(
        parties.provider,
        parties.buyer,
        held if up else nothing,
        nothing if up else held,
        reserve,
        reserve,
        Const(energy, "micro/kWh"),
        Const(-energy, "micro/kWh"),
        _slots_per_hour(tender),
        int(offers.notice_s[row]),
        parties.currency,
    )


def to_verified_contract(
    offers: Offers,
    selection: Selection,
    tender: Tender,
    row: int,
    parties: Parties,
    verification: Verification,
) -> Contract:
    """Return the contract of an offer *up* whose delivery is measured and whose lack is penalised.

    As :func:`to_contract`, but energy is paid as far as the series of the verification shows it,
    and what was ordered and is missing costs the penalty:
    :func:`~gridpact.contracts.products.reserve.tertiary_reserve`, with the offer's least power as
    the least that may be ordered. Raises ValueError for an offer down, or where slots do not
    divide the hour.
    """
    if offers.direction[row] != Direction.UP:
        raise ValueError("only what is offered up is measured as energy delivered")
    power = selection.power_w[row]
    if not power.any():
        return All()
    return tertiary_reserve(
        parties.provider,
        parties.buyer,
        _profile(tender, power, "W"),
        _profile(tender, np.minimum(power, offers.least_w[row]), "W"),
        Series(verification.delivered, "Wh"),
        Const(int(offers.reservation_micro_per_kw[row]), "micro/kW"),
        Const(int(offers.activation_micro_per_kwh[row]), "micro/kWh"),
        Const(verification.penalty_micro_per_kwh, "micro/kWh"),
        _slots_per_hour(tender),
        int(offers.notice_s[row]),
        parties.currency,
    )


def _profile(tender: Tender, values: Ints, unit: str) -> Observable:
    return Profile(tender.window.start, tender.window.step, tuple(values.tolist()), unit)


def _slots_per_hour(tender: Tender) -> int:
    per_hour, rest = divmod(3600, tender.window.step)
    if rest:
        raise ValueError(f"slots of {tender.window.step} s do not divide the hour")
    return per_hour
