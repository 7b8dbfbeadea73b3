"""How retail tariffs are called: their parameters, examples and sources."""

from __future__ import annotations

from gridpact.contracts.catalogue import CURRENCY, Parameter, Product, amount, party
from gridpact.contracts.products import retail

_TAKEN = (
    party("consumer", "who uses the energy", "bakery"),
    party("supplier", "who sells it", "supplier"),
    amount("consumption", "Wh", "energy withdrawn in each slot", "metered:withdrawal"),
)
_CHARGED = (
    amount("standing_charge", "nano", "charge per billing period", "9.90 EUR"),
    Parameter("period", "period", "billing period and its zone", "month@Europe/Berlin"),
    CURRENCY,
)

PRODUCTS = (
    Product(
        "flat-tariff",
        retail.flat_tariff,
        "Supply at one price, with a standing charge.",
        "Directive (EU) 2019/944 as amended by (EU) 2024/1711, articles 2 (15a) and 11",
        (
            *_TAKEN,
            amount("price", "micro/kWh", "price of the energy", "0.30 EUR/kWh"),
            *_CHARGED,
        ),
    ),
    Product(
        "time-of-use-tariff",
        retail.time_of_use_tariff,
        "Supply at prices by hour and day, with a standing charge.",
        "Faruqui, Sergici, Journal of Regulatory Economics 38, 2010",
        (
            *_TAKEN,
            amount("peak", "1", "1 in peak slots", "local(Europe/Berlin, days 1-5, 17:00-20:00)"),
            amount("peak_price", "micro/kWh", "price in peak slots", "0.42 EUR/kWh"),
            amount(
                "shoulder",
                "1",
                "1 in shoulder slots; peak comes first",
                "local(Europe/Berlin, days 1-5, 07:00-22:00)",
            ),
            amount("shoulder_price", "micro/kWh", "price in shoulder slots", "0.30 EUR/kWh"),
            amount("off_peak_price", "micro/kWh", "price in all other slots", "0.22 EUR/kWh"),
            *_CHARGED,
        ),
    ),
    Product(
        "stepped-tariff",
        retail.stepped_tariff,
        "Supply in three blocks of a billing period's consumption, with a standing charge.",
        "Borenstein, American Economic Journal: Economic Policy 4(3), 2012",
        (
            *_TAKEN,
            amount("first_step", "Wh", "where the first block ends", "200 kWh"),
            amount("second_step", "Wh", "where the second block ends", "500 kWh"),
            amount("first_price", "micro/kWh", "price of the first block", "0.20 EUR/kWh"),
            amount("second_price", "micro/kWh", "price of the second block", "0.28 EUR/kWh"),
            amount("third_price", "micro/kWh", "price of all beyond", "0.40 EUR/kWh"),
            *_CHARGED,
        ),
    ),
    Product(
        "dynamic-tariff",
        retail.dynamic_tariff,
        "Supply at spot plus a margin, within floor and cap, plus tax and a standing charge.",
        "Directive (EU) 2019/944, articles 2 (15) and 11",
        (
            *_TAKEN,
            amount("spot", "micro/kWh", "price of the market", "spot"),
            amount("margin", "micro/kWh", "what the supplier adds", "0.02 EUR/kWh"),
            amount("floor", "micro/kWh", "lowest price before tax", "0 EUR/kWh"),
            amount("cap", "micro/kWh", "highest price before tax", "0.60 EUR/kWh"),
            amount("tax", "ppm", "tax on energy and standing charge", "19 %"),
            *_CHARGED,
        ),
    ),
)
