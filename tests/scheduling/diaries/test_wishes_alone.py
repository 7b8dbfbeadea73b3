"""Wishes and soft bounds of a home that is planned alone, as the reasons of its diary ask for."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.diaries.as_had import as_had
from gridpact.scheduling.diaries.without import home_alone
from gridpact.scheduling.problem import Firm, Soft, Sum, Wished


@pytest.fixture
def wishing(problem_of):
    """Two homes: a car that would like to rest and then to be full, a soft limit for the other."""

    def made(buy):
        cars = [{"home": home, "charge": 2000, "lo": 0, "hi": 9000} for home in (0, 1)]
        cars[0]["lo"] = [0, 0, 0, 1000]
        zone = {"homes": [0, 1], "buy": buy}
        runs = [(1, 300, 1, 0, 3)]
        price = [90_000, 80_000, 300_000, 70_000]
        problem = problem_of(np.zeros((2, 4)), buy=price, storage=cars, zones=[zone], runs=runs)
        table = problem.storage
        wished = Wished(
            charge_max_wh=np.array([[0, 2000, 2000, 2000], [2000] * 4]),
            discharge_max_wh=table.discharge_max_wh,
            lo_wh=np.array([[0, 0, 3500, 1000], [0, 1500, 0, 0]]),
            hi_wh=table.hi_wh,
            earliest=np.array([2]),
            latest=np.array([2]),
        )
        soft = (
            Soft("lo", 1, 3, 4, 4000, 75_000),
            Soft("sum", 0, 0, 2, 0, 5_000_000, Sum("net", 0, 2, (1,), upper=1200)),
        )
        firm = Firm(np.zeros_like(table.lo_wh), np.zeros(1, np.bool_))
        return msgspec.structs.replace(problem, firm=firm, wished=wished, soft=soft)

    return made


def test_alone_a_home_does_what_it_does_beside_others(wishing):
    problem = wishing(9000)
    plan = solve(problem)
    assert {one.kind for one in plan.conflicts} == {"soft"}
    for home in (0, 1):
        alone = solve(home_alone(problem, home, np.zeros(4, np.int64)))
        assert alone.charge_wh.tolist() == [plan.charge_wh[home].tolist()]
        assert alone.run_start.tolist() == ([2] if home else [])


def test_what_gave_way_in_a_plan_is_asked_for_no_more(wishing):
    """600 Wh a slot are let through: wishes are missed, and alone each home misses none again."""
    problem = wishing(600)
    plan = solve(problem)
    assert {one.kind for one in plan.conflicts} >= {"wished-state"}
    had = as_had(problem, plan, np.array([0]))
    for home in (0, 1):
        alone = solve(home_alone(had, home, np.zeros(4, np.int64)))
        assert {one.kind for one in alone.conflicts} <= {"soft"}
