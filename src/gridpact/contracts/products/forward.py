"""Forwards: energy in an agreed delivery window, at a fixed price or by a price formula."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.formulas import maximum, minimum, muldiv, share
from gridpact.contracts.observables import Const, Observable
from gridpact.contracts.terms import Contract, sale, within

KELVIN = Const(1000, "mK")


def forward(
    seller: str,
    buyer: str,
    quantity: Observable,
    price: Observable,
    window: Observable,
    currency: str,
) -> Contract:
    """Sell a quantity [Wh] per slot at a price [µ¤/kWh] in a delivery window, a mask.

    ``Between(start, end)`` is a base-load window; times a ``LocalTime`` of weekdays from 8 to 20
    it is peak load. A quantity that varies by slot is a ``Profile``.
    Source: EFET General Agreement Concerning the Delivery and Acceptance of Electricity.
    """
    return within(window, sale(quantity, price, seller, buyer, "forward", currency))


def indexed_forward(
    seller: str,
    buyer: str,
    quantity: Observable,
    window: Observable,
    base: Observable,
    index: Observable,
    index_share: Observable,
    temperature: Observable,
    threshold: Observable,
    per_kelvin: Observable,
    floor: Observable,
    cap: Observable,
    currency: str,
) -> Contract:
    """Sell a quantity [Wh] per slot in a window at the :func:`indexed_price` of the other terms.

    Index and temperature may be absent outside the window.
    """
    price = indexed_price(base, index, index_share, temperature, threshold, per_kelvin, floor, cap)
    return forward(seller, buyer, quantity, price, window, currency)


def indexed_price(
    base: Observable,
    index: Observable,
    index_share: Observable,
    temperature: Observable,
    threshold: Observable,
    per_kelvin: Observable,
    floor: Observable,
    cap: Observable,
) -> Observable:
    """Return ``base + b·index + c·max(threshold − temperature, 0)``, within floor and cap.

    Prices are in µ¤/kWh, ``b`` (``index_share``) in ppm of the index, temperatures in mK and ``c``
    (``per_kelvin``) in µ¤/kWh for each kelvin. Both products round half to even to µ¤/kWh. Where
    the floor is above the cap, the floor holds.
    Source: degree days as in ISO 15927-6; escalation of price by a fuel index as in the formulas
    of long-term supply contracts (IEA, Natural Gas Pricing in Competitive Markets, 1998).
    """
    cold = maximum(threshold - temperature, 0)
    price = base + share(index, index_share) + muldiv(cold, per_kelvin, KELVIN)
    return maximum(minimum(price, cap), floor)


_PARTIES = (
    party("seller", "who delivers", "solar-park"),
    party("buyer", "who pays", "bakery"),
)
_QUANTITY = amount("quantity", "Wh", "energy in each slot of the window", "10 kWh")
_WINDOW = amount(
    "window",
    "1",
    "1 in the slots of delivery, else 0",
    "between(2026-07-01T00:00Z, 2026-08-01T00:00Z)",
)

PRODUCTS = (
    Product(
        "forward",
        forward,
        "Energy in a delivery window at a fixed price.",
        "EFET General Agreement Concerning the Delivery and Acceptance of Electricity",
        (
            *_PARTIES,
            _QUANTITY,
            amount("price", "micro/kWh", "price of the energy", "80 EUR/MWh"),
            _WINDOW,
            CURRENCY,
        ),
    ),
    Product(
        "indexed-forward",
        indexed_forward,
        "Energy in a delivery window at a price that follows a fuel index and cold weather.",
        "Degree days: ISO 15927-6; fuel-indexed prices of long-term supply contracts",
        (
            *_PARTIES,
            _QUANTITY,
            _WINDOW,
            amount("base", "micro/kWh", "price before adjustments", "30 EUR/MWh"),
            amount("index", "micro/kWh", "index of the fuel's price", "index:gas"),
            amount("index_share", "ppm", "share of the index that is added", "40 %"),
            amount("temperature", "mK", "outdoor temperature", "temperature:berlin"),
            amount("threshold", "mK", "temperature below which it is cold", "15 degC"),
            amount("per_kelvin", "micro/kWh", "added per kelvin of cold", "0.5 EUR/MWh"),
            amount("floor", "micro/kWh", "lowest price", "40 EUR/MWh"),
            amount("cap", "micro/kWh", "highest price", "120 EUR/MWh"),
            CURRENCY,
        ),
    ),
)
