"""Options on delivery: the holder decides per slot whether energy changes hands at the strike."""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import decision
from gridpact.contracts.observables import Choice, Observable
from gridpact.contracts.terms import Contract, pay, sale, within


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """Quantity [Wh] and premium [nano-¤] per slot, strike [µ¤/kWh], notice before a slot [s]."""

    quantity: Observable
    strike: Observable
    premium: Observable
    notice_s: int
    currency: str
    label: str = "exercise"


def call(terms: OptionTerms, writer: str, holder: str) -> Contract:
    """Give the holder the right to buy at the strike, for a premium."""
    return exercised(exercise(terms, holder), terms, writer, holder, seller=writer, buyer=holder)


def put(terms: OptionTerms, writer: str, holder: str) -> Contract:
    """Give the holder the right to sell at the strike, for a premium.

    Not ``give(call(…))``: that swaps the flows and leaves the call's holder deciding.
    """
    return exercised(exercise(terms, holder), terms, writer, holder, seller=holder, buyer=writer)


def exercise(terms: OptionTerms, holder: str) -> Choice:
    """Return the decision on which the option hangs; its author is the holder."""
    return decision(terms.label, holder, terms.notice_s)


def exercised(
    mask: Observable, terms: OptionTerms, writer: str, holder: str, *, seller: str, buyer: str
) -> Contract:
    """Deliver at the strike where a mask is 1, for a premium in every slot."""
    delivery = sale(terms.quantity, terms.strike, seller, buyer, "exercise", terms.currency)
    premium = pay(terms.premium, holder, writer, "premium", terms.currency)
    return within(mask, delivery) + premium


def call_option(
    holder: str,
    writer: str,
    quantity: Observable,
    strike: Observable,
    premium: Observable,
    notice: int,
    currency: str,
    label: str = "exercise",
) -> Contract:
    """Return :func:`call` from its terms by name; ``notice`` is in seconds."""
    return call(OptionTerms(quantity, strike, premium, notice, currency, label), writer, holder)


def put_option(
    holder: str,
    writer: str,
    quantity: Observable,
    strike: Observable,
    premium: Observable,
    notice: int,
    currency: str,
    label: str = "exercise",
) -> Contract:
    """Return :func:`put` from its terms by name; ``notice`` is in seconds."""
    return put(OptionTerms(quantity, strike, premium, notice, currency, label), writer, holder)


PARTIES = (
    party("holder", "who decides and pays the premium", "bakery"),
    party("writer", "who must comply", "solar-park"),
)
RIGHT = (
    amount("quantity", "Wh", "energy of one exercise", "10 kWh"),
    amount("strike", "micro/kWh", "price of energy when exercised", "100 EUR/MWh"),
    amount("premium", "nano", "price of the right in each slot", "0.002 EUR"),
)
DECISION = (
    Parameter("notice", "notice", "time before a slot to decide by", "1 h"),
    CURRENCY,
    Parameter("label", "text", "name of the decision", "exercise", default="exercise"),
)
_HULL = "Hull, Options, Futures, and Other Derivatives, chapter on energy derivatives"

PRODUCTS = (
    Product(
        "call",
        call_option,
        "The right, slot by slot, to buy energy at a strike.",
        _HULL,
        (*PARTIES, *RIGHT, *DECISION),
    ),
    Product(
        "put",
        put_option,
        "The right, slot by slot, to sell energy at a strike.",
        _HULL,
        (*PARTIES, *RIGHT, *DECISION),
    ),
)
