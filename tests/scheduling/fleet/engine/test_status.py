"""What a status claims: nothing missed, and a gap no wider than asked for."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Missed, Status, status_of
from gridpact.scheduling.fleet.solve import solve

GAP = 1e-3


def stepped_fleet(number):
    """Storage with least powers beside a load whose earnings nearly pay for what it draws."""
    draw = stream(7, "status", number)
    slots, count = 10, 3
    size = draw.uniform(4_000, 9_000, count)
    prices = draw.uniform(100_000, 400_000, slots).round()
    storage = Storage(
        zone=np.zeros(count, np.int64),
        initial_wh=size * 0.2,
        charge_w=3_700.0,
        discharge_w=3_700.0,
        hi_wh=size,
        terminal_wh=size * draw.uniform(0.6, 0.95, count),
        efficiency_in=draw.uniform(0.85, 0.98, count),
        efficiency_out=draw.uniform(0.85, 0.98, count),
        charge_min_w=draw.uniform(1_000, 2_500, count),
        discharge_min_w=draw.uniform(1_000, 2_500, count),
    )
    zones = Zones(np.array([-1]), load_wh=np.zeros((1, slots)))
    fleet = Fleet(slots=slots, step_s=900, zones=zones, storage=storage)
    alone = solve(fleet, Prices(prices), Options(method="reference")).upper_nano / 1e9
    earned = np.full((1, slots), -0.95 * alone * 1e9 / prices.sum())
    zones = Zones(np.array([-1]), load_wh=earned)
    return msgspec.structs.replace(fleet, zones=zones), Prices(prices)


@pytest.mark.parametrize("method", ["reference", "engine"])
def test_optimal_means_within_the_gap_asked_for(method):
    optimal = 0
    for number in range(6):
        answer = solve(*stepped_fleet(number), Options(gap=GAP, method=method))
        assert not answer.missed
        assert (answer.status is Status.OPTIMAL) == (answer.gap <= GAP * (1 + 1e-6)), number
        optimal += answer.status is Status.OPTIMAL
    assert optimal == 6


def test_what_is_missed_is_said_whatever_the_gap():
    battery = Storage(np.zeros(3, np.int64), 0.0, 3_000.0, 3_000.0, np.array([4e3, 5e3, 6e3]))
    need = msgspec.structs.replace(battery, terminal_wh=np.array([3_900.0, 4_900.0, 5_900.0]))
    zones = Zones(np.array([-1]), 1_500.0)
    fleet = Fleet(slots=8, step_s=1800, zones=zones, storage=need)
    prices = Prices(np.linspace(100_000, 300_000, 8))
    heard = []
    options = Options(
        gap=1e-9, method="engine", progress=heard.append, cancelled=lambda: len(heard) >= 2
    )
    early = solve(fleet, prices, options)
    assert early.missed
    assert early.gap > 1e-3
    assert early.status is Status.LIMITS_MISSED
    assert solve(fleet, prices, Options(method="reference")).status is Status.LIMITS_MISSED


def test_the_status_follows_bounds_gap_and_what_is_missed():
    one = (Missed("import", 0, 0, 1.0),)
    assert status_of((999.1e9, 1000e9), 1e-3, ()) is Status.OPTIMAL
    assert status_of((998.9e9, 1000e9), 1e-3, ()) is Status.STOPPED
    assert status_of((-np.inf, 1000e9), 1e-3, ()) is Status.STOPPED
    assert status_of((-50.0, 40.0), 1e-3, ()) is Status.OPTIMAL
    assert status_of((999.1e9, 1000e9), 1e-3, one) is Status.LIMITS_MISSED
    assert status_of((998.9e9, 1000e9), 1e-3, one) is Status.LIMITS_MISSED
