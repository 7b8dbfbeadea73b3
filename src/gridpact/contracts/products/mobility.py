"""Cars as sellers of energy: to the grid, and from one car to another."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import decision
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import Contract, pay, sale, within


def vehicle_to_grid(
    owner: str,
    aggregator: str,
    discharge: Observable,
    price: Observable,
    wear: Observable,
    state_of_charge: Observable,
    floor: Observable,
    plugged: Observable,
    notice: int,
    currency: str,
) -> Contract:
    """Sell what a car discharges [Wh] at a price, with compensation for wear [both µ¤/kWh].

    Only while the car is plugged in (``plugged`` is 1), its state of charge [ppm] is at or above
    the floor, and the owner has not opted out, ``notice`` [s] ahead. State of charge and discharge
    may be absent while it is not plugged in.
    Source: bidirectional power transfer, ISO 15118-20:2022; cost of wear per energy, Kempton,
    Tomić, Journal of Power Sources 144, 2005, section 2.3.
    """
    willing = (plugged >= 1) * (1 - decision("opt-out", owner, notice))
    sold = sale(discharge, price, owner, aggregator, "energy", currency)
    worn = pay(discharge * wear, aggregator, owner, "wear", currency)
    return within(willing, within(state_of_charge >= floor, sold + worn))


def vehicle_to_vehicle(
    seller: str,
    buyer: str,
    site: str,
    quantity: Observable,
    price: Observable,
    fee: Observable,
    state_of_charge: Observable,
    floor: Observable,
    currency: str,
) -> Contract:
    """Sell energy [Wh] from one car to another; the buyer pays the site a fee [both µ¤/kWh].

    The quantity is what the buyer's car receives. Only while the seller's state of charge [ppm] is
    at or above the floor. Source: peer-to-peer trading, Directive (EU) 2018/2001, article 2 (18).
    """
    sold = sale(quantity, price, seller, buyer, "energy", currency)
    return within(
        state_of_charge >= floor, sold + pay(quantity * fee, buyer, site, "site-fee", currency)
    )


_PRICE = amount("price", "micro/kWh", "price of the energy", "0.28 EUR/kWh")
_CHARGE = (
    amount("state_of_charge", "ppm", "charge of the selling car's battery", "car:soc"),
    amount("floor", "ppm", "charge below which nothing is sold", "40 %"),
)

PRODUCTS = (
    Product(
        "vehicle-to-grid",
        vehicle_to_grid,
        "What a plugged-in car discharges, with wear paid, down to a floor and unless opted out.",
        "ISO 15118-20:2022; Kempton, Tomić, Journal of Power Sources 144, 2005",
        (
            party("owner", "who owns the car", "car-owner"),
            party("aggregator", "who buys the energy", "aggregator"),
            amount("discharge", "Wh", "energy that the car gives", "car:discharge"),
            _PRICE,
            amount("wear", "micro/kWh", "compensation for wear", "0.05 EUR/kWh"),
            *_CHARGE,
            amount("plugged", "1", "1 while the car is plugged in", "car:plugged"),
            Parameter("notice", "notice", "time before a slot to opt out by", "1 h"),
            CURRENCY,
        ),
    ),
    Product(
        "vehicle-to-vehicle",
        vehicle_to_vehicle,
        "Energy from one car to another at a price, with a fee for the site.",
        "Peer-to-peer trading, Directive (EU) 2018/2001, article 2 (18)",
        (
            party("seller", "whose car gives energy", "car-owner"),
            party("buyer", "whose car receives it", "taxi-firm"),
            party("site", "who runs the charging site", "car-park"),
            amount("quantity", "Wh", "energy that the buyer's car receives", "car:received"),
            _PRICE,
            amount("fee", "micro/kWh", "fee for the site", "0.03 EUR/kWh"),
            *_CHARGE,
            CURRENCY,
        ),
    ),
)
