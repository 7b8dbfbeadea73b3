"""A made-up grid with everything a converter meets, and its profiles."""

import numpy as np
import polars as pl
import pytest

from gridpact.connectors.simbench.clock import start_of_year
from gridpact.connectors.simbench.grid import (
    Grid,
    Line,
    Load,
    Plant,
    Profiles,
    Store,
    Transformer,
)
from gridpact.metering.messages import BoundaryRead, DayMetered
from gridpact.scheduling.messages import TelemetryReceived
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import owned
from gridpact.simulation.scenarios.model import Pv


@pytest.fixture(scope="session")
def made_up_grid():
    """Busbar 1; a feeder 1-2-3 with a battery, a feeder 1-4; two loads share bus 3."""
    return Grid(
        code="1-LV-rural1--0-sw",
        latitude=51.0,
        longitude=10.0,
        buses={1: "bus-1", 2: "bus-2", 3: "bus-3", 4: "bus-4"},
        ties=(),
        lines=(
            Line("line-1", (2, 1), 187_061),
            Line("line-2", (2, 3), 187_061),
            Line("line-3", (1, 4), 100_000),
        ),
        transformers=(Transformer(1, 160_000),),
        loads=(Load("load-1", 1), Load("load-2", 3), Load("load-3", 3)),
        plants=(Plant("sgen-1", 3, 9_500), Plant("sgen-2", 4, 30_000)),
        stores=(Store("storage-1", 2, 13_700, 6_800, 950_000, 54),),
    )


@pytest.fixture(scope="session")
def made_up_profiles(made_up_grid):
    draw = np.random.default_rng(3)
    slots = 366 * 96
    sun = np.maximum(0, np.sin((np.arange(slots) % 96 - 24) / 48 * np.pi))
    loads = draw.gamma(0.8, 700, (len(made_up_grid.loads), slots))
    peaks = np.array([plant.peak_w for plant in made_up_grid.plants], np.float64)
    return Profiles(start_of_year(), loads, 0.6 * peaks[:, None] * sun)


@pytest.fixture(scope="session")
def balances(run_in_memory):
    """Run a converted grid's day; meters, devices, profiles and zones add up in every slot."""

    def check(path):
        ran = run_in_memory(path)
        scenario, record = load(path), ran.record
        ran.journal.close()
        ran.ledger.close()
        community, (day,) = record.opening().community, record.all(DayMetered)
        assert not day.estimated.any()
        frame = pl.read_parquet(path.parent / "profiles.parquet")
        net = day.withdrawal_wh - day.injection_wh
        told = {message.slot: message for message in record.all(TelemetryReceived)}
        told = [told[start] for start in day.slots.starts().tolist()]
        made = np.stack([message.pv_wh for message in told], axis=1)
        could = window(frame, [plant.data.column for _, plant in owned(scenario, Pv)], day.slots)
        assert np.all(made <= could)
        due = _loads(scenario, frame, day.slots)
        np.subtract.at(due, community.pv.member, made)
        stored = [message.charge_wh - message.discharge_wh for message in told]
        np.add.at(due, community.storage.member, np.stack(stored, axis=1))
        assert np.array_equal(net, due)
        _check_zones(community, record, day.slots, net)
        return made, could

    return check


def window(frame, columns, slots):
    """Columns of the profiles [columns, slots]."""
    stamps = frame["slot_start_utc"].dt.epoch("s").to_numpy()
    first, end = np.searchsorted(stamps, [slots.start, slots.end])
    return np.array([frame[name].to_numpy()[first:end] for name in columns]).reshape(
        -1, slots.count
    )


def _loads(scenario, frame, slots):
    due = np.zeros((len(scenario.members), slots.count), np.int64)
    for row, member in enumerate(scenario.members):
        if member.load.data is not None:
            due[row] = window(frame, [member.load.data.column], slots)[0]
    return due


def _check_zones(community, record, slots, net):
    """What flows through each zone's meter is what its members and those below it take."""
    read = {message.slot: message for message in record.all(BoundaryRead)}
    read = [read[start] for start in slots.starts().tolist()]
    flow = np.stack([message.import_wh - message.export_wh for message in read], axis=1)
    due = np.zeros_like(flow)
    np.add.at(due, community.members.zone, net)
    below = community.zones.parent
    top = int(np.flatnonzero(below < 0)[0])
    assert np.array_equal(below[np.arange(len(below)) != top], np.full(len(below) - 1, top))
    due[top] = net.sum(axis=0)
    assert np.array_equal(flow, due)
