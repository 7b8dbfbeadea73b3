"""Options on delivery: the holder decides per slot whether energy changes hands at the strike."""

from __future__ import annotations

from dataclasses import dataclass

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
    return _option(terms, holder, _premium(terms, writer, holder), seller=writer, buyer=holder)


def put(terms: OptionTerms, writer: str, holder: str) -> Contract:
    """Give the holder the right to sell at the strike, for a premium.

    Not ``give(call(…))``: that swaps the flows and leaves the call's holder deciding.
    """
    return _option(terms, holder, _premium(terms, writer, holder), seller=holder, buyer=writer)


def exercise(terms: OptionTerms, holder: str) -> Choice:
    """Return the decision on which the option hangs; its author is the holder."""
    return decision(terms.label, holder, terms.notice_s)


def _premium(terms: OptionTerms, writer: str, holder: str) -> Contract:
    return pay(terms.premium, holder, writer, "premium", terms.currency)


def _option(
    terms: OptionTerms, holder: str, premium: Contract, *, seller: str, buyer: str
) -> Contract:
    delivery = sale(terms.quantity, terms.strike, seller, buyer, "exercise", terms.currency)
    return within(exercise(terms, holder), delivery) + premium
