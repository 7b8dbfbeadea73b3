"""Swing: an option on delivery with a limited number of exercises in each period."""

from __future__ import annotations

from gridpact.contracts.catalogue import Parameter, Product, amount
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import decision, running
from gridpact.contracts.observables import Choice, Const, Observable
from gridpact.contracts.products.option import (
    DECISION,
    PARTIES,
    RIGHT,
    OptionTerms,
    exercise,
    exercised,
)
from gridpact.contracts.products.shortfall import PERIOD, shortfall
from gridpact.contracts.terms import Contract, pay
from gridpact.contracts.unit_algebra import ONE


def swing(
    holder: str,
    writer: str,
    quantity: Observable,
    strike: Observable,
    premium: Observable,
    limit: int,
    period: str,
    notice: int,
    currency: str,
    label: str = "exercise",
) -> Contract:
    """Give the holder a call on delivery that counts at most ``limit`` times in each period.

    Decisions beyond the limit have no effect. Quantity [Wh] and premium [nano-¤] are per slot,
    the strike in µ¤/kWh, the notice in seconds.
    Source: Jaillet, Ronn, Tompaidis, Valuation of Commodity-Based Swing Options, Management
    Science 50(7), 2004.
    """
    terms = OptionTerms(quantity, strike, premium, notice, currency, label)
    counted = counted_exercise(exercise(terms, holder), limit, period)
    return exercised(counted, terms, writer, holder, seller=writer, buyer=holder)


def swing_put(
    holder: str,
    writer: str,
    quantity: Observable,
    strike: Observable,
    premium: Observable,
    limit: int,
    period: str,
    notice: int,
    currency: str,
    label: str = "exercise",
) -> Contract:
    """Give the holder a put on delivery that counts at most ``limit`` times in each period.

    Units as of :func:`swing`.
    """
    terms = OptionTerms(quantity, strike, premium, notice, currency, label)
    counted = counted_exercise(exercise(terms, holder), limit, period)
    return exercised(counted, terms, writer, holder, seller=holder, buyer=writer)


def swing_with_minimum_take(
    holder: str,
    writer: str,
    quantity: Observable,
    strike: Observable,
    premium: Observable,
    limit: int,
    minimum_take: Observable,
    shortfall_price: Observable,
    period: str,
    notice: int,
    currency: str,
    label: str = "exercise",
) -> Contract:
    """Return a :func:`swing` whose holder pays for what a period lacks of a minimum take [Wh].

    The shortfall is paid at its price [µ¤/kWh] in the period's last slot; no energy is delivered
    for it.
    """
    counted = counted_exercise(decision(label, holder, notice), limit, period)
    missing = shortfall(minimum_take, counted * quantity, period)
    right = swing(holder, writer, quantity, strike, premium, limit, period, notice, currency, label)
    return right + pay(missing * shortfall_price, holder, writer, "shortfall", currency)


def counted_exercise(chosen: Choice, limit: int, period: str) -> Observable:
    """Return the mask of the decisions that count: the first ``limit`` of each period.

    Raises IllFormed for a negative limit.
    """
    if limit < 0:
        raise IllFormed(f"a limit of exercises is not negative, got {limit}")
    return chosen * (running(chosen, period) <= Const(limit, ONE))


_LIMIT = Parameter("limit", "count", "exercises that count in each period", "20")
_TAKE = (
    amount("minimum_take", "Wh", "energy to take per period at least", "100 kWh"),
    amount("shortfall_price", "micro/kWh", "price of what was not taken", "50 EUR/MWh"),
)
_SWING = "Jaillet, Ronn, Tompaidis, Management Science 50(7), 2004"

PRODUCTS = (
    Product(
        "swing",
        swing,
        "The right to buy energy at a strike in a limited number of slots of each period.",
        _SWING,
        (*PARTIES, *RIGHT, _LIMIT, PERIOD, *DECISION),
    ),
    Product(
        "swing-put",
        swing_put,
        "The right to sell energy at a strike in a limited number of slots of each period.",
        _SWING,
        (*PARTIES, *RIGHT, _LIMIT, PERIOD, *DECISION),
    ),
    Product(
        "swing-minimum-take",
        swing_with_minimum_take,
        "A swing right whose holder pays for what a period lacks of a minimum take.",
        _SWING,
        (*PARTIES, *RIGHT, _LIMIT, *_TAKE, PERIOD, *DECISION),
    ),
)
