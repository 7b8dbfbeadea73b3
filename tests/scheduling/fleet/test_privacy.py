"""What an asset plans depends on others through prices alone."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.columns import Portfolio, rows_of
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.generator_oracle import Commitment
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage
from gridpact.scheduling.fleet.storage import StorageOracle

ORACLES = {
    "one_way": ("one_way", OneWayOracle),
    "storage": ("storage", StorageOracle),
    "curtailable": ("curtailable", CurtailableOracle),
    "runs": ("runs", RunOracle),
    "generators": ("generators", Commitment),
    "stepped": ("storage", SteppedStorage),
}


@pytest.mark.parametrize("kind", ORACLES)
def test_a_plan_is_the_same_in_any_company(kind, fleets):
    name, oracle = ORACLES[kind]
    for seed in range(10):
        fleet, _ = fleets.random_fleet(seed, (kind,), assets=(5, 9))
        table = getattr(fleet, name)
        count, slots = len(table.zone), fleet.slots
        prices = stream(seed, "privacy").uniform(-0.1, 0.4, slots)
        company = oracle.build(
            table, Layout(np.arange(count), np.array([0, count])), slots, fleet.hours
        )
        together = company.plans(np.arange(count), prices)
        for row in range(count):
            single = rows_of(table, np.array([row]))
            own = oracle.build(single, Layout(np.array([0]), np.array([0, 1])), slots, fleet.hours)
            np.testing.assert_array_equal(own.plans(np.array([0]), prices)[0], together[row])


def test_at_the_final_prices_every_zone_does_about_its_own_best(fleets):
    for seed in range(12):
        fleet, prices = fleets.random_fleet(seed, prices=("any", "two")[seed % 2])
        answer = solve(fleet, prices, Options(gap=1e-4, penalty=5_000_000.0))
        for zone in audit(fleet, answer, prices).resolved:
            apart = zone.cost_nano - zone.least_nano
            most = answer.upper_nano - answer.lower_nano
            assert apart + 1e-7 * abs(zone.cost_nano) >= -1e3
            assert apart <= most + 1e3 + 1e-6 * abs(zone.cost_nano)


def test_without_limits_nobody_moves_for_another(fleets):
    none = np.zeros(0, np.int64)
    free = Portfolio(none, none, none, np.zeros(0), np.zeros(0), none, none, none, none, none)
    for seed in range(8):
        fleet, prices = fleets.random_fleet(seed, prices="any", assets=(4, 10))
        zones = msgspec.structs.replace(fleet.zones, import_limit_w=np.inf, export_limit_w=np.inf)
        fleet = msgspec.structs.replace(fleet, zones=zones, portfolio=free, curtailable=None)
        tariff = msgspec.structs.replace(prices, sell=None)
        if fleet.one_way is None or fleet.storage is None:
            continue
        both = solve(fleet, tariff).schedules()
        cars = solve(msgspec.structs.replace(fleet, storage=None), tariff).schedules()
        stores = solve(msgspec.structs.replace(fleet, one_way=None), tariff).schedules()
        np.testing.assert_allclose(both.one_way_wh, cars.one_way_wh, atol=1e-6)
        np.testing.assert_allclose(both.charge_wh, stores.charge_wh, atol=1e-6)
        np.testing.assert_allclose(both.discharge_wh, stores.discharge_wh, atol=1e-6)
