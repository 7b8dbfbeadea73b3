"""Contracts of a selection settle to the market's own payments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.needs import needs
from gridpact.contracts.parsing import from_bytes
from gridpact.contracts.terms import All
from gridpact.contracts.wire import to_bytes
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.contracts import (
    Parties,
    Verification,
    to_contract,
    to_verified_contract,
)
from gridpact.market.flexibility.selection import accounts

SLOTS = 2
BAKERY = Parties("bakery", "dso", "EUR")


def settled(flows, kind):
    """What the provider receives under kinds that begin so, by slot."""
    total = np.zeros(SLOTS, dtype=np.int64)
    for (payer, _, _, label), amount in flows.items():
        if label.startswith(kind):
            total += amount if payer == "dso" else -amount
    return total


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_full_delivery_pays_what_the_market_pays(data, tenders, offers_of, requests_of, tender_of):
    rows, asked, sensitivity = data.draw(tenders(most=5, power=9_000), label="tender")
    called = data.draw(st.sampled_from([0, 1_000_000, 300_000]), label="called")
    step = data.draw(st.sampled_from([300, 900, 3600]), label="step")
    offers, wanted = offers_of(rows), requests_of(asked)
    tender = tender_of(sensitivity, SLOTS, called, step)
    found = exact.select(offers, wanted, tender)
    books = accounts(offers, wanted, tender, found, 2)
    for row in range(offers.count):
        contract = to_contract(offers, found, tender, row, BAKERY)
        assert from_bytes(to_bytes(contract)) == contract
        if not found.power_w[row].any():
            assert contract == All()
            continue
        energy, idle = books.energy_wh[row], np.zeros(SLOTS, dtype=np.int64)
        up = offers.direction[row] > 0
        world = {
            "choice:activate-up": energy if up else idle,
            "choice:activate-down": idle if up else energy,
        }
        flows = cashflows(contract, world, tender.window)
        np.testing.assert_array_equal(settled(flows, "capacity"), books.reservation_nano[row])
        np.testing.assert_array_equal(settled(flows, "energy"), books.activation_nano[row])
        total = settled(flows, "").sum()
        assert total == books.paid_nano[:, row].sum()


def selected(offers_of, requests_of, tender_of, **offer):
    offers = offers_of(
        [
            {
                "power_w": 8_000,
                "least_w": 2_000,
                "duration_slots": 2,
                "notice_s": 1_800,
                "reservation_micro_per_kw": 3_000,
                "activation_micro_per_kwh": 180_000,
            }
            | offer
        ]
    )
    tender = tender_of([[int(1_000_000 * offers.direction[0])]], SLOTS)
    wanted = requests_of([{"need_w": 6_000}, {"slot": 1, "need_w": 3_000}])
    return offers, wanted, tender, exact.select(offers, wanted, tender)


def test_measured_delivery_pays_the_same_and_a_lack_costs(offers_of, requests_of, tender_of):
    offers, wanted, tender, found = selected(offers_of, requests_of, tender_of)
    assert found.power_w.tolist() == [[6_000, 3_000]]
    books = accounts(offers, wanted, tender, found, 1)
    contract = to_verified_contract(
        offers, found, tender, 0, BAKERY, Verification("flexibility:delivered", 500_000)
    )
    energy = books.energy_wh[0]
    assert energy.tolist() == [1_500, 750]
    assert {choice.notice_s for choice in needs(contract).choices} == {1_800}
    world = {
        "choice:activate": np.ones(SLOTS, dtype=np.int64),
        "choice:order": energy,
        "flexibility:delivered": energy,
    }
    flows = cashflows(contract, world, tender.window)
    np.testing.assert_array_equal(
        settled(flows, ""), books.reservation_nano[0] + books.activation_nano[0]
    )
    short = cashflows(contract, world | {"flexibility:delivered": energy - 100}, tender.window)
    lack = settled(flows, "") - settled(short, "")
    assert lack.tolist() == [100 * (180_000 + 500_000)] * SLOTS


def test_only_what_is_up_is_measured(offers_of, requests_of, tender_of):
    offers, _, tender, found = selected(offers_of, requests_of, tender_of, direction=-1)
    with pytest.raises(ValueError, match="up"):
        to_verified_contract(offers, found, tender, 0, BAKERY, Verification("d", 0))


def test_an_offer_left_out_has_no_contract(offers_of, requests_of, tender_of):
    offers, wanted, tender = offers_of([{}]), requests_of([]), tender_of([[1]], SLOTS)
    found = exact.select(offers, wanted, tender)
    assert to_verified_contract(offers, found, tender, 0, BAKERY, Verification("d", 0)) == All()


def test_slots_that_do_not_divide_the_hour(offers_of, requests_of, tender_of):
    offers, wanted = offers_of([{}]), requests_of([{}])
    tender = tender_of([[1_000_000]], 1, step=420)
    assert tender.window == Slots(tender.window.start, 420, 1)
    found = exact.select(offers, wanted, tender)
    with pytest.raises(ValueError, match="420 s"):
        to_contract(offers, found, tender, 0, BAKERY)
