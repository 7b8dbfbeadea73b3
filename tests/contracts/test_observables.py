"""What may be built, in which units, and what is refused."""

import pytest

from gridpact.base.units import INT64_MAX
from gridpact.contracts.errors import IllFormed, UnitMismatch
from gridpact.contracts.formulas import (
    at_end,
    decision,
    latch,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
)
from gridpact.contracts.observables import Choice, Const, Fold, Op, Profile, Series
from gridpact.contracts.unit_algebra import known, product, ratio

ENERGY, PRICE, LUMP = Series("e", "Wh"), Series("p", "micro/kWh"), Series("n", "nano")
ONE = Const(1, "1")


@pytest.mark.parametrize(
    ("left", "right", "unit"),
    [
        ("Wh", "micro/kWh", "nano"),
        ("W", "micro/kW", "nano"),
        ("kWh", "micro/kWh", "micro"),
        ("Wh", "nano/Wh", "nano"),
        ("mK", "micro/kWh/mK", "micro/kWh"),
        ("W", "nano/W", "nano"),
        ("1", "Wh", "Wh"),
        ("1", "1", "1"),
    ],
)
def test_products_of_units(left, right, unit):
    assert product(left, right) == product(right, left) == unit


@pytest.mark.parametrize(
    ("left", "right"),
    [("Wh", "Wh"), ("Wh", "W"), ("nano", "Wh"), ("micro/kWh", "micro/kWh"), ("W", "micro/kWh")],
)
def test_products_without_a_meaning(left, right):
    with pytest.raises(UnitMismatch, match="not an amount"):
        product(left, right)


def test_ratios_of_units():
    assert ratio("Wh", "ppm", "ppm") == "Wh"
    assert ratio("ppm", "Wh", "ppm") == "Wh"
    assert ratio("Wh", "micro/kWh", "1") == "nano"
    assert share(ENERGY, 5).unit == "Wh"
    with pytest.raises(UnitMismatch):
        muldiv(ENERGY, ENERGY, LUMP)


def test_units_follow_operations():
    assert (ENERGY + ENERGY).unit == (ENERGY - 5).unit == "Wh"
    assert (ENERGY * PRICE).unit == (PRICE * ENERGY).unit == "nano"
    assert (ENERGY >= 5).unit == "1"
    assert (ENERGY * 3).unit == (3 * ENERGY).unit == maximum(ENERGY, 0).unit == "Wh"
    assert total(ENERGY).unit == running(ENERGY).unit == "Wh"
    assert nominated("x", "a", ENERGY, 0).unit == "Wh"
    for build in (
        lambda: ENERGY + PRICE,
        lambda: ENERGY - LUMP,
        lambda: ENERGY * ENERGY,
        lambda: ENERGY >= PRICE,
        lambda: minimum(ENERGY, LUMP),
        lambda: Choice("x", "a", Const(0, "1"), ENERGY, 0, "Wh"),
    ):
        with pytest.raises(UnitMismatch):
            build()


def test_units_are_a_closed_list():
    assert known("micro/kWh/mK")
    for text in ("wh", "EUR", "", "Wh/", "1/Wh", "/"):
        assert not known(text)
        with pytest.raises(IllFormed, match="unit"):
            Series("x", text)


def test_masks_by_construction():
    mask = ENERGY >= 5
    for yes in (
        mask,
        1 - mask,
        mask * mask,
        maximum(mask, mask),
        latch(mask),
        at_end(),
        decision("d", "a", 0),
        Const(0, "1"),
        ONE,
        Profile(0, 900, (0, 1), "1"),
        ENERGY <= 5,
    ):
        assert yes.is_mask, yes
    for no in (
        Series("s", "1"),
        mask + mask,
        mask - 1,
        2 - mask,
        Const(2, "1"),
        Const(1, "Wh"),
        Profile(0, 900, (0, 2), "1"),
        mask * ENERGY,
        total(mask),
        nominated("n", "a", Const(2, "1"), 0),
    ):
        assert not no.is_mask, no


@pytest.mark.parametrize(
    "build",
    [
        lambda: Const(True, "1"),
        lambda: Const(1.0, "1"),
        lambda: Const(INT64_MAX + 1, "Wh"),
        lambda: Const(-INT64_MAX - 1, "Wh"),
        lambda: Profile(0, 900, (), "Wh"),
        lambda: Profile(0, 900, (1, 2.0), "Wh"),
        lambda: Profile(0, 900, (1, True), "Wh"),
        lambda: Profile(0, 0, (1,), "Wh"),
        lambda: Profile(450, 900, (1,), "Wh"),
        lambda: Profile(0, 900, (2**63,), "Wh"),
        lambda: Series("", "Wh"),
        lambda: Series('a"b', "Wh"),
        lambda: Series("straße", "Wh"),
        lambda: Series("x" * 128, "Wh"),
        lambda: Series("x\n", "Wh"),
        lambda: Series("choice:x", "Wh"),
        lambda: Choice("x", "", ONE, ONE, 0, "1"),
        lambda: Choice("x", "a", ONE, ONE, -1, "1"),
        lambda: Op("/", (ENERGY, ENERGY)),
        lambda: Op("+", (ENERGY,)),
        lambda: Op("-", (ENERGY, ENERGY, ENERGY)),
        lambda: Op("muldiv", (ENERGY, ENERGY)),
        lambda: Fold("mean", "all", ENERGY),
        lambda: Fold("total", "fortnight", ENERGY),
        lambda: latch(Series("s", "1")),
    ],
)
def test_ill_formed_terms_are_refused(build):
    with pytest.raises(IllFormed):
        build()


def test_formulas_read_like_a_term_sheet():
    assert repr(maximum(ENERGY - 5, 0) * PRICE) == "<(max((e - 5 Wh), 0 Wh) * p)>"
    node = ENERGY
    for _ in range(100):
        node = node + node
    assert len(repr(node)) < 1000
