"""Games in small, and what they come to by definition."""

from fractions import Fraction
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import strategies as st


def over_all_orders(worths):
    """Shapley value as exact fractions, from every order of joining."""
    members = len(worths).bit_length() - 1
    total = [0] * members
    for order in permutations(range(members)):
        inside = 0
        for member in order:
            total[member] += int(worths[inside | 1 << member]) - int(worths[inside])
            inside |= 1 << member
    return [Fraction(value, factorial(members)) for value in total]


@pytest.fixture(scope="session")
def by_orders():
    return over_all_orders


@pytest.fixture(scope="session")
def worth_of():
    """A callable over bool [coalitions, members] from the worths of every coalition."""

    def build(worths):
        bits = 1 << np.arange(len(worths).bit_length() - 1)
        return lambda coalitions: worths[coalitions @ bits]

    return build


@st.composite
def worths(draw, least=1, most=5, low=-(10**6)):
    members = draw(st.integers(least, most))
    values = draw(
        st.lists(
            st.integers(low, 10**6) | st.integers(-3, 3).filter(lambda v: v >= low),
            min_size=2**members - 1,
            max_size=2**members - 1,
        )
    )
    return np.array([0, *values], dtype=np.int64)


@st.composite
def convex_worths(draw, most=6):
    """Sums of unanimity games with weights that are not negative are convex."""
    members = draw(st.integers(2, most))
    size = 2**members
    every = np.arange(size)
    game = np.zeros(size, dtype=np.int64)
    for inside, weight in draw(
        st.lists(st.tuples(st.integers(1, size - 1), st.integers(0, 10**9)), max_size=12)
    ):
        game += np.where(every & inside == inside, weight, 0)
    return game


@pytest.fixture(scope="session")
def games():
    return worths


@pytest.fixture(scope="session")
def convex_games():
    return convex_worths


NET = st.integers(-20, 20) | st.sampled_from([0, 5, -5])


@st.composite
def communities(draw, most=6, slots=3):
    """Net energy, import and export prices [members, slots], some of them alike."""
    members = draw(st.integers(1, most))
    cells = members * slots
    price = draw(st.sampled_from([st.integers(-5, 5), st.integers(-100_000, 400_000), st.just(7)]))

    def table(values):
        drawn = draw(st.lists(values, min_size=cells, max_size=cells))
        return np.array(drawn, dtype=np.int64).reshape(members, slots)

    return table(NET), table(price), table(price)


@pytest.fixture(scope="session")
def data_of_communities():
    return communities
