"""The mechanisms a market may choose by name, and what each of them claims.

Every claim is tested: the conformance suite runs each mechanism on random books, and for each
capability it lists the check that belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import TypeAlias

import msgspec

from gridpact.market.clearing import discriminatory, k_pricing, merit_order, uniform_price
from gridpact.market.clearing.blocks import clearing as block_orders
from gridpact.market.clearing.continuous import conversion as continuous_trading
from gridpact.market.clearing.discriminatory import Pays
from gridpact.market.clearing.matched import Matched, from_accepted
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.preferences import clearing as preference_matching
from gridpact.market.clearing.priority import Ties
from gridpact.market.orders import Orders

Clear: TypeAlias = Callable[..., Clearing | Matched]
"""``clear(orders, slots, **options)``: a pure function over the columns of a book."""
Option: TypeAlias = int | str


class Capability(StrEnum):
    """What a mechanism may claim.

    Every mechanism, whatever it claims, conserves energy in each slot, accounts for all money
    (paid = received + fees), keeps within each order's size, and gives the same result whatever
    the order of rows.
    """

    UNIFORM_PRICE = "uniform-price"
    """One price per slot for all; in the money in full, partly accepted at its limit."""
    PAY_AS_OFFER = "pay-as-offer"
    """Buyer and seller trade at the offer's limit."""
    PAY_AS_BID = "pay-as-bid"
    """Buyer and seller trade at the bid's limit."""
    INDIVIDUALLY_RATIONAL = "individually-rational"
    """No buyer pays more, and no seller gets less, than its limit."""
    WELFARE_MAXIMAL = "welfare-maximal"
    """No outcome within the orders' sizes has more welfare by their limits."""
    BUDGET_BALANCED = "budget-balanced"
    """What buyers pay sellers receive, without fee or subsidy."""
    UNCROSSED = "uncrossed"
    """What is left of the book cannot trade: every bid left is below every offer left."""
    CONTINUOUS = "continuous"
    """Orders trade as they come, by sequence, at the limit of the one that came first."""
    PREFERENCES = "preferences"
    """Takes what members prefer beside price; on a plain book it needs none."""
    BLOCKS = "blocks"
    """Takes orders over several slots or tied to others; on a plain book it needs none."""


class Mechanism(msgspec.Struct, frozen=True):
    """A way to clear a book. ``options`` are the keywords ``clear`` takes, with their defaults."""

    name: str
    summary: str
    capabilities: frozenset[Capability]
    clear: Clear
    options: dict[str, Option] = {}


_MERIT = frozenset(
    {
        Capability.INDIVIDUALLY_RATIONAL,
        Capability.WELFARE_MAXIMAL,
        Capability.BUDGET_BALANCED,
        Capability.UNCROSSED,
    }
)
_UNIFORM = _MERIT | {Capability.UNIFORM_PRICE}
_TIES: dict[str, Option] = {"ties": Ties.PRO_RATA.value}
_K: dict[str, Option] = {"k_ppm": k_pricing.HALF}

MECHANISMS: dict[str, Mechanism] = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism(
            "uniform-price",
            "one price per slot, in the middle of what is valid",
            _UNIFORM,
            uniform_price.clear,
            _TIES,
        ),
        Mechanism(
            "pay-as-offer",
            "the cheapest offer first, each trade at the offer's price",
            _MERIT | {Capability.PAY_AS_OFFER},
            partial(discriminatory.clear, pays=Pays.OFFER),
            _TIES,
        ),
        Mechanism(
            "pay-as-bid",
            "the cheapest offer first, each trade at the bid's price",
            _MERIT | {Capability.PAY_AS_BID},
            partial(discriminatory.clear, pays=Pays.BID),
            _TIES,
        ),
        Mechanism(
            "k-pricing",
            "each pair divides its surplus, a share k to the seller",
            _MERIT,
            k_pricing.clear_pairs,
            _K | _TIES,
        ),
        Mechanism(
            "k-uniform",
            "one price per slot, a share k of the way up what is valid",
            _UNIFORM,
            k_pricing.clear_uniform,
            _K | _TIES,
        ),
        Mechanism(
            "merit-order",
            "one price per slot, that of the last Wh produced",
            _UNIFORM,
            merit_order.clear,
            _TIES,
        ),
        Mechanism(
            "preference",
            "who suits whom best by price, source, partner and distance; a share k to the seller",
            _MERIT | {Capability.PREFERENCES},
            preference_matching.clear,
            _K,
        ),
        Mechanism(
            "block-orders",
            "one price per slot that supports orders over several slots, linked and exclusive ones",
            _UNIFORM | {Capability.BLOCKS},
            block_orders.clear,
            _TIES,
        ),
        Mechanism(
            "continuous",
            "orders meet as they come, each trade at the price of the one that waited",
            frozenset(
                {
                    Capability.CONTINUOUS,
                    Capability.INDIVIDUALLY_RATIONAL,
                    Capability.BUDGET_BALANCED,
                    Capability.UNCROSSED,
                }
            ),
            continuous_trading.clear,
        ),
    )
}


def choose(name: str, options: Mapping[str, Option] | None = None) -> Mechanism:
    """Return a mechanism by name with its options set.

    Raises ValueError that names what there is, where the name or an option is unknown; the value
    of an option is judged by the mechanism when it clears.
    """
    if name not in MECHANISMS:
        raise ValueError(f"{name!r} is not a mechanism; there are {', '.join(sorted(MECHANISMS))}")
    found, given = MECHANISMS[name], dict(options or {})
    if unknown := sorted(given.keys() - found.options.keys()):
        known = ", ".join(sorted(found.options)) or "none"
        raise ValueError(f"{name} has no option {unknown[0]!r}; it has {known}")
    if not given:
        return found
    return msgspec.structs.replace(
        found, clear=partial(found.clear, **given), options={**found.options, **given}
    )


def match(mechanism: Mechanism, orders: Orders, slots: int) -> Matched:
    """Clear a book and name the counterparties, whatever the mechanism gives back."""
    found = mechanism.clear(orders, slots)
    return from_accepted(orders, found) if isinstance(found, Clearing) else found
