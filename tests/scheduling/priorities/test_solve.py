"""Levels against a true sequence of programmes, one per level, by HiGHS."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.assets import GridConnection, V2gCar, build
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Runs, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs, StorageNeed, soften
from gridpact.scheduling.priorities.solve import solve_by_levels
from gridpact.scheduling.reference.solve import solve as reference

FINE = Options(gap=1e-7)


def whole(fleet, prices, options):
    return reference(fleet, prices, options.penalty)


def holds_to_the_sequence(small, seed, bands, solver=None, options=FINE, touch=0.5):
    fleet, prices, needs = small.case(seed, bands)
    losses, cost = small.in_turn(fleet, prices, needs)
    choice = {} if solver is None else {"solver": solver}
    answer = solve_by_levels(fleet, prices, needs, options, **choice)
    for loss, least in zip(answer.losses, losses, strict=True):
        assert loss.missing_wh == pytest.approx(least, abs=touch), loss.level
        assert loss.least_wh <= least + touch
    return answer, cost


@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_every_level_misses_what_a_sequence_of_programmes_does(small, seed, bands):
    answer, cost = holds_to_the_sequence(small, seed, bands, whole, touch=0.01)
    assert answer.cost_upper_nano == pytest.approx(cost, rel=1e-5, abs=1e4)
    for loss in answer.losses:
        assert loss.least_wh == pytest.approx(loss.missing_wh, abs=0.01)
    by_level = np.zeros(len(Level))
    for one in answer.shortfalls():
        by_level[one.level] += one.missing_wh
    np.testing.assert_allclose(by_level, [loss.missing_wh for loss in answer.losses], atol=0.05)


@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize("seed", range(206, 212))
def test_the_engine_does_the_same(small, seed, bands):
    answer, cost = holds_to_the_sequence(small, seed, bands, options=Options(gap=1e-6))
    assert answer.cost_upper_nano >= cost - 1e-3 * abs(cost) - 1e5


@pytest.mark.slow
@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize("seed", range(300, 420))
def test_the_engine_does_the_same_on_hundreds_more(small, seed, bands):
    holds_to_the_sequence(small, seed, bands, options=Options(gap=1e-6))


@pytest.mark.parametrize("seed", range(40))
def test_a_wider_limit_never_makes_a_higher_level_miss_more(small, seed):
    """What changes first, from the top, changes for the better."""
    fleet, prices, needs = small.case(seed, bands=seed % 2 == 1, tight=0.7)
    zone = seed % len(fleet.zones.parent)
    before = None
    for wider in (1.0, 1.4, 3.0):
        limits = fleet.zones.import_limit_w * np.where(
            np.arange(len(fleet.zones.parent)) == zone, wider, 1.0
        )
        zones = msgspec.structs.replace(fleet.zones, import_limit_w=limits)
        wide = msgspec.structs.replace(fleet, zones=zones)
        answer = solve_by_levels(wide, prices, needs, FINE, solver=whole)
        losses = np.array([loss.missing_wh for loss in answer.losses])
        if before is not None:
            changed = np.flatnonzero(np.abs(losses - before) > 0.05)
            assert not changed.size or losses[changed[0]] < before[changed[0]]
        before = losses


def test_schedules_keep_what_is_not_missing(small):
    """What is drawn and what is missing make up what was due; states follow from schedules."""
    fleet, prices, needs = small.case(7, bands=True)
    answer = solve_by_levels(fleet, prices, needs, Options(gap=1e-6))
    plan = answer.schedules()
    missing = sum(answer.missing_by_asset(level)[0] for level in (Level.NEEDS, Level.WISHES))
    np.testing.assert_allclose(
        plan.one_way_wh.sum(axis=1) + missing, fleet.one_way.energy_wh, atol=1e-6
    )
    own = np.array(fleet.zones.load_wh)
    np.add.at(own, fleet.one_way.zone, plan.one_way_wh)
    np.add.at(own, fleet.storage.zone, plan.charge_wh - plan.discharge_wh)
    np.add.at(own, fleet.curtailable.zone, -plan.output_wh)
    top = np.flatnonzero(fleet.zones.parent < 0)
    np.testing.assert_allclose(answer.net_wh[top].sum(axis=0), own.sum(axis=0), atol=1e-3)
    assert plan.state_wh.shape == (len(fleet.storage.zone), fleet.slots)
    assert np.all(plan.state_wh <= fleet.storage.hi_wh[:, None] + 1e-6)
    for need in needs.storage:
        assert np.all(plan.state_wh[need.rows] >= need.lo_wh - 1e-6)


def test_what_cannot_be_asked_for_is_named_together(small):
    fleet, prices, _ = small.case(4, bands=True)
    feeds = np.flatnonzero(fleet.storage.discharge_w > 0)[:1]
    assert feeds.size
    asked = np.full((1, fleet.slots), 1e9)
    wrong = Needs(
        wish_wh=1e9, storage=(StorageNeed(np.array([99]), asked),), run_level=0, row_level=3
    )
    with pytest.raises(BadInput) as refused:
        solve_by_levels(fleet, prices, wrong)
    named = "\n".join(map(str, refused.value.faults))
    assert "wish_wh" in named
    assert "needs.storage[0].rows" in named
    with pytest.raises(BadInput, match="fed back") as refused:
        solve_by_levels(fleet, prices, Needs(storage=(StorageNeed(feeds, asked),)))
    assert "more than it holds" in str(refused.value)


def test_a_run_goes_missing_whole():
    """Two programmes of 2 kW for two slots and one of 1 kW; the feeder lets 2.5 kW through."""
    runs = Runs(
        zone=np.zeros(3, np.int64),
        first=np.zeros(3, np.int64),
        end=np.array([3, 3, 3]),
        length=np.array([2, 2, 1]),
        power_w=np.array([[2_000.0, 2_000.0], [2_000.0, 2_000.0], [1_000.0, 0.0]]),
    )
    zones = Zones(np.array([-1]), import_limit_w=2_500.0, load_wh=np.zeros((1, 3)))
    fleet = Fleet(slots=3, step_s=3600, zones=zones, runs=runs)
    prices = Prices(np.array([100_000.0, 200_000.0, 300_000.0]))
    answer = solve_by_levels(fleet, prices, options=FINE, solver=whole)
    assert [loss.missing_wh for loss in answer.losses] == pytest.approx([0, 0, 4_000, 0], abs=1e-3)
    assert answer.losses[Level.NEEDS].least_wh == pytest.approx(4_000, abs=0.01)
    (one,) = answer.shortfalls()
    assert (one.level, one.kind, one.slot) == (Level.NEEDS, "runs", 2)
    assert answer.cost_upper_nano == pytest.approx(2_000 * 3e5 + 1_000 * 3e5, rel=1e-6)
    wished = Needs(run_level=np.array([Level.NEEDS, Level.WISHES, Level.NEEDS]))
    answer = solve_by_levels(fleet, prices, wished, FINE, solver=whole)
    assert [loss.missing_wh for loss in answer.losses] == pytest.approx([0, 0, 0, 4_000], abs=1e-3)
    assert [one.row for one in answer.shortfalls()] == [1]


def test_a_deadline_becomes_a_need():
    """A car that feeds back, due full: the feeder lets half of it through, and that is said."""
    car = V2gCar("street", 0, 4, 1_000, 9_000, 10_000, 8_000, efficiency=1.0)
    fleet = build(8, 1800, [GridConnection("street", import_w=2_000)], [car])
    softer, asked = soften(fleet, np.array([0]), 0.0)
    prices = Prices(np.full(8, 200_000.0))
    answer = solve_by_levels(softer, prices, Needs(storage=(asked,)), FINE)
    assert answer.losses[Level.NEEDS].missing_wh == pytest.approx(4_000, abs=0.1)
    assert answer.losses[Level.NEEDS].least_wh == pytest.approx(4_000, abs=0.1)
    np.testing.assert_allclose(answer.schedules().charge_wh[0], [1_000.0] * 4 + [0.0] * 4)
    with pytest.raises(ValueError, match="without storage"):
        soften(msgspec.structs.replace(fleet, storage=None), np.array([0]), 0.0)


def test_the_price_of_a_limit_says_which_level_it_presses_on():
    """Ten Wh more in each slot are ten Wh less missing, at the level's price, and dearer money."""
    cars = OneWay(np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([6, 4]), 5e3, 11e3)
    prices = Prices(np.linspace(1e5, 2e5, 6))
    answers = []
    for limit in (4_000.0, 4_040.0):
        zones = Zones(np.array([-1]), import_limit_w=limit, load_wh=np.zeros((1, 6)))
        fleet = Fleet(slots=6, step_s=900, zones=zones, one_way=cars)
        answers.append(solve_by_levels(fleet, prices, options=Options(gap=1e-6)))
    before, after = answers
    price = before.ladder.price[Level.NEEDS]
    worth = before.prices.imports[0]
    assert before.losses[Level.NEEDS].missing_wh == pytest.approx(4_000, abs=0.1)
    np.testing.assert_allclose(worth, price - prices.buy, rtol=1e-3)
    fewer = before.losses[Level.NEEDS].missing_wh - after.losses[Level.NEEDS].missing_wh
    dearer = after.cost_upper_nano - before.cost_upper_nano
    assert price * fewer - dearer == pytest.approx(10 * worth.sum(), rel=1e-3)
