"""Storage whose ramp binds, at prices below zero: never both ways at once, and never for nothing.

What such storage would burn in one slot frees its power in others, also where energy costs money.
"""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.columns import Fleet, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import solve as solve_whole

SEED, HOURS = 11, 0.5


def fleet_of(number):
    """One to three storages with ramps, some below a limit or behind a kinked meter."""
    draw = stream(SEED, "ramps", number)
    slots, count = int(draw.integers(5, 9)), int(draw.integers(1, 4))
    size = draw.uniform(6_000, 14_000, count)
    power = draw.uniform(3_000, 6_000, (2, count))
    kind = number % 3
    most = power[0].sum() * draw.uniform(0.4, 0.8) if kind == 1 else np.inf
    load = draw.uniform(0, 1_500, (1, slots)) if kind == 2 else 0.0
    zones = Zones(np.array([-1]), most, load_wh=load)
    storage = Storage(
        zone=np.zeros(count, np.int64),
        initial_wh=size * draw.uniform(0.2, 0.8, count),
        charge_w=power[0],
        discharge_w=power[1],
        hi_wh=size,
        efficiency_in=draw.uniform(0.8, 1.0, count),
        efficiency_out=draw.uniform(0.8, 1.0, count),
        wear=draw.choice([0.0, 10_000.0]),
        ramp_w=power.max(axis=0) * draw.uniform(0.3, 0.9, count),
    )
    fleet = Fleet(slots=slots, step_s=1800, zones=zones, storage=storage)
    buy = np.where(draw.random(slots) < 0.6, -1, 0.3) * draw.uniform(20_000, 400_000, slots)
    return fleet, Prices(buy.round(), (buy - 60_000).round() if kind == 2 else None)


@pytest.mark.parametrize(
    ("first", "method", "least_proven"), [(0, "engine", 46), (54, "engine", 46), (90, "auto", 18)]
)
def test_ramps_hold_and_the_cost_is_the_least(first, method, least_proven):
    proven = 0
    for number in range(first, first + (18 if method == "auto" else 54)):
        fleet, prices = fleet_of(number)
        answer = solve(fleet, prices, Options(gap=1e-3, method=method))
        least = solve_whole(fleet, prices, answer.penalty, Search(gap=1e-5))
        touch = 1e3 + 1e-6 * abs(least.upper_nano)
        assert audit(fleet, answer, prices, sample=0).breaches == (), number
        assert answer.lower_nano <= least.upper_nano + touch, number
        assert answer.upper_nano >= least.lower_nano - touch, number
        if answer.status is Status.OPTIMAL:
            proven += 1
            assert answer.upper_nano - least.upper_nano <= 1.01e-3 * abs(least.upper_nano) + touch
        now = answer.schedules()
        net = (now.charge_wh - now.discharge_wh) / HOURS
        assert np.all(np.minimum(now.charge_wh, now.discharge_wh) < 1e-6), number
        assert np.all(np.abs(np.diff(net)) <= fleet.storage.ramp_w[:, None] + 1e-3), number
    assert proven >= least_proven


def test_burning_at_a_price_above_zero_does_not_free_power_below():
    """The least cost is that of a programme with a binary column for every way and slot."""
    battery = Storage(
        np.array([0]),
        5_000.0,
        5_000.0,
        5_000.0,
        10_000.0,
        efficiency_in=0.9,
        efficiency_out=0.93,
        ramp_w=3_000.0,
    )
    buy = [-330_954, 16_333, -394_707, -281_385, -395_356, -50_000, -300_000, 20_000, -350_000]
    fleet = Fleet(slots=9, step_s=1800, zones=Zones(np.array([-1])), storage=battery)
    answer = solve(fleet, Prices(np.array(buy, float)), Options(method="engine"))
    assert answer.status is Status.OPTIMAL
    assert answer.upper_nano == pytest.approx(-2.448377e9, rel=1e-6)
    assert answer.lower_nano == pytest.approx(-2.448377e9, rel=1e-3)
