"""Subscriptions: a profile bought ahead at a fixed price, deviations from it at spot."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.formulas import at_end
from gridpact.contracts.observables import Observable
from gridpact.contracts.products.shortfall import PERIOD
from gridpact.contracts.terms import Contract, pay, sale


def subscription(
    subscriber: str,
    supplier: str,
    profile: Observable,
    price: Observable,
    load: Observable,
    spot: Observable,
    fee: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Buy a profile [Wh] at a fixed price and settle load minus profile at spot [µ¤/kWh].

    A load below the profile is sold back at spot. The fee [nano-¤] is paid at each period's end.
    Source: two-part real-time pricing with a customer baseline load; Barbose, Goldman, Neenan,
    A Survey of Utility Experience with Real Time Pricing, LBNL-54238, 2004.
    """
    return (
        sale(profile, price, supplier, subscriber, "subscription", currency)
        + sale(load - profile, spot, supplier, subscriber, "deviation", currency)
        + pay(at_end(period) * fee, subscriber, supplier, "fee", currency)
    )


PRODUCTS = (
    Product(
        "subscription",
        subscription,
        "A profile at a fixed price for a fee per period, deviations from it at spot.",
        "Two-part real-time pricing: Barbose, Goldman, Neenan, LBNL-54238, 2004",
        (
            party("subscriber", "who uses the energy", "bakery"),
            party("supplier", "who delivers it", "supplier"),
            amount("profile", "Wh", "energy bought ahead in each slot", "5 kWh"),
            amount("price", "micro/kWh", "price of the profile", "90 EUR/MWh"),
            amount("load", "Wh", "energy used in each slot", "metered:load"),
            amount("spot", "micro/kWh", "price of deviations", "spot"),
            amount("fee", "nano", "fee per period", "12 EUR"),
            PERIOD,
            CURRENCY,
        ),
    ),
)
