import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.clearing import crossing

SLOTS = 4


@given(data=st.data(), part=st.integers(1, 12))
@settings(deadline=None, max_examples=200)
def test_some_slots_at_a_time_are_all_at_once(data, part, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    whole = crossing.cross(orders, SLOTS)
    usual, crossing._PART = crossing._PART, part
    try:
        found = crossing.cross(orders, SLOTS)
    finally:
        crossing._PART = usual
    for name in whole.__struct_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_any_valid_price_leaves_nobody_wrongly_treated(data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    found = crossing.cross(orders, SLOTS)
    accepted = found.accepted_wh(orders.count)
    limit = orders.limit_micro_per_kwh
    for slot in np.flatnonzero(found.volume_wh):
        here = orders.slot == slot
        assert found.low[slot] <= found.high[slot]
        for price in (found.low[slot], found.high[slot]):
            gain = np.where(orders.side > 0, limit > price, limit < price)
            loss = np.where(orders.side > 0, limit < price, limit > price)
            assert np.all(accepted[here & gain] == orders.quantity_wh[here & gain])
            assert not accepted[here & loss].any()
        wider = int(found.low[slot]) - 1, int(found.high[slot]) + 1
        assert all(not _supports(orders, accepted, here, price) for price in wider)


def _supports(orders, accepted, here, price):
    """Whether at a price nobody would rather have had more or less."""
    for row in np.flatnonzero(here).tolist():
        gain = int(orders.side[row]) * (int(orders.limit_micro_per_kwh[row]) - price)
        if gain > 0 and accepted[row] < orders.quantity_wh[row]:
            return False
        if gain < 0 and accepted[row]:
            return False
    return True
