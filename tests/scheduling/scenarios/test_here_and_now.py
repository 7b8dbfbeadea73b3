"""One plan for all paths against one programme of all paths."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.columns import Portfolio, Prices, Runs
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.first_slots import first_cost, mixed, remaining
from gridpact.scheduling.scenarios.here_and_now import plan_over_paths
from gridpact.scheduling.scenarios.paths import along

FINE = Options(gap=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_bounds_enclose_the_best_common_plan(small, seed):
    fleet, paths, weight, first = small.case(seed)
    best = small.extensive(fleet, paths, weight, first)
    found = plan_over_paths(fleet, paths, weight, first, FINE)
    touch = 1e-4 * abs(best)
    assert found.missed_wh == 0
    assert found.foresight_nano <= found.lower_nano + touch
    assert found.lower_nano <= best + touch
    assert found.upper_nano >= best - touch
    assert found.upper_nano <= best + 5e-3 * abs(best)
    assert found.gap <= 0.02


def test_one_path_is_an_ordinary_solve(small):
    fleet, paths, _, first = small.case(3, paths=1)
    found = plan_over_paths(fleet, paths, np.ones(1), first, FINE)
    alone = solve(along(fleet, paths[0]), paths[0].prices, FINE)
    assert found.upper_nano == pytest.approx(alone.upper_nano, rel=1e-4)
    assert found.gap <= 1e-4


def test_a_plan_cut_in_two_costs_what_it_did(small):
    """The first slots as planned, and the rest solved again: nothing is lost or counted twice."""
    fleet, paths, _, first = small.case(1)
    fleet = along(fleet, paths[0])
    block = Portfolio(
        set_of_row=np.array([0, 1]),
        first=np.array([first - 2, 0]),
        end=np.array([first + 2, first]),
        lower_wh=np.array([6_000.0, -np.inf]),
        upper_wh=np.array([np.inf, 1e6]),
        zone_set=np.array([0, 1]),
        zone=np.array([1, 0]),
        asset_set=np.array([0]),
        asset_table=np.array([1]),
        asset=np.array([0]),
    )
    fleet = msgspec.structs.replace(fleet, portfolio=block)
    prices = paths[0].prices
    whole = solve(fleet, prices, FINE)
    assert not whole.missed
    done = mixed(fleet, [whole.schedules()], np.ones(1), first)
    rest = remaining(fleet, done)
    assert len(rest.portfolio.first) == 1
    later = Prices(prices.buy[:, first:], prices.sell[:, first:])
    second = solve(rest, later, FINE)
    assert not second.missed
    both = first_cost(fleet, prices, done) + second.upper_nano
    assert both == pytest.approx(whole.upper_nano, rel=1e-4)


def test_what_is_not_known_yet_may_not_differ_now(small):
    fleet, paths, weight, first = small.case(0)
    buy = paths[1].prices.buy.copy()
    buy[0, 0] += 1
    wrong = msgspec.structs.replace(paths[1], prices=Prices(buy, paths[1].prices.sell))
    later = msgspec.structs.replace(fleet.one_way, energy_wh=fleet.one_way.energy_wh * 0.9)
    cars = msgspec.structs.replace(paths[2], one_way=later)
    with pytest.raises(BadInput) as refused:
        plan_over_paths(fleet, [paths[0], wrong, cars], weight, first)
    assert "paths[1].prices.buy" in str(refused.value)
    assert "paths[2].one_way" in str(refused.value)
    runs = Runs(*(np.array([0, 0, 3, 1])[:, None]), power_w=np.full((1, 1), 1_000.0))
    with pytest.raises(BadInput) as refused:
        plan_over_paths(msgspec.structs.replace(fleet, runs=runs), paths, weight * 2, fleet.slots)
    for named in ("first", "weight", "runs"):
        assert named in str(refused.value)
