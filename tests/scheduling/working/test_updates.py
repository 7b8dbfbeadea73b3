"""Forecast updates and errors: their identities, by hand and on drawn forecasts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.scheduling.working.updates import (
    by_lead,
    errors,
    errors_from_updates,
    histograms,
    updates,
)

NAN = np.nan


def test_three_periods_by_hand():
    # rows: issued in period 0, 1, 2; the diagonal is what came; nothing is issued about the past
    issued = np.array([[50.0, 60.0, 70.0], [NAN, 58.0, 75.0], [NAN, NAN, 72.0]])
    table = by_lead(issued, 2)
    assert np.array_equal(table, [[50, NAN, NAN], [58, 60, NAN], [72, 75, 70]], equal_nan=True)
    assert np.array_equal(errors(table), [[0, NAN, NAN], [0, 2, NAN], [0, 3, -2]], equal_nan=True)
    assert np.array_equal(updates(table), [[NAN, NAN], [-2, NAN], [-3, 5]], equal_nan=True)


@settings(deadline=None)
@given(arrays(np.int64, (6, 6), elements=st.integers(-1000, 1000)))
def test_the_identities_hold(issued):
    table = by_lead(issued, 4)
    change, error = updates(table), errors(table)
    assert np.array_equal(change, error[:, :-1] - error[:, 1:], equal_nan=True)
    assert np.array_equal(errors_from_updates(change), error, equal_nan=True)
    for period in range(6):
        for lead in range(min(period, 4) + 1):
            assert table[period, lead] == issued[period - lead, period]


def test_histograms_count_everything_once():
    values = np.array([[0.0, 5.0, NAN], [1.0, -9.0, NAN], [2.0, 9.0, 0.5]])
    found = histograms(values, np.array([0.0, 1.0, 2.0]))
    assert found.counts.tolist() == [[1, 2], [0, 0], [1, 0]]
    assert found.below.tolist() == [0, 1, 0]
    assert found.above.tolist() == [0, 2, 0]
    assert found.missing.tolist() == [0, 0, 2]
    with pytest.raises(ValueError, match="must rise"):
        histograms(values, np.array([1.0, 1.0]))
