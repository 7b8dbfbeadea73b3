"""Balancing reserves: primary (FCR), secondary (aFRR) and tertiary (mFRR).

Capacity [W] is paid per slot: ¤/MW for a block of four hours is that price in slots of four
hours and a sixteenth of it in quarter-hours [µ¤/kW]. The transmission system operator (TSO)
decides on activation.
"""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.formulas import decision, minimum, muldiv, nominated, share
from gridpact.contracts.observables import Const, Observable
from gridpact.contracts.terms import Contract, deliver, pay, sale, within
from gridpact.contracts.unit_algebra import ONE


def primary_reserve(
    provider: str,
    tso: str,
    capacity: Observable,
    availability: Observable,
    price: Observable,
    penalty: Observable,
    currency: str,
) -> Contract:
    """Hold capacity [W] ready in both directions, paid by slot of availability; FCR.

    ``availability`` [ppm] is the share of the capacity that was available in a slot; the share
    rounds half to even to W. What was available earns the price, the rest costs the penalty
    [µ¤/kW per slot]. Energy is not paid: over time both directions cancel.
    Source: frequency containment reserves, Commission Regulation (EU) 2017/1485, articles 3 (6)
    and 154; payment of capacity alone as in the FCR Cooperation (2017/2195, article 33).
    """
    available = share(capacity, availability)
    missing = capacity - available
    return (
        deliver(capacity, provider, tso, "capacity:fcr")
        + pay(available * price, tso, provider, "capacity", currency)
        + pay(missing * penalty, provider, tso, "unavailability", currency)
    )


def secondary_reserve(
    provider: str,
    tso: str,
    up: Observable,
    down: Observable,
    up_price: Observable,
    down_price: Observable,
    up_energy_price: Observable,
    down_energy_price: Observable,
    slots_per_hour: int,
    notice: int,
    currency: str,
) -> Contract:
    """Hold capacity [W] up and down and let the TSO draw energy within it, slot by slot; aFRR.

    Energy up is sold to the TSO, energy down is bought from it, each at its price [µ¤/kWh]; a
    negative price turns the payment round. In a slot the TSO draws at most the capacity's energy,
    capacity divided by ``slots_per_hour``.
    Source: automatic frequency restoration reserves, Commission Regulation (EU) 2017/1485,
    articles 3 (7) and 158; signs of payments as in 2017/2195, article 47.
    """
    raised = nominated("activate-up", tso, energy_of(up, slots_per_hour), notice)
    lowered = nominated("activate-down", tso, energy_of(down, slots_per_hour), notice)
    return (
        deliver(up, provider, tso, "capacity:afrr-up")
        + deliver(down, provider, tso, "capacity:afrr-down")
        + pay(up * up_price + down * down_price, tso, provider, "capacity", currency)
        + sale(raised, up_energy_price, provider, tso, "energy-up", currency)
        + sale(lowered, down_energy_price, tso, provider, "energy-down", currency)
    )


def tertiary_reserve(
    provider: str,
    tso: str,
    capacity: Observable,
    least: Observable,
    delivered: Observable,
    price: Observable,
    energy_price: Observable,
    penalty: Observable,
    slots_per_hour: int,
    notice: int,
    currency: str,
) -> Contract:
    """Hold capacity [W] up and let the TSO activate it by hand, all or part of it; mFRR.

    An activated slot is for at least ``least`` and at most ``capacity``, each divided by
    ``slots_per_hour``; the order is due. What is ``delivered`` [Wh], up to the order, earns the
    energy price, what is missing costs the penalty [µ¤/kWh]; deliveries may be absent where
    nothing is activated.
    Source: manual frequency restoration reserves, Commission Regulation (EU) 2017/1485, articles
    3 (7) and 158; minimum quantity of a bid as in 2017/2195, article 25.
    """
    low, high = energy_of(least, slots_per_hour), energy_of(capacity, slots_per_hour)
    activated = decision("activate", tso, notice)
    order = nominated("order", tso, activated * high, notice, activated * low)
    met = minimum(delivered, order)
    settled = pay(met * energy_price, tso, provider, "energy-up", currency) + pay(
        (order - met) * penalty, provider, tso, "shortfall", currency
    )
    return (
        deliver(capacity, provider, tso, "capacity:mfrr-up")
        + pay(capacity * price, tso, provider, "capacity", currency)
        + deliver(order, provider, tso, "energy")
        + within(activated, settled)
    )


def energy_of(power: Observable, slots_per_hour: int) -> Observable:
    """Return the energy [Wh] of a power [W] held for a slot, rounded half to even."""
    return muldiv(power, Const(1, "Wh/W"), Const(slots_per_hour, ONE))


_PARTIES = (
    party("provider", "who holds the reserve", "battery-park"),
    party("tso", "who buys it and activates", "tso"),
)
_CAPACITY = amount("capacity", "W", "power held ready", "1 MW")
_CAPACITY_PRICE = amount("price", "micro/kW", "price of capacity for one slot", "12 EUR/MW")
_SLOTS = Parameter("slots_per_hour", "whole", "slots of the contract in an hour", "4")

PRODUCTS = (
    Product(
        "primary-reserve",
        primary_reserve,
        "Capacity held ready in both directions, paid by slot of availability (FCR).",
        "Commission Regulation (EU) 2017/1485, article 154; 2017/2195, article 33",
        (
            *_PARTIES,
            _CAPACITY,
            amount("availability", "ppm", "share that was available", "fcr:availability"),
            _CAPACITY_PRICE,
            amount("penalty", "micro/kW", "penalty for what was not available", "36 EUR/MW"),
            CURRENCY,
        ),
    ),
    Product(
        "secondary-reserve",
        secondary_reserve,
        "Capacity up and down from which the TSO draws energy at energy prices (aFRR).",
        "Commission Regulation (EU) 2017/1485, article 158; 2017/2195, article 47",
        (
            *_PARTIES,
            amount("up", "W", "power held ready upwards", "2 MW"),
            amount("down", "W", "power held ready downwards", "1 MW"),
            amount("up_price", "micro/kW", "price of capacity up for one slot", "3 EUR/MW"),
            amount("down_price", "micro/kW", "price of capacity down for one slot", "2 EUR/MW"),
            amount("up_energy_price", "micro/kWh", "price of energy up", "150 EUR/MWh"),
            amount("down_energy_price", "micro/kWh", "price of energy down", "20 EUR/MWh"),
            _SLOTS,
            Parameter("notice", "notice", "time before a slot to draw by", "5 min"),
            CURRENCY,
        ),
    ),
    Product(
        "tertiary-reserve",
        tertiary_reserve,
        "Capacity that the TSO activates by order, at a least quantity, with a penalty (mFRR).",
        "Commission Regulation (EU) 2017/1485, article 158; 2017/2195, article 25",
        (
            *_PARTIES,
            _CAPACITY,
            amount("least", "W", "power of the smallest order", "400 kW"),
            amount("delivered", "Wh", "energy delivered on orders", "reserve:delivered"),
            _CAPACITY_PRICE,
            amount("energy_price", "micro/kWh", "price of energy delivered", "180 EUR/MWh"),
            amount("penalty", "micro/kWh", "penalty for what is missing", "250 EUR/MWh"),
            _SLOTS,
            Parameter("notice", "notice", "time before a slot to order by", "15 min"),
            CURRENCY,
        ),
    ),
)
