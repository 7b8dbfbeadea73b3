"""Products: plain functions that return contracts. What is signed is their expansion."""

from __future__ import annotations

from gridpact.contracts.catalogue import Product

__all__ = ["CATALOGUE"]

_MODULES: tuple[tuple[Product, ...], ...] = ()
CATALOGUE: dict[str, Product] = {
    product.name: product for products in _MODULES for product in products
}
