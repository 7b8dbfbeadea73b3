"""What is reserved is called in part, and the money is that of the contracts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.contracts.cashflows import cashflows
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.activation import called_w, on_call
from gridpact.market.flexibility.contracts import Parties, to_contract
from gridpact.market.flexibility.refusals import names, offer_faults
from gridpact.market.flexibility.selection import accounts

SLOTS = 2
PARTIES = Parties("bakery", "dso", "EUR")


def test_of_what_is_reserved_the_cheapest_energy_is_called(offers_of, requests_of, tender_of):
    """Reserved by the price of holding, 900 W and 100 W; called by the price of energy."""
    offers = offers_of(
        [
            {"power_w": 900, "reservation_micro_per_kw": 10, "activation_micro_per_kwh": 400},
            {"power_w": 900, "reservation_micro_per_kw": 20, "activation_micro_per_kwh": 100},
        ]
    )
    wanted = requests_of([{"need_w": 1_000}])
    holding = exact.select(offers, wanted, tender_of([[1_000_000]], called=0, step=3600))
    assert holding.power_w.tolist() == [[900], [100]]
    call = on_call(offers, holding)
    calling = tender_of([[1_000_000]], step=3600)
    found = exact.select(call.offers, requests_of([{"need_w": 300}]), calling)
    assert called_w(call, found, 2).tolist() == [[200], [100]]
    books = accounts(call.offers, requests_of([{"need_w": 300}]), calling, found, 1)
    assert books.paid_nano.tolist() == [[200 * 400, 100 * 100]]


def test_what_is_not_divisible_is_called_as_it_was_offered(offers_of, requests_of, tender_of):
    """A run over both slots with a least of 300 W, and a ramp of 50 W, reserved at 400 and 350."""
    offers = offers_of(
        [{"power_w": 400, "least_w": 300, "ramp_w": 50, "duration_slots": 2, "notice_s": 7_200}]
    )
    wanted = requests_of([{"need_w": 400}, {"slot": 1, "need_w": 350}])
    free = offers_of([{"power_w": 400, "duration_slots": 2, "reservation_micro_per_kw": 10}])
    holding = exact.select(free, wanted, tender_of([[1_000_000]], SLOTS, called=0))
    assert holding.power_w.tolist() == [[400, 350]]
    call = on_call(offers, holding).offers
    columns = (call.duration_slots, call.power_w, call.least_w, call.ramp_w)
    assert [column.tolist() for column in columns] == [[2], [350], [300], [50]]
    late = tender_of([[1_000_000]], SLOTS)
    late = type(late)(late.window, late.decided_at + 60, late.sensitivity_ppm, late.called_ppm)
    (fault,) = offer_faults(call, late, np.array([True])).tolist()
    assert names(fault) == ("notice",)


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_two_tenders_pay_what_the_contract_pays(data, tenders, offers_of, requests_of, tender_of):
    rows, asked, sensitivity = data.draw(tenders(most=5, power=9_000), label="tender")
    step = data.draw(st.sampled_from([300, 900, 3600]), label="step")
    offers, wanted = offers_of(rows), requests_of(asked)
    holding = tender_of(sensitivity, SLOTS, 0, step)
    held = exact.select(offers, wanted, holding)
    call, calling = on_call(offers, held), tender_of(sensitivity, SLOTS, 1_000_000, step)
    share = data.draw(st.sampled_from([0, 1, 3, 4]), label="quarters called")
    later = requests_of([row | {"need_w": row["need_w"] * share // 4} for row in asked])
    found = exact.select(call.offers, later, calling)
    power = called_w(call, found, offers.count)
    assert np.all((power >= 0) & (power <= held.power_w))
    for row in range(offers.count):
        within(power[row], rows[row])

    paid = accounts(offers, wanted, holding, held, 2).paid_nano.sum(axis=0)
    for calls in accounts(call.offers, later, calling, found, 2).paid_nano:
        np.add.at(paid, call.row, calls)
    energy, idle = calling.energy_wh(power), np.zeros(SLOTS, dtype=np.int64)
    for row in range(offers.count):
        up = offers.direction[row] > 0
        drawn = (energy[row], idle) if up else (idle, energy[row])
        world = dict(zip(("choice:activate-up", "choice:activate-down"), drawn, strict=True))
        flows = cashflows(to_contract(offers, held, holding, row, PARTIES), world, calling.window)
        signs = {"dso": 1, "bakery": -1}
        settled = sum(int(amount.sum()) * signs[payer] for (payer, *_), amount in flows.items())
        assert settled == paid[row]


def within(watts, offer):
    """A call keeps to the least power and the ramp of the offer."""
    first = offer["first_slot"]
    window = watts[first : first + offer["duration_slots"]]
    if window.any():
        assert window.min() >= offer["least_w"]
        assert np.all(np.abs(np.diff(window)) <= offer["ramp_w"]) or offer["ramp_w"] >= window.max()


@pytest.mark.parametrize("asked", [[], [{"need_w": 5}]])
def test_nothing_reserved_is_nothing_on_call(asked, offers_of, requests_of, tender_of):
    tender = tender_of([[0]], SLOTS)
    held = exact.select(offers_of([{}]), requests_of(asked), tender)
    call = on_call(offers_of([{}]), held)
    assert call.offers.count == 0
    assert not called_w(call, exact.select(call.offers, requests_of(asked), tender), 1).any()
