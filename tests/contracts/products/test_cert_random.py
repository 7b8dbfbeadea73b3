"""Certificates in whole numbers: floors of running totals, nothing lost between periods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.certificates import (
    carbon_offsets,
    emission_allowances,
    green_bundle,
    guarantees_of_origin,
    whole_units,
)

SLOTS = Slots(1_781_481_600, 21_600, 16)  # four days of six-hour slots from 2026-06-15, UTC
DAY, TONNE, MWH = "day@UTC", 10**9, 10**6
ENERGY = Series("energy", "Wh")
INTENSITY, SHARE = Const(380, "g/kWh"), Const(123_457, "ppm")
energies = st.lists(st.integers(0, 3 * MWH), min_size=16, max_size=16)
SALE = ("bakery", "solar-park", "EUR")


def whole_by_day(amounts, size):
    """What becomes due at each day's end: whole sizes so far less whole sizes before."""
    due = [0] * 16
    for end in (3, 7, 11, 15):
        due[end] = sum(amounts[: end + 1]) // size - sum(amounts[: end - 3]) // size
    return due


@settings(deadline=None, max_examples=300)
@given(
    amounts=st.lists(st.integers(-30, 30), min_size=16, max_size=16),
    size=st.integers(1, 24),
)
def test_whole_units_are_floors_of_the_running_total(amounts, size):
    """Small sizes, odd and even, meet every remainder; totals may even fall."""
    node = whole_units(ENERGY, size, DAY)
    found = Sheet({"energy": np.array(amounts)}, SLOTS).needed(node).low.tolist()
    assert found == [size * count for count in whole_by_day(amounts, size)]


@settings(deadline=None, max_examples=60)
@given(energy=energies)
def test_every_whole_megawatt_hour_has_one_certificate(energy):
    contract = guarantees_of_origin(
        "solar-park",
        "bakery",
        ENERGY,
        Const(2_000, "micro/kWh"),
        "certificate:GO:2026",
        DAY,
        "EUR",
    )
    world = {"energy": np.array(energy)}
    due = whole_by_day(energy, MWH)
    (delivery,) = obligations(contract, world, SLOTS)
    assert delivery.low.tolist() == [MWH * count for count in due]
    assert int(delivery.low.sum()) == sum(energy) // MWH * MWH
    paid = cashflows(contract, world, SLOTS)[(*SALE, "certificates")]
    assert paid.tolist() == [2_000_000_000 * count for count in due]  # 2 EUR each


@settings(deadline=None, max_examples=60)
@given(energy=energies)
def test_emissions_are_covered_by_whole_tonnes(energy):
    emitted = [380 * wh for wh in energy]  # g/kWh × Wh is mg
    world = {"energy": np.array(energy)}
    price = Const(70, "micro/g")
    allowances = emission_allowances("solar-park", "bakery", ENERGY, INTENSITY, price, DAY, "EUR")
    paid = cashflows(allowances, world, SLOTS)[(*SALE, "allowances")]
    assert paid.tolist() == [70 * 10**9 * count for count in whole_by_day(emitted, TONNE)]
    offsets = carbon_offsets(
        "solar-park", "bakery", ENERGY, INTENSITY, SHARE, price, "carbon:removal", DAY, "EUR"
    )
    covered = [round_half_even(mg * 123_457, 10**6) for mg in emitted]
    paid = cashflows(offsets, world, SLOTS)[(*SALE, "offsets")]
    assert paid.tolist() == [70 * 10**9 * count for count in whole_by_day(covered, TONNE)]
    (delivery,) = obligations(offsets, world, SLOTS)
    assert delivery.asset == "carbon:removal"
    assert delivery.low.tolist() == [TONNE * count for count in whole_by_day(covered, TONNE)]


def round_half_even(value, divisor):
    quotient, rest = divmod(value, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2))


def test_fractions_of_a_certificate_where_a_registry_divides_it():
    terms = ("solar-park", "bakery", ENERGY, Const(2_000, "micro/kWh"), "certificate:GO", DAY)
    by_wh = guarantees_of_origin(*terms, "EUR", size=1)
    (delivery,) = obligations(by_wh, {"energy": np.full(16, 123)}, SLOTS)
    assert delivery.low.tolist() == [0, 0, 0, 4 * 123] * 4


@settings(deadline=None, max_examples=60)
@given(
    energy=energies,
    certificates=st.lists(st.integers(0, 3), min_size=16, max_size=16),
    offsets=st.lists(st.integers(0, 2), min_size=16, max_size=16),
)
def test_a_bundle_refunds_what_each_day_lacks(energy, certificates, offsets):
    contract = green_bundle(
        "solar-park",
        "bakery",
        ENERGY,
        Const(95_000, "micro/kWh"),
        INTENSITY,
        Series("certificates", "Wh"),
        Const(4_000, "micro/kWh"),
        Series("offsets", "mg"),
        Const(30, "micro/g"),
        DAY,
        "EUR",
    )
    world = {
        "energy": np.array(energy),
        "certificates": MWH * np.array(certificates),
        "offsets": TONNE * np.array(offsets),
    }
    flows = {
        key[:2] + key[3:]: row.tolist() for key, row in cashflows(contract, world, SLOTS).items()
    }
    due = whole_by_day(energy, MWH), whole_by_day([380 * wh for wh in energy], TONNE)
    refunds = []
    for owed, moved, euros in ((due[0], certificates, 4), (due[1], offsets, 30)):
        lacks = [0] * 16
        for end in (3, 7, 11, 15):
            lacks[end] = euros * 10**9 * max(owed[end] - sum(moved[end - 3 : end + 1]), 0)
        refunds.append(lacks)
    assert flows == {
        ("bakery", "solar-park", "bundle"): [95_000 * wh for wh in energy],
        ("solar-park", "bakery", "certificate-refund"): refunds[0],
        ("solar-park", "bakery", "offset-refund"): refunds[1],
    }


@pytest.mark.parametrize("size", [1, 2, 3, MWH, TONNE])
def test_the_floor_is_exact_at_and_around_each_multiple(size):
    days = Slots(SLOTS.start, 86_400, 1)
    for amount in (0, 1, size - 1, size, size + 1, 7 * size - 1, 7 * size, -1, -size):
        node = whole_units(Const(amount, "Wh"), size, DAY)
        assert Sheet({}, days).needed(node).low.tolist() == [amount // size * size]


@pytest.mark.parametrize("size", [0, -1])
def test_a_certificate_stands_for_something(size):
    with pytest.raises(IllFormed, match="positive"):
        whole_units(ENERGY, size, DAY)
