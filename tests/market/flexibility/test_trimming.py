"""What is free is not called beyond need."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.trimming import Watts, trimmed


def test_free_power_covers_the_need_and_no_more(offers_of, requests_of, tender_of):
    """350 W lack in the second slot; the first of two free offers gives them."""
    offers = offers_of([{"power_w": 400, "duration_slots": 2}, {"power_w": 400, "first_slot": 1}])
    wanted = requests_of([{"slot": 1, "need_w": 350}])
    found = exact.select(offers, wanted, tender_of([[1_000_000]], 2))
    assert found.power_w[:, 0].tolist() == [0, 0]
    assert found.power_w[:, 1].sum() == 350
    assert found.unmet.lacking_w.tolist() == [0]


def test_free_power_that_holds_back_harm_stays(offers_of, requests_of, tender_of):
    """800 W relieve one feeder and load another by 400, which a free watt elsewhere makes good."""
    offers = offers_of(
        [
            {"power_w": 900, "reservation_micro_per_kw": 5},
            {"power_w": 900, "location": 1},
        ]
    )
    sensitivity = [[1_000_000, 0], [-500_000, 1_000_000]]
    wanted = requests_of([{"need_w": 800}, {"constraint": 1, "need_w": 0}])
    found = exact.select(offers, wanted, tender_of(sensitivity))
    assert found.power_w.tolist() == [[800], [400]]


def test_what_made_good_a_harm_goes_with_it(offers_of, requests_of, tender_of):
    """The first offer loads the feeder and the second, looked at first, relieves it as much."""
    offers = offers_of([{"power_w": 100}, {"power_w": 100, "location": 1}])
    tender, wanted = tender_of([[-1_000_000, 1_000_000]]), requests_of([{"need_w": 0}])
    given_up = trimmed(
        offers, wanted, tender, Watts(np.array([[100], [100]]), np.zeros((2, 1), np.int64))
    )
    assert not given_up.power_w.any()


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_no_free_watt_is_left_over(data, tenders, offers_of, requests_of, tender_of):
    rows, asked, sensitivity = data.draw(tenders(most=6, power=5_000), label="tender")
    free = {"reservation_micro_per_kw": 0, "activation_micro_per_kwh": 0}
    free |= {"least_w": 0, "ramp_w": 5_000}
    rows = [row | (free if data.draw(st.booleans()) else {}) for row in rows]
    offers, wanted, tender = offers_of(rows), requests_of(asked), tender_of(sensitivity, 2)
    found = exact.select(offers, wanted, tender)
    for at, row in enumerate(rows):
        priced = row["reservation_micro_per_kw"] or row["activation_micro_per_kwh"]
        if priced or row["least_w"] or row["ramp_w"] < row["power_w"]:
            continue
        for slot in np.flatnonzero(found.power_w[at]).tolist():
            mine = wanted.slot == slot
            if found.assigned_w[at, mine].sum() == found.power_w[at, slot]:
                continue
            effect = tender.sensitivity_ppm[wanted.constraint][:, offers.location]
            effect = effect * offers.direction
            relief = (effect * found.power_w[:, wanted.slot].T).sum(axis=1)
            lacks = (relief - effect[:, at] < wanted.need_w * 1_000_000) & (effect[:, at] > 0)
            assert np.any(lacks & mine & ~wanted.exclusive)


@pytest.mark.parametrize("exclusive", [False, True])
def test_what_is_assigned_stays(exclusive, offers_of, requests_of, tender_of):
    wanted = requests_of([{"need_w": 70, "exclusive": exclusive}, {"constraint": 1, "need_w": 20}])
    found = exact.select(offers_of([{"power_w": 90}]), wanted, tender_of([[10**6], [10**6]]))
    assert found.power_w.tolist() == [[70]]
    assert found.assigned_w.sum() == (70 if exclusive else 0)
