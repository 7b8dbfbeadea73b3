"""Guarantees over a period: by how much a total falls short, and what that costs."""

from __future__ import annotations

from gridpact.contracts.catalogue import Parameter, amount
from gridpact.contracts.formulas import at_end, maximum, total
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract, pay

PERIOD = Parameter(
    "period", "period", "period of an agreed quantity and its zone", "month@Europe/Berlin"
)
GUARANTEE = (
    amount("guaranteed", "Wh", "energy that the seller guarantees per period", "100 MWh"),
    amount("damages", "micro/kWh", "damages for what is missing", "30 EUR/MWh"),
    PERIOD,
)


def shortfall(agreed: Observable, actual: Observable, period: str) -> Observable:
    """Return by how much a period's total falls short of what was agreed, in its last slot.

    0 in every other slot and where the total reaches it; ``agreed`` is read in the last slot.
    """
    return at_end(period) * maximum(agreed - total(actual, period), 0)


def under_delivery(
    delivered: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    seller: str,
    buyer: str,
    currency: str,
) -> Contract:
    """Let the seller pay damages [µ¤/kWh] on what a period lacks of a guaranteed energy [Wh].

    Paid in the period's last slot, at its damages.
    """
    missing = shortfall(guaranteed, delivered, period)
    return pay(missing * damages, seller, buyer, "under-delivery", currency)
