"""The value of a contract over paths, against sums worked in Python's whole numbers."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.formulas import at_end, decision
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import deliver, give, pay, sale, within
from gridpact.contracts.valuation.present import discount_factors, marked
from gridpact.contracts.valuation.report import value_report
from gridpact.contracts.valuation.value import value

SLOTS = Slots(1782864000, 3600, 3)
LOAD, SPOT = Series("load", "Wh"), Series("spot", "micro/kWh")
SUPPLY = sale(LOAD, SPOT, "park", "bakery", "energy", "EUR")
FEE = pay(at_end() * Const(7, "nano"), "bakery", "park", "fee", "EUR")
WORLD = {"load": np.array([1, 2, 3]), "spot": np.array([[10, 20, 30], [5, 5, 5]])}


def test_present_values_by_path_and_kind_are_as_worked_by_hand():
    found = value(SUPPLY + FEE, "park", WORLD, SLOTS)
    assert found.present["EUR", "energy"].tolist() == [140, 30]
    assert found.present["EUR", "fee"].tolist() == [7, 7]
    assert found.present["EUR", ""].tolist() == [147, 37]
    assert found.total("EUR").expectation == 92
    assert list(found.kinds("EUR")) == ["energy", "fee"]
    assert found.paths == 2


def test_what_one_party_receives_the_other_pays():
    seller = value(SUPPLY + FEE, "park", WORLD, SLOTS)
    buyer = value(SUPPLY + FEE, "bakery", WORLD, SLOTS)
    assert (seller.present["EUR", ""] == -buyer.present["EUR", ""]).all()
    swapped = value(give(SUPPLY + FEE), "bakery", WORLD, SLOTS)
    assert (swapped.present["EUR", ""] == seller.present["EUR", ""]).all()
    assert (buyer.total("EUR").worst, buyer.total("EUR").best) == (-147, -37)
    assert buyer.total("EUR").value_at_risk == 147


def test_discount_factors_meet_their_slots():
    found = value(SUPPLY, "park", WORLD, SLOTS, discount=np.array([1.0, 0.5, 0.25]))
    assert found.present["EUR", ""].tolist() == [10 + 20 + 22.5, 5 + 5 + 3.75]
    year = Slots(0, 365 * 86_400, 3)
    assert discount_factors(0.03, year) == pytest.approx([1, np.exp(-0.03), np.exp(-0.06)])


def test_weights_change_measures_and_no_path():
    plain = value(SUPPLY, "park", WORLD, SLOTS)
    found = plain.weighted(np.array([3.0, 1.0]), confidence=0.5)
    assert found.total("EUR").expectation == pytest.approx((3 * 140 + 30) / 4)
    assert found.confidence == 0.5
    assert found.present is plain.present


@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 10**6), party=st.sampled_from(["a", "b"]))
def test_values_are_exact_sums_of_cash_flows(gen, data, seed, party):
    contract, world = data.draw(gen.contracts()), gen.world(seed)
    contract += pay(Const(1, "nano"), "a", "b", "energy", "EUR")  # so that both are parties
    found = value(contract, party, world, gen.slots)
    sums = {}
    for (payer, payee, code, _), amounts in cashflows(contract, world, gen.slots).items():
        for row, amount in enumerate(np.atleast_2d(amounts).sum(axis=-1).tolist()):
            signed = amount * ((payee == party) - (payer == party))
            if party in (payer, payee):
                sums[code, row] = sums.get((code, row), 0) + signed
    own = {key: total for key, total in sums.items() if key[0] in found.currencies}
    assert all(found.present[code, ""][row] == total for (code, row), total in own.items())
    assert all(total == 0 for key, total in sums.items() if key not in own)


def test_an_open_choice_is_missing_by_name():
    term = within(decision("call", "bakery", 0), SUPPLY)
    with pytest.raises(MissingSeries, match="choice:call"):
        value(term, "park", WORLD, SLOTS)


def test_who_is_no_party_is_told_who_is():
    with pytest.raises(IllFormed, match="bakery, park"):
        value(SUPPLY, "mill", WORLD, SLOTS)


@pytest.mark.parametrize("factors", [[1.0], [1, 0.5, 0], [1, 0.5, np.nan]])
def test_discount_factors_out_of_range_are_refused(factors):
    with pytest.raises(IllFormed, match="discount factors"):
        value(SUPPLY, "park", WORLD, SLOTS, discount=np.array(factors, dtype=float))


def test_scenarios_have_one_axis_of_paths():
    world = WORLD | {"spot": np.ones((2, 2, 3), dtype=np.int64)}
    with pytest.raises(IllFormed, match="paths"):
        value(SUPPLY, "park", world, SLOTS)


def test_a_sum_that_does_not_fit_is_refused_rather_than_wrapped():
    world = {"load": np.full(3, 2**31), "spot": np.full(3, 2**31)}
    with pytest.raises(NumberOverflow):
        value(SUPPLY, "park", world, SLOTS)


def test_marking_turns_deliveries_into_money_at_the_market():
    goods = deliver(LOAD, "park", "bakery", "certificate:GO:2026")
    terms = SUPPLY + goods
    market = Series("market", "micro/kWh")
    world = WORLD | {"market": np.array([100, 100, 200])}
    found = value(marked(terms, {"energy": market}, "EUR"), "bakery", world, SLOTS)
    assert found.present["EUR", "market-energy"].tolist() == [900, 900]
    assert found.present["EUR", ""].tolist() == [900 - 140, 900 - 30]
    both = marked(terms, {"energy": market, "certificate:GO:2026": Const(2, "micro/kWh")}, "EUR")
    found = value(both, "park", world, SLOTS)
    assert found.present["EUR", "market-certificate"].tolist() == [-12, -12]


def test_the_report_is_complete_and_is_json():
    found = value(SUPPLY + FEE, "park", WORLD, SLOTS)
    told = json.loads(json.dumps(found.as_dict()))
    assert told["currencies"]["EUR"]["total"]["quantiles"]["p50"] == 37
    assert told["currencies"]["EUR"]["kinds"]["fee"]["expectation"] == 7
    assert told["paths"] == 2
    text = "\n".join(found.lines())
    assert "Value to park, 2026-07-01T00:00:00Z to 2026-07-01T03:00:00Z, 2 paths" in text
    assert "positive: park receives" in text
    assert text.count("energy") == 1


def test_a_party_without_money_is_told_so():
    found = value(deliver(LOAD, "park", "bakery", "energy"), "park", WORLD, SLOTS)
    assert "no money moves to or from park" in found.lines()


def test_a_report_can_price_deliveries():
    prices = {"energy": Const(100, "micro/kWh")}
    found = value_report(SUPPLY, "bakery", WORLD, SLOTS, prices=prices)
    assert found.present["EUR", "market-energy"].tolist() == [600, 600]
    both = SUPPLY + pay(Const(1, "nano"), "park", "bakery", "fee", "CHF")
    with pytest.raises(IllFormed, match="one currency"):
        value_report(both, "bakery", WORLD, SLOTS, prices=prices)
