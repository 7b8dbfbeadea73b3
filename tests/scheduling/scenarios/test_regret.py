"""Regret against schedules costed entry by entry."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.paths import along
from gridpact.scheduling.scenarios.regret import regret

FINE = Options(gap=1e-5)


def cost(fleet, plan, prices):
    """Cost of schedules [nano-¤], zone by zone and slot by slot."""
    own = np.array(fleet.zones.load_wh)
    np.add.at(own, fleet.one_way.zone, plan.one_way_wh)
    np.add.at(own, fleet.storage.zone, plan.charge_wh - plan.discharge_wh)
    np.add.at(own, fleet.curtailable.zone, -plan.output_wh)
    total = fleet.storage.wear * plan.discharge_wh.sum()
    total += fleet.curtailable.cost * (fleet.curtailable.forecast_wh - plan.output_wh).sum()
    for zone, slot in np.ndindex(own.shape):
        price = prices.buy if own[zone, slot] > 0 else prices.sell
        total += price[zone, slot] * own[zone, slot]
    return total


@pytest.mark.parametrize("seed", range(8))
def test_regret_is_the_plan_at_true_prices_less_foresight(small, seed):
    fleet, paths, _, _ = small.case(seed)
    fleet = along(fleet, paths[0])
    prices, truth = paths[0].prices, paths[1].prices
    found = regret(fleet, prices, truth, FINE)
    plan, best = solve(fleet, prices, FINE).schedules(), solve(fleet, truth, FINE).schedules()
    assert found.planned_nano == pytest.approx(cost(fleet, plan, truth), rel=1e-6)
    expected = cost(fleet, plan, truth) - cost(fleet, best, truth)
    assert found.least_nano <= expected + 1e-4 * abs(found.planned_nano)
    assert found.most_nano >= expected - 1e-4 * abs(found.planned_nano)
    assert found.most_nano >= 0
    assert found.missed_wh == found.foresight_missed_wh == 0


def test_who_knows_the_prices_regrets_nothing(small):
    fleet, paths, _, _ = small.case(2)
    found = regret(fleet, paths[0].prices, paths[0].prices, FINE)
    assert found.least_nano == pytest.approx(0, abs=1e-6 * abs(found.planned_nano))


def test_a_wrong_forecast_costs_what_it_costs_by_hand():
    """One car, two slots, the dear one taken for the cheap one: 1 kWh at 0.10 more."""
    one = np.zeros(1, np.int64)
    fleet = Fleet(
        slots=2,
        step_s=3600,
        zones=Zones(parent=np.array([-1])),
        one_way=OneWay(one, one, one + 2, 1_000.0, 1_000.0),
    )
    low_first, high_first = np.array([200_000, 300_000]), np.array([300_000, 200_000])
    found = regret(fleet, Prices(low_first), Prices(high_first), FINE)
    assert found.planned_nano == pytest.approx(300_000_000)
    assert found.least_nano == pytest.approx(100_000_000)
