from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.market.coalitions.shapley import exact, sampled, shapley
from gridpact.market.coalitions.sharing_game import SharingGame

GLOVES = np.array([0, 0, 0, 600, 0, 600, 0, 600])
"""Member 0 has a left glove, 1 and 2 a right one; a pair is worth 600."""


def test_the_glove_game():
    """The left glove gets two thirds, each right one a sixth."""
    assert exact(GLOVES).nano.tolist() == [400, 100, 100]


def test_the_runway_game():
    """Runways of 12, 18 and 30: 12 is shared by three, the next 6 by two, the last 12 by one.

    Littlechild & Owen (1973).
    """
    length = np.array([12, 18, 30])
    inside = (np.arange(8)[:, None] >> np.arange(3)) & 1
    cost = (inside * length).max(axis=1)
    assert exact(-cost).nano.tolist() == [-4, -7, -19]


def test_a_voting_game():
    """Weights 3, 2, 2 with a quota of 4: any two win, so all are alike; the odd unit goes first."""
    inside = (np.arange(8)[:, None] >> np.arange(3)) & 1
    wins = (inside @ np.array([3, 2, 2]) >= 4) * 100
    assert exact(wins).nano.tolist() == [34, 33, 33]


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_every_order_of_joining(data, games, by_orders):
    worths = data.draw(games(), label="worths")
    found, true = exact(worths).nano, by_orders(worths)
    assert found.sum() == worths[-1], "efficiency"
    for got, want in zip(found.tolist(), true, strict=True):
        assert abs(got - want) < 1


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_additive_symmetric_and_nothing_for_a_dummy(data, games):
    members = data.draw(st.integers(1, 5), label="members")
    unit = factorial(members)  # then values are whole and nothing is rounded
    one, other = (
        data.draw(games(members, members), label=name) * unit for name in ("one", "other")
    )
    value, second = exact(one).nano, exact(other).nano
    np.testing.assert_array_equal(exact(one + other).nano, value + second)

    order = np.array(data.draw(st.permutations(range(members))), dtype=np.int64)
    inside = (np.arange(one.size)[:, None] >> np.arange(members)) & 1
    renamed = one[inside @ (1 << order)]  # member i plays the part of order[i]
    np.testing.assert_array_equal(exact(renamed).nano, value[order])

    alone = data.draw(st.integers(-5, 5), label="alone") * unit
    dummy = exact(np.concatenate([one, one + alone])).nano
    np.testing.assert_array_equal(dummy[:-1], value)
    assert dummy[-1] == alone


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_equals_get_equal_shares(data, games):
    """A game of sizes alone treats all alike, to the last unit."""
    by_size = np.array([0, *data.draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=7))])
    count = np.bitwise_count(np.arange(1 << (by_size.size - 1))).astype(np.int64)
    shares = exact(by_size[count]).nano
    assert np.ptp(shares) <= 1
    assert np.all(np.diff(shares) <= 0), "the odd units go to the first"


def test_worths_that_fill_64_bits():
    top = 2**62
    worths = np.array([0, top, -top, top, 0, top, -top, top])
    assert exact(worths).nano.sum() == top
    assert exact(worths).nano[2] == 0


@pytest.mark.parametrize("worths", [[0, 1, 2], [1, 2]])
def test_what_is_no_game(worths):
    with pytest.raises(ValueError, match="worths"):
        exact(np.array(worths))


@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_samples_are_efficient_whatever_is_drawn(data, games, worth_of):
    worths = data.draw(games(), label="worths")
    members = worths.size.bit_length() - 1
    found = sampled(worth_of(worths), members, seed=data.draw(st.integers(0, 99)), orders=20)
    assert found.nano.sum() == worths[-1]
    assert found.orders == 20


def community(members, slots=24, seed=4):
    random = stream(seed, "community", members)
    net = random.integers(-3_000, 3_000, (members, slots))
    return SharingGame(net, np.full(slots, 300_000), np.full(slots, 80_000))


def test_standard_errors_are_what_estimates_vary_by():
    game = community(7)
    true = exact(game.worths()).nano
    off, error = [], []
    for seed in range(40):
        found = sampled(game.worth, 7, seed=seed, orders=200)
        off.append(found.nano - true)
        error.append(found.standard_error_nano)
    scaled = np.array(off) / np.array(error)
    assert np.abs(scaled).max() < 5
    assert 0.8 < np.sqrt(np.mean(scaled**2)) < 1.2


def test_pairs_of_orders_vary_less_than_orders_alone(worth_of):
    """In a game of sizes squared an order and its reverse together say everything."""
    count = np.bitwise_count(np.arange(1 << 6)).astype(np.int64)
    found = sampled(worth_of(count**2 * 1_000), 6, seed=1, orders=10)
    assert found.nano.tolist() == [6_000] * 6
    assert found.standard_error_nano.tolist() == [0.0] * 6


def test_the_same_seed_gives_the_same_shares():
    game = community(15)
    one, other = (shapley(game, seed=8, orders=300) for _ in range(2))
    assert one.orders == 300
    np.testing.assert_array_equal(one.nano, other.nano)
    assert np.any(one.nano != shapley(game, seed=9, orders=300).nano)
    assert one.nano.sum() == game.worth(np.ones((1, 15), dtype=np.bool_))[0]


def test_a_dozen_members_are_exact():
    game = community(12)
    found = shapley(game, seed=1)
    assert found.orders == 0
    assert not found.standard_error_nano.any()
    near = sampled(game.worth, 12, seed=1, orders=1_000)
    assert np.abs((near.nano - found.nano) / near.standard_error_nano).max() < 4.5


def test_nobody_at_all():
    assert exact(np.array([0])).nano.size == 0
    assert sampled(lambda _: np.zeros(1, np.int64), 0, seed=1).nano.size == 0
