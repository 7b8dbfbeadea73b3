"""Against a second formulation, ``dense.py``: one mixed-integer programme by scipy."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.scheduling.case import net_energy
from gridpact.scheduling.check import violations
from gridpact.scheduling.community.solve import GAP, draft_of, plan_of, scheduled
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import closed


def cost_of(case, draft):
    problem = case.problem
    open_wh = net_energy(case, draft) - problem.position_wh
    price = np.where(open_wh > 0, problem.import_price, problem.export_price)
    return float(np.sum(open_wh * price))


def state_misses(case, draft):
    """Shortfall of active storage, simulated from a draft's own charge and discharge."""
    table, total = case.problem.storage, 0.0
    state = table.initial_wh.astype(float)
    low = np.minimum(table.lo_wh, table.hi_wh)
    high = np.maximum(table.lo_wh, table.hi_wh)
    for slot in range(table.lo_wh.shape[1]):
        state = table.kept * state - table.draw_wh[:, slot]
        state += table.efficiency_in * draft.charge[:, slot]
        state -= draft.discharge[:, slot] / table.efficiency_out
        missed = np.maximum(np.maximum(low[:, slot] - state, state - high[:, slot]), 0)
        total += float(np.sum(missed * case.active))
    return total


def compare(problem, dense):
    found, least = scheduled(problem, Options(gap=GAP)), dense.least(problem)
    case, draft, bounds = found.case, draft_of(found), found.solution
    weight = dense.weight(problem)
    above = dense.above(problem, net_energy(case, draft))
    assert np.all(np.minimum(draft.charge, draft.discharge) <= 1e-6)
    assert state_misses(case, draft) <= least.missed_wh + 1e-2
    assert above <= least.above_wh + 1.01
    if least.above_wh < 1e-6:  # else what is missed is spread before the cost is looked at
        wear, noise = float(np.sum(draft.charge + draft.discharge)), 1e4
        apart = bounds.upper_nano - bounds.lower_nano
        assert cost_of(case, draft) + above * weight <= least.weighed_nano + wear + noise + apart
    assert closed((bounds.lower_nano, bounds.upper_nano), GAP)
    assert violations(problem, plan_of(found)) == []


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_drawn_problems_cost_what_a_dense_programme_finds(data, problems, dense):
    compare(data.draw(problems(homes=3, slots=6)), dense)


@pytest.mark.parametrize("seed", range(24))
def test_full_problems_cost_what_a_dense_programme_finds(seed, problem_of, dense):
    """Everything at once, of realistic size and price, on 3 homes and 8 slots."""
    compare(full(stream(seed, "dense schedules"), problem_of), dense)


def full(random, problem_of):
    homes, slots = 3, 8

    def wh(most, least=0):
        return random.integers(least, most, (homes, slots))

    buy = random.integers(-60, 400, slots) * 1000
    sell = buy - random.integers(20, 200) * 1000
    if random.random() < 0.3:
        sell = np.where(random.random(slots) < 0.3, buy + 40_000, sell)
    storage = [
        {
            "home": int(random.integers(homes)),
            "start": int(random.integers(500, 3000)),
            "charge": random.integers(300, 1500, slots) * (random.random(slots) < 0.8),
            "discharge": random.integers(0, 1500) * int(random.random() < 0.6),
            "lo": random.integers(0, 1500, slots) * (random.random(slots) < 0.4),
            "hi": int(random.integers(3000, 6000)),
            "draw": random.integers(0, 500, slots) * (random.random(slots) < 0.5),
            "into": random.uniform(0.8, 1.0),
            "out": random.uniform(0.8, 1.0),
            "kept": random.uniform(0.97, 1.0),
        }
        for _ in range(4)
    ]
    runs = [(int(random.integers(homes)), int(random.integers(100, 900)), 2, 0, 6) for _ in "ab"]
    zones = [
        {"homes": [0], "buy": int(random.integers(800, 3500)), "sell": 2500},
        {"homes": [1, 2], "parent": 0, "buy": int(random.integers(500, 2500)), "sell": 900},
    ]
    return problem_of(
        wh(600), wh(2000), buy, sell, wh(500, -500), storage=storage, runs=runs, zones=zones
    )
