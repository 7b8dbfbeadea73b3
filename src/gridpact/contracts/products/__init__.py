"""Products: plain functions that return contracts. What is signed is their expansion."""

from __future__ import annotations

from gridpact.contracts.catalogue import Product
from gridpact.contracts.products import (
    certificates,
    demand_response,
    forward,
    imbalance,
    mobility,
    net_metering,
    network,
    option,
    ppa_catalogue,
    reserve,
    retail_catalogue,
    sharing,
    spot,
    subscription,
    supplier,
    swing,
)

__all__ = ["CATALOGUE"]

_MODULES: tuple[tuple[Product, ...], ...] = (
    spot.PRODUCTS,
    forward.PRODUCTS,
    option.PRODUCTS,
    swing.PRODUCTS,
    subscription.PRODUCTS,
    ppa_catalogue.PRODUCTS,
    certificates.PRODUCTS,
    supplier.PRODUCTS,
    net_metering.PRODUCTS,
    retail_catalogue.PRODUCTS,
    network.PRODUCTS,
    demand_response.PRODUCTS,
    reserve.PRODUCTS,
    mobility.PRODUCTS,
    sharing.PRODUCTS,
    imbalance.PRODUCTS,
)
CATALOGUE: dict[str, Product] = {
    product.name: product for products in _MODULES for product in products
}
