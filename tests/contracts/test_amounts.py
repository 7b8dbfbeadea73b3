"""Amounts for people: exact both ways, and refused where a digit would be lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.contracts import unit_algebra
from gridpact.contracts.amounts import parse, written
from gridpact.contracts.errors import IllFormed

VALUES = st.integers(-(2**63) + 1, 2**63 - 1)
UNITS = st.lists(st.sampled_from(unit_algebra.BASES), min_size=1, max_size=3).map("/".join)


@given(value=VALUES | st.integers(-3000, 3000), unit=UNITS, currency=st.sampled_from(["EUR", "¤"]))
def test_what_is_written_reads_back(value, unit, currency):
    number, _, shown = written(value, unit, currency).partition(" ")
    assert parse(number, shown)[:2] == (value, unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.08 EUR/kWh", (80_000, "micro/kWh", "EUR")),
        ("80 EUR/MWh", (80_000, "micro/kWh", "EUR")),
        ("-12.5 ct/kWh", (-125_000, "micro/kWh", "¤")),
        ("20 degC", (293_150, "mK", "")),
        ("-273.15 degC", (0, "mK", "")),
        ("2.5 K", (2_500, "mK", "")),
        ("19 %", (190_000, "ppm", "")),
        ("70 EUR/t", (70, "micro/g", "EUR")),
        ("400 g/kWh", (400, "g/kWh", "")),
        ("0.004 CHF/kWh/K", (4, "micro/kWh/mK", "CHF")),
        ("1_000.5 kWh", (1_000_500, "Wh", "")),
        ("12 EUR", (12_000_000_000, "nano", "EUR")),
        ("3 EUR/MW", (3_000, "micro/kW", "EUR")),
        ("90 min", (5_400, "s", "")),
        ("1 t", (10**9, "mg", "")),
        ("7 [micro/kWh]", (7, "micro/kWh", "")),
    ],
)
def test_written_amounts(text, expected):
    assert parse(*text.split(" ")) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (80_000, "micro/kWh", "0.08 EUR/kWh"),
        (1_500, "Wh", "1.5 kWh"),
        (999, "Wh", "999 Wh"),
        (12_500_000_000, "nano", "12.5 EUR"),
        (3_600, "s", "1 h"),
        (5, "1", "5"),
        (70, "micro/g", "70 EUR/t"),
        (-1, "nano", "-0.000000001 EUR"),
        (3, "kWh", "3 [kWh]"),
    ],
)
def test_amounts_for_people(value, unit, expected):
    assert written(value, unit, "EUR") == expected


@pytest.mark.parametrize(
    ("number", "unit", "why"),
    [
        ("0.5", "Wh", "not a whole number of Wh"),
        ("0.0000001", "EUR/kWh", "not a whole number of micro/kWh"),
        ("1", "kWatt", "not known"),
        ("1", "EUR/parsec", "nothing is counted per"),
        ("1", "[parsec]", "not a unit of terms"),
        ("1e3", "Wh", "not a number"),
        ("nan", "Wh", "not a number"),
        ("01", "Wh", "not a number"),
        ("10000000000", "GWh", "does not fit 64 bits"),
    ],
)
def test_amounts_that_are_refused(number, unit, why):
    with pytest.raises(IllFormed, match=why):
        parse(number, unit)
