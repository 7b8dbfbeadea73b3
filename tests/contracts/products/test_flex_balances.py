"""In every product money and goods only change hands: balances add up to zero per asset.

Series are random; parties, slots and decisions are those of each product's golden folder.
"""

import csv
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.products import (
    demand_response,
    imbalance,
    mobility,
    net_metering,
    network,
    reserve,
    retail_catalogue,
    sharing,
    supplier,
)
from gridpact.contracts.terms import give

MODULES = (
    demand_response,
    imbalance,
    mobility,
    net_metering,
    network,
    reserve,
    retail_catalogue,
    sharing,
    supplier,
)
PRODUCTS = [product.name for module in MODULES for product in module.PRODUCTS]
FOLDER = Path(__file__).parents[2] / "cases" / "products"
MOST = {"1": 1, "ppm": 1_000_000, "Wh": 20_000, "W": 20_000, "micro/kWh": 400_000}


@cache
def terms(product):
    return from_bytes((FOLDER / product / "terms.json").read_bytes().removesuffix(b"\n"))


@cache
def golden(product):
    """Slots and decisions of a golden folder."""
    with (FOLDER / product / "data.csv").open(encoding="ascii", newline="") as file:
        data = list(csv.DictReader(file))
    first, second = (int(datetime.fromisoformat(row["slot_start"]).timestamp()) for row in data[:2])
    decisions = {
        name: np.array([int(row[name]) for row in data])
        for name in data[0]
        if name.startswith("choice:")
    }
    return Slots(first, second - first, len(data)), decisions


def world(product, seed):
    slots, decisions = golden(product)
    random = np.random.default_rng(seed)
    required = needs(terms(product)).series
    return decisions | {
        need.name: random.integers(0, MOST[need.unit] + 1, slots.count) for need in required
    }


def balances(contract, bound, slots):
    """What each party has of each currency and each good after all slots."""
    held = Counter()
    for (payer, payee, currency, _), paid in cashflows(contract, bound, slots).items():
        held[payer, currency] -= int(paid.sum())
        held[payee, currency] += int(paid.sum())
    for leg in obligations(contract, bound, slots):
        assert leg.is_fixed
        held[leg.giver, leg.asset] -= int(leg.low.sum())
        held[leg.taker, leg.asset] += int(leg.low.sum())
    return held


@pytest.mark.parametrize("product", PRODUCTS)
def test_balances_add_up_to_zero_and_turn_round_with_the_contract(product):
    contract, (slots, _) = terms(product), golden(product)

    @settings(deadline=None, max_examples=8)
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed):
        bound = world(product, seed)
        held = balances(contract, bound, slots)
        for asset in {asset for _, asset in held}:
            assert sum(amount for (_, of), amount in held.items() if of == asset) == 0
        turned = balances(give(contract), bound, slots)
        assert turned == {key: -amount for key, amount in held.items()}

    check()
