"""Updates within the day: the latest error fades with lead time."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.forecasting.update import LOAD_MEMORY_S, SOLAR_MEMORY_S, Seen, updated

WH = st.integers(0, 5000) | st.just(0)


def by_loop(forecast, lead, seen, memory):
    rows = []
    for row, plan in enumerate(forecast.tolist()):
        errors = [
            actual - expected
            for actual, known, expected in zip(
                seen.actual_wh[row].tolist(),
                seen.known[row].tolist(),
                seen.forecast_wh[row].tolist(),
                strict=True,
            )
            if known
        ]
        error = sum(errors) / len(errors) if errors else 0.0
        moved = [
            max(value + round(error * math.exp(-max(at, 0) / memory)), 0) if value else 0
            for value, at in zip(plan, lead.tolist(), strict=True)
        ]
        rows.append(moved)
    return rows


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_against_a_plain_loop(data):
    rows, slots, back = (data.draw(st.integers(1, 4)) for _ in range(3))
    forecast = data.draw(arrays(np.int64, (rows, slots), elements=WH))
    seen = Seen(
        data.draw(arrays(np.int64, (rows, back), elements=WH)),
        data.draw(arrays(bool, (rows, back))),
        data.draw(arrays(np.int64, (rows, back), elements=WH)),
    )
    lead = 900 * np.arange(1, slots + 1)
    memory = data.draw(st.sampled_from([LOAD_MEMORY_S, SOLAR_MEMORY_S]))
    found = updated(forecast, lead, seen, memory)
    np.testing.assert_allclose(found, by_loop(forecast, lead, seen, memory), atol=1)
    assert (found >= 0).all()


def test_an_error_of_a_kilowatthour_has_faded_to_one_in_e_after_the_memory():
    seen = Seen(np.array([[2000]]), np.array([[True]]), np.array([[1000]]))
    lead = np.array([0, 2700, 5400, 10**7])
    found = updated(np.full((1, 4), 5000), lead, seen, LOAD_MEMORY_S)
    assert found.tolist() == [[6000, 5368, 5135, 5000]]


def test_what_is_unknown_is_no_error_and_night_stays_night():
    forecast = np.array([[0, 300], [0, 300]])
    seen = Seen(np.array([[900], [900]]), np.array([[False], [True]]), np.array([[100], [100]]))
    found = updated(forecast, np.array([0, 0]), seen, SOLAR_MEMORY_S)
    assert found.tolist() == [[0, 300], [0, 1100]]


def test_an_error_never_makes_it_negative_and_no_slots_seen_change_nothing():
    seen = Seen(np.array([[0]]), np.array([[True]]), np.array([[4000]]))
    assert updated(np.array([[100]]), np.array([900]), seen, LOAD_MEMORY_S).tolist() == [[0]]
    none = np.zeros((1, 0), np.int64)
    nothing = Seen(none, none.astype(bool), none)
    assert updated(np.array([[100]]), np.array([900]), nothing, LOAD_MEMORY_S).tolist() == [[100]]
