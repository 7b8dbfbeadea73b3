"""Commitment and shedding, against programmes written by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.operation import operate
from gridpact.scheduling.islands.shedding import LoadBlock

BATTERY, GENERATOR = (2_000, 1_500, 4_000), (600, 1_000)
EXACT = Options(method="reference", gap=1e-7)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.integers(0, 900), min_size=6, max_size=6),
    st.lists(st.integers(0, 1_500), min_size=6, max_size=6),
    st.lists(st.integers(100, 1_500), min_size=6, max_size=6),
    st.booleans(),
)
def test_it_costs_what_a_programme_written_by_hand_costs(tools, load, solar, extra, whole):
    fleet = tools.microgrid(load, solar, battery=BATTERY, generator=GENERATOR)
    divisible, energy = np.asarray(load) + 300, np.asarray(extra)
    blocks = (
        LoadBlock(name="homes", zone=0, energy_wh=divisible, value=2_000_000.0),
        LoadBlock(name="works", zone=0, energy_wh=energy, value=900_000.0, whole=whole),
    )
    island = tools.Island(fleet=fleet, prices=tools.flat(6), zone=0, blocks=blocks)
    done = operate(island, 2, 6, EXACT)
    found, shed = done.solution, done.shed_wh
    grid = (np.full(6, 100_000.0), np.where(np.arange(6) < 2, 1e6, 0.0))
    sheds = [(divisible, 2_000_000.0, False), (energy, 900_000.0, whole)]
    wanted = np.asarray(load) + divisible + energy
    best = tools.by_hand(wanted, solar, BATTERY, GENERATOR, grid=grid, sheds=sheds)
    if np.isinf(best):
        assert found.missed
        return
    assert found.missed == ()
    assert found.upper_nano == pytest.approx(best, rel=1e-6, abs=1e3)
    assert np.all(shed <= np.stack([divisible, energy]) + 1e-6)
    if whole:
        assert np.all(np.isclose(shed[1], 0, atol=1e-6) | np.isclose(shed[1], energy, atol=1e-6))


def test_what_is_worth_least_is_shed_first(tools):
    fleet = tools.microgrid([0] * 4, [1_000] * 4, battery=(0, 1, 1))
    values = {"lights": 3_000_000.0, "pumps": 1_000_000.0, "pool": 200_000.0}
    blocks = [
        LoadBlock(name=name, zone=0, energy_wh=np.full(4, 600), value=value)
        for name, value in values.items()
    ]
    island = tools.Island(fleet=fleet, prices=tools.flat(4), zone=0, blocks=tuple(blocks))
    shed = operate(island, 0, 4, EXACT).shed_wh
    np.testing.assert_allclose(shed, [[0] * 4, [200] * 4, [600] * 4], atol=2)


def test_a_disconnection_lasts_its_least_time(tools):
    """One slot lacks 400 Wh; the block is off for three at least."""
    solar = [1_000, 1_000, 600, 1_000, 1_000, 1_000]
    fleet = tools.microgrid([0] * 6, solar, battery=(0, 1, 1))
    block = LoadBlock(
        name="works",
        zone=0,
        energy_wh=np.full(6, 1_000),
        value=900_000.0,
        whole=True,
        least_slots=3,
        switching=10_000.0,
    )
    island = tools.Island(fleet=fleet, prices=tools.flat(6), zone=0, blocks=(block,))
    found = operate(island, 0, 6, EXACT)
    shed = found.shed_wh[0]
    assert (shed > 1).sum() == 3
    assert shed[2] == pytest.approx(1_000)
    assert found.solution.upper_nano == pytest.approx(3 * 1_000 * 900_000 + 10_000_000, rel=1e-6)


def test_a_zone_that_is_none_cannot_be_cut_off(tools):
    with pytest.raises(ValueError, match="no zone 2"):
        isolated(tools.microgrid([1], [1]), 2, 0, 1)


def test_what_cannot_be_kept_is_missed_by_as_little_as_possible(tools):
    """Fixed load of 500 Wh a slot, 300 of it made: shedding the block is not enough."""
    fleet = tools.microgrid([500] * 4, [300] * 4, battery=(0, 1, 1))
    block = LoadBlock(name="pool", zone=0, energy_wh=np.full(4, 100), value=200_000.0)
    island = tools.Island(fleet=fleet, prices=tools.flat(4), zone=0, blocks=(block,))
    found = operate(island, 0, 4)
    np.testing.assert_allclose(found.shed_wh, [[100] * 4], atol=1e-3)
    missing = sum(one.missing_wh for one in found.solution.missed)
    assert missing == pytest.approx(4 * 200, abs=3)
