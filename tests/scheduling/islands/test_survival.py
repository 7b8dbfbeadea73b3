"""Survival time, against every length tried by hand, and followed slot by slot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.scheduling.islands.shedding import LoadBlock
from gridpact.scheduling.islands.survival import survival, survival_by_path, survived_with
from gridpact.scheduling.scenarios.paths import Path

BATTERY = (2_000, 1_500, 4_000)


def longest(tools, load, solar, first, generator, tank):
    """Try every length from the longest down; the grid is there before and after."""
    slots = np.arange(len(load))
    for lasts in range(len(load) - first, 0, -1):
        end = first + lasts
        most = np.where((slots < first) | (slots >= end), 1e6, 0.0)
        grid = (np.full(len(load), 100_000.0), most)
        wanted = np.where(slots < end, load, 0.0)
        cost = tools.by_hand(wanted, solar, BATTERY, generator, tank=tank, grid=grid)
        if np.isfinite(cost):
            return lasts
    return 0


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(200, 1_800), min_size=6, max_size=6),
    st.lists(st.integers(0, 1_500), min_size=6, max_size=6),
    st.integers(0, 2),
    st.sampled_from([None, (600, 1_000)]),
    st.integers(800, 3_000),
)
def test_it_equals_the_longest_of_all_lengths_tried(tools, load, solar, first, generator, tank):
    tank = tank if generator else np.inf
    fleet = tools.microgrid(load, solar, battery=BATTERY, generator=generator, tank=tank)
    island = tools.Island(fleet=fleet, prices=tools.flat(6), zone=0)
    found = survival(island, first)
    assert found.slots == longest(tools, load, solar, first, generator, tank)
    assert found.whole == (found.slots == 6 - first)
    assert tools.served(found, first, load) == found.slots


def test_a_battery_alone_lasts_as_long_as_its_energy(tools):
    fleet = tools.microgrid([500] * 12, [0] * 12, battery=(2_600, 1_500, 4_000))
    island = tools.Island(fleet=fleet, prices=tools.flat(12), zone=0)
    assert survival(island, 0).slots == 5
    # with hours of warning the grid fills it first: 4 kWh last 8 slots
    assert survival(island, 3).slots == 8


def test_what_is_not_critical_is_shed(tools):
    fleet = tools.microgrid([0] * 8, [0] * 8, battery=(2_000, 1_500, 2_000))
    vital = LoadBlock(name="clinic", zone=0, energy_wh=np.full(8, 400), value=9e6, critical=True)
    other = LoadBlock(name="street", zone=0, energy_wh=np.full(8, 900), value=1e6)
    island = tools.Island(fleet=fleet, prices=tools.flat(8), zone=0, blocks=(vital, other))
    found = survival(island, 0)
    assert found.slots == 5
    assert tools.served(found, 0, [400] * 8) == 5


def test_confidence_is_the_weight_of_paths_that_live_as_long(tools):
    fleet = tools.microgrid([500] * 8, [0] * 8, battery=(2_000, 1_500, 4_000))
    island = tools.Island(fleet=fleet, prices=tools.flat(8), zone=0)
    sun = [np.full((1, 8), value) for value in (0.0, 125.0, 250.0)]
    paths = [Path(prices=tools.flat(8), forecast_wh=one) for one in sun]
    slots = survival_by_path(island, paths, 0)
    np.testing.assert_array_equal(slots, [4, 5, 8])
    weight = np.array([0.1, 0.3, 0.6])
    for confidence, lasts in ((1.0, 4), (0.95, 4), (0.9, 5), (0.6, 8), (0.5, 8)):
        assert survived_with(slots, weight, confidence) == lasts
    with pytest.raises(ValueError, match="confidence"):
        survived_with(slots, weight, 0.0)


def test_bad_blocks_and_slots_are_named(tools):
    fleet = tools.microgrid([500] * 4, [0] * 4)
    block = LoadBlock(name="odd", zone=3, energy_wh=np.full(3, 1), value=0.0)
    island = tools.Island(fleet=fleet, prices=tools.flat(4), zone=0, blocks=(block,))
    with pytest.raises(BadInput) as refused:
        survival(island, 0)
    assert {fault.where for fault in refused.value.faults} == {"odd", "odd.zone", "odd.energy_wh"}
    with pytest.raises(ValueError, match="slot 4"):
        survival(tools.Island(fleet=fleet, prices=tools.flat(4), zone=0), 4)
