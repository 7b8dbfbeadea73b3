"""Whole sheets, as a baker and her lawyer would read them."""

from pathlib import Path

import pytest

from gridpact.contracts.formulas import (
    at_end,
    decision,
    filled,
    highest,
    latch,
    maximum,
    minimum,
    muldiv,
    nominated,
    running,
    share,
    total,
)
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.references import active, paid
from gridpact.contracts.sheet import from_term_sheet, term_sheet
from gridpact.contracts.terms import (
    All,
    One,
    Scale,
    deliver,
    either,
    pay,
    sale,
    until,
    when,
    within,
)
from gridpact.contracts.times import Between, LocalTime

CASES = Path(__file__).parents[2] / "cases" / "term_sheets"
MONTH, YEAR = "month@Europe/Berlin", "year@Europe/Berlin"
GENERATION, LOAD = Series("metered:generation", "Wh"), Series("metered:load", "Wh")
SPOT, GAS = Series("spot", "micro/kWh"), Series("index:gas", "micro/kWh")
CENT = 10_000  # micro/kWh
EUR = 10**9  # nano


def bakery_supply():
    """A price formula, a fee, a fill and certificates."""
    volume = minimum(GENERATION, 20_000)
    price = maximum(5 * CENT + share(GAS, 400_000), 4 * CENT)
    yearly = maximum(50_000_000 - total(volume, YEAR), 0)
    return (
        sale(volume, price, "solar-park", "bakery", "energy", "EUR")
        + sale(LOAD - volume, filled(SPOT, GAS), "supplier", "bakery", "residual", "EUR")
        + pay(Const(5 * EUR, "nano") * at_end(MONTH), "bakery", "solar-park", "fee", "EUR")
        + pay(
            at_end(YEAR) * yearly * Const(3 * CENT, "micro/kWh"),
            "solar-park",
            "bakery",
            "lack",
            "EUR",
        )
        + deliver(volume, "solar-park", "bakery", "certificate:GO:2026")
    )


def limited_call():
    """Decisions, one of an amount, with a limit, a stop and a suspension."""
    call, volume = decision("call", "bakery", 3600), nominated("volume", "bakery", LOAD, 86_400)
    counts = call * (running(call, MONTH) <= 20)
    exercise = within(
        counts, sale(volume, Const(10 * CENT, "micro/kWh"), "park", "bakery", "x", "EUR")
    )
    premium = pay(Const(2 * EUR // 1000, "nano"), "bakery", "park", "premium", "EUR")
    dear = SPOT >= 50 * CENT
    return until(dear, All((exercise, premium))) + when(
        dear * active("frame-1"),
        either("leave", "park", All(()), premium, 0),
    )


def delivery_by_table():
    """A profile, hours of a calendar and a cold-weather price."""
    table = Profile(1782856800, 900, (0, 0, 1250, 1250, 1250, 2500, 2500, 800) * 12, "Wh")
    peak = LocalTime("Europe/Berlin", tuple(range(4, 10)), (1, 2, 3, 4, 5), 8 * 3600, 20 * 3600)
    year = Between(1767225600, 1798761600)
    temperature = Series("temperature:berlin", "mK")
    cold = maximum(288_150 - temperature, 0)
    price = 8 * CENT + muldiv(cold, Const(500, "micro/kWh"), Const(1000, "mK"))
    return within(year * (1 - peak), sale(table, price, "park", "bakery", "base", "EUR")) + within(
        year * peak * (1 - (temperature >= 303_150)),
        sale(table * Const(2, "1"), price, "park", "bakery", "peak", "EUR"),
    )


def two_currencies():
    """Groups in groups, flows that share a factor, and another agreement's payments."""
    peak = highest(Series("metered:demand", "W"), MONTH)
    fee = pay(at_end(MONTH) * peak * Const(3, "micro/kW"), "bakery", "dso", "capacity", "EUR")
    bundle = Scale(
        GENERATION,
        All(
            (
                One("energy", "park", "trader"),
                Scale(SPOT, One("money:EUR/energy", "trader", "park")),
                Scale(Const(9 * CENT // 10, "micro/kWh"), One("money:CHF/hedge", "trader", "park")),
            )
        ),
    )
    rebate = pay(share(paid("frame-1", "energy"), 25_000), "trader", "park", "rebate", "CHF")
    later = within(latch(SPOT >= 0, MONTH), fee)
    before = within(1 - latch(SPOT >= 0, MONTH), rebate)
    return All((fee, All((bundle, rebate)), All((later,)), before))


def nothing():
    """The empty contract."""
    return All(())


SHEETS = {
    "bakery-supply": (bakery_supply, "Sun from the park, the rest from the supplier"),
    "limited-call": (limited_call, "The right to call for energy"),
    "delivery-by-table": (delivery_by_table, "Base and peak of a year"),
    "two-currencies": (two_currencies, "A bundle in two currencies"),
    "nothing": (nothing, ""),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_reads_as_agreed(name):
    build, title = SHEETS[name]
    contract = build()
    expected = (CASES / f"{name}.txt").read_text(encoding="utf-8")
    assert term_sheet(contract, title) == expected
    assert from_term_sheet(expected) == contract
