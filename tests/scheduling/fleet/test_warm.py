"""A solve that begins from an earlier answer: other prices, limits, needs or fleets, or later."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones, rows_of
from gridpact.scheduling.fleet.groups import Cut, make_groups
from gridpact.scheduling.fleet.match import match
from gridpact.scheduling.fleet.meters import meters_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve

GAP = 1e-4
ENGINE = Options(gap=GAP, penalty=5_000_000.0, method="engine")


def same_claim(fleet, prices, warm, options=ENGINE):
    """Both answers hold all limits; each one's bounds enclose what the other proves."""
    cold = solve(fleet, prices, options)
    touch = 1e-6 * max(abs(cold.upper_nano), abs(warm.upper_nano)) + 1e3
    assert audit(fleet, warm, prices, sample=0).breaches == ()
    if cold.penalty == warm.penalty:
        assert warm.lower_nano <= cold.upper_nano + touch
        assert cold.lower_nano <= warm.upper_nano + touch
    if warm.status is Status.OPTIMAL:
        assert warm.gap <= options.gap * 1.01
    return cold


def noisy(fleet, prices, draw):
    buy = np.asarray(prices.buy) * (1 + 0.03 * draw.standard_normal(fleet.slots))
    sell = None if prices.sell is None else buy + (prices.sell - np.asarray(prices.buy))
    return fleet, Prices(buy, sell)


def revised(fleet, prices, draw):
    """The first third of the slots costs up to 10 % more or less; the rest stays."""
    buy, most = np.array(prices.buy, np.float64), max(fleet.slots // 3, 1)
    change = 0.1 * np.abs(buy[..., :most]) * draw.uniform(-1, 1, most)
    buy[..., :most] += change
    if prices.sell is None:
        return fleet, Prices(buy)
    sell = np.array(prices.sell, np.float64)
    sell[..., :most] += change
    return fleet, Prices(buy, sell)


def needier(fleet, prices, draw):
    for name, column in (("one_way", "energy_wh"), ("storage", "terminal_wh")):
        table = getattr(fleet, name)
        if table is not None:
            values = np.array(getattr(table, column), np.float64)
            values[0] *= 0.7
            changed = msgspec.structs.replace(table, **{column: values})
            return msgspec.structs.replace(fleet, **{name: changed}), prices
    return fleet, prices


def tighter(fleet, prices, draw):
    limit = np.array(fleet.zones.import_limit_w)
    limit[0, : fleet.slots // 2] *= 0.7
    zones = msgspec.structs.replace(fleet.zones, import_limit_w=limit)
    return msgspec.structs.replace(fleet, zones=zones), prices


def fewer(fleet, prices, draw):
    """The first car is gone; rows of the portfolio that named cars go with it."""
    cars = fleet.one_way
    if cars is None or len(cars.zone) < 2:
        return fleet, prices
    left = rows_of(cars, np.arange(1, len(cars.zone)))
    return msgspec.structs.replace(fleet, one_way=left, portfolio=None), prices


@pytest.mark.parametrize("change", [noisy, revised, needier, tighter, fewer])
@pytest.mark.parametrize("seed", range(8))
def test_a_warm_start_proves_what_a_cold_one_does(change, seed, fleets):
    fleet, prices = fleets.random_fleet(seed, prices=("any", "two", "spiky")[seed % 3])
    before = solve(fleet, prices, ENGINE)
    held = before.source.engine
    known = held.masters.mix.copy(), dict(held.asked_at), held.lower
    changed, at = change(fleet, prices, stream(seed, "warm"))
    warm = solve(changed, at, ENGINE, warm=before)
    same_claim(changed, at, warm)
    again = solve(changed, at, ENGINE, warm=before)  # the earlier answer is as it was
    assert (again.lower_nano, again.upper_nano) == (warm.lower_nano, warm.upper_nano)
    np.testing.assert_array_equal(held.masters.mix, known[0])
    assert (held.asked_at, held.lower) == known[1:]


def test_the_limit_of_all_zones_holds_after_a_change_in_one():
    fleet, prices = feeders()
    before = solve(fleet, prices, CENT)
    for change in (needier, tighter):
        changed, at = change(fleet, prices, None)
        warm = solve(changed, at, CENT, before)
        assert warm.gap <= CENT.gap
        same_claim(changed, at, warm, CENT)


@pytest.mark.parametrize("seed", range(3))
def test_whole_plans_begin_warm_too(seed, fleets):
    fleet, prices = fleets.random_fleet(seed, ("one_way", "storage", "runs"), prices="any")
    before = solve(fleet, prices, ENGINE)
    changed, at = noisy(fleet, prices, stream(seed, "warm", "whole"))
    same_claim(changed, at, solve(changed, at, ENGINE, warm=before))
    same_claim(fleet, prices, solve(fleet, prices, ENGINE, warm=before))


def feeders(cars=12, zones=6, slots=48, together=1_300.0):
    """Zones of cars and batteries under limits that bind, and an import limit of all together."""
    draw = stream(5, "warm", "feeders")
    zone = np.repeat(np.arange(zones), cars)
    count = len(zone)
    arrive = draw.integers(0, 12, count)
    leave = draw.integers(30, slots + 1, count)
    fleet_load = 400.0 * cars
    size = draw.uniform(5_000, 12_000, count)
    table = Storage(
        zone=zone,
        initial_wh=0.5 * size,
        charge_w=4_000.0,
        discharge_w=4_000.0,
        hi_wh=size,
        terminal_wh=0.4 * size,
        efficiency_in=0.95,
        efficiency_out=0.95,
        wear=10_000.0,
    )
    energy = draw.uniform(4_000, 14_000, count)
    night = np.where(np.arange(slots) < 20, 1.0, 1.4)
    parent = np.append(np.full(zones, zones), -1)
    limit = np.vstack(
        [np.tile(1_500.0 * cars * night, (zones, 1)), together * zones * cars * night]
    )
    load = np.zeros((zones + 1, slots))
    load[:zones] = 0.1 * fleet_load
    price = 150_000 + 60_000 * np.cos(np.arange(slots) / 7) + 5_000 * draw.standard_normal(slots)
    fleet = Fleet(
        slots=slots,
        step_s=900,
        zones=Zones(parent, limit, load_wh=load),
        one_way=OneWay(zone, arrive, leave, energy, np.full(count, 7_400.0)),
        storage=table,
    )
    return fleet, Prices(price)


CENT = Options(gap=1e-3, method="engine")


def asked(fleet, prices, before, passed=0):
    """How many single assets were asked for a plan in a solve, and its answer."""
    counted = [0]
    from gridpact.scheduling.fleet import answers

    usual = answers._best

    def counting(oracle, at):
        counted[0] += int(oracle.first[-1])
        return usual(oracle, at)

    answers._best = counting
    try:
        found = solve(fleet, prices, CENT, before, passed)
    finally:
        answers._best = usual
    return counted[0], found


def test_a_need_or_a_limit_of_one_zone_asks_that_zone_alone():
    fleet, prices = feeders(together=np.inf)
    cold, before = asked(fleet, prices, None)
    for change in (needier, tighter):
        changed, at = change(fleet, prices, None)
        count, warm = asked(changed, at, before)
        assert warm.gap <= CENT.gap
        assert count < cold / 5
        same_claim(changed, at, warm, CENT)


def test_the_same_fleet_again_asks_few_and_proves_the_same():
    """Nobody, as a rule; but the mix of kept plans may be another corner on another processor."""
    fleet, prices = feeders()
    cold, before = asked(fleet, prices, None)
    count, again = asked(fleet, prices, before)
    assert count < cold / 5
    assert again.gap <= CENT.gap
    same_claim(fleet, prices, again, CENT)


def test_limits_that_bind_give_way_to_what_a_market_revises():
    fleet, prices = feeders(together=np.inf)
    before = solve(fleet, prices, CENT)
    buy = np.array(prices.buy)
    assert (before.prices.imports[:-1, 12:16] > 0).mean() > 0.5
    buy[12:16] *= 1.1
    cold, nothing = asked(fleet, Prices(buy), None)
    count, warm = asked(fleet, Prices(buy), before)
    assert warm.gap <= CENT.gap
    assert count < cold / 2
    assert len(warm.rounds) < len(nothing.rounds) / 2
    same_claim(fleet, Prices(buy), warm, CENT)


def test_where_limits_of_all_zones_fell_far_the_solve_begins_from_nothing():
    fleet, prices = feeders(zones=2, together=np.inf)
    before = solve(fleet, prices, CENT)
    limit = np.array(fleet.zones.import_limit_w)
    limit[:, 30:34] *= 0.7
    lower = msgspec.structs.replace(
        fleet, zones=msgspec.structs.replace(fleet.zones, import_limit_w=limit)
    )
    cold, nothing = asked(lower, prices, None)
    count, warm = asked(lower, prices, before)
    assert (count, warm.rounds) == (cold, nothing.rounds)


def test_one_slot_later_the_plan_goes_on():
    fleet, prices = feeders(together=np.inf)
    cold, before = asked(fleet, prices, None)
    plan = before.schedules()
    cars, stores, zones = fleet.one_way, fleet.storage, fleet.zones
    due = np.maximum(cars.energy_wh - plan.one_way_wh[:, 0], 0.0)
    later = msgspec.structs.replace(
        fleet,
        one_way=msgspec.structs.replace(
            cars, arrive=np.maximum(cars.arrive - 1, 0), leave=cars.leave - 1, energy_wh=due
        ),
        storage=msgspec.structs.replace(stores, initial_wh=plan.state_wh[:, 0]),
        zones=msgspec.structs.replace(
            zones, import_limit_w=np.roll(zones.import_limit_w, -1, axis=1)
        ),
    )
    at = Prices(np.roll(prices.buy, -1))
    count, warm = asked(later, at, before, passed=1)
    assert warm.gap <= CENT.gap
    assert count < 0.7 * cold
    same_claim(later, at, warm, CENT)
    shorter = msgspec.structs.replace(
        later,
        slots=fleet.slots - 1,
        zones=Zones(zones.parent, later.zones.import_limit_w[:, :-1], load_wh=zones.load_wh[:, 1:]),
    )
    same_claim(
        shorter,
        Prices(prices.buy[1:]),
        solve(shorter, Prices(prices.buy[1:]), CENT, before, 1),
        CENT,
    )


def test_slots_do_not_pass_backwards():
    fleet, prices = feeders(cars=2, zones=2)
    with pytest.raises(BadInput, match="passed"):
        solve(fleet, prices, CENT, passed=-1)


def test_groups_are_found_again_whatever_row_they_are_in_and_changed_ones_are_not_the_same():
    fleet, prices = feeders()

    def grouped(fleet):
        tariff = np.zeros(len(fleet.zones.parent), np.int64)
        return make_groups(fleet, Cut(meters_of(fleet, prices), tariff, 4, 1e-3))

    groups = grouped(fleet)
    order = stream(2, "warm", "order").permutation(len(fleet.one_way.zone))
    turned = msgspec.structs.replace(fleet, one_way=rows_of(fleet.one_way, order))
    found = match(grouped(turned), groups)
    assert found.same.all()
    assert np.array_equal(found.group, np.arange(len(groups.cell)))
    energy = fleet.one_way.energy_wh.copy()
    energy[0] += 1.0
    cars = msgspec.structs.replace(fleet.one_way, energy_wh=energy)
    found = match(grouped(msgspec.structs.replace(fleet, one_way=cars)), groups)
    assert np.array_equal(groups.cell[~found.same], [0])
    without = msgspec.structs.replace(
        fleet, storage=rows_of(fleet.storage, np.flatnonzero(fleet.storage.zone != 1))
    )
    found = match(grouped(without), groups)
    assert np.all(found.group >= 0)
    assert len(found.group) == len(groups.cell) - 4
    assert np.array_equal(groups.cell[found.group], grouped(without).cell)
