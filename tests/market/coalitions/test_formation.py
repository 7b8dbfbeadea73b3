from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.coalitions.formation import form
from gridpact.market.coalitions.shapley import exact

GLOVES = np.array([0, 0, 0, 600, 0, 600, 0, 600])


def test_gloves_form_a_pair_and_no_more(worth_of):
    """The pair shares 300 each; with the third the first right glove would fall to 100."""
    found = form(worth_of(GLOVES), 3)
    assert found.coalition.tolist() == [0, 0, 2]
    assert found.shares_nano.tolist() == [300, 300, 0]
    assert found.merges == ((0, 1),)


def test_what_costs_more_than_it_brings_does_not_form(worth_of):
    close = form(worth_of(GLOVES), 3, np.array([0, 0, 599, 599]))
    assert close.shares_nano.tolist() == [1, 0, 0]
    dear = form(worth_of(GLOVES), 3, np.array([0, 0, 600, 600]))
    assert dear.coalition.tolist() == [0, 1, 2]
    assert dear.merges == ()


def test_all_come_together_where_everyone_adds(worth_of):
    count = np.bitwise_count(np.arange(1 << 5)).astype(np.int64)
    found = form(worth_of(count**2 * 60), 5)
    assert found.coalition.tolist() == [0] * 5
    assert found.shares_nano.tolist() == [300] * 5
    small = form(worth_of(count**2 * 60), 5, largest=2)
    assert small.coalition.tolist() == [0, 0, 2, 2, 4]


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_members_gain_and_no_merge_is_left(data, games, worth_of):
    worths = data.draw(games(1, 5, 0), label="worths")
    members = worths.size.bit_length() - 1
    worths[1 << np.arange(members)] = 0  # alone nobody saves anything
    cost = np.array([0, 0, *[data.draw(st.integers(0, 10**6)) for _ in range(members - 1)]])
    found = form(worth_of(worths), members, cost)
    parts = [np.flatnonzero(found.coalition == at).tolist() for at in np.unique(found.coalition)]
    assert np.all(found.shares_nano >= 0)
    for part in parts:
        bits = sum(1 << member for member in part)
        paid = cost[len(part)] if len(part) > 1 else 0
        assert found.shares_nano[part].sum() == worths[bits] - paid
    for one, other in combinations(parts, 2):
        both = sorted(one + other)
        after, before = inside(worths, both, cost), found.shares_nano[both]
        assert np.any(after < before) or np.all(after == before)


def inside(worths, part, cost):
    """Shapley value of a coalition's own game, by its definition."""
    net = [0]
    for chosen in range(1, 1 << len(part)):
        who = [member for at, member in enumerate(part) if chosen >> at & 1]
        value = int(worths[sum(1 << member for member in who)])
        value -= int(cost[len(who)]) if len(who) > 1 else 0
        net.append(max(value, 0) if len(who) < len(part) else value)
    return exact(np.array(net)).nano


def test_a_coalition_has_a_size(worth_of):
    for largest in (0, 13):
        with pytest.raises(ValueError, match="1 to 12"):
            form(worth_of(GLOVES), 3, largest=largest)
