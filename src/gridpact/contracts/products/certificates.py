"""Certificates: guarantees of origin, emission allowances, carbon offsets, and a bundle of them.

Registries know whole certificates: a guarantee of origin stands for 1 MWh or, where a registry
divides it, for a number of Wh (Directive (EU) 2018/2001, article 19(2), as amended by (EU)
2023/2413); an allowance or a credit stands for 1 t of CO₂ equivalent (Directive 2003/87/EC,
article 3(a)). Contracts therefore deliver and price whole ones at each period's end and carry what
is left over to the next period, so nothing is lost to rounding.
"""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end, muldiv, running, share, total
from gridpact.contracts.observables import Const, Observable
from gridpact.contracts.products.shortfall import PERIOD, shortfall
from gridpact.contracts.terms import Contract, One, Scale, deliver, pay, sale
from gridpact.contracts.unit_algebra import ONE

MEGAWATT_HOUR = 1_000_000  # Wh
TONNE = 1_000_000_000  # mg


def whole_units(quantity: Observable, size: int, period: str) -> Observable:
    """Return the whole certificates that become due at each period's end, as their amount.

    In a period's last slot this is ``size`` times the number of whole sizes in the running total
    less those in the running total before the period; 0 in other slots. The running total begins
    with the first slot evaluated, so evaluate from the contract's start. Raises IllFormed unless
    ``size`` [unit of the quantity] is positive.
    """
    if size < 1:
        raise IllFormed(f"a certificate stands for a positive amount, not {size}")
    reached = running(quantity)
    before = reached - total(quantity, period)
    return at_end(period) * (_floored(reached, size) - _floored(before, size))


def _floored(quantity: Observable, size: int) -> Observable:
    """Return a quantity less what it holds beyond a multiple of ``size``, exactly.

    With ``x = q·size + r`` the ratio ``(2x − size + 1) ÷ 2·size`` is ``q`` plus less than a half
    either way, so rounding it to the nearest never meets a tie and gives ``q``.
    """
    doubled = 2 * quantity - (size - 1)
    count = muldiv(doubled, Const(1, ONE), Const(2 * size, quantity.unit))
    return count * Const(size, quantity.unit)


def certificate_sale(
    quantity: Observable,
    price: Observable,
    asset: str,
    seller: str,
    buyer: str,
    kind: str,
    currency: str,
) -> Contract:
    """Sell certificates: Wh of proven energy at µ¤/kWh, or mg of CO₂ at µ¤/g."""
    money = One(f"money:{currency}/{kind}", buyer, seller)
    return Scale(quantity, One(asset, seller, buyer) + Scale(price, money))


def guarantees_of_origin(
    seller: str,
    buyer: str,
    generation: Observable,
    price: Observable,
    asset: str,
    period: str,
    currency: str,
    size: int = MEGAWATT_HOUR,
) -> Contract:
    """Sell one guarantee of origin per whole ``size`` [Wh] generated, at a price [µ¤/kWh].

    Source: Directive (EU) 2018/2001, article 19; EN 16325.
    """
    issued = whole_units(generation, size, period)
    return certificate_sale(issued, price, asset, seller, buyer, "certificates", currency)


def emission_allowances(
    seller: str,
    buyer: str,
    energy: Observable,
    intensity: Observable,
    price: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell allowances for the emissions of energy used [Wh × g/kWh = mg], priced in µ¤/g (¤/t).

    Source: Directive 2003/87/EC, articles 3(a) and 12.
    """
    due = whole_units(energy * intensity, TONNE, period)
    return certificate_sale(due, price, "carbon:EUA", seller, buyer, "allowances", currency)


def carbon_offsets(
    seller: str,
    buyer: str,
    energy: Observable,
    intensity: Observable,
    coverage: Observable,
    price: Observable,
    asset: str,
    period: str,
    currency: str,
) -> Contract:
    """Sell carbon credits for a share [ppm] of the emissions of energy used [Wh × g/kWh = mg].

    The price is in µ¤/g (¤/t). The share rounds half to even to a mg in each slot.
    Source: Regulation (EU) 2024/3012, article 2; ISO 14064-1.
    """
    due = whole_units(share(energy * intensity, coverage), TONNE, period)
    return certificate_sale(due, price, asset, seller, buyer, "offsets", currency)


def green_bundle(
    seller: str,
    buyer: str,
    quantity: Observable,
    price: Observable,
    intensity: Observable,
    certificates: Observable,
    certificate_refund: Observable,
    offsets: Observable,
    offset_refund: Observable,
    period: str,
    currency: str,
    certificate_asset: str = "certificate:GO",
    offset_asset: str = "carbon:offset",
) -> Contract:
    """Sell energy [Wh] with its guarantees of origin and offset emissions at one price [µ¤/kWh].

    ``certificates`` [Wh] and ``offsets`` [mg] are what the seller transferred. Due at each
    period's end are the whole ones that cover the energy and its emissions [Wh × g/kWh]; what the
    period lacks is refunded at replacement prices [µ¤/kWh, µ¤/g] and no longer owed. Transfers
    beyond what is due are included in the price.
    """
    due = whole_units(quantity, MEGAWATT_HOUR, period)
    due_offsets = whole_units(quantity * intensity, TONNE, period)
    missing = shortfall(due, certificates, period)
    missing_offsets = shortfall(due_offsets, offsets, period)
    return (
        sale(quantity, price, seller, buyer, "bundle", currency)
        + deliver(certificates, seller, buyer, certificate_asset)
        + deliver(offsets, seller, buyer, offset_asset)
        + pay(missing * certificate_refund, seller, buyer, "certificate-refund", currency)
        + pay(missing_offsets * offset_refund, seller, buyer, "offset-refund", currency)
    )


_PARTIES = (
    party("seller", "who delivers", "solar-park"),
    party("buyer", "who pays", "bakery"),
)
_ENERGY = amount("energy", "Wh", "energy whose emissions count", "metered:load")
_INTENSITY = amount("intensity", "g/kWh", "emissions of each unit of energy", "380 g/kWh")
_RED = "Directive (EU) 2018/2001, article 19; EN 16325"

PRODUCTS = (
    Product(
        "guarantees-of-origin",
        guarantees_of_origin,
        "One guarantee of origin for each whole MWh generated, at a price.",
        _RED,
        (
            *_PARTIES,
            amount("generation", "Wh", "energy that the plant generates", "metered:generation"),
            amount("price", "micro/kWh", "price of the energy proven", "2 EUR/MWh"),
            Parameter("asset", "text", "the certificate", "certificate:GO:2026"),
            PERIOD,
            CURRENCY,
            Parameter(
                "size", "whole", "energy of one certificate in Wh", "1000000", default="1000000"
            ),
        ),
    ),
    Product(
        "emission-allowances",
        emission_allowances,
        "One allowance for each whole tonne that the energy used has emitted, at a price.",
        "Directive 2003/87/EC, articles 3(a) and 12",
        (
            *_PARTIES,
            _ENERGY,
            _INTENSITY,
            amount("price", "micro/g", "price of the allowances", "70 EUR/t"),
            PERIOD,
            CURRENCY,
        ),
    ),
    Product(
        "carbon-offsets",
        carbon_offsets,
        "One carbon credit for each whole tonne of a share of the emissions, at a price.",
        "Regulation (EU) 2024/3012, article 2; ISO 14064-1",
        (
            *_PARTIES,
            _ENERGY,
            _INTENSITY,
            amount("coverage", "ppm", "share of the emissions to offset", "50 %"),
            amount("price", "micro/g", "price of the credits", "25 EUR/t"),
            Parameter("asset", "text", "the credit", "carbon:removal:2026"),
            PERIOD,
            CURRENCY,
        ),
    ),
    Product(
        "green-bundle",
        green_bundle,
        "Energy with guarantees of origin and offsets at one price; what lacks is refunded.",
        _RED,
        (
            *_PARTIES,
            amount("quantity", "Wh", "energy in each slot", "metered:load"),
            amount("price", "micro/kWh", "price of energy with certificates", "95 EUR/MWh"),
            _INTENSITY,
            amount("certificates", "Wh", "guarantees of origin transferred", "registry:GO"),
            amount("certificate_refund", "micro/kWh", "price of a replacement", "4 EUR/MWh"),
            amount("offsets", "mg", "offsets transferred", "registry:offsets"),
            amount("offset_refund", "micro/g", "price of a replacement", "30 EUR/t"),
            PERIOD,
            CURRENCY,
            Parameter(
                "certificate_asset",
                "text",
                "the certificate",
                "certificate:GO:2026",
                default="certificate:GO",
            ),
            Parameter(
                "offset_asset", "text", "the offset", "carbon:offset", default="carbon:offset"
            ),
        ),
    ),
)
