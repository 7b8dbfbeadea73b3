"""Where energy earns more than it costs all day, proofs can take for ever: answers must not."""

import numpy as np
import pytest

from gridpact.scheduling.check import violations
from gridpact.scheduling.solve import solve


def one_battery(problem_of, slots):
    """A home that may sell at 31 what it buys at 10 to 20, and has a battery to do it with."""
    draw = np.random.Generator(np.random.PCG64(5))
    load = draw.integers(50, 400, (1, slots))
    price = draw.integers(100_000, 200_000, (1, slots))
    battery = {"home": 0, "start": 5000, "charge": 1250, "discharge": 1250, "lo": 500}
    battery |= {"hi": 10_000, "into": 0.95, "out": 0.95}
    return problem_of(load, buy=price, sell=310_000, storage=[battery])


@pytest.mark.parametrize("slots", [8, 96])
def test_an_answer_comes_and_says_what_it_may_lack(problem_of, slots):
    problem = one_battery(problem_of, slots)
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert plan.unproved_nano >= 0
    # selling all day at most what power allows bounds what can be earned
    least = -int(((1250 - problem.load_wh) * problem.export_price).sum())
    assert plan.cost_nano[0] - plan.unproved_nano >= least - 1
    assert plan.unproved_nano <= abs(int(plan.cost_nano[0])) // 10


def test_a_small_tree_is_proved(problem_of):
    assert solve(one_battery(problem_of, 4)).unproved_nano == 0
