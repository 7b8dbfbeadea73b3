"""The supplier's tariff for what a member takes and gives, and feed-in tariffs for producers."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.formulas import maximum
from gridpact.contracts.observables import Const, Observable, Series
from gridpact.contracts.terms import Contract, pay, sale, within
from gridpact.contracts.unit_algebra import ONE

RESIDUAL_IN = Series("supplier:in", "Wh")
RESIDUAL_OUT = Series("supplier:out", "Wh")
IMPORT_PRICE = Series("tariff:import", "micro/kWh")
EXPORT_PRICE = Series("tariff:export", "micro/kWh")
ALWAYS = Const(1, ONE)


def supplier_tariff(
    member: str,
    supplier: str,
    currency: str,
    import_price: Observable = IMPORT_PRICE,
    export_price: Observable = EXPORT_PRICE,
) -> Contract:
    """Supply residual imports and buy residual exports, each at its price [µ¤/kWh].

    Prices are the tariff's series unless the terms fix them, as in ``Const(300_000, …)``.
    """
    return sale(RESIDUAL_IN, import_price, supplier, member, "supply", currency) + sale(
        RESIDUAL_OUT, export_price, member, supplier, "feed-in", currency
    )


def feed_in_tariff(
    producer: str,
    offtaker: str,
    export: Observable,
    price: Observable,
    currency: str,
    term: Observable = ALWAYS,
) -> Contract:
    """Buy all that a plant exports [Wh] at a price fixed by law [µ¤/kWh], for a term, a mask.

    ``Between(start, end)`` ends it after the years that the law grants.
    Source: Erneuerbare-Energien-Gesetz 2023 §§ 19, 21 and 25 (20 years).
    """
    return _during(term, sale(export, price, producer, offtaker, "feed-in", currency))


def self_consumption_tariff(
    producer: str,
    offtaker: str,
    generation: Observable,
    export: Observable,
    export_price: Observable,
    own_use_price: Observable,
    currency: str,
    term: Observable = ALWAYS,
) -> Contract:
    """Buy what a plant exports and also pay for what its owner uses, each at its price [µ¤/kWh].

    Own use is generation minus export [Wh] slot by slot, not below 0.
    Source: Erneuerbare-Energien-Gesetz 2009 § 33 (2); the generation and export tariffs of the
    United Kingdom's Feed-in Tariffs Order 2012 are this one with ``own_use_price`` the generation
    tariff and ``export_price`` the sum of both.
    """
    own_use = maximum(generation - export, 0)
    sold = sale(export, export_price, producer, offtaker, "feed-in", currency)
    bonus = pay(own_use * own_use_price, offtaker, producer, "self-consumption", currency)
    return _during(term, sold + bonus)


def _during(term: Observable, contract: Contract) -> Contract:
    return contract if term == ALWAYS else within(term, contract)


_PRODUCER = party("producer", "who owns the plant", "solar-roof")
_OFFTAKER = party("offtaker", "who must buy the energy", "dso")
_EXPORT = amount("export", "Wh", "energy that the plant feeds in", "metered:injection")
_TERM = amount(
    "term",
    "1",
    "1 while the tariff is granted, else 0",
    "between(2026-01-01T00:00Z, 2046-01-01T00:00Z)",
    default="1",
)

PRODUCTS = (
    Product(
        "supplier-tariff",
        supplier_tariff,
        "What a member of a community takes from and gives to its supplier, at two prices.",
        "Directive (EU) 2019/944, articles 10 and 16",
        (
            party("member", "who takes and gives energy", "home"),
            party("supplier", "who supplies and buys it", "supplier"),
            CURRENCY,
            amount("import_price", "micro/kWh", "price of energy taken", "0.30 EUR/kWh"),
            amount("export_price", "micro/kWh", "price of energy given", "0.08 EUR/kWh"),
        ),
    ),
    Product(
        "feed-in-tariff",
        feed_in_tariff,
        "All that a plant feeds in at a fixed price, for a number of years.",
        "Erneuerbare-Energien-Gesetz 2023, §§ 19, 21 and 25",
        (
            _PRODUCER,
            _OFFTAKER,
            _EXPORT,
            amount("price", "micro/kWh", "the tariff", "0.08 EUR/kWh"),
            CURRENCY,
            _TERM,
        ),
    ),
    Product(
        "feed-in-tariff-self-consumption",
        self_consumption_tariff,
        "A feed-in tariff that also pays for what the producer uses of the plant's energy.",
        "Erneuerbare-Energien-Gesetz 2009, § 33 (2); Feed-in Tariffs Order 2012 (UK)",
        (
            _PRODUCER,
            _OFFTAKER,
            amount("generation", "Wh", "energy that the plant generates", "metered:generation"),
            _EXPORT,
            amount("export_price", "micro/kWh", "tariff of energy fed in", "0.12 EUR/kWh"),
            amount("own_use_price", "micro/kWh", "tariff of energy used", "0.04 EUR/kWh"),
            CURRENCY,
            _TERM,
        ),
    ),
)
