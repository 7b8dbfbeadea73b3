"""Branch and bound against trying every whole point of small knapsacks with groups."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.scheduling.fleet.branch import Relaxed, best_whole


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
    found = best_whole(relaxation(cost, group, weight, room), group, 1e-6, 10_000)
    allowed = [
        np.array(point)
        for point in itertools.product([0.0, 1.0], repeat=count)
        if np.dot(weight, point) <= room
        and all(np.dot(group == one, point) == 1 for one in set(group[group >= 0]))
    ]
    if not allowed:
        assert found is None
    else:
        assert np.dot(cost, found) == pytest.approx(min(np.dot(cost, one) for one in allowed))


def test_it_gives_up_after_so_many_relaxations():
    weight = np.array([3.0, 5.0, 7.0, 9.0])
    solve = relaxation(-weight, np.full(4, -1), weight, 11.0)
    assert best_whole(solve, np.full(4, -1), 1e-6, 2) is None
