"""Power purchase agreements."""

from __future__ import annotations

from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract, pay


def virtual_ppa(
    generation: Observable,
    spot: Observable,
    strike: Observable,
    seller: str,
    buyer: str,
    currency: str,
) -> Contract:
    """Settle generation [Wh] at spot minus strike [µ¤/kWh]: a contract for difference.

    The seller pays the buyer when spot is above the strike and is paid when it is below. No
    energy changes hands.
    """
    return pay(generation * (spot - strike), seller, buyer, "difference", currency)
