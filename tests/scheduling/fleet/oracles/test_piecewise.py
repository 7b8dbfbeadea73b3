"""Piecewise-linear functions against their values at many states."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.piecewise import (
    DOWN,
    LIMIT,
    UP,
    envelope,
    fans,
    rounded,
    shifted,
)

STATES = np.linspace(-1, 12, 1301)


def value(function, count, states):
    """Least of all pieces at each state, infinite where there is none."""
    begin, end, first, slope = function[:count].T
    lines = first + slope * (states[:, None] - begin)
    inside = (states[:, None] >= begin - 1e-12) & (states[:, None] <= end + 1e-12)
    return np.where(inside, lines, np.inf).min(axis=1, initial=np.inf)


def random_function(draw, pieces=8):
    """Pieces with gaps, jumps and single points, on states that are sampled."""
    out, digits = np.zeros((pieces, 4)), 2 if pieces < 100 else 6
    edges = np.sort(
        draw.choice(np.arange(0, 11, 11 / (4 * pieces)).round(digits), 2 * pieces, False)
    )
    if draw.random() < 0.5:
        edges[1:-1:2] = edges[2::2]  # touching
    out[:pieces, 0], out[:pieces, 1] = edges[::2], edges[1::2]
    if draw.random() < 0.3:
        out[2, 1] = out[2, 0]
    out[:pieces, 2], out[:pieces, 3] = draw.uniform(-1, 1, pieces), draw.uniform(-1, 1, pieces)
    return out, pieces


def assert_same(one, other):
    assert (np.isinf(one) == np.isinf(other)).all()
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.fixture
def draws():
    return [stream(5, "piecewise", case) for case in range(400)]


def test_envelope_is_the_lower_of_two(draws):
    for draw in draws:
        one, other = random_function(draw), random_function(draw)
        out = np.zeros((100, 4))
        count = envelope(*one, *other, out)
        want = np.minimum(value(*one, STATES), value(*other, STATES))
        assert_same(value(out, count, STATES), want)


def test_shift_moves_and_cuts(draws):
    for draw in draws:
        function = random_function(draw)
        out = np.zeros((100, 4))
        count = shifted(*function, 0.5, 0.25, (1.0, 9.0), out)
        want = value(*function, STATES - 0.5) + 0.25
        inside = (STATES >= 1.0 - 1e-12) & (STATES <= 9.0 + 1e-12)
        assert_same(value(out, count, STATES), np.where(inside, want, np.inf))


def test_fans_and_both_ends_are_the_least_within_a_window(draws):
    """The least over a window is at an end of it or at a corner."""
    for draw in draws:
        function, price = random_function(draw), float(draw.uniform(-1, 1))
        window, some = (-1.5, -0.5), STATES[::5]
        out = np.zeros((100, 4))
        room = (np.zeros((2, 100)), np.zeros(100, np.int64))
        count = fans(*function, price, window, room, out)
        steps = np.arange(50, 151) / 100
        sums = [value(*function, some + step) + price * step for step in steps]
        ends = np.minimum(sums[0], sums[-1])
        assert_same(np.minimum(value(out, count, some), ends), np.min(sums, axis=0))


def test_rounding_stays_on_its_side(draws):
    for draw in draws[:20]:
        function = random_function(draw, 1400)
        for direction in (UP, DOWN):
            out = function[0].copy()
            count = rounded(out, function[1], direction)
            assert 0 < count <= LIMIT
            was, now = value(*function, STATES), value(out, count, STATES)
            both = np.isfinite(was) & np.isfinite(now)
            assert (direction * (now[both] - was[both]) >= -1e-9).all()
            lost = np.isinf(now) if direction == DOWN else np.isinf(was)
            kept = np.isfinite(was) if direction == DOWN else np.isfinite(now)
            assert not (lost & kept).any()
