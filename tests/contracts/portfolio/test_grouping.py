"""One pass for each distinct shape; bad contracts are listed, all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import from_bytes, to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import nominated, share, total
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.portfolio import Portfolio, PortfolioFaults
from gridpact.contracts.terms import All, bind, deliver, either, pay, sale, within
from gridpact.contracts.times import Between

SLOTS = Slots(900 * 1000, 900, 4)
SPOT = Series("spot", "micro/kWh")


def tariff(number, price=None, spot="spot"):
    load = Series(f"load-{number}", "Wh")
    paid = Const(100 + number if price is None else price, "micro/kWh")
    markup = Series(spot, "micro/kWh") + share(SPOT, 1000 + number)
    return sale(load, paid, "supplier", f"home-{number}", "energy", "EUR") + sale(
        load, markup, "supplier", f"home-{number}", "index", "EUR"
    )


def window(number, length=2):
    profile = Profile(SLOTS.start, 900, (number,) * length, "Wh")
    mask = Between(SLOTS.start + 900 * (number % 3), SLOTS.end)
    return within(mask, sale(profile, SPOT, "a", "b", "energy", "EUR"))


def shapes(contracts):
    """How many shapes there are, the same for values and for bytes."""
    (count,) = {
        Portfolio.of(given).shapes for given in (contracts, [to_bytes(c) for c in contracts])
    }
    return count


def test_numbers_names_and_literals_make_no_shape():
    assert shapes([tariff(number) for number in range(50)]) == 1
    assert shapes([window(number, 1 + number % 4) for number in range(50)]) == 1
    assert shapes([tariff(1), window(1), tariff(2), window(2), tariff(1)]) == 2


def test_what_changes_evaluation_makes_a_shape():
    load, price = Series("load", "Wh"), Const(5, "micro/kWh")
    one = sale(load, price, "a", "b", "energy", "EUR")
    others = [
        sale(load, price, "a", "a", "energy", "EUR"),  # a party that is another's
        sale(load, price, "a", "b", "network", "EUR"),
        sale(load, price, "a", "b", "energy", "CHF"),
        sale(load + load, price, "a", "b", "energy", "EUR"),
        sale(load + Series("gen", "Wh"), price, "a", "b", "energy", "EUR"),
        sale(load, SPOT, "a", "b", "energy", "EUR"),
        sale(total(load), price, "a", "b", "energy", "EUR"),
        sale(total(load, "day@UTC"), price, "a", "b", "energy", "EUR"),
        pay(Const(1, "1") * Const(5, "nano"), "a", "b", "energy", "EUR"),
        pay(Const(0, "1") * Const(5, "nano"), "a", "b", "energy", "EUR"),  # another mask
        pay(Const(2, "1") * Const(5, "nano"), "a", "b", "energy", "EUR"),  # no mask
        All(),
    ]
    assert shapes([one, *others]) == 1 + len(others)


def test_a_profile_of_zeros_and_ones_is_a_mask_and_another_is_not():
    def terms(*values):
        factor = Profile(SLOTS.start, 900, values, "1")
        return pay(factor * Series("lump", "nano"), "a", "b", "x", "EUR")

    world = {"lump": Known(np.full(4, 5), np.array([True, True, True, False]))}
    contracts = [terms(1, 1, 0, 0), terms(2, 1, 0, 0), terms(0, 1, 1, 0), terms(3, 0, 0, 0)]
    assert shapes(contracts) == 2
    for made in (contracts, [to_bytes(contract) for contract in contracts]):
        with pytest.raises(PortfolioFaults) as caught:
            Portfolio.of(made).totals(world, SLOTS)
        assert [fault.contract for fault in caught.value.faults] == [1, 3]
        assert Portfolio.of(made[::2]).totals(world, SLOTS).amount.tolist() == [10, 10]


def test_one_batch_for_each_cash_flow_of_a_shape():
    world = {f"load-{n}": np.arange(4) + n for n in range(100)} | {"spot": np.arange(4)}
    batches = list(Portfolio.of([tariff(n) for n in range(100)]).cashflows(world, SLOTS))
    assert [len(batch.rows) for batch in batches] == [100, 100]
    some = list(Portfolio.of([tariff(n) for n in range(10)]).cashflows(world, SLOTS, chunk=4))
    assert [batch.rows.tolist() for batch in some] == [
        rows for rows in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9]) for _ in range(2)
    ]
    assert some[0].payers == tuple(f"home-{n}" for n in range(4))
    assert set(some[0].payees) == {"supplier"}
    with pytest.raises(ValueError, match="at least one"):
        list(Portfolio.of([]).cashflows(world, SLOTS, chunk=0))


def test_amounts_cannot_be_written_into_the_world():
    lump = Series("lump", "nano")
    world = {"lump": np.arange(4)}
    (batch,) = Portfolio.of([pay(lump, "a", "b", "fee", "EUR")]).cashflows(world, SLOTS)
    with pytest.raises(ValueError, match="read-only"):
        batch.amounts[:] = 0
    assert world["lump"].tolist() == [0, 1, 2, 3]


def test_an_empty_portfolio_owes_nothing():
    portfolio = Portfolio.of([])
    assert list(portfolio.cashflows({}, SLOTS)) == []
    totals = portfolio.totals({}, SLOTS)
    assert (totals.amount.tolist(), totals.net(), totals.of(0)) == ([], {}, {})


def test_a_choice_used_with_two_meanings_is_listed_by_contract():
    def terms(low, high):
        one, other = (
            pay(nominated("n", "a", Const(bound, "Wh"), 0) * SPOT, "a", "b", "x", "EUR")
            for bound in (low, high)
        )
        return one + other

    contracts = [terms(5, 5), terms(5, 6), terms(7, 7), terms(7, 8), terms(9, 9)]
    for made in (contracts, [to_bytes(contract) for contract in contracts]):
        with pytest.raises(BadInput) as caught:
            Portfolio.of(made)
        assert [fault.file for fault in caught.value.faults] == ["contract 1", "contract 3"]
        assert "two meanings" in caught.value.faults[0].problem
        assert Portfolio.of([made[0], made[2], made[4]]).shapes == 1


def test_every_ill_formed_contract_is_listed():
    load = Series("load", "Wh")
    mixed = pay(load * SPOT, "a", "b", "x", "EUR") + deliver(
        Series("spot", "Wh"), "a", "b", "energy"
    )
    short = pay(load, "a", "b", "x", "EUR")  # energy is not money
    contracts = [mixed, tariff(1), short, b"no terms", to_bytes(tariff(2))[:-1], mixed]
    with pytest.raises(BadInput) as caught:
        Portfolio.of(contracts)
    assert sorted({fault.file for fault in caught.value.faults}) == [
        f"contract {number}" for number in (0, 2, 3, 4, 5)
    ]


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_bytes_are_refused_exactly_where_reading_them_alone_is(data):
    base = [
        to_bytes(tariff(3)),
        to_bytes(window(4)),
        to_bytes(bind(either("pick", "b", tariff(1), tariff(2), 60), {"b": "home"})),
    ]
    text = data.draw(st.sampled_from(base)).decode()
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(['"', "0", "1", "9" * 19, "-", "x", "", "{", "}", ":", "\x7f"]))
    cut = data.draw(st.integers(0, 2))
    changed = (text[:at] + put + text[at + cut :]).encode()
    try:
        contract = from_bytes(changed)
        legs(contract)
        needs(contract)
        fine = True
    except (BadInput, IllFormed):
        fine = False
    contracts = [*base, changed, *base]
    if fine:
        Portfolio.of(contracts)
    else:
        with pytest.raises(BadInput) as caught:
            Portfolio.of(contracts)
        assert {fault.file for fault in caught.value.faults} == {f"contract {len(base)}"}
