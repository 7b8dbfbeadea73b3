"""Minimal conflicts of any question that never ends by adding items."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.explanation.quickxplain import minimal_conflict

ITEMS = list(range(40))


@settings(deadline=None)
@given(st.lists(st.sets(st.sampled_from(ITEMS), min_size=1, max_size=6), min_size=1, max_size=8))
def test_one_of_the_minimal_sets_is_found(causes):
    asked = []

    def clash(items):
        asked.append(1)
        return any(cause <= set(items) for cause in causes)

    found = minimal_conflict(ITEMS, clash)
    assert list(found) == sorted(found)
    assert clash(found)
    assert not any(clash([one for one in found if one != left]) for left in found)
    k, n = len(found), len(ITEMS)
    assert len(asked) - k - 1 <= 2 * k * math.log2(n / k) + 2 * k + 2 + k  # the bound, and start


@settings(deadline=None)
@given(st.integers(0, 39), st.integers(0, 39))
def test_of_two_conflicts_that_of_the_earlier_items_is_found(one, other):
    found = minimal_conflict(ITEMS, lambda items: one in items or other in items)
    assert found == (min(one, other),)


def test_nothing_is_found_where_nothing_clashes_already():
    assert minimal_conflict(ITEMS, lambda items: True) == ()


def test_items_that_go_together_are_no_conflict():
    with pytest.raises(ValueError, match="go together"):
        minimal_conflict(ITEMS, lambda items: False)
