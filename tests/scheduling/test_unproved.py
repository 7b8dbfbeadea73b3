"""Where energy earns more than it costs all day, proofs can take for ever: answers must not."""

import numpy as np
import pytest

from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.fleet.options import Options


def batteries(problem_of, slots, homes=1):
    """Homes that may sell at 31 what they buy at 10 to 20, each with a battery to do it with.

    Several are below a feeder that binds.
    """
    draw = np.random.Generator(np.random.PCG64(5))
    load = draw.integers(50, 400, (homes, slots))
    price = draw.integers(100_000, 200_000, (1, slots))
    battery = {"start": 5000, "charge": 1250, "discharge": 1250, "lo": 500}
    battery |= {"hi": 10_000, "into": 0.95, "out": 0.95}
    storage = [{**battery, "home": home} for home in range(homes)]
    zones = [{"homes": range(homes), "buy": 900 * homes}] if homes > 1 else ()
    return problem_of(load, buy=price, sell=310_000, storage=storage, zones=zones)


@pytest.mark.parametrize(("slots", "homes"), [(8, 1), (96, 1), (24, 3)])
def test_an_answer_comes_and_says_what_it_may_lack(problem_of, slots, homes):
    problem = batteries(problem_of, slots, homes)
    plan = solve(problem)
    assert violations(problem, plan) == []
    assert plan.conflicts == ()
    cost = int(plan.cost_nano.sum())
    # selling all day at most what power allows bounds what can be earned
    least = -int(((1250 - problem.load_wh) * problem.export_price).sum())
    assert cost - plan.unproved_nano >= least - 1
    assert 0 <= plan.unproved_nano <= abs(cost) // 10


def test_a_small_tree_is_proved(problem_of):
    assert solve(batteries(problem_of, 4)).unproved_nano == 0


def test_more_nodes_prove_what_few_leave_open(problem_of):
    problem = batteries(problem_of, 24)
    few, many = (solve(problem, Options(gap=1e-6, nodes=nodes)) for nodes in (1, 100_000))
    assert many.unproved_nano == 0 < few.unproved_nano
    most, least = int(few.cost_nano.sum()), int(many.cost_nano.sum())
    rounding = 24 * 2 * 310_000  # a Wh or two a slot
    assert most - few.unproved_nano - rounding <= least <= most + rounding
