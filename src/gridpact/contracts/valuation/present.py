"""What a party receives by scenario path, and its present value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints, checked_add, checked_sum
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import World
from gridpact.contracts.legs import as_contract, legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import All, Contract, pay

YEAR_S = 365 * 86_400

Received: TypeAlias = dict[tuple[str, str], Ints]


def received(contract: Contract, party: str, world: World, slots: Slots) -> Received:
    """Return what a party receives less what it pays, by (currency, kind).

    int64 [paths, slots] in nano-¤, exact; negative is paid. A world without paths is one path.
    Calendar periods cut at the ends count as whole. Raises as
    :func:`gridpact.contracts.cashflows.cashflows`, and IllFormed for a party that the terms do
    not name or a world of more than one leading axis.
    """
    check_party(contract, party)
    return flows_to(contract, party, world, slots)


def flows_to(contract: Contract, party: str, world: World, slots: Slots) -> Received:
    """Return :func:`received` also where the terms do not name the party: nothing."""
    found: Received = {}
    for (payer, payee, currency, kind), amount in cashflows(
        contract, world, slots, cut_periods=True
    ).items():
        if party in (payer, payee) and payer != payee:
            signed = _by_path(amount if party == payee else np.negative(amount))
            key = (currency, kind)
            found[key] = checked_add(found[key], signed) if key in found else signed
    return found


def net(flows: Received, slots: Slots, currency: str) -> Ints:
    """Return what is received in one currency over all kinds; int64 [paths, slots]."""
    result: Ints = np.zeros((1, slots.count), dtype=np.int64)
    for (code, _), amount in flows.items():
        if code == currency:
            result = checked_add(result, amount)
    return result


def present_value(amounts: Ints, discount: Floats | None) -> Floats:
    """Return the present value [nano-¤] of amounts [paths, slots] on each path.

    Without discount factors the sum is exact in int64 and rounded once, to a float.
    """
    if discount is None:
        return checked_sum(amounts, axis=-1).astype(np.float64)
    return np.asarray(amounts @ discount, dtype=np.float64)


def discount_factors(rate: float, slots: Slots) -> Floats:
    """Return ``exp(-rate · t)`` for the start of every slot, t [years of 365 days] from the first.

    ``rate`` is the continuously compounded interest per year, 0.03 for 3 %.
    """
    years = (slots.starts() - slots.start) / YEAR_S
    return np.asarray(np.exp(-rate * years), dtype=np.float64)


def check_discount(discount: Floats | None, slots: Slots) -> None:
    """Raise IllFormed unless there is one positive finite factor for each slot."""
    if discount is None:
        return
    if discount.shape != (slots.count,) or not np.isfinite(discount).all() or discount.min() <= 0:
        raise IllFormed(f"discount factors are {slots.count} positive numbers, one for each slot")


def check_party(contract: Contract, party: str) -> None:
    """Raise IllFormed for a party that gives, takes and decides nothing."""
    named = {name for leg in legs(contract) for name in (leg.giver, leg.taker)}
    named |= {choice.by for choice in needs(contract).choices}
    if party not in named:
        raise IllFormed(f"{party!r} is no party: the terms name {', '.join(sorted(named))}")


def marked(
    contract: Contract, prices: Mapping[str, Observable], currency: str | Mapping[str, str]
) -> Contract:
    """Let every physical delivery count as money at a market price.

    ``prices`` gives an observable [¤ per unit of the asset, such as µ¤/kWh for energy] for an
    asset (``"certificate:GO:2026"``) or its family (``"certificate"``). A delivery at a price
    becomes a payment from giver to taker of kind ``market-<family>``, because the taker holds
    what could be sold; the result is for valuing, never for settling. Other legs stay.
    ``currency`` is that of all prices, or of each by the same asset or family.
    """
    parts: list[Contract] = []
    for leg in legs(contract):
        family = leg.asset.partition(":")[0]
        named = leg.asset if leg.asset in prices else family
        price = prices.get(named)
        if leg.currency or price is None:
            parts.append(as_contract((leg,)))
        else:
            kind = f"market-{family}"
            code = currency if isinstance(currency, str) else currency[named]
            parts.append(pay(leg.amount * price, leg.giver, leg.taker, kind, code))
    return All(tuple(parts))


def one_currency(contract: Contract) -> str:
    """Return the currency in which all payments are; raise IllFormed for none or several."""
    found = sorted({leg.currency for leg in legs(contract)} - {""})
    if len(found) != 1:
        raise IllFormed(f"one currency is needed, the terms pay in {', '.join(found) or 'none'}")
    return found[0]


def _by_path(amount: Ints) -> Ints:
    if amount.ndim > 2:
        raise IllFormed(f"scenarios are [paths, slots], got {list(amount.shape)}")
    return np.atleast_2d(amount)
