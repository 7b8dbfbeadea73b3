"""The whole value of a contract as a person asks for it: one call, open choices taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats
from gridpact.contracts.evaluate import World
from gridpact.contracts.legs import as_contract, legs
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.bounds import bounds
from gridpact.contracts.valuation.choices import Refusal, Slotwise, plans
from gridpact.contracts.valuation.corners import corners
from gridpact.contracts.valuation.dual import foresight_bound
from gridpact.contracts.valuation.payoffs import payoffs
from gridpact.contracts.valuation.present import (
    check_party,
    flows_to,
    marked,
    net,
    one_currency,
    present_value,
)
from gridpact.contracts.valuation.rights import Swing
from gridpact.contracts.valuation.slotwise import Exercise, take_slotwise
from gridpact.contracts.valuation.substitute import choices_in
from gridpact.contracts.valuation.swing import take_swing, worth
from gridpact.contracts.valuation.value import Decided, Undecided, Value, paths_of, valued

Prices: TypeAlias = Mapping[str, Observable | tuple[Observable, str]]


def value_report(
    contract: Contract,
    party: str,
    world: World,
    slots: Slots,
    *,
    prices: Prices | None = None,
    discount: Floats | None = None,
) -> Value:
    """Value a contract to a party over scenario paths, every open choice taken as is best.

    Choices that the world binds are as bound. Each other one is taken by its author for the
    author's own good, knowing what is known at its notice; where no method can, its payments are
    left out, and the value says so with the reason and their bounds.

    Parameters
    ----------
    contract : Contract
        Terms with named parties.
    party : str
        Whose receipts are positive.
    world : mapping of name to int64 [paths, slots] or [slots]
        Every series, and the choices that are made as ``choice:<label>``.
    slots : Slots
        The slots valued.
    prices : mapping of asset or family of assets to Observable, optional
        What deliveries are worth; see :func:`gridpact.contracts.valuation.present.marked`. A pair
        of price and currency where the contract has not just one.
    discount : float [slots], optional
        Factors that turn a payment in a slot into one now.

    Raises as :func:`gridpact.contracts.valuation.value.value`.
    """
    check_party(contract, party)
    terms = _marked(contract, prices) if prices else contract
    bound, decided, refused = _taken(terms, world, slots, discount)
    labels = frozenset(label for refusal in refused for label in refusal.labels)
    rows = legs(terms)
    left = as_contract(tuple(leg for leg in rows if not choices_in(leg.amount, labels)))
    paths = paths_of(terms, world)
    base = Value(party, slots, paths, 0.95, {}, {})
    found = valued(base, flows_to(left, party, bound, slots), discount)
    undecided = [_undecided(one, terms, party, bound, slots, discount) for one in refused]
    return replace(found, decided=tuple(decided), undecided=tuple(undecided))


def _taken(
    terms: Contract, world: World, slots: Slots, discount: Floats | None
) -> tuple[World, list[Decided], list[Refusal]]:
    """Take every open choice that a method can; return the world with them, and how it went."""
    bound = dict(world)
    decided: list[Decided] = []
    refused: list[Refusal] = []
    for plan in plans(terms, world):
        if isinstance(plan, Refusal):
            refused.append(plan)
            continue
        taken = _take(plan, world, slots, discount)
        if isinstance(taken, Refusal):
            refused.append(taken)
            continue
        bound.update(taken.choices)
        decided.append(_decided(plan, taken, world, slots, discount))
    return bound, decided, refused


def _marked(contract: Contract, prices: Prices) -> Contract:
    pairs = {
        asset: price if isinstance(price, tuple) else (price, one_currency(contract))
        for asset, price in prices.items()
    }
    currencies = {asset: currency for asset, (_, currency) in pairs.items()}
    return marked(contract, {asset: price for asset, (price, _) in pairs.items()}, currencies)


def _take(
    plan: Slotwise | Swing, world: World, slots: Slots, discount: Floats | None
) -> Exercise | Refusal:
    if isinstance(plan, Swing):
        return take_swing(plan, world, slots, discount)
    return take_slotwise(plan, world, slots, discount)


def _decided(
    plan: Slotwise | Swing, taken: Exercise, world: World, slots: Slots, discount: Floats | None
) -> Decided:
    """Tell what a plan's payments bring its author as taken, and at most."""
    if isinstance(plan, Swing):
        amounts = payoffs(plan, world, slots, discount)
        had = worth(amounts, taken.choices[plan.choice.key])
        least = worth(amounts, np.zeros(amounts.each.shape, dtype=np.int64))
        most = foresight_bound(plan, world, slots, discount)
        labels: tuple[str, ...] = (plan.choice.label,)
    else:
        flows = flows_to(plan.terms, plan.author, {**world, **taken.choices}, slots)
        had = present_value(net(flows, slots, plan.currency), discount)
        ways = corners(plan, plan.author, world, slots).amounts
        least = present_value(ways[0], discount)
        most = present_value(ways.max(axis=0), discount)
        labels = plan.labels
    gain, error = _gain(had - least)
    return Decided(
        labels, taken.by, taken.method, float(had.mean()), float(most.mean()), gain, error
    )


def _gain(gains: Floats) -> tuple[float, float | None]:
    """Return a mean gain, and its standard error where some path loses."""
    if gains.size < 2 or gains.min() >= 0:
        return float(gains.mean()), None
    return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(gains.size))


def _undecided(
    refused: Refusal,
    terms: Contract,
    party: str,
    world: World,
    slots: Slots,
    discount: Floats | None,
) -> Undecided:
    labels = frozenset(refused.labels)
    moved = tuple(
        leg
        for leg in legs(terms)
        if choices_in(leg.amount, labels) and leg.currency and party in (leg.giver, leg.taker)
    )
    if not moved:
        return Undecided(refused.labels, refused.reason, ())
    found = bounds(as_contract(moved), party, world, slots, discount=discount)
    ends = tuple(
        (code, float(low.mean()), float(high.mean()))
        for code, (low, high) in sorted(found.ends.items())
    )
    return Undecided(refused.labels, refused.reason, ends)
