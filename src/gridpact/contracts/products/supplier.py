"""The supplier's tariff for what a member takes from and gives to the supplier."""

from __future__ import annotations

from gridpact.contracts.observables import Observable, Series
from gridpact.contracts.terms import Contract, sale

RESIDUAL_IN = Series("supplier:in", "Wh")
RESIDUAL_OUT = Series("supplier:out", "Wh")
IMPORT_PRICE = Series("tariff:import", "micro/kWh")
EXPORT_PRICE = Series("tariff:export", "micro/kWh")


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
