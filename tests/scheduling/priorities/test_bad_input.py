"""Bad input to levels and to sharing is named, all of it, before anything is solved."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.priorities.fairly import solve_fairly
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs, StorageNeed
from gridpact.scheduling.priorities.owners import Owners
from gridpact.scheduling.priorities.sharing import blank
from gridpact.scheduling.priorities.solve import solve_by_levels

ROWS = np.arange(2)
FLEET = Fleet(
    slots=4,
    step_s=900,
    zones=Zones(np.array([-1])),
    one_way=OneWay(0 * ROWS, 0 * ROWS, ROWS + 3, 500.0, 3_000.0),
    storage=Storage(0 * ROWS, 500.0, 1_000.0, 1_000.0, 900.0),
)
PRICES = Prices(np.full(4, 1e5))
OWNERS, MEMORY = Owners(ROWS, ROWS), blank(ROWS, np.ones(2))


@pytest.mark.parametrize(
    ("changed", "places"),
    [
        ({"owners": Owners(ROWS, ROWS + 1)}, {"owners.of_storage[1]"}),
        ({"owners": Owners(np.arange(3), ROWS)}, {"owners.of_car"}),
        ({"memory": blank(ROWS, np.array([1.0, 0.0]))}, {"memory[1].weight"}),
        ({"memory": blank(ROWS, np.array([1.0, np.nan]))}, {"memory[1].weight"}),
        ({"memory": blank(0 * ROWS, np.ones(2))}, {"memory.member"}),
        ({"level": Level.GRID}, {"level"}),
        (
            {"owners": Owners(ROWS - 1, ROWS), "memory": blank(ROWS, -np.ones(2))},
            {"owners.of_car[0]", "memory[0].weight", "memory[1].weight"},
        ),
    ],
)
def test_owners_weights_and_levels_are_named(changed, places):
    given = {"owners": OWNERS, "memory": MEMORY, "level": Level.NEEDS, **changed}
    with pytest.raises(BadInput) as caught:
        solve_fairly(FLEET, PRICES, Needs(), tuple(given.values()))
    assert {fault.where for fault in caught.value.faults} == places


@pytest.mark.parametrize(
    ("needs", "places"),
    [
        (Needs(wish_wh=np.array([600.0, 0.0])), {"needs[0].wish_wh"}),
        (Needs(wish_wh=np.array([0.0, -1.0])), {"needs[1].wish_wh"}),
        (
            Needs(storage=(StorageNeed(np.array([5]), np.full((1, 4), 100.0)),)),
            {"needs.storage[0].rows[0]"},
        ),
        (Needs(storage=(StorageNeed(ROWS, np.full((2, 3), 100.0)),)), {"needs.storage[0].lo_wh"}),
        (
            Needs(storage=(StorageNeed(ROWS, np.full((2, 4), np.nan), Level.GRID),)),
            {"needs.storage[0]", "needs.storage[0].lo_wh"},
        ),
    ],
)
def test_needs_are_named(needs, places):
    with pytest.raises(BadInput) as caught:
        solve_by_levels(FLEET, PRICES, needs)
    assert {fault.where for fault in caught.value.faults} == places


def test_what_is_wrong_with_the_fleet_is_named_too():
    backwards = msgspec.structs.replace(FLEET.one_way, leave=0 * ROWS)
    fleet = msgspec.structs.replace(FLEET, one_way=backwards)
    with pytest.raises(BadInput) as caught:
        solve_by_levels(fleet, Prices(np.array([1.0, np.nan, 1.0, np.inf])))
    assert {fault.where for fault in caught.value.faults} == {
        "one_way[0].leave",
        "one_way[1].leave",
        "prices.buy[1]",
        "prices.buy[3]",
    }
