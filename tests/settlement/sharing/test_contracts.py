import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.formulas import minimum, muldiv, running
from gridpact.contracts.formulas import share as part_of
from gridpact.contracts.observables import Choice, Const, Series
from gridpact.contracts.terms import deliver, pay
from gridpact.settlement.sharing.contracts import claims, problems, produced
from gridpact.settlement.sharing.keys import DefaultDynamic, Static, share

NEED, PRODUCED = Series("sharing:need", "Wh"), Series("sharing:produced", "Wh")
SHARE = Series("sharing:share", "ppm")


def slots(count):
    return Slots(1_781_474_400, 900, count)


def allocated(contract, surplus, need, ppm):
    key = claims(contract, slots(need.shape[1]), need, produced(surplus), ppm)
    return share(key, surplus, need)


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_default_dynamic_as_a_contract(data, communities):
    surplus, need = data.draw(communities)
    contract = deliver(NEED, "community", "member", "energy")
    assert problems(contract) == []
    found = allocated(contract, surplus, need, np.zeros(len(need), np.int64))
    own = share(DefaultDynamic(), surplus, need)
    np.testing.assert_array_equal(found.in_wh, own.in_wh)
    np.testing.assert_array_equal(found.out_wh, own.out_wh)


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_static_as_a_contract(data, communities, coefficients):
    surplus, need = data.draw(communities)
    ppm = data.draw(coefficients(surplus.shape))[:, 0]
    found = allocated(
        deliver(part_of(PRODUCED, SHARE), "community", "member", "energy"), surplus, need, ppm
    )
    # Both round each share once; the key by largest remainder, the contract half to even.
    assert np.abs(found.in_wh - share(Static(ppm), surplus, need).in_wh).max() <= 1


def test_a_contract_of_a_first_kilowatt_hour_and_then_by_share():
    """Everybody's first 500 Wh of a period first, which no key of a statute can say."""
    first = minimum(NEED, Const(500, "Wh"))
    contract = deliver(first, "community", "member", "energy") + deliver(
        muldiv(PRODUCED, SHARE, Const(2_000_000, "ppm")), "community", "member", "energy"
    )
    surplus, need = np.array([[3000], [0], [0]]), np.array([[0], [2000], [300]])
    found = allocated(contract, surplus, need, np.array([0, 500_000, 500_000]))
    assert found.in_wh.ravel().tolist() == [0, 1250, 300]


def test_totals_are_over_the_whole_period_whatever_is_worked_on_at_a_time():
    within = minimum(NEED, Const(700, "Wh") - minimum(running(NEED) - NEED, Const(700, "Wh")))
    contract = deliver(within, "community", "member", "energy")
    surplus, need = np.array([[900] * 3, [0] * 3]), np.array([[0] * 3, [300] * 3])
    found = allocated(contract, surplus, need, np.zeros(2, np.int64))
    assert found.in_wh[1].tolist() == [300, 300, 100]


def test_what_a_member_must_deliver_is_taken_off_and_never_below_nothing():
    contract = deliver(NEED, "community", "member", "energy") + deliver(
        Const(200, "Wh"), "member", "community", "energy"
    )
    surplus, need = np.array([[900], [0]]), np.array([[100], [500]])
    key = claims(contract, slots(1), need, produced(surplus), np.zeros(2, np.int64))
    assert key.claim_wh.ravel().tolist() == [0, 300]


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        (pay(Const(5, "nano"), "member", "community", "fee", "EUR"), ["delivers nothing"]),
        (deliver(NEED, "community", "home", "energy"), ["delivers nothing"]),
        (deliver(NEED, "community", "member", "certificate:GO"), ["delivers certificate:GO"]),
        (deliver(Series("index:gas", "Wh"), "community", "member", "energy"), ["index:gas [Wh]"]),
        (
            deliver(
                Choice("take", "member", Const(0, "Wh"), Const(9, "Wh"), 0, "Wh"),
                "community",
                "member",
                "energy",
            ),
            ["choice 'take' open"],
        ),
    ],
)
def test_contracts_that_are_no_key(contract, words):
    found = problems(contract)
    assert [problem for problem, _ in found if any(word in problem for word in words)]
    assert all(fix for _, fix in found)
