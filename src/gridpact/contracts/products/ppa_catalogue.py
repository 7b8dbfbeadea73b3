"""How power purchase agreements are called: their parameters, examples and sources."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Product, amount, party
from gridpact.contracts.products import ppa
from gridpact.contracts.products.shortfall import GUARANTEE

_PARTIES = (
    party("seller", "who runs the plant", "solar-park"),
    party("buyer", "who buys its energy", "bakery"),
)
_GENERATION = amount("generation", "Wh", "energy that the plant generates", "metered:generation")
_LOAD = amount("load", "Wh", "energy that the buyer uses", "metered:load")
_PRICE = amount("price", "micro/kWh", "price of the energy", "70 EUR/MWh")
_SPOT = amount("spot", "micro/kWh", "price of the market", "spot")
_STRIKE = amount("strike", "micro/kWh", "price that the seller is to have", "70 EUR/MWh")
_EFET = "EFET Individual Power Purchase Agreement, 2019"
_RE_SOURCE = "RE-Source, Introduction to Corporate Sourcing of Renewable Electricity, 2020"

PRODUCTS = (
    Product(
        "contract-for-difference",
        ppa.virtual_ppa,
        "Generation settled at the difference of the market's price and a strike.",
        "Regulation (EU) 2019/943, article 19d; two-way contracts for difference",
        (*_PARTIES, _GENERATION, _SPOT, _STRIKE, CURRENCY),
    ),
    Product(
        "virtual-ppa",
        ppa.guaranteed_virtual_ppa,
        "A contract for difference whose seller guarantees a volume per period.",
        _RE_SOURCE,
        (*_PARTIES, _GENERATION, _SPOT, _STRIKE, *GUARANTEE, CURRENCY),
    ),
    Product(
        "physical-ppa",
        ppa.physical_ppa,
        "All that a plant generates at a price, with a guaranteed volume per period.",
        _EFET,
        (*_PARTIES, _GENERATION, _PRICE, *GUARANTEE, CURRENCY),
    ),
    Product(
        "sleeved-ppa",
        ppa.sleeved_ppa,
        "A plant's energy sold to a consumer through a supplier, for a sleeving fee.",
        _RE_SOURCE,
        (
            party("generator", "who runs the plant", "solar-park"),
            party("supplier", "who passes the energy on", "supplier"),
            party("consumer", "who uses the energy", "bakery"),
            _GENERATION,
            _PRICE,
            amount("fee", "micro/kWh", "fee for passing the energy on", "5 EUR/MWh"),
            *GUARANTEE,
            CURRENCY,
        ),
    ),
    Product(
        "take-and-pay",
        ppa.take_and_pay,
        "What the buyer takes of a volume at a price, damages on what is offered and not taken.",
        _EFET,
        (
            *_PARTIES,
            _GENERATION,
            amount("volume", "Wh", "energy to offer and to take in each slot", "20 kWh"),
            _LOAD,
            _PRICE,
            amount("untaken", "micro/kWh", "damages for what is not taken", "25 EUR/MWh"),
            *GUARANTEE,
            CURRENCY,
        ),
    ),
    Product(
        "take-or-pay",
        ppa.take_or_pay,
        "What the buyer takes at a price, and that price on what a period lacks of a minimum.",
        "Masten, Crocker, American Economic Review 75(5), 1985",
        (
            *_PARTIES,
            _GENERATION,
            _LOAD,
            _PRICE,
            amount("minimum_take", "Wh", "energy to take per period at least", "80 MWh"),
            *GUARANTEE,
            CURRENCY,
        ),
    ),
    Product(
        "on-site-ppa",
        ppa.on_site_ppa,
        "What a plant on the buyer's site generates and the site uses, at a price.",
        _RE_SOURCE,
        (*_PARTIES, _GENERATION, _LOAD, _PRICE, *GUARANTEE, CURRENCY),
    ),
    Product(
        "off-site-ppa",
        ppa.off_site_ppa,
        "What a distant plant generates and the buyer uses in the same slot, with network fee.",
        _RE_SOURCE,
        (
            *_PARTIES,
            party("dso", "who runs the network", "dso"),
            _GENERATION,
            _LOAD,
            _PRICE,
            amount("network_fee", "micro/kWh", "fee for the network", "40 EUR/MWh"),
            *GUARANTEE,
            CURRENCY,
        ),
    ),
)
