"""Solar behind a meter against every corner of its cost, slot by slot."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Curtailable
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.metered_curtailable import MeteredCurtailableOracle
from gridpact.scheduling.fleet.net_metering import Meter
from gridpact.scheduling.fleet.oracles import Layout


def random_solar(draw, count, slots):
    table = Curtailable(
        zone=np.zeros(count, np.int64),
        forecast_wh=draw.uniform(0, 3000, (count, slots)) * (draw.random((count, slots)) < 0.7),
        cost=draw.choice([0.0, 20_000.0, -30_000.0], count),
        least=draw.choice([0.0, 0.3, 1.0], count),
    )
    load = draw.uniform(-0.5, 2.5, (count, slots))
    return table, Meter(load, draw.choice([0.0, 0.1, 0.3], (count, slots)))


def bill(meter, slot, price, given):
    """What one slot of the first home costs more than without its solar [¤]."""
    load, spread = meter.load[0, slot], meter.spread[0, slot]

    def settled(net):
        return price * net if net > 0 else (price - spread) * net

    return settled(load - given) - settled(load)


def test_equals_the_best_corner_of_every_slot(cases, one_group):
    for case, draw, prices in cases("metered-solar", (4, 30)):
        table, meter = random_solar(draw, 1, len(prices))
        oracle = MeteredCurtailableOracle.build(table, one_group(1), len(prices), 0.25, meter)
        answers = oracle.best(prices[None])
        want = 0.0
        for slot, price in enumerate(prices):
            most = table.forecast_wh[0, slot] / 1000
            ends = most * table.least[0], most
            load = min(max(meter.load[0, slot], ends[0]), ends[1])
            want += min(
                table.cost[0] * 1e-6 * (most - given) + bill(meter, slot, price, given)
                for given in (*ends, load, (ends[0] + load) / 2, (load + ends[1]) / 2)
            )
        value = answers.own_cost[0] + prices @ answers.energy[0]
        assert value == pytest.approx(want, abs=1e-12), case


def test_a_meter_without_spread_is_none(cases, one_group):
    for _, draw, prices in cases("unmetered-solar", (24, 24), 50):
        table, meter = random_solar(draw, 6, 24)
        meter = Meter(meter.load, np.zeros((6, 24)))
        oracle = MeteredCurtailableOracle.build(table, one_group(6), 24, 0.25, meter)
        plain = CurtailableOracle.build(table, one_group(6), 24, 0.25)
        one, other = plain.best(prices[None]), oracle.best(prices[None])
        np.testing.assert_allclose(other.energy, one.energy, rtol=1e-14)
        np.testing.assert_allclose(other.own_cost, one.own_cost, rtol=1e-14, atol=1e-14)


def test_sums_plans_and_parts(agrees, cases):
    for _, draw, prices in cases("metered-solar-groups", (24, 24), 20):
        table, meter = random_solar(draw, 9, 24)
        layout = Layout(draw.permutation(9), np.array([0, 4, 4, 9]))
        oracle = MeteredCurtailableOracle.build(table, layout, 24, 0.25, meter)
        agrees(oracle, np.stack([prices, prices + 0.1, prices * 2]))
        assert oracle.divisible
        assert oracle.exact() is oracle
