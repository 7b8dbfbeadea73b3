"""Branch and bound against trying every whole point of small knapsacks with groups."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.scheduling.fleet.branch import Effort, Relaxed, best_whole


def relaxation(cost, group, weight, room):
    """Least cost of fractions in a knapsack with one column of each group; by scipy."""
    groups = np.unique(group[group >= 0])
    once = np.array([group == one for one in groups], float).reshape(len(groups), len(cost))

    def solve(lower, upper):
        found = linprog(
            cost,
            A_ub=[weight],
            b_ub=[room],
            A_eq=once if len(groups) else None,
            b_eq=np.ones(len(groups)) if len(groups) else None,
            bounds=np.stack([lower, upper], axis=1),
        )
        return Relaxed(found.fun, found.x) if found.status == 0 else None

    return solve


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_it_finds_what_trying_everything_finds(data):
    count = data.draw(st.integers(1, 8))
    numbers = st.lists(st.integers(-20, 20), min_size=count, max_size=count)
    cost, weight = np.array(data.draw(numbers), float), np.abs(data.draw(numbers)).astype(float)
    group = np.sort(data.draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)))
    room = float(data.draw(st.integers(0, 60)))
    effort = Effort(1e-6, 10_000, lambda: False)
    found = best_whole(relaxation(cost, group, weight, room), group, effort)
    allowed = [
        np.array(point)
        for point in itertools.product([0.0, 1.0], repeat=count)
        if np.dot(weight, point) <= room
        and all(np.dot(group == one, point) == 1 for one in set(group[group >= 0]))
    ]
    assert found.proven
    if not allowed:
        assert found.chosen is None
        assert found.bound == np.inf
    else:
        least = min(np.dot(cost, one) for one in allowed)
        assert np.dot(cost, found.chosen) == pytest.approx(least)
        assert found.bound == pytest.approx(least)


WEIGHT = np.array([3.0, 5.0, 7.0, 9.0, 13.0])
ROOM = 18.9
LEAST = -18.0  # by 5 and 13


def searched(gap=1e-6, most=10_000, over=lambda: False):
    lone = np.full(len(WEIGHT), -1)
    solve = relaxation(-WEIGHT, lone, WEIGHT, ROOM)
    return best_whole(solve, lone, Effort(gap, most, over))


def test_a_search_cut_short_has_tried_a_point_and_bounds_the_best():
    assert searched().bound == pytest.approx(LEAST)
    calls = []
    soon = searched(over=lambda: bool(calls.append(0)) or len(calls) > 2)
    for cut in (searched(most=2), searched(most=6), searched(over=lambda: True), soon):
        assert not cut.proven
        assert cut.bound <= LEAST + 1e-9
        assert cut.chosen is None or -np.dot(WEIGHT, cut.chosen) >= LEAST - 1e-9


def test_a_wide_gap_ends_the_search_early_within_it():
    coarse = searched(gap=4.0)
    assert coarse.proven
    assert coarse.bound <= LEAST <= -np.dot(WEIGHT, coarse.chosen) <= coarse.bound + 4.0
