"""The engine against a mathematical programme of the whole fleet, and its schedules checked."""

from functools import cache

import numpy as np
import pytest

from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

TIGHT = Options(gap=1e-6, method="engine")
SEEDS = [*range(9), *range(10, 17)]
WH = 1e-3
"""What sums of schedules may differ by from limits [Wh]."""


def agrees(small, seed, **choice):
    fleet, prices = small.fleet(seed, **choice)
    solution = solve(fleet, prices, TIGHT)
    best = small.optimum(fleet, prices, solution.penalty)
    tolerance = 1e-6 * (abs(best) + 1e6)
    assert solution.lower_nano <= best + tolerance
    assert solution.upper_nano >= best - tolerance
    if solution.status is Status.OPTIMAL or solution.gap <= TIGHT.gap:
        assert solution.upper_nano <= best + 2 * tolerance
    keeps_own_limits(fleet, solution.schedules())
    adds_up(fleet, prices, solution)
    return solution


def keeps_own_limits(fleet, plan):
    cars, stores, solar = fleet.one_way, fleet.storage, fleet.curtailable
    slot = np.arange(fleet.slots)
    there = (slot >= cars.arrive[:, None]) & (slot < cars.leave[:, None])
    assert plan.one_way_wh[~there].max(initial=0) == 0
    assert np.all(plan.one_way_wh <= cars.power_w[:, None] * fleet.hours + 1e-9)
    np.testing.assert_allclose(plan.one_way_wh.sum(axis=1), cars.energy_wh, atol=1e-6)
    assert np.minimum(plan.charge_wh, plan.discharge_wh).max() == 0
    assert np.all(plan.charge_wh <= stores.charge_w * fleet.hours + 1e-6)
    assert np.all(plan.discharge_wh <= stores.discharge_w * fleet.hours + 1e-6)
    state = stores.initial_wh
    for at in slot:
        gained = stores.efficiency_in * plan.charge_wh[:, at]
        lost = plan.discharge_wh[:, at] / stores.efficiency_out + stores.draw_wh[:, at]
        state = stores.kept * state + gained - lost
        assert np.all(state >= -2e-6)
        assert np.all(state <= stores.hi_wh + 2e-6)
    assert np.all(state >= stores.terminal_wh - 2e-6)
    assert np.all(plan.output_wh <= solar.forecast_wh + 1e-9)
    assert np.all(plan.output_wh >= solar.least[:, None] * solar.forecast_wh - 1e-9)


def net_of_zones(fleet, plan):
    """Net energy of every zone from the schedules alone [zones, slots]."""
    own = np.array(fleet.zones.load_wh)
    np.add.at(own, fleet.one_way.zone, plan.one_way_wh)
    np.add.at(own, fleet.storage.zone, plan.charge_wh - plan.discharge_wh)
    np.add.at(own, fleet.curtailable.zone, -plan.output_wh)
    total = own.copy()
    for zone in range(len(own)):
        above = fleet.zones.parent[zone]
        while above >= 0:
            total[above] += own[zone]
            above = fleet.zones.parent[above]
    return own, total


def adds_up(fleet, prices, solution):
    """Net energy, limits and cost follow from the schedules."""
    plan = solution.schedules()
    own, total = net_of_zones(fleet, plan)
    np.testing.assert_allclose(solution.net_wh, total, atol=WH)
    missed = {(one.kind, one.row, one.slot): one.missing_wh for one in solution.missed}
    for kind, sign, limit in (
        ("import", 1, fleet.zones.import_limit_w),
        ("export", -1, fleet.zones.export_limit_w),
    ):
        over = sign * total - limit[:, None] * fleet.hours
        for zone, slot in np.argwhere(over > 0.25):
            assert missed[kind, zone, slot] == pytest.approx(over[zone, slot], abs=WH)
    buy = np.broadcast_to(prices.buy, own.shape)
    sell = buy if prices.sell is None else prices.sell
    cost = np.sum(np.where(own > 0, buy * own, sell * own))
    cost += np.sum(fleet.storage.wear[:, None] * plan.discharge_wh)
    cost += np.sum(fleet.curtailable.cost * (fleet.curtailable.forecast_wh - plan.output_wh))
    cost += solution.penalty * sum(missed.values())
    assert cost == pytest.approx(solution.upper_nano, rel=1e-6, abs=1e3)


@pytest.fixture(scope="module")
def agreed(small):
    """Answers of random fleets that agree with the programme, each solved once."""
    return cache(lambda seed: agrees(small, seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_fleets_reach_the_optimum_with_both_bounds_on_the_right_side(agreed, seed):
    agreed(seed)


def test_nearly_all_mixed_fleets_are_solved_to_the_gap(agreed):
    assert sum(agreed(seed).gap <= 1e-6 for seed in SEEDS) >= len(SEEDS) - 2


@pytest.mark.parametrize("prices", ["flat", "two", "negative"])
@pytest.mark.parametrize("seed", range(100, 106))
def test_flat_two_level_and_negative_prices(small, prices, seed):
    agrees(small, seed, prices=prices)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_hundreds_more(small, seed):
    agrees(small, seed)
