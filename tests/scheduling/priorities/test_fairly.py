"""Sharing in a solve: the same total, spread over owners, and remembered."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.priorities.fairly import solve_fairly
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.owners import Owners
from gridpact.scheduling.priorities.sharing import blank
from gridpact.scheduling.priorities.solve import solve_by_levels
from gridpact.scheduling.reference.solve import solve as reference

FINE = Options(gap=1e-6)
NOBODY = np.zeros(0, np.int64)


def whole(fleet, prices, options):
    return reference(fleet, prices, options.penalty)


def street(order=(0, 1, 2, 3)):
    """Four cars behind one feeder, which lets half of what they need through."""
    order = np.array(order)
    cars = OneWay(
        zone=np.zeros(4, np.int64),
        arrive=np.array([0, 0, 1, 2])[order],
        leave=np.array([8, 8, 8, 7])[order],
        energy_wh=np.array([4_000.0, 4_000.0, 6_000.0, 2_000.0])[order],
        power_w=11_000.0,
    )
    zones = Zones(np.array([-1]), import_limit_w=4_000.0, load_wh=np.zeros((1, 8)))
    return Fleet(slots=8, step_s=900, zones=zones, one_way=cars), Prices(np.linspace(1e5, 3e5, 8))


@pytest.mark.parametrize("solver", [whole, None])
def test_everyone_gives_the_same_over_a_few_evenings(solver):
    fleet, prices = street()
    choice = {} if solver is None else {"solver": solver}
    plain = solve_by_levels(fleet, prices, options=FINE, **choice)
    memory, owners = blank(np.arange(4), np.ones(4)), Owners(np.arange(4), NOBODY)
    total, evenings = np.zeros(4), 3
    for _ in range(evenings):
        fairness = (owners, memory, Level.NEEDS)
        answer, memory = solve_fairly(fleet, prices, Needs(), fairness, FINE, **choice)
        least = plain.losses[Level.NEEDS].missing_wh
        assert answer.losses[Level.NEEDS].missing_wh == pytest.approx(least, abs=0.1)
        total += answer.missing_by_asset(Level.NEEDS)[0]
    assert plain.losses[Level.NEEDS].missing_wh == pytest.approx(8_000, abs=0.1)
    np.testing.assert_allclose(total, evenings * 2_000, atol=5)
    assert np.abs(memory.balance_wh).max() <= 5


def test_the_order_of_cars_makes_no_difference():
    order = np.array([2, 0, 3, 1])
    owners, member = Owners(np.arange(4), NOBODY), np.arange(4)
    given = []
    for chosen in (np.arange(4), order):
        fleet, prices = street(chosen)
        fairness = (owners, blank(member[chosen], 1.0 + chosen), Level.NEEDS)
        answer, memory = solve_fairly(fleet, prices, Needs(), fairness, FINE)
        given.append((answer.missing_by_asset(Level.NEEDS)[0], memory.balance_wh))
    np.testing.assert_allclose(given[1][0], given[0][0][order], atol=1)
    np.testing.assert_allclose(given[1][1], given[0][1][order], atol=1)


@pytest.mark.parametrize("seed", range(20))
def test_sharing_never_makes_a_level_up_to_it_miss_more(small, seed):
    fleet, prices, needs = small.case(seed)
    cars, stores = len(fleet.one_way.zone), len(fleet.storage.zone)
    memory = blank(np.arange(cars + stores), np.ones(cars + stores))
    owners = Owners(np.arange(cars), cars + np.arange(stores))
    losses, _ = small.in_turn(fleet, prices, needs)
    for level in (Level.NEEDS, Level.WISHES):
        fairness = (owners, memory, level)
        answer, after = solve_fairly(fleet, prices, needs, fairness, FINE, solver=whole)
        for loss, least in zip(answer.losses[: level + 1], losses, strict=False):
            assert loss.missing_wh == pytest.approx(least, abs=0.1)
        assert after.balance_milli_wh.dtype == np.int64
        assert answer.missing_by_asset(level)[0].sum() <= answer.losses[level].missing_wh + 0.1


def test_two_streets_do_not_pay_for_each_other():
    """Only who is behind the limit that binds gives."""
    fleet, prices = street()
    zones = Zones(np.array([-1, -1]), import_limit_w=np.array([1_500.0, 50_000.0]))
    cars = msgspec.structs.replace(fleet.one_way, zone=np.array([0, 0, 1, 1]))
    fleet = msgspec.structs.replace(fleet, zones=zones, one_way=cars)
    fairness = (Owners(np.arange(4), NOBODY), blank(np.arange(4), np.ones(4)), Level.NEEDS)
    answer, memory = solve_fairly(fleet, prices, Needs(), fairness, FINE)
    np.testing.assert_allclose(
        answer.missing_by_asset(Level.NEEDS)[0], [2_500, 2_500, 0, 0], atol=1
    )
    np.testing.assert_array_equal(memory.balance_milli_wh[2:], 0)
