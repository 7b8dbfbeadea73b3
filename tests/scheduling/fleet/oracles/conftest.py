"""Prices and layouts that every oracle is tried with."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.oracles import Layout

CASES = 400


def prices_of(kind, draw, slots):
    """Prices [slots] of one of five kinds, ¤/kWh."""
    if kind == 0:  # flat
        return np.full(slots, draw.uniform(0.05, 0.3))
    if kind == 1:  # two levels
        return np.where(np.arange(slots) % 7 < 3, 0.32, 0.11)
    if kind == 2:  # strongly negative
        return draw.uniform(-0.6, -0.05, slots)
    if kind == 3:  # mixed sign
        return draw.uniform(-0.3, 0.3, slots)
    return draw.uniform(0.02, 0.4, slots)


@pytest.fixture(scope="session")
def cases():
    """Make ``(case, draw, prices)`` of all kinds, seeded by a name."""

    def make(name, slots, count=CASES):
        for case in range(count):
            draw = stream(11, "oracle", name, case)
            span = int(draw.integers(slots[0], slots[1] + 1))
            yield case, draw, prices_of(case % 5, draw, span)

    return make


@pytest.fixture(scope="session")
def one_group():
    """All rows of a table in one group."""

    def make(count):
        return Layout(np.arange(count), np.array([0, count]))

    return make


@pytest.fixture(scope="session")
def agrees():
    """Check that ``best`` sums the plans of ``plans``, that ``part`` is a part, and ties repeat."""

    def check(oracle, prices, net=lambda plans: plans[:, 0]):
        answers = oracle.best(prices)
        for group, (begin, end) in enumerate(zip(oracle.first, oracle.first[1:], strict=False)):
            plans = oracle.plans(np.arange(begin, end), prices[group])
            np.testing.assert_allclose(
                answers.energy[group], net(plans).sum(axis=0), rtol=0, atol=1e-9
            )
            alone = oracle.part(slice(group, group + 1)).best(prices[group : group + 1])
            np.testing.assert_array_equal(alone.energy[0], answers.energy[group])
            np.testing.assert_array_equal(alone.own_cost[0], answers.own_cost[group])
        again = oracle.best(prices)
        np.testing.assert_array_equal(again.energy, answers.energy)
        np.testing.assert_array_equal(again.own_cost, answers.own_cost)

    return check
