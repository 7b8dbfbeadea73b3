"""Homes behind meters that buy at one price and sell at another, below nested feeders that bind."""

import pickle
from concurrent.futures import ProcessPoolExecutor

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
from gridpact.scheduling.fleet.homes import HOMES
from gridpact.scheduling.fleet.meters import FEW, meters_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

SLOTS, STEP_S = 16, 1800
HOURS = STEP_S / 3600


def street(seed, homes=6, most=2, runs=False, share=0.7, dearer=False):
    """Homes of up to ``most`` storages and cars on two feeders below one; limits may bind.

    Zones 0 to 2 are the feeders, 0 above the others. ``share`` scales their limits.
    """
    draw = stream(seed, "street", homes, most)
    parent = np.concatenate([[-1, 0, 0], 1 + np.arange(homes) % 2])
    load = draw.uniform(50, 400, (homes, SLOTS))
    sun = np.maximum(np.sin(np.arange(SLOTS) / SLOTS * np.pi), 0)
    load -= draw.choice([0, 1_500], (homes, 1)) * sun
    load_wh = np.concatenate([np.zeros((3, SLOTS)), load])
    import_w = np.full(len(parent), np.inf)
    import_w[:3] = share * np.array([5_500, 3_000, 3_000])
    home = 3 + np.repeat(np.arange(homes), draw.integers(0, most + 1, homes))
    cars = 3 + np.flatnonzero(draw.random(homes) < 0.4)
    tables = {"storage": _batteries(draw, home), "one_way": _cars(draw, cars)}
    if runs:
        tables["runs"] = _runs(draw, 3 + np.flatnonzero(draw.random(homes) < 0.5))
    usual = draw.uniform(100_000, 400_000, SLOTS)
    spread = draw.uniform(20_000, 150_000, (len(parent), 1)) * (1 - 2 * dearer)
    spread[:3] = 0
    buy = np.tile(usual, (len(parent), 1))
    fleet = Fleet(
        slots=SLOTS,
        step_s=STEP_S,
        zones=Zones(parent, import_w, load_wh=load_wh),
        **{name: table for name, table in tables.items() if len(table.zone)},
    )
    return fleet, Prices(buy, buy - spread)


def _batteries(draw, home):
    size = draw.uniform(2_000, 8_000, len(home))
    return Storage(
        zone=home,
        initial_wh=size * draw.uniform(0.2, 0.8, len(home)),
        charge_w=draw.uniform(1_000, 3_000, len(home)),
        discharge_w=draw.choice([0, 2_500], len(home)),
        hi_wh=size,
        terminal_wh=size * 0.3,
        efficiency_in=0.93,
        efficiency_out=0.95,
        wear=5_000.0,
    )


def _cars(draw, home):
    count = len(home)
    arrive = draw.integers(0, SLOTS - 6, count)
    leave = arrive + draw.integers(4, 7, count)
    energy = 3_000 * HOURS * (leave - arrive) * draw.uniform(0.2, 0.8, count)
    return OneWay(home, arrive, leave, energy, np.full(count, 3_000.0))


def _runs(draw, home):
    count = len(home)
    return Runs(
        zone=home,
        first=draw.integers(0, 4, count),
        end=draw.integers(9, SLOTS + 1, count),
        length=draw.integers(1, 4, count),
        power_w=draw.uniform(300, 1_500, (count, 3)),
    )


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("share", [0.6, 0.8, 30.0])
def test_homes_that_can_be_mixed_are_solved_to_the_gap(most, share, held_to_optimum):
    for seed in range(4):
        answer, apart = held_to_optimum(*street(seed, most=most, share=share), gap=1e-4)
        assert answer.gap <= 1.01e-4
        assert apart <= 1.01e-4
        if share == 30.0:
            assert len(answer.rounds) == 1


def test_feeders_of_the_street_bind():
    bound = [solve(*street(seed, share=0.6)).prices.imports[:3].max() > 0 for seed in range(6)]
    assert sum(bound) >= 4


@pytest.mark.parametrize("method", ["engine", "auto"])
def test_homes_with_appliances_keep_every_limit_and_both_bounds(method, held_to_optimum):
    for seed in range(4):
        drawn = street(seed, runs=True, share=0.8)
        _, apart = held_to_optimum(*drawn, method=method, gap=1e-3)
        if method == "auto":
            assert apart <= 1e-3


def test_homes_that_sell_dearer_than_they_buy_are_known_to_the_engine(held_to_optimum):
    for seed in range(3):
        drawn = street(seed, homes=4, dearer=True, share=30.0)
        answer, apart = held_to_optimum(*drawn, gap=1e-4)
        assert answer.status is Status.OPTIMAL
        assert apart <= 1e-4


def test_ramps_that_bind_are_known_to_the_engine(held_to_optimum):
    for seed in range(3):
        fleet, prices = street(seed, share=0.9)
        steep = msgspec.structs.replace(fleet.storage, ramp_w=1_200.0)
        slow = msgspec.structs.replace(fleet, storage=steep)
        for sold in (prices, Prices(prices.buy)):
            answer, apart = held_to_optimum(slow, sold, gap=1e-4)
            assert answer.status is Status.OPTIMAL
            assert apart <= 1.01e-4


def test_a_meter_whose_sign_is_certain_has_one_price():
    zones = Zones(np.full(3, -1), load_wh=np.array([[900.0] * 4, [-900.0] * 4, [100.0] * 4]))
    battery = Storage(np.arange(3), 500.0, 1_000.0, 1_000.0, 2_000.0)
    fleet = Fleet(slots=4, step_s=1800, zones=zones, storage=battery)
    meters = meters_of(fleet, Prices(np.full(4, 3e5), np.full(4, 1e5)))
    assert meters.tariff.spread.any(axis=1).tolist() == [False, False, True]
    assert meters.tariff.buy[:, 0] == pytest.approx([0.3, 0.1, 0.3])
    assert meters.single.tolist() == [False, False, True]


def test_homes_join_the_cell_above_unless_a_limit_of_their_own_can_bind():
    fleet, prices = street(1, homes=4, most=1)
    meters = meters_of(fleet, prices)
    assert set(meters.place[3:].tolist()) <= {1, 2}
    limit = np.asarray(fleet.zones.import_limit_w).copy()
    limit[3] = 600.0  # below what its load alone may take with a battery or a car
    own = msgspec.structs.replace(fleet.zones, import_limit_w=limit)
    fleet = msgspec.structs.replace(fleet, zones=own)
    assert meters_of(fleet, prices).place[3] == 3


def test_zones_of_many_assets_keep_a_price_for_feeding_in(held_to_optimum):
    fleet, prices = street(2, homes=1, most=1)
    count = FEW + 1
    many = msgspec.structs.replace(
        fleet, storage=_batteries(stream(2, "many"), np.full(count, 3)), one_way=None
    )
    assert meters_of(many, prices).priced.tolist() == [False] * 3 + [True]
    held_to_optimum(many, prices, gap=1e-3)


def test_what_zones_take_is_what_their_homes_schedules_add_up_to():
    fleet, prices = street(3, most=3, share=0.6)
    answer = solve(fleet, prices, Options(gap=1e-4))
    parts = answer.schedules()
    net = np.array(fleet.zones.load_wh)
    np.add.at(net, fleet.storage.zone, parts.charge_wh - parts.discharge_wh)
    np.add.at(net, fleet.one_way.zone, parts.one_way_wh)
    for zone in range(len(net) - 1, 0, -1):
        net[fleet.zones.parent[zone]] += net[zone]
    assert answer.net_wh == pytest.approx(net, abs=1e-3)
    some = answer.schedules(np.array([4, 6]))
    assert np.isin(fleet.storage.zone[some.rows[1]], [4, 6]).all()
    assert some.charge_wh == pytest.approx(parts.charge_wh[some.rows[1]])


def test_a_home_answers_the_same_prices_alike_whatever_it_was_asked_before():
    fleet, prices = street(5, most=3, runs=True)
    solar = Curtailable(np.array([4, 5]), np.full((2, SLOTS), 400.0))
    fleet = msgspec.structs.replace(fleet, curtailable=solar)
    answer = solve(fleet, prices, Options(method="engine", rounds=3))
    blocks = [block for block in answer.source.groups.blocks if block.table == HOMES]
    draw = stream(5, "asked")
    asked = draw.uniform(-0.1, 0.5, (4, SLOTS))
    for home in (one for block in blocks for one in block.oracle.homes):
        copy = pickle.loads(pickle.dumps(home))  # noqa: S301 - as an executor sends it
        there = [home.answer(price) for price in asked]
        back = [copy.answer(price) for price in asked[::-1]][::-1]
        for one, other in zip(there, back, strict=True):
            assert np.array_equal(one.plan, other.plan)
            assert one.own_cost == other.own_cost
    assert sum(len(block.oracle.homes) for block in blocks) >= 2


def test_homes_spread_over_processes_answer_bit_for_bit_alike():
    fleet, prices = street(4, most=3, runs=True)
    options = Options(method="engine", gap=1e-3, rounds=6)
    one = solve(fleet, prices, options)
    with ProcessPoolExecutor(2) as executor:
        spread = msgspec.structs.replace(options, executor=executor, tasks=3)
        other = solve(fleet, prices, spread)
    assert (one.lower_nano, one.upper_nano) == (other.lower_nano, other.upper_nano)
    assert np.array_equal(one.schedules().charge_wh, other.schedules().charge_wh)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_answer_begun_from_other_meters_proves_the_same(seed):
    fleet, prices = street(seed, most=3)
    options = Options(method="engine", gap=1e-3)
    before = solve(fleet, prices, options)
    dearer = Prices(prices.buy * 1.03, prices.sell * 1.03)
    less = msgspec.structs.replace(fleet.storage, initial_wh=fleet.storage.initial_wh * 0.95)
    for other, price in ((fleet, dearer), (msgspec.structs.replace(fleet, storage=less), prices)):
        warm = solve(other, price, options, warm=before)
        least = solve(other, price, Options(method="reference"))
        touch = 1e3 + 1e-6 * abs(least.upper_nano)
        assert warm.lower_nano <= least.upper_nano + touch
        assert warm.upper_nano >= least.lower_nano - touch
        assert warm.gap <= 1.01e-3


def test_a_home_s_value_is_what_its_plan_costs_at_the_meter():
    fleet, prices = street(7, most=3, share=30.0)
    source = solve(fleet, prices, Options(gap=1e-4, method="engine")).source
    meters, homes = source.meters, source.groups.homes
    assert len(homes.zone) >= 2
    for zone, home in zip(homes.zone.tolist(), homes.programmes, strict=True):
        price, load = meters.tariff.buy[zone], meters.load[zone]
        spread = meters.tariff.spread[zone]
        answer = home.answer(price)
        fed_in = np.maximum(-(load + answer.energy), 0) - np.maximum(-load, 0)
        out = answer.plan[home.sign < 0].sum()
        assert answer.own_cost == pytest.approx((spread * fed_in).sum() + 0.005 * out, abs=1e-9)
        assert 0 <= answer.slack <= 1e-7
