"""Levels against a true sequence of programmes, one per level, by HiGHS."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.solve import solve_by_levels
from gridpact.scheduling.reference.solve import solve as reference

FINE = Options(gap=1e-7)


def whole(fleet, prices, options):
    return reference(fleet, prices, options.penalty)


def holds_to_the_sequence(small, seed, bands, solver=None, options=FINE, touch=0.5):
    fleet, prices, needs = small.case(seed, bands)
    losses, cost = small.in_turn(fleet, prices, needs)
    choice = {} if solver is None else {"solver": solver}
    answer = solve_by_levels(fleet, prices, needs, options, **choice)
    for loss, least in zip(answer.losses, losses, strict=True):
        assert loss.missing_wh == pytest.approx(least, abs=touch), loss.level
        assert loss.least_wh <= least + touch
    return answer, cost


@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize("seed", range(150))
def test_every_level_misses_what_a_sequence_of_programmes_does(small, seed, bands):
    answer, cost = holds_to_the_sequence(small, seed, bands, whole, touch=0.01)
    assert answer.cost_upper_nano == pytest.approx(cost, rel=1e-5, abs=1e4)
    for loss in answer.losses:
        assert loss.least_wh == pytest.approx(loss.missing_wh, abs=0.01)
    by_level = np.zeros(len(Level))
    for one in answer.shortfalls():
        by_level[one.level] += one.missing_wh
    np.testing.assert_allclose(by_level, [loss.missing_wh for loss in answer.losses], atol=0.05)
