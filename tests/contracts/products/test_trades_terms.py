"""Trades, power purchase agreements and certificates in Python: golden terms, and laws of each."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.certificates import (
    carbon_offsets,
    emission_allowances,
    green_bundle,
    guarantees_of_origin,
)
from gridpact.contracts.products.forward import forward, indexed_forward
from gridpact.contracts.products.option import OptionTerms, call, put
from gridpact.contracts.products.ppa import (
    guaranteed_virtual_ppa,
    off_site_ppa,
    on_site_ppa,
    physical_ppa,
    sleeved_ppa,
    take_and_pay,
    take_or_pay,
    virtual_ppa,
)
from gridpact.contracts.products.spot import spot_trade
from gridpact.contracts.products.subscription import subscription
from gridpact.contracts.products.swing import swing, swing_put, swing_with_minimum_take
from gridpact.contracts.terms import give
from gridpact.contracts.times import Between, LocalTime

FOLDER = Path(__file__).parents[2] / "cases" / "products"
PRICE = "micro/kWh"
GENERATION, LOAD = Series("metered:generation", "Wh"), Series("metered:load", "Wh")
SPOT = Series("spot", PRICE)
PARK, BAKERY, DAY = "solar-park", "bakery", "day@UTC"


def utc(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def kwh(number):
    return Const(number * 1000, "Wh")


def eur_per_mwh(number):
    return Const(number * 1000, PRICE)


OPTION = OptionTerms(kwh(1), eur_per_mwh(100), Const(2_000_000, "nano"), 3600, "EUR")
SWING = (PARK, kwh(20), eur_per_mwh(100), Const(500_000_000, "nano"))
STRIKE = eur_per_mwh(70)
INTENSITY = Const(380, "g/kWh")

TERMS = {
    "spot": spot_trade(
        Profile(utc(2026, 7, 1, 10, 15), 900, (1250, 1000), "Wh"), SPOT, PARK, BAKERY, "EUR"
    ),
    "forward": forward(
        PARK,
        BAKERY,
        kwh(10),
        eur_per_mwh(80),
        Between(utc(2026, 7, 1, 5), utc(2026, 7, 1, 8))
        * LocalTime("Europe/Berlin", tuple(range(1, 13)), (1, 2, 3, 4, 5), 28800, 72000),
        "EUR",
    ),
    "indexed-forward": indexed_forward(
        PARK,
        BAKERY,
        kwh(10),
        Between(utc(2026, 1, 12, 7), utc(2026, 1, 12, 12)),
        base=eur_per_mwh(30),
        index=Series("index:gas", PRICE),
        index_share=Const(400_000, "ppm"),
        temperature=Series("temperature:berlin", "mK"),
        threshold=Const(288_150, "mK"),
        per_kelvin=Const(500, PRICE),
        floor=eur_per_mwh(40),
        cap=eur_per_mwh(60),
        currency="EUR",
    ),
    "call": call(OPTION, PARK, BAKERY),
    "put": put(OPTION, BAKERY, PARK),
    "swing": swing(BAKERY, *SWING, limit=2, period=DAY, notice=3600, currency="EUR"),
    "swing-put": swing_put(
        PARK,
        BAKERY,
        *SWING[1:],
        limit=2,
        period=DAY,
        notice=3600,
        currency="EUR",
    ),
    "swing-minimum-take": swing_with_minimum_take(
        BAKERY,
        *SWING,
        limit=3,
        minimum_take=kwh(60),
        shortfall_price=eur_per_mwh(50),
        period=DAY,
        notice=3600,
        currency="EUR",
    ),
    "subscription": subscription(
        BAKERY,
        "supplier",
        Profile(utc(2026, 7, 1), 21600, (5000, 10000, 10000, 5000), "Wh"),
        eur_per_mwh(90),
        LOAD,
        SPOT,
        Const(12_000_000_000, "nano"),
        DAY,
        "EUR",
    ),
    "contract-for-difference": virtual_ppa(GENERATION, SPOT, STRIKE, PARK, BAKERY, "EUR"),
    "virtual-ppa": guaranteed_virtual_ppa(
        PARK, BAKERY, GENERATION, SPOT, STRIKE, kwh(100), eur_per_mwh(30), DAY, "EUR"
    ),
    "physical-ppa": physical_ppa(
        PARK, BAKERY, GENERATION, STRIKE, kwh(100), eur_per_mwh(30), DAY, "EUR"
    ),
    "sleeved-ppa": sleeved_ppa(
        PARK,
        "supplier",
        BAKERY,
        GENERATION,
        STRIKE,
        eur_per_mwh(5),
        kwh(100),
        eur_per_mwh(30),
        DAY,
        "EUR",
    ),
    "take-and-pay": take_and_pay(
        PARK,
        BAKERY,
        GENERATION,
        volume=kwh(50),
        load=LOAD,
        price=STRIKE,
        untaken=eur_per_mwh(25),
        guaranteed=kwh(95),
        damages=eur_per_mwh(30),
        period=DAY,
        currency="EUR",
    ),
    "take-or-pay": take_or_pay(
        PARK,
        BAKERY,
        GENERATION,
        LOAD,
        price=STRIKE,
        minimum_take=kwh(80),
        guaranteed=kwh(90),
        damages=eur_per_mwh(30),
        period=DAY,
        currency="EUR",
    ),
    "on-site-ppa": on_site_ppa(
        PARK, BAKERY, GENERATION, LOAD, STRIKE, kwh(90), eur_per_mwh(30), DAY, "EUR"
    ),
    "off-site-ppa": off_site_ppa(
        PARK,
        BAKERY,
        "dso",
        GENERATION,
        LOAD,
        STRIKE,
        eur_per_mwh(40),
        kwh(90),
        eur_per_mwh(30),
        DAY,
        "EUR",
    ),
    "guarantees-of-origin": guarantees_of_origin(
        PARK, BAKERY, GENERATION, eur_per_mwh(2), "certificate:GO:2026", DAY, "EUR"
    ),
    "emission-allowances": emission_allowances(
        PARK, BAKERY, LOAD, INTENSITY, Const(70, "micro/g"), DAY, "EUR"
    ),
    "carbon-offsets": carbon_offsets(
        PARK,
        BAKERY,
        LOAD,
        INTENSITY,
        Const(750_000, "ppm"),
        Const(25, "micro/g"),
        "carbon:removal:2026",
        DAY,
        "EUR",
    ),
    "green-bundle": green_bundle(
        PARK,
        BAKERY,
        LOAD,
        eur_per_mwh(95),
        Const(700, "g/kWh"),
        certificates=Series("registry:GO", "Wh"),
        certificate_refund=eur_per_mwh(4),
        offsets=Series("registry:offsets", "mg"),
        offset_refund=Const(30, "micro/g"),
        period=DAY,
        currency="EUR",
        certificate_asset="certificate:GO:2026",
    ),
}


@pytest.mark.parametrize("name", TERMS)
def test_python_gives_the_agreed_bytes(name):
    assert to_bytes(TERMS[name]) + b"\n" == (FOLDER / name / "terms.json").read_bytes()


# Slots of each product's literals; six hours by default, two days that cover whole periods.
SLOTS = {
    "spot": Slots(utc(2026, 7, 1, 10), 900, 8),
    "forward": Slots(utc(2026, 7, 1, 4), 3600, 8),
    "indexed-forward": Slots(utc(2026, 1, 12, 6), 3600, 8),
}
each_product = pytest.mark.parametrize("name", TERMS)


def random_world(name, seed):
    """Every series and decision that a product needs, over slots that suit it."""
    slots = SLOTS.get(name, Slots(utc(2026, 7, 1), 21600, 8))
    random = np.random.Generator(np.random.PCG64(seed))
    required = needs(TERMS[name])
    ends = {PRICE: (-500_000, 500_000), "mK": (250_000, 310_000), "mg": (0, 3 * 10**9)}
    world = {
        need.name: random.integers(*ends.get(need.unit, (0, 10**6)), slots.count)
        for need in required.series
    }
    choices = {f"choice:{need.label}": random.integers(0, 2, 8) for need in required.choices}
    return world | choices, slots


def balances(contract, world, slots):
    """What each party has gained of each currency and asset, slot by slot."""
    flows = [
        (payer, payee, currency, amount)
        for (payer, payee, currency, _), amount in cashflows(contract, world, slots).items()
    ]
    flows += [
        (leg.giver, leg.taker, leg.asset, leg.low) for leg in obligations(contract, world, slots)
    ]
    found = {}
    for giver, taker, what, amount in flows:
        for party, gained in ((giver, -amount), (taker, amount)):
            found[party, what] = found.get((party, what), 0) + gained
    return {key: gained.tolist() for key, gained in found.items()}


@each_product
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_what_one_gains_another_loses_and_giving_swaps_them(name, seed):
    contract = TERMS[name]
    world, slots = random_world(name, seed)
    gains = balances(contract, world, slots)
    for what in {what for _, what in gains}:
        rows = [row for (_, asset), row in gains.items() if asset == what]
        assert len(rows) >= 2
        assert [sum(cells) for cells in zip(*rows, strict=True)] == [0] * slots.count
    swapped = balances(give(contract), world, slots)
    assert swapped == {key: [-cell for cell in row] for key, row in gains.items()}
    assert give(give(contract)) == contract
    assert to_bytes(give(give(contract))) == to_bytes(contract) != to_bytes(give(contract))
