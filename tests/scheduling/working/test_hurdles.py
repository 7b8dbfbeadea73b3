"""Hurdle prices against policies written out, and a table worked by hand."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.working.hurdles import hurdles, work_by_hurdle, works_now
from gridpact.scheduling.working.signals import chain, from_errors, independent

HOURS = 6


def drawn(seed, outcomes):
    """Prices and chances [hours, outcomes] in whole numbers and eighths."""
    draw = stream(seed, "hurdles", outcomes)
    cut = np.sort(draw.integers(0, 9, (HOURS, outcomes - 1)), axis=1)
    chances = np.diff(np.concatenate([np.zeros((HOURS, 1)), cut, np.full((HOURS, 1), 8)], 1)) / 8
    return draw.integers(-4, 12, (HOURS, outcomes)), chances


def tree_of(price, chance, first=0):
    """Signals that say nothing about later ones, as a tree of histories."""

    def branches(history):
        hour = first + len(history)
        return [
            (place, Fraction(float(p)), Fraction(int(x)))
            for place, (x, p) in enumerate(zip(price[hour], chance[hour], strict=True))
        ]

    return branches


def chain_tree(price, first, transition):
    def branches(history):
        hour = len(history)
        weights = transition[hour - 1][history[-1]] if history else first
        return [
            (state, Fraction(float(p)), Fraction(int(price[hour][state])))
            for state, p in enumerate(weights)
        ]

    return branches


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("outcomes", [2, 3])
def test_every_small_window_costs_the_least_of_all_policies(plain, seed, outcomes):
    price, chance = drawn(seed, outcomes)
    rows = plain.windows(HOURS)
    found = hurdles(plain.columns(rows), independent(price, chance))
    for place, (_, first, end, length) in enumerate(rows):
        want = plain.least_cost(tree_of(price, chance, first), end - first, length)
        assert found.expected_nano[place] == pytest.approx(1000 * float(want), abs=1e-8)


@pytest.mark.parametrize(("hours", "work"), [(h, w) for h in range(1, 5) for w in range(1, h + 1)])
def test_no_policy_whatsoever_costs_less(plain, hours, work):
    for seed in range(3 if (hours, work) == (4, 2) else 8):
        price, chance = drawn(seed, 2)
        every = plain.policies(tree_of(price, chance), hours, work)
        found = hurdles(plain.columns([(0, 0, hours, work)]), independent(price, chance))
        assert found.expected_nano[0] == pytest.approx(1000 * float(min(every)), abs=1e-8)
    # V(H, L) counts (n(H−1, L−1) + n(H−1, L))² policies of two signals an hour
    assert len(every) == {1: 1, 2: 4, 3: 25, 4: {2: 2500}.get(work, 676)}[hours] ** (work < hours)


def drawn_chain(seed, states):
    draw = stream(seed, "hurdles", "chain", states)
    shares = draw.integers(1, 9, (HOURS, states, states)) * 1.0
    shares[0, :, 0] = 8 * (seed % 2)  # some signals never follow
    shares /= shares.sum(axis=2, keepdims=True)
    return draw.integers(-4, 12, (HOURS, states)), shares[0, 0], shares[1:]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("states", [2, 3])
def test_chains_cost_the_least_of_all_policies(plain, seed, states):
    price, first, transition = drawn_chain(seed, states)
    rows = [row for row in plain.windows(HOURS) if row[1] == 0]
    found = hurdles(plain.columns(rows), chain(price, first, transition))
    tree = chain_tree(price, first, transition)
    for place, (_, _, end, length) in enumerate(rows):
        want = plain.least_cost(tree, end, length)
        assert found.expected_nano[place] == pytest.approx(1000 * float(want), abs=1e-7)


@pytest.mark.parametrize(("hours", "work"), [(2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3)])
def test_no_policy_in_a_chain_costs_less(plain, hours, work):
    price, first, transition = drawn_chain(7, 2)
    every = plain.policies(chain_tree(price, first, transition), hours, work)
    found = hurdles(plain.columns([(0, 0, hours, work)]), chain(price, first, transition))
    assert found.expected_nano[0] == pytest.approx(1000 * float(min(every)), abs=1e-7)


def test_the_table_worked_by_hand(plain):
    # Each hour costs 10, 20 or 60 with chances ½, ¼, ¼. V(H, 0) = 0, and V(H, H) = H · E[P]:
    #   E[P] = 5 + 5 + 15 = 25, V(1, 1) = 25, V(2, 2) = 50.
    # H = 2, L = 1: hurdle V(1, 1) − V(1, 0) = 25, V(2, 1) = E[min(P, 25)] = 5 + 5 + 25/4 = 16.25.
    # H = 3, L = 1: hurdle V(2, 1) − V(2, 0) = 16.25,
    #   V(3, 1) = 5 + (16.25 + 16.25)/4 = 13.125.
    # H = 3, L = 2: hurdle V(2, 2) − V(2, 1) = 33.75,
    #   V(3, 2) = V(2, 1) + E[min(P, 33.75)] = 16.25 + 5 + 5 + 33.75/4 = 34.6875.
    # H = 4, L = 1: hurdle 13.125, V(4, 1) = 5 + 13.125/2 = 11.5625.
    # H = 4, L = 2: hurdle V(3, 2) − V(3, 1) = 21.5625,
    #   V(4, 2) = 13.125 + 5 + 5 + 21.5625/4 = 28.515625.
    # H = 4, L = 3: hurdle V(3, 3) − V(3, 2) = 75 − 34.6875 = 40.3125,
    #   V(4, 3) = 34.6875 + 5 + 5 + 40.3125/4 = 54.765625.
    price, chance = np.tile([10, 20, 60], (4, 1)), np.tile([0.5, 0.25, 0.25], (4, 1))
    appliances = plain.columns([(0, 0, 4, 1), (0, 0, 4, 2), (0, 0, 4, 3), (0, 0, 4, 4)])
    found = hurdles(appliances, independent(price, chance))
    assert found.expected_nano.tolist() == [11_562.5, 28_515.625, 54_765.625, 100_000.0]
    forced, never = np.inf, -np.inf
    assert found.price.shape == (1, 4, 1, 5)
    assert found.price[0, :, 0, 1:4].tolist() == [
        [13.125, 21.5625, 40.3125],
        [16.25, 33.75, forced],
        [25.0, forced, never],
        [forced, never, never],
    ]
    assert (found.price[0, :, 0, 0] == never).all()
    worked = work_by_hurdle(appliances, found, [20, 20, 60, 10])
    assert worked.works.astype(int).tolist() == [
        [0, 0, 0, 1],
        [1, 0, 0, 1],
        [1, 1, 0, 1],
        [1, 1, 1, 1],
    ]
    assert worked.cost_nano.tolist() == [10_000, 30_000, 50_000, 110_000]


@pytest.mark.parametrize("kind", ["independent", "chain"])
def test_following_hurdles_costs_what_is_expected(plain, kind):
    """The mean over every path, with its probability, is the programme's value."""
    states = 2
    price, first, transition = drawn_chain(3, states)
    chances = stream(3, "hurdles", "own").integers(1, 8, HOURS) / 8
    chances = np.stack([chances, 1 - chances], axis=1)
    signals = chain(price, first, transition) if kind == "chain" else independent(price, chances)
    appliances = plain.columns([(0, 0, HOURS, work) for work in range(1, HOURS + 1)])
    found, total = hurdles(appliances, signals), np.zeros(HOURS)
    for path in itertools.product(range(states), repeat=HOURS):
        steps = [transition[hour][path[hour]][path[hour + 1]] for hour in range(HOURS - 1)]
        own = [chances[hour, state] for hour, state in enumerate(path)]
        weight = np.prod([first[path[0]], *steps] if kind == "chain" else own)
        seen = np.array(path) if kind == "chain" else None
        worked = work_by_hurdle(appliances, found, price[np.arange(HOURS), path], seen)
        assert worked.works.sum(axis=1).tolist() == list(range(1, HOURS + 1))
        total += weight * worked.cost_nano
    assert total == pytest.approx(found.expected_nano, abs=1e-7)


def test_a_price_at_the_hurdle_is_taken(plain):
    appliances = plain.columns([(0, 1, HOURS, work) for work in (1, 2, 5)])
    found = hurdles(appliances, independent(np.full((HOURS, 1), 20), np.ones((HOURS, 1))))
    worked = work_by_hurdle(appliances, found, np.full(HOURS, 20)).works
    assert [np.flatnonzero(row).tolist() for row in worked] == [[1], [1, 2], [1, 2, 3, 4, 5]]


def test_a_chain_without_memory_is_independent(plain):
    price, chance = drawn(4, 3)
    appliances = plain.columns(plain.windows(HOURS))
    one = hurdles(appliances, independent(price, chance))
    other = hurdles(appliances, chain(price, chance[0], np.repeat(chance[1:, None], 3, axis=1)))
    assert other.expected_nano == pytest.approx(one.expected_nano, abs=1e-8)
    for state in range(3):
        both = np.isfinite(one.price[:, :, 0])
        assert other.price[:, :, state][both] == pytest.approx(one.price[:, :, 0][both], abs=1e-9)
        assert (np.isfinite(other.price[:, :, state]) == both).all()


@pytest.mark.parametrize("kind", ["independent", "chain"])
def test_later_prices_change_nothing_before(plain, kind):
    draw = stream(11, "hurdles", "later")
    price, first, transition = drawn_chain(5, 3)
    signals = (
        chain(price, first, transition)
        if kind == "chain"
        else independent(price, np.full((HOURS, 3), 1 / 3))
    )
    appliances = plain.columns(plain.windows(HOURS))
    found = hurdles(appliances, signals)
    for slot in range(1, HOURS):
        state = draw.integers(0, 3, HOURS)
        other = np.concatenate([state[:slot], draw.integers(0, 3, HOURS - slot)])
        paths = []
        for path in (state, other):
            came = price[np.arange(HOURS), path] + 1000 * (np.arange(HOURS) >= slot) * path
            seen = path if kind == "chain" else None
            paths.append(work_by_hurdle(appliances, found, came, seen).works[:, :slot])
        assert (paths[0] == paths[1]).all()


def test_devices_that_decide_slot_by_slot_do_the_same(plain):
    price, chance = drawn(2, 3)
    appliances = plain.columns(plain.windows(HOURS))
    found = hurdles(appliances, independent(price, chance))
    came = price[np.arange(HOURS), [0, 1, 2, 2, 1, 0]]
    worked, left = work_by_hurdle(appliances, found, came), appliances.length.copy()
    for slot in range(HOURS):
        there = (appliances.first <= slot) & (slot < appliances.end)
        now = works_now(found, slot, left, came[slot]) & there
        assert (now == worked.works[:, slot]).all()
        left -= now
    assert not left.any()


def test_distributions_come_from_past_errors():
    nan = np.nan
    errors = np.array([[0.0, 2.0, nan], [0.0, -1.0, 4.0], [0.0, nan, nan]])
    found = from_errors(np.array([10.0, 20.0]), errors)
    assert found.probability[0].tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]
    assert found.price[0, 0, :2].tolist() == [8.0, 11.0]
    assert found.expected().tolist() == [[9.5, 16.0]]
    with pytest.raises(BadInput, match="no errors of lead 3"):
        from_errors(np.array([1.0, 2.0, 3.0]), errors)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: independent(np.zeros((2, 2)), np.full((2, 2), 0.6)), "adds up to 1.2"),
        (lambda: independent(np.zeros((2, 2)), np.array([[1.5, -0.5]] * 2)), "below zero"),
        (lambda: independent(np.zeros((2, 2)), np.zeros((3, 2))), "has shape (3, 2)"),
        (lambda: independent(np.zeros(2), np.zeros(2)), "has shape (2,)"),
        (lambda: independent(np.full((1, 1), np.nan), np.ones((1, 1))), "not a number"),
        (lambda: independent(np.zeros((1, 1)), np.full((1, 1), np.nan)), "below zero"),
        (lambda: chain(np.zeros((3, 2)), np.ones(2), np.eye(2)), "first[0]: adds up to 2"),
        (lambda: chain(np.zeros((3, 2)), np.array([1, 0]), np.ones((2, 2))), "transition[0]"),
    ],
)
def test_signals_that_are_none_are_refused(make, named):
    with pytest.raises(BadInput) as caught:
        make()
    assert named in str(caught.value)


def test_hurdles_of_other_appliances_are_refused(plain):
    price, chance = drawn(1, 2)
    found = hurdles(plain.columns([(0, 0, 4, 2)]), independent(price, chance))
    with pytest.raises(BadInput, match="not those of the hurdle prices"):
        work_by_hurdle(plain.columns([(0, 0, 5, 2)]), found, price[:, 0])
    with pytest.raises(BadInput, match="signal of 0…0"):
        work_by_hurdle(plain.columns([(0, 0, 4, 2)]), found, price[:, 0], np.ones(HOURS, int))
