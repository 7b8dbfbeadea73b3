"""Faults happen as often as they should, and the same on every run."""

from itertools import pairwise

import numpy as np
import pytest

from gridpact.simulation.faults import Rates, errors, meters, refusals

COUNT, SLOTS = 400, 300
RATES = Rates(missing=0.03, late=0.08, late_slots=3, refusal=0.05, drift=0.1)


def tosses(rate, events, trials):
    """Whether a count is within 4.5 standard deviations of what a binomial expects."""
    spread = (rate * (1 - rate) * trials) ** 0.5
    return abs(events - rate * trials) <= 4.5 * spread


def test_meters_lose_and_delay_as_often_as_stated():
    drawn = [meters(7, slot * 900, COUNT, RATES) for slot in range(SLOTS)]
    missing, late = (np.array([pair[at] for pair in drawn]) for at in (0, 1))
    assert not (missing & late).any()
    assert tosses(0.03, missing.sum(), missing.size)
    assert tosses(0.08, late.sum(), late.size)
    # no meter and no slot stands out
    for axis, trials in ((0, SLOTS), (1, COUNT)):
        assert all(tosses(0.03, each, trials) for each in missing.sum(axis=axis))


def test_the_same_seed_gives_the_same_faults_whatever_was_drawn_before():
    for draw in (
        lambda seed, slot: np.stack(meters(seed, slot, 50, RATES)),
        lambda seed, slot: refusals(seed, slot, 50, RATES),
        lambda seed, slot: errors(seed, slot, 50, RATES),
    ):
        one = draw(1, 3600)
        draw(2, 900)
        np.testing.assert_array_equal(draw(1, 3600), one)
        assert (draw(2, 3600) != one).any() or (draw(1, 7200) != one).any()


def test_nothing_goes_wrong_at_rate_zero_and_everything_at_one():
    never = Rates(0.0, 0.0, 1, 0.0, 0.0)
    missing, late = meters(1, 0, COUNT, never)
    assert not (missing | late | refusals(1, 0, COUNT, never)).any()
    assert not errors(1, 0, COUNT, never).any()
    always = Rates(0.4, 0.6, 1, 1.0, 0.0)
    missing, late = meters(1, 0, COUNT, always)
    assert (missing ^ late).all()
    assert refusals(1, 0, COUNT, always).all()


def test_refusals_last_an_hour():
    hours = [
        [refusals(3, hour * 3600 + part * 900, COUNT, RATES) for part in range(4)]
        for hour in range(SLOTS)
    ]
    for hour in hours:
        assert all((part == hour[0]).all() for part in hour)
    total = sum(int(hour[0].sum()) for hour in hours)
    assert tosses(0.05, total, COUNT * SLOTS)
    assert any((one[0] != other[0]).any() for one, other in pairwise(hours))


def test_errors_are_normal_up_to_three_deviations():
    drawn = np.concatenate([errors(5, slot * 900, COUNT, RATES) for slot in range(SLOTS)])
    assert abs(drawn.mean()) < 4 * 0.1 / drawn.size**0.5
    assert drawn.std() == pytest.approx(0.1, rel=0.02)
    assert np.abs(drawn).max() == pytest.approx(0.3)
    assert np.mean(np.abs(drawn) < 0.1) == pytest.approx(0.6827, abs=0.005)
