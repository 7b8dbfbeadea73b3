"""A cap on zones together beside the limit of one zone that holds the same homes."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Firm, Sum


@pytest.mark.parametrize("seed", range(8))
def test_a_cap_on_zones_together_takes_no_more_than_a_limit_of_one(seed, problem_of):
    """Whole Wh keep both slot by slot; the battery discharges no Wh more for one than the other."""
    draw, slots = stream(seed, "caps together"), 24
    load = draw.integers(150, 300, (2, slots))
    battery = {"start": 5000, "charge": 800, "discharge": 800, "into": 0.95, "out": 0.95}
    car = {"home": 1, "start": 0, "charge": 900}
    apart = [{"homes": [0]}, {"homes": [1]}]
    most = int(draw.integers(280, 340))
    spent = Sum("discharge", 0, slots, (0,), upper=int(draw.integers(500, 1500)))
    caps = tuple(
        Sum("net", at, at + 1, (), (0, 1), upper=most, level=Level.GRID) for at in range(slots)
    )
    plans = []
    for zones, sums in (([{"homes": [0, 1], "buy": most}], ()), (apart, caps)):
        problem = problem_of(load, storage=[{"home": 0, **battery}, car], zones=zones)
        states, runs = np.zeros(problem.storage.lo_wh.shape, np.int64), np.zeros(0, np.bool_)
        problem = msgspec.structs.replace(problem, sums=(*sums, spent), firm=Firm(states, runs))
        plans.append(solve(problem))
        assert violations(problem, plans[-1]) == []
        assert (plans[-1].net_wh.sum(axis=0) <= most).all()
    given, together = (sum(one.missing_wh for one in plan.conflicts) for plan in plans)
    assert given > 0
    assert together == pytest.approx(given, abs=2)
