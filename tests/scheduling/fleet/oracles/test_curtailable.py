"""Curtailment against every choice of cutting or giving, slot by slot."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Curtailable
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.oracles import Layout


def random_table(draw, count, slots):
    return Curtailable(
        zone=np.zeros(count, np.int64),
        forecast_wh=draw.uniform(0, 3000, (count, slots)) * (draw.random((count, slots)) < 0.7),
        cost=draw.choice([0.0, 20_000.0, -30_000.0], count),
        least=draw.choice([0.0, 0.3, 1.0], count),
    )


def test_equals_the_better_end_of_every_slot(cases, one_group):
    for case, draw, prices in cases("curtailable", (4, 30)):
        table = random_table(draw, 1, len(prices))
        oracle = CurtailableOracle.build(table, one_group(1), len(prices), 0.25)
        answers = oracle.best(prices[None])
        want = 0.0
        for slot, price in enumerate(prices):
            most = table.forecast_wh[0, slot] / 1000
            ends = [most * table.least[0], most * (1 + table.least[0]) / 2, most]
            want += min(table.cost[0] * 1e-6 * (most - given) - price * given for given in ends)
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(want, abs=1e-12), case
        assert (answers.energy <= 0).all()


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("curtailable-groups", (24, 24), 20):
        table = random_table(draw, 9, 24)
        layout = Layout(draw.permutation(9), np.array([0, 4, 4, 9]))
        oracle = CurtailableOracle.build(table, layout, 24, 0.25)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))
