"""Terms, their normal form, and who decides what."""

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed, UnitMismatch
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import ChoiceNeed, SeriesNeed, needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import (
    All,
    One,
    Scale,
    bind,
    deliver,
    either,
    give,
    pay,
    sale,
    until,
    when,
    within,
)

SLOTS = Slots(0, 900, 4)
LOAD, SPOT = Series("load", "Wh"), Series("spot", "micro/kWh")
SALE = sale(LOAD, SPOT, "s", "b", "energy", "EUR")
ON = LOAD >= 3


def money(contract, **world):
    arrays = {name.replace("__", ":"): np.array(v) for name, v in world.items()}
    return {key: v.tolist() for key, v in cashflows(contract, arrays, SLOTS).items()}


def test_a_sale_is_energy_forward_and_money_back():
    assert legs(SALE) == (
        Leg("energy", "s", "b", LOAD, ""),
        Leg("money:EUR", "b", "s", LOAD * SPOT, "energy"),
    )
    assert [leg.currency for leg in legs(SALE)] == ["", "EUR"]


def test_zero_is_the_empty_contract():
    assert legs(All()) == ()
    assert cashflows(All(), {}, SLOTS) == {}
    assert obligations(All(), {}, SLOTS) == ()
    assert SALE + All() == All((SALE,))
    three = SALE + SALE + SALE
    assert three == All((SALE, SALE, SALE))


def test_a_bare_flow_is_one_base_unit():
    assert legs(One("energy", "a", "b")) == (Leg("energy", "a", "b", Const(1, "Wh"), ""),)


@pytest.mark.parametrize(
    "asset", ["gold", "money", "money:EUR", "money:eur/x", "money:EUR/", "money:EURO/x", ""]
)
def test_assets_outside_the_families_are_refused(asset):
    with pytest.raises(IllFormed):
        One(asset, "a", "b")


def test_amounts_must_fit_their_asset():
    for contract in (
        pay(LOAD, "a", "b", "x", "EUR"),
        deliver(LOAD * SPOT, "a", "b", "energy"),
        Scale(SPOT, SALE),
        One("energy", "a", "b") + Scale(LOAD, Scale(LOAD, One("energy", "a", "b"))),
    ):
        with pytest.raises(UnitMismatch):
            legs(contract)


def test_within_needs_a_mask():
    with pytest.raises(IllFormed, match="compare with >="):
        within(Series("open", "1"), SALE)


def test_when_and_until_split_time():
    world = {"load": [1, 4, 2, 5], "spot": [10, 10, 10, 10]}
    key = ("b", "s", "EUR", "energy")
    assert money(when(ON, SALE), **world)[key] == [0, 40, 20, 50]
    assert money(until(ON, SALE), **world)[key] == [10, 0, 0, 0]
    assert money(within(ON, SALE), **world)[key] == [0, 40, 0, 50]
    assert money(when(ON, SALE) + until(ON, SALE), **world) == money(SALE, **world)


def test_either_gives_the_chosen_side_and_needs_no_data_of_the_other():
    fixed = pay(Const(7, "nano"), "b", "s", "fixed", "EUR")
    contract = either("tariff", "b", SALE, fixed, 3600)
    world = {"load": [1, 2, 3, 4], "spot": [10] * 4, "choice__tariff": [1, 0, 1, 0]}
    assert money(contract, **world) == {
        ("b", "s", "EUR", "energy"): [10, 0, 30, 0],
        ("b", "s", "EUR", "fixed"): [0, 7, 0, 7],
    }


def test_an_interval_reading_of_either_is_an_outer_bound():
    thousand, ten = (deliver(Const(n, "Wh"), "s", "b", "energy") for n in (1000, 10))
    first, second = obligations(either("size", "b", thousand, ten, 0), {}, SLOTS)
    assert (first.low[0], first.high[0], second.low[0], second.high[0]) == (0, 1000, 0, 10)
    decided = {"choice:size": np.array([1, 0, 1, 0])}
    first, second = obligations(either("size", "b", thousand, ten, 0), decided, SLOTS)
    assert first.is_fixed
    assert (first.low + second.low).tolist() == [1000, 10, 1000, 10]


def test_obligations_need_no_prices():
    (leg,) = obligations(SALE, {"load": np.array([[1, 2, 3, 4], [5, 6, 7, 8]])}, SLOTS)
    assert (leg.asset, leg.giver, leg.taker, leg.amount) == ("energy", "s", "b", LOAD)
    assert leg.low.tolist() == leg.high.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_needs_name_units_authors_and_notice():
    contract = either("tariff", "b", SALE, All(), 3600)
    required = needs(contract)
    assert required.series == (SeriesNeed("load", "Wh"), SeriesNeed("spot", "micro/kWh"))
    assert required.choices == (ChoiceNeed("tariff", "1", "b", 3600),)
    assert needs(give(contract)) == required
    assert needs(bind(contract, {"b": "m-7"})).choices[0].by == "m-7"


def test_one_name_has_one_meaning():
    two_units = pay(Series("x", "nano"), "a", "b", "k", "EUR") + deliver(
        Series("x", "Wh"), "a", "b", "energy"
    )
    two_authors = either("pick", "a", SALE, All(), 0) + either("pick", "b", SALE, All(), 0)
    for contract in (two_units, two_authors):
        with pytest.raises(IllFormed, match="used"):
            needs(contract)


def test_kinds_and_currencies_never_net_unseen():
    fee = Const(5, "nano")
    contract = (
        pay(fee, "a", "b", "network", "EUR")
        + pay(fee, "a", "b", "levy", "EUR")
        + pay(fee, "a", "b", "levy", "CHF")
        + pay(fee, "b", "a", "levy", "EUR")
        + pay(fee, "a", "b", "levy", "EUR")
    )
    assert money(contract) == {
        ("a", "b", "EUR", "network"): [5] * 4,
        ("a", "b", "EUR", "levy"): [10] * 4,
        ("a", "b", "CHF", "levy"): [5] * 4,
        ("b", "a", "EUR", "levy"): [5] * 4,
    }
