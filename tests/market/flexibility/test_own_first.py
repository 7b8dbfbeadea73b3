import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.own_first import select_own_first


def test_own_assets_come_first_and_the_preference_has_its_price(offers_of, requests_of, tender_of):
    """600 W of a grid battery at 80 µ¤/kW, then 400 W bought at 50: 68 000 against 50 000."""
    own = offers_of([{"power_w": 600, "reservation_micro_per_kw": 80}])
    bought = offers_of([{"sequence": 9, "power_w": 5_000, "reservation_micro_per_kw": 50}])
    tender, wanted = tender_of([[1_000_000]], called=0), requests_of([{"need_w": 1_000}])
    found = select_own_first(own, bought, wanted, tender)
    assert found.selection.power_w.tolist() == [[600], [400]]
    assert (found.own_nano, found.bought_nano) == (48_000, 20_000)
    assert found.common_nano == pytest.approx(50_000)
    assert found.premium_nano == pytest.approx(18_000)
    assert found.selection.gap_nano == pytest.approx(18_000, abs=1)


def test_own_assets_are_used_above_the_limit_of_the_request(offers_of, requests_of, tender_of):
    own = offers_of(
        [{"power_w": 600, "least_w": 600, "duration_slots": 3, "reservation_micro_per_kw": 80}]
    )
    bought = offers_of([{"sequence": 9, "power_w": 5_000, "reservation_micro_per_kw": 50}])
    wanted = requests_of([{"need_w": 10, "limit_micro_per_kw": 20}])
    found = select_own_first(own, bought, wanted, tender_of([[1_000_000]], slots=3, called=0))
    assert found.selection.power_w.tolist() == [[600] * 3, [0] * 3]


def test_harm_done_by_own_assets_is_put_right(offers_of, requests_of, tender_of):
    """The battery relieves one feeder by 500 W and loads another, which had 200 W left."""
    own = offers_of([{"power_w": 500, "location": 0}])
    bought = offers_of(
        [{"sequence": 9, "power_w": 5_000, "location": 1, "reservation_micro_per_kw": 50}]
    )
    sensitivity = [[1_000_000, 0], [-1_000_000, 1_000_000]]
    wanted = requests_of([{"need_w": 500}, {"constraint": 1, "need_w": -200}])
    found = select_own_first(own, bought, wanted, tender_of(sensitivity, called=0))
    assert found.selection.power_w.tolist() == [[500], [300]]
    assert not found.selection.unmet.lacking_w.any()


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_never_cheaper_than_a_common_selection(data, tenders, offers_of, requests_of, tender_of):
    rows, asked, sensitivity = data.draw(tenders(most=6, power=3_000), label="tender")
    offers, tender = offers_of(rows), tender_of(sensitivity, 2)
    wanted, mine = requests_of(asked), data.draw(st.integers(0, len(rows)), label="own")
    every = np.arange(offers.count)
    found = select_own_first(offers.take(every < mine), offers.take(every >= mine), wanted, tender)
    common = exact.select(offers, wanted, tender)
    assert found.common_nano == pytest.approx(common.cost_nano, abs=1)
    assert found.selection.cost_nano >= common.cost_nano - 1
    lacking = found.selection.unmet.lacking_w * wanted.limit_micro_per_kw
    bought = found.own_nano + found.bought_nano
    assert found.selection.cost_nano == pytest.approx(
        bought + float(lacking.sum()), abs=1 + float(wanted.limit_micro_per_kw.sum())
    )
    if mine == 0:
        assert found.premium_nano <= 1
