"""Products: plain functions that return contracts. What is signed is their expansion."""

from __future__ import annotations

from gridpact.contracts.catalogue import Product
from gridpact.contracts.products import (
    certificates,
    forward,
    option,
    ppa_catalogue,
    spot,
    subscription,
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
)
CATALOGUE: dict[str, Product] = {
    product.name: product for products in _MODULES for product in products
}
