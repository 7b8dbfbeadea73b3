"""Spot trades: energy by slot at a price by slot."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
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


PRODUCTS = (
    Product(
        "spot",
        spot_trade,
        "Energy by slot at a price by slot, as an auction cleared it.",
        "Single day-ahead and intraday coupling: Commission Regulation (EU) 2015/1222",
        (
            party("seller", "who delivers", "solar-park"),
            party("buyer", "who pays", "bakery"),
            amount(
                "quantity",
                "Wh",
                "energy in each slot",
                "profile(2026-07-01T10:00Z, 15 min, [1250, 1000], Wh)",
            ),
            amount("price", "micro/kWh", "price in each slot", "spot"),
            CURRENCY,
        ),
    ),
)
