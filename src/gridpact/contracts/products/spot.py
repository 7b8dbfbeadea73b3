"""Spot trades: energy by slot at a price by slot, and what market and network charge on it."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, pay, sale

BOUGHT = Series("trade:bought", "Wh")
SOLD = Series("trade:sold", "Wh")
PRICE = Series("trade:price", "micro/kWh")
BOUGHT_PRICE = Series("trade:bought-price", "micro/kWh")
SOLD_PRICE = Series("trade:sold-price", "micro/kWh")
GRID_PRICE = Series("trade:grid-price", "micro/kWh")


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


def matched_trades(member: str, counterparty: str, currency: str) -> Contract:
    """Trade what was matched for a member at prices of its own, with one counterparty.

    Bought and sold energy have a price each, since a member may do both in one slot. One who
    trades at several prices in a slot has as many rows of series, which add up.
    """
    return spot_trade(BOUGHT, BOUGHT_PRICE, counterparty, member, currency) + spot_trade(
        SOLD, SOLD_PRICE, member, counterparty, currency
    )


def grid_charge(
    quantity: Observable, price: Observable, buyer: str, network: str, currency: str
) -> Contract:
    """Pay the network company what a buyer's price [µ¤/kWh] is above the seller's.

    It is a charge by distance, or what a scarce line earns; a negative price pays the buyer.
    """
    return pay(quantity * price, buyer, network, "grid", currency)


def buyer_fee(
    quantity: Observable, fee: Observable, buyer: str, operator: str, currency: str
) -> Contract:
    """Pay a market's operator a fee [µ¤/kWh] on what is bought [Wh]."""
    return pay(quantity * fee, buyer, operator, "buyer-fee", currency)


def seller_fee(
    quantity: Observable, fee: Observable, seller: str, operator: str, currency: str
) -> Contract:
    """Pay a market's operator a fee [µ¤/kWh] on what is sold [Wh]."""
    return pay(quantity * fee, seller, operator, "seller-fee", currency)


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
