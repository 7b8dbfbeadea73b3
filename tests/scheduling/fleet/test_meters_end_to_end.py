"""Homes of one asset each, behind meters that buy dearer than they sell, under nested limits."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    OneWay,
    Prices,
    Runs,
    Storage,
    Zones,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.tree import sums_up
from gridpact.scheduling.reference.solve import solve as solve_whole

STEP_S, SLOTS = 1800, 24
HOURS = STEP_S / 3600
FEEDERS = 2
ABOVE = 1 + FEEDERS
CONTINUOUS = ("battery", "tank", "car", "solar", "none")


def homes(seed, kinds, prices, count=12):
    """A village of two feeders whose homes hold one asset each of these kinds, and its prices.

    Limits are a share of what the village would do without them, so that they bind.
    """
    draw = stream(seed, "metered-homes", *kinds, prices)
    kind = draw.permutation(np.resize(kinds, count))
    zone = {name: ABOVE + np.flatnonzero(kind == name) for name in ("battery", *kinds)}
    parent = np.concatenate([[-1], np.zeros(FEEDERS), draw.integers(1, ABOVE, count)])
    sun = np.maximum(np.sin((np.arange(SLOTS) - 6) * np.pi / 12), 0)
    solar = draw.uniform(0, 2_500, (count, 1)) * (draw.random((count, 1)) < 0.7) * sun
    load = np.zeros((ABOVE + count, SLOTS))
    load[ABOVE:] = draw.uniform(50, 500, (count, SLOTS)) - solar
    fleet = Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=Zones(parent.astype(np.int64), load_wh=load),
        storage=_stores(draw, zone["battery"], zone.get("tank", zone["battery"][:0])),
        one_way=_cars(draw, zone["car"]) if "car" in zone else None,
        curtailable=_plants(draw, zone["solar"], sun) if "solar" in zone else None,
        runs=_runs(draw, zone["run"]) if "run" in zone else None,
    )
    return fleet, _tariffs(draw, prices, ABOVE + count)


def _tariffs(draw, kind, zones):
    """Every home buys at the same price and sells for less, some for much less."""
    usual = draw.uniform(150_000, 400_000, SLOTS)
    buy = {
        "any": usual,
        "flat": np.full(SLOTS, 300_000.0),
        "two": np.where(np.arange(SLOTS) % 12 < 5, 220_000.0, 340_000.0),
    }[kind]
    less = draw.choice([0.0, 60_000.0, 140_000.0], zones)
    less[:ABOVE] = 0.0
    return Prices(np.tile(buy, (zones, 1)), buy - less[:, None])


def _stores(draw, batteries, tanks):
    count, tank = len(batteries) + len(tanks), np.arange(len(batteries) + len(tanks))
    tank = tank >= len(batteries)
    size = draw.uniform(4_000, 12_000, count)
    start = size * draw.uniform(0.3, 0.6, count)
    return Storage(
        zone=np.concatenate([batteries, tanks]),
        initial_wh=start,
        charge_w=draw.uniform(2_000, 5_000, count),
        discharge_w=np.where(tank, 0.0, 4_000.0),
        hi_wh=size,
        terminal_wh=np.where(tank, 0.0, start),
        efficiency_in=np.where(tank, 1.0, 0.95),
        efficiency_out=0.95,
        kept=np.where(tank, 0.99, 1.0),
        draw_wh=np.where(tank[:, None], draw.uniform(0, 400, (count, SLOTS)), 0.0),
        wear=np.where(tank, 0.0, 10_000.0),
    )


def _cars(draw, zone):
    arrive = draw.integers(0, SLOTS // 2, len(zone))
    leave = draw.integers(arrive + 6, SLOTS + 1)
    power = draw.uniform(3_000, 11_000, len(zone))
    return OneWay(zone, arrive, leave, power * HOURS * draw.uniform(1, 4, len(zone)), power)


def _plants(draw, zone, sun):
    return Curtailable(zone, draw.uniform(500, 3_000, (len(zone), 1)) * sun, cost=5_000.0)


def _runs(draw, zone):
    count, first = len(zone), draw.integers(0, SLOTS // 2, len(zone))
    return Runs(
        zone=zone,
        first=first,
        end=first + draw.integers(6, SLOTS // 2 + 1, count),
        length=draw.integers(1, 4, count),
        power_w=draw.uniform(500, 2_500, (count, 3)),
    )


def limited(fleet, prices, share):
    """The same fleet with limits at a share of its peaks without any, but above its fixed load."""
    net, zones = solve_whole(fleet, prices).net_wh, fleet.zones
    fixed = sums_up(zones.parent, zones.load_wh)
    most = np.full((2, len(net)), np.inf)
    for side, sign in enumerate((1, -1)):
        peak = np.maximum(share * (sign * net).max(axis=1), (sign * fixed).max(axis=1))
        most[side, :ABOVE] = np.maximum(peak[:ABOVE], 100.0) / HOURS
    under = msgspec.structs.replace(zones, import_limit_w=most[0], export_limit_w=most[1])
    return msgspec.structs.replace(fleet, zones=under)


@pytest.mark.parametrize("kinds", [("battery",), ("battery", "tank", "car"), CONTINUOUS])
def test_homes_cost_what_the_reference_says(kinds, held_to_optimum):
    """Both bounds on the right side and limits kept always; to a ten-thousandth nearly always."""
    stopped, binding = 0, 0
    for prices in ("any", "two", "flat"):
        for seed in range(4):
            fleet, tariff = homes(seed, kinds, prices)
            answer, _ = held_to_optimum(limited(fleet, tariff, 0.7), tariff)
            stopped += answer.status is Status.STOPPED
            binding += bool(answer.prices.imports.any() or answer.prices.exports.any())
    assert stopped <= 2
    assert binding >= 4


def test_appliances_start_once_behind_their_meters(held_to_optimum):
    binding = 0
    for seed in range(4):
        fleet, tariff = homes(seed, ("battery", "run", "car"), "any")
        answer, _ = held_to_optimum(limited(fleet, tariff, 0.8), tariff, gap=2e-3)
        binding += bool(answer.prices.imports.any() or answer.prices.exports.any())
        energy = answer.schedules().runs_wh.sum(axis=1)
        counted = np.arange(3) < fleet.runs.length[:, None]
        np.testing.assert_allclose(energy, (fleet.runs.power_w * counted).sum(axis=1) * HOURS)
    assert binding >= 2


@pytest.mark.parametrize("kinds", [("battery",), CONTINUOUS])
def test_a_meter_is_no_limit_but_a_part_of_its_asset(kinds):
    """Sixty homes take few rounds, and no more prices than the limits above them have."""
    for seed in range(2):
        fleet, tariff = homes(seed, kinds, "any", count=60)
        fleet = limited(fleet, tariff, 0.7)
        answer, least = solve(fleet, tariff, Options(method="engine")), solve_whole(fleet, tariff)
        assert answer.status is Status.OPTIMAL
        assert len(answer.rounds) <= 40
        assert answer.prices.imports.any()
        assert answer.lower_nano <= least.upper_nano + 1e3
        assert answer.upper_nano >= least.lower_nano - 1e3
        assert answer.upper_nano - least.upper_nano <= 1.1e-3 * abs(answer.upper_nano)
