"""Which oracle answers for which rows of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet import generator_oracle
from gridpact.scheduling.fleet.columns import Fleet, Generators, Storage, narrow, per_asset
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Oracle
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle, steady
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage
from gridpact.scheduling.fleet.storage import StorageOracle, stepwise


class Kind(msgspec.Struct, frozen=True):
    """Rows of a table that one oracle answers for, and what builds it.

    ``separable``: the oracle's plans are whole, but a mix of them becomes a plan when charging and
    discharging in one slot is separated.
    """

    table: str
    rows: Ints
    build: Callable[..., Oracle]
    separable: bool = False


def kinds_of(fleet: Fleet, lowest: Floats) -> Iterator[Kind]:
    """Each oracle a fleet needs; ``lowest`` [zones] is the lowest price of energy [¤/kWh]."""
    if fleet.one_way is not None:
        yield Kind("one_way", np.arange(len(fleet.one_way.zone)), OneWayOracle.build)
    if fleet.storage is not None:
        yield from _storage(fleet.storage, fleet.slots, lowest)
    if fleet.curtailable is not None:
        rows = np.arange(len(fleet.curtailable.zone))
        yield Kind("curtailable", rows, CurtailableOracle.build)
    if fleet.runs is not None:
        yield Kind("runs", np.arange(len(fleet.runs.zone)), RunOracle.build)
    if fleet.generators is not None:
        yield from _generators(fleet.generators)


def _storage(table: Storage, slots: int, lowest: Floats) -> Iterator[Kind]:
    stepped, calm = stepwise(table), steady(table, slots)
    burning = ~stepped & burns(table, slots, lowest)
    plain = ~stepped & ~burning
    yield Kind("storage", np.flatnonzero(plain & calm), SteadyStorageOracle.build)
    yield Kind("storage", np.flatnonzero(plain & ~calm), StorageOracle.build)
    yield Kind("storage", np.flatnonzero(burning), SteppedStorage.build, separable=True)
    yield Kind("storage", np.flatnonzero(stepped), SteppedStorage.build)


def burns(table: Storage, slots: int, lowest: Floats) -> Bools:
    """Mark storage [assets] for which charging and discharging at once would pay at some price.

    That is so where ``price / efficiency_in < (price − wear) · efficiency_out``: at prices below
    zero by more than the wear makes up for.
    """
    count, price = len(table.zone), lowest[np.asarray(table.zone)]
    inward = narrow(table.efficiency_in, count, slots).min(axis=1)
    outward, wear = per_asset(table.efficiency_out, count), per_asset(table.wear, count) * 1e-6
    both = narrow(table.discharge_w, count, slots).any(axis=1)
    both &= narrow(table.charge_w, count, slots).any(axis=1)
    return np.asarray(both & (price / inward < (price - wear) * outward))


def _generators(table: Generators) -> Iterator[Kind]:
    plain = generator_oracle.plain(table)
    for rows in (np.flatnonzero(plain), np.flatnonzero(~plain)):
        yield Kind("generators", rows, generator_oracle.Commitment.build)
