"""Which fleets rounds are given up for one programme, and that either answer is the optimum."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Runs, Storage, Zones
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.scope import FEW, few, small, tiny
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import TRIED, solve


def week(cars=0, stores=0, slots=672, import_w=np.inf):
    """Cars that stay for 60 slots, and batteries, behind one feeder."""
    arrive = np.arange(cars) * 7 % (slots - 60)
    one_way = OneWay(
        np.zeros(cars, np.int64), arrive, arrive + 60, np.full(cars, 2e4), 11e3 + arrive
    )
    storage = Storage(np.zeros(stores, np.int64), 5e3, 5e3, 5e3, 1e4 + np.arange(stores))
    storage = storage if stores else None
    zones = Zones(np.array([-1]), import_w, load_wh=np.full((1, slots), 500.0))
    fleet = Fleet(
        slots=slots, step_s=900, zones=zones, one_way=one_way if cars else None, storage=storage
    )
    return fleet, Prices(200_000 + 90_000 * np.cos(np.arange(slots) * np.pi / 48))


@pytest.mark.parametrize("asked", [{"stores": 4}, {"cars": 6, "stores": 3}])
def test_few_assets_in_a_long_horizon_are_handed_over_after_few_rounds(asked):
    heard = []
    fleet, prices = week(**asked, import_w=8_000.0)
    assert few(fleet)
    assert not tiny(fleet)
    answer = solve(fleet, prices, Options(progress=heard.append))
    assert answer.status is Status.OPTIMAL
    assert len(heard) == TRIED
    assert not isinstance(answer.source, Mixture)
    rounds = solve(fleet, prices, Options(method="engine", rounds=8))
    assert rounds.lower_nano <= answer.upper_nano
    assert answer.lower_nano <= rounds.upper_nano


def test_where_no_limit_binds_rounds_are_enough():
    answer = solve(*week(stores=4))
    assert answer.status is Status.OPTIMAL
    assert isinstance(answer.source, Mixture)


def test_slots_of_a_stay_count_less_than_those_of_storage():
    assert few(week(cars=60)[0])  # 60 stays of 60 slots
    assert not few(week(cars=120)[0])
    assert few(week(stores=8)[0])
    assert not few(week(stores=9)[0])
    assert 8 * 8 * 672 <= FEW < 9 * 9 * 672


def test_what_has_whole_numbers_is_not_handed_over_early():
    fleet, _ = week(stores=2, import_w=8_000.0)
    one = np.array([0])
    run = Runs(one, one, one + 90, one + 2, np.full((1, 2), 500.0))
    fleet = Fleet(slots=672, step_s=900, zones=fleet.zones, storage=fleet.storage, runs=run)
    assert small(fleet)
    assert not few(fleet)
    assert not tiny(fleet)
