"""Gini and spread against their definitions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.compare.spread import spread

GAINS = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=30)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(gains):
    found, count = spread(gains).gini, len(gains)
    if not any(gains):
        assert found is None
        return
    difference = sum(abs(one - other) for one in gains for other in gains) / count**2
    assert found == pytest.approx(difference / 2 / (sum(gains) / count))


@settings(deadline=None)
@given(GAINS)
def test_who_gains_and_loses(gains):
    found = spread(gains)
    ordered = sorted(gains)
    assert (found.lowest_nano, found.highest_nano) == (ordered[0], ordered[-1])
    assert found.gainers == len([gain for gain in gains if gain > 0])
    assert found.losers == len([gain for gain in gains if gain < 0])
    below = sum(gain < found.median_nano for gain in gains)
    above = sum(gain > found.median_nano for gain in gains)
    assert max(below, above) <= len(gains) / 2
    assert (found.gini is None) == (ordered[0] < 0 or not any(gains))


@pytest.mark.parametrize(
    ("gains", "gini"), [([5, 5, 5, 5], 0.0), ([0, 0, 0, 8], 0.75), ([0, 0], None), ([-1, 9], None)]
)
def test_gini_of_simple_cases(gains, gini):
    assert spread(gains).gini == gini
