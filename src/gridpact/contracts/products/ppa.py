"""Power purchase agreements, each with damages for what a seller guarantees and does not deliver.

Source: Directive (EU) 2018/2001, article 2(17); EFET Individual Power Purchase Agreement, 2019;
RE-Source, Introduction to Corporate Sourcing of Renewable Electricity in Europe, 2020.
"""

from __future__ import annotations

from gridpact.contracts.formulas import minimum, total
from gridpact.contracts.observables import Observable
from gridpact.contracts.products.shortfall import shortfall, under_delivery
from gridpact.contracts.terms import Contract, pay, sale


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


def guaranteed_virtual_ppa(
    seller: str,
    buyer: str,
    generation: Observable,
    spot: Observable,
    strike: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Return a :func:`virtual_ppa` whose seller guarantees its volume [Wh] per period."""
    difference = virtual_ppa(generation, spot, strike, seller, buyer, currency)
    return difference + under_delivery(
        generation, guaranteed, damages, period, seller, buyer, currency
    )


def physical_ppa(
    seller: str,
    buyer: str,
    generation: Observable,
    price: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell all that a plant generates [Wh] at a price [µ¤/kWh]: pay as produced."""
    energy = sale(generation, price, seller, buyer, "energy", currency)
    return energy + under_delivery(generation, guaranteed, damages, period, seller, buyer, currency)


def sleeved_ppa(
    generator: str,
    supplier: str,
    consumer: str,
    generation: Observable,
    price: Observable,
    fee: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell generation [Wh] through a supplier, who passes energy, price and damages on.

    The consumer pays the supplier a sleeving fee [µ¤/kWh] for balancing and transport.
    """
    terms = (generation, price, guaranteed, damages, period, currency)
    return (
        physical_ppa(generator, supplier, *terms)
        + physical_ppa(supplier, consumer, *terms)
        + pay(generation * fee, consumer, supplier, "sleeving", currency)
    )


def take_and_pay(
    seller: str,
    buyer: str,
    generation: Observable,
    volume: Observable,
    load: Observable,
    price: Observable,
    untaken: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what the buyer takes of a volume; what is offered and not taken costs damages.

    In each slot the seller offers its generation up to the volume [Wh], the buyer takes it up to
    the load [Wh] at the price, and pays ``untaken`` [µ¤/kWh] on the rest, less than the price as
    the seller keeps the energy. The seller guarantees what it offers per period.
    """
    offered = minimum(generation, volume)
    taken = minimum(load, offered)
    return (
        sale(taken, price, seller, buyer, "energy", currency)
        + pay((offered - taken) * untaken, buyer, seller, "untaken", currency)
        + under_delivery(offered, guaranteed, damages, period, seller, buyer, currency)
    )


def take_or_pay(
    seller: str,
    buyer: str,
    generation: Observable,
    load: Observable,
    price: Observable,
    minimum_take: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what the buyer takes; below a minimum take [Wh] per period the buyer pays anyway.

    In each slot the buyer takes the generation up to the load [Wh]. At the period's end the
    shortfall against the minimum, or against all that was generated where that is less, is paid
    at that slot's price; no right to take it later arises.
    Source: Masten, Crocker, Efficient Adaptation in Long-Term Contracts: Take-or-Pay Provisions
    for Natural Gas, American Economic Review 75(5), 1985.
    """
    taken = minimum(load, generation)
    owed = minimum(minimum_take, total(generation, period))
    return (
        sale(taken, price, seller, buyer, "energy", currency)
        + pay(shortfall(owed, taken, period) * price, buyer, seller, "take-or-pay", currency)
        + under_delivery(generation, guaranteed, damages, period, seller, buyer, currency)
    )


def on_site_ppa(
    seller: str,
    buyer: str,
    generation: Observable,
    load: Observable,
    price: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Sell what a plant behind the buyer's meter generates and the site uses, slot by slot.

    The seller keeps the surplus and guarantees its generation [Wh], not the site's use of it.
    """
    energy = sale(minimum(generation, load), price, seller, buyer, "energy", currency)
    return energy + under_delivery(generation, guaranteed, damages, period, seller, buyer, currency)


def off_site_ppa(
    seller: str,
    buyer: str,
    dso: str,
    generation: Observable,
    load: Observable,
    price: Observable,
    network_fee: Observable,
    guaranteed: Observable,
    damages: Observable,
    period: str,
    currency: str,
) -> Contract:
    """Return an :func:`on_site_ppa` through the public network, whose fee the buyer pays.

    The DSO is paid its fee [µ¤/kWh] on the energy that generation and load have in common.
    """
    terms = (generation, load, price, guaranteed, damages, period, currency)
    used = minimum(generation, load) * network_fee
    return on_site_ppa(seller, buyer, *terms) + pay(used, buyer, dso, "network", currency)
