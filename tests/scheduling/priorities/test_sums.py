"""Limits on sums over slots beside levels: what goes missing because of them, and no more."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit.assets import check_assets
from gridpact.scheduling.audit.report import Breaches
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.sums import affordable_wh
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import NOTHING, Needs, StorageNeed
from gridpact.scheduling.priorities.solve import solve_by_levels

FINE = Options(gap=1e-6)


def alone(slots, **tables):
    return Fleet(slots=slots, step_s=3600, zones=Zones(np.array([-1])), **tables)


@pytest.mark.parametrize("wide", [False, True])
def test_a_car_misses_what_its_budget_does_not_buy(wide):
    for number in range(12):
        draw, slots = stream(number, "levels", "budget"), 8
        limits = np.full((2, slots), np.inf)
        limits[:, [3, 7]] = draw.uniform(200_000, 500_000, (2, 2))
        zone = np.zeros(2, np.int64)
        cars = OneWay(
            zone,
            zone,
            zone + slots,
            energy_wh=np.full(2, 15_000.0),
            power_w=3_000.0,
            budget=limits if wide else limits[:, 3],
            budget_price=draw.uniform(50_000, 300_000, (2, slots)),
        )
        fleet = alone(slots, one_way=cars)
        answer = solve_by_levels(fleet, Prices(draw.uniform(5e4, 3e5, slots)), options=FINE)
        short = np.maximum(15_000.0 - affordable_wh(cars, slots, 1.0), 0.0).sum()
        assert short > 0
        assert answer.losses[Level.NEEDS].missing_wh == pytest.approx(short, abs=1.0)
        assert answer.losses[Level.NEEDS].least_wh == pytest.approx(short, abs=1.0)
        paid = answer.schedules().one_way_wh * cars.budget_price / 1000
        if wide:
            assert np.all(paid[:, :4].sum(axis=1) <= limits[:, 3] * (1 + 1e-6))
            assert np.all(paid[:, 4:].sum(axis=1) <= limits[:, 7] * (1 + 1e-6))
        else:
            assert np.all(paid.sum(axis=1) <= limits[:, 3] * (1 + 1e-6))


def test_batteries_keep_throughput_and_budgets_beside_what_is_asked_of_them():
    """What one is asked for within the horizon is lifted in make-up slots, which count in none."""
    for number in range(12):
        draw, slots, count = stream(number, "levels", "throughput"), 8, 2
        table = Storage(
            zone=np.zeros(count, np.int64),
            initial_wh=draw.uniform(1_000, 6_000, count),
            charge_w=draw.uniform(2_000, 5_000, count),
            discharge_w=draw.uniform(2_000, 5_000, count),
            hi_wh=9_000.0,
            efficiency_in=0.95,
            efficiency_out=0.95,
            throughput_wh=draw.uniform(500, 4_000, count),
            budget=draw.uniform(100_000, 900_000, count),
            budget_price=draw.uniform(50_000, 300_000, (count, slots)),
        )
        asked = np.full((count, slots), NOTHING)
        asked[:, -1] = draw.uniform(5_000, 9_000, count)
        needs = Needs(storage=(StorageNeed(np.arange(count), asked),))
        fleet = alone(slots, storage=table)
        answer = solve_by_levels(fleet, Prices(draw.uniform(5e4, 4e5, slots)), needs, FINE)
        found, breaches = answer.schedules(), Breaches()
        check_assets(breaches, fleet, np.array([0]), found)
        told = {one.what for one in breaches.found}
        assert told <= {"reports another state", "is emptier than it may be"}, number
        bought = affordable_wh(
            OneWay(
                table.zone,
                table.zone,
                table.zone + slots,
                0.0,
                table.charge_w,
                table.budget,
                table.budget_price,
            ),
            slots,
            1.0,
        )
        most = np.minimum(table.initial_wh + 0.95 * bought, 9_000.0)
        short = np.maximum(asked[:, -1] - most, 0.0).sum()
        assert answer.losses[Level.NEEDS].missing_wh == pytest.approx(short, abs=2.0), number


def test_a_limit_that_is_never_reached_changes_nothing():
    draw, slots, zone = stream(1, "levels", "loose"), 8, np.zeros(1, np.int64)
    battery = Storage(zone, 2_000.0, 3_000.0, 3_000.0, 9_000.0)
    asked = StorageNeed(np.array([0]), np.where(np.arange(slots) == 3, 6_000.0, NOTHING)[None])
    prices = Prices(draw.uniform(5e4, 4e5, slots))
    loose = np.full((1, slots), np.inf)
    loose[0, [3, 7]] = 1e6
    costs = []
    for limits in (np.inf, loose):
        table = msgspec.structs.replace(
            battery,
            discharge_w=np.where(np.arange(slots) > 3, 0.0, 3_000.0)[None],
            throughput_wh=limits,
            budget=limits,
            budget_price=np.full((1, slots), 1_000.0),
        )
        answer = solve_by_levels(alone(slots, storage=table), prices, Needs(storage=(asked,)), FINE)
        costs.append(answer.cost_upper_nano)
    assert costs[0] == pytest.approx(costs[1], abs=1e3)
