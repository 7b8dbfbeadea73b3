"""Which oracles are asked several times a round."""

import numpy as np
import pytest

from gridpact.scheduling.fleet.groups import Block
from gridpact.scheduling.fleet.meters import meters_of
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Layout
from gridpact.scheduling.fleet.prepare import prepare
from gridpact.scheduling.fleet.quick import quick
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle
from gridpact.scheduling.fleet.storage import StorageOracle


def block(kind, assets):
    """Only the class of the oracle and how many assets it has count."""
    layout = Layout(np.arange(assets), np.array([0, assets]))
    empty = kind(layout.first, None)
    return Block("table", layout, empty, np.array([0]), divisible=True)


def places(chosen, blocks):
    """Positions of the blocks chosen."""
    return [at for at, one in enumerate(blocks) if any(one is other for other in chosen)]


def test_the_quickest_are_asked_as_long_as_they_take_a_small_part():
    cars, tanks = block(OneWayOracle, 1000), block(StorageOracle, 1000)
    few = (tanks, block(SteadyStorageOracle, 100), cars)  # 300 of 4,300 µs
    assert places(quick(few), few) == [1, 2]
    many = (tanks, block(SteadyStorageOracle, 5000), cars)  # 10,000 of 14,100 µs
    assert places(quick(many), many) == [2]


def test_none_is_quick_where_all_are_alike():
    assert quick(()) == ()
    assert quick((block(StorageOracle, 10),)) == ()
    assert quick((block(StorageOracle, 10), block(StorageOracle, 10))) == ()


@pytest.mark.parametrize("seed", range(4))
def test_blocks_stay_in_order_and_one_is_left_for_full_rounds(small, seed):
    fleet, prices = small.fleet(seed)
    blocks = prepare(fleet, meters_of(fleet, prices), 4, 1e-3).groups.blocks
    chosen = quick(blocks)
    found = places(chosen, blocks)
    assert [id(blocks[at]) for at in found] == [id(one) for one in chosen]
    assert len(found) < len(blocks)
