"""Spot trades: energy by slot at a price by slot."""

from __future__ import annotations

from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, sale

BOUGHT = Series("trade:bought", "Wh")
SOLD = Series("trade:sold", "Wh")
PRICE = Series("trade:price", "micro/kWh")


def spot_trade(
    quantity: Observable, price: Observable, seller: str, buyer: str, currency: str
) -> Contract:
    """Sell a quantity [Wh] at a price [µ¤/kWh]; profiles carry many slots in one contract.

    The window in which a profile has values is the delivery window: outside it is 0.
    """
    return sale(quantity, price, seller, buyer, "spot", currency)


def cleared_trades(member: str, counterparty: str, currency: str) -> Contract:
    """Trade what an auction cleared for a member, bought and sold, with one counterparty."""
    return spot_trade(BOUGHT, PRICE, counterparty, member, currency) + spot_trade(
        SOLD, PRICE, member, counterparty, currency
    )
