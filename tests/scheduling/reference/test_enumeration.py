"""The programme against every plan of small appliances, generators and storage written out."""

import itertools

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, Generators, Prices, Runs, Storage, Zones
from gridpact.scheduling.reference.solve import solve

ZONE = np.zeros(1, np.int64)


def one_zone(draw, slots, highest, **tables):
    """One meter with a limit on import and on export, and its prices, negative in some cases."""
    buy = draw.uniform(-100_000, 400_000, (1, slots))
    sell = buy - draw.uniform(0, 150_000, (1, slots)) * (draw.random() < 0.7)
    zones = Zones(
        parent=np.array([-1]),
        import_limit_w=draw.uniform(0.3, 1.2, 1) * highest,
        export_limit_w=draw.uniform(0.1, 1.2, 1) * highest,
        load_wh=draw.uniform(-300, 300, (1, slots)),
    )
    return Fleet(slots=slots, step_s=1800, zones=zones, **tables), Prices(buy, sell)


def random_runs(draw, slots):
    count = 2
    apart = draw.random(count) < 0.6
    length = draw.integers(1, 4, count)
    return Runs(
        zone=np.zeros(count, np.int64),
        first=draw.integers(0, 2, count),
        end=slots - draw.integers(0, 2, count),
        length=length,
        power_w=draw.uniform(300, 2_500, (count, 3)),
        interruptible=apart,
        min_on=np.where(apart, np.minimum(draw.integers(1, 4, count), length), 1),
        min_off=draw.integers(1, 4, count),
        times=np.where(apart, 1, np.where(length < 3, draw.integers(1, 3, count), 1)),
        pause=draw.integers(0, 2, count),
        most_starts=draw.integers(0, 3, count),
        value=np.where(draw.random(count) < 0.5, draw.uniform(0, 600_000, count), np.inf),
    )


@pytest.mark.parametrize("seed", range(60))
def test_runs(seed, enumerated):
    draw = stream(seed, "reference", "runs")
    slots = int(draw.integers(7, 10))
    fleet, prices = one_zone(draw, slots, 4_000, runs=random_runs(draw, slots))
    plans = [enumerated.run_plans(fleet.runs, row, slots, fleet.hours) for row in range(2)]
    least = min(
        enumerated.cost(fleet, prices, one + other) + earned + more
        for (one, earned), (other, more) in itertools.product(*plans)
    )
    answer = solve(fleet, prices, enumerated.penalty)
    assert answer.upper_nano == pytest.approx(least, rel=1e-7, abs=1)
    assert answer.lower_nano == pytest.approx(least, rel=1e-6, abs=2)


@pytest.mark.parametrize("seed", range(40))
def test_generators(seed, enumerated):
    draw = stream(seed, "reference", "generators")
    slots, most = int(draw.integers(4, 7)), draw.uniform(1_000, 5_000)
    table = Generators(
        zone=ZONE,
        max_w=np.full((1, slots), most) * draw.uniform(0.8, 1, slots),
        min_w=np.full((1, slots), most * draw.choice([0, 0.3, 0.7])),
        fuel=draw.uniform(-50_000, 300_000, 1),
        idle_cost=draw.choice([0, 20_000.0], 1),
        start_cost=draw.choice([0, 150_000.0], 1),
        min_up=draw.integers(1, 4, 1),
        min_down=draw.integers(1, 4, 1),
        before=draw.choice([-9, -2, -1, 1, 2, 9], 1),
        ramp_w=np.array([most * draw.choice([0.1, 0.5, np.inf])]),
    )
    fleet, prices = one_zone(draw, slots, most, generators=table)
    least = np.inf
    for on, starts in enumerated.patterns(table, 0, slots):
        own = (on.sum() * table.idle_cost[0] + starts * table.start_cost[0]) * 1000
        least = min(least, own + enumerated.commitment_cost(fleet, prices, on))
    answer = solve(fleet, prices, enumerated.penalty)
    assert answer.upper_nano == pytest.approx(least, rel=1e-7, abs=1)
    assert answer.lower_nano == pytest.approx(least, rel=1e-6, abs=2)


@pytest.mark.parametrize("seed", range(30))
def test_storage_in_whole_steps(seed, enumerated):
    draw = stream(seed, "reference", "steps")
    slots, step = 6, float(draw.integers(500, 1_500))
    table = Storage(
        zone=ZONE,
        initial_wh=np.array([3.0 * step]),
        charge_w=np.array([2.5 * step]),
        discharge_w=np.array([1.2 * step]),
        hi_wh=np.array([draw.uniform(3, 5) * step]),
        lo_wh=np.array([draw.uniform(1, 3) * step]),
        wear=draw.uniform(0, 30_000, 1),
        charge_min_w=np.array([draw.choice([0.0, 1.3]) * step]),
        discharge_min_w=np.array([0.0]),
        charge_step_w=np.array([step]),
        discharge_step_w=np.array([step]),
        ramp_w=np.array([draw.choice([1.6 * step, np.inf])]),
    )
    fleet, prices = one_zone(draw, slots, 2.5 * step, storage=table)
    least = min(
        enumerated.cost(fleet, prices, plan) + table.wear[0] * np.maximum(-plan, 0).sum()
        for plan in enumerated.storage_plans(table, slots, fleet.hours)
    )
    answer = solve(fleet, prices, enumerated.penalty)
    assert answer.upper_nano == pytest.approx(least, rel=1e-7, abs=1)
    assert answer.lower_nano == pytest.approx(least, rel=1e-6, abs=2)
