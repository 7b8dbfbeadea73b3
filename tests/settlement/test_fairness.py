"""Measures of fairness against their definitions, written out pair by pair."""

from fractions import Fraction
from statistics import pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.settlement.fairness import experience, gini, jain, least_to_most

AMOUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=12)


@given(AMOUNTS.filter(any))
def test_measures_are_what_their_sources_say(amounts):
    count, total = len(amounts), sum(amounts)
    shares = [Fraction(each, total) for each in amounts]
    assert jain(amounts) == 1 / (count * sum(share * share for share in shares))
    apart = sum(abs(one - other) for one in amounts for other in amounts)
    assert gini(amounts) == Fraction(apart, 2 * count * total)
    assert least_to_most(amounts) == min(shares) / max(shares)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_quality_of_experience_is_one_less_twice_the_deviation(qualities):
    found = experience(qualities, 1000)
    deviation = (1 - found) / 2 * 1000
    error = Fraction(1, 1000)
    variance = pvariance([Fraction(each) for each in qualities])
    assert deviation**2 <= variance <= (deviation + error) ** 2


def test_ends_of_the_scales():
    assert (jain([7, 7, 7]), gini([7, 7, 7]), least_to_most([7, 7, 7])) == (1, 0, 1)
    assert (jain([0, 0, 9]), gini([0, 0, 9]), least_to_most([0, 0, 9])) == (
        Fraction(1, 3), Fraction(2, 3), 0,
    )  # fmt: skip
    assert experience([0, 10, 0, 10], 10) == 0
    assert experience([4, 4], 10) == 1


@pytest.mark.parametrize("measure", [jain, gini, least_to_most])
def test_nothing_is_said_where_somebody_loses_or_nobody_gains(measure):
    assert [measure(amounts) for amounts in ([], [0, 0], [5, -1])] == [None, None, None]


def test_what_is_no_quality_is_refused():
    assert experience([], 10) is None
    for bad in ([11], [-1]):
        with pytest.raises(ValueError, match="between"):
            experience(bad, 10)
