"""Which oracle answers for which rows of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet import generator_oracle
from gridpact.scheduling.fleet.columns import Fleet, Generators, Storage, rows_of
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.metered_curtailable import MeteredCurtailableOracle
from gridpact.scheduling.fleet.metered_one_way import MeteredOneWayOracle
from gridpact.scheduling.fleet.metered_runs import MeteredRunOracle
from gridpact.scheduling.fleet.metered_storage import MeteredStorageOracle
from gridpact.scheduling.fleet.meters import Meters, burns, lowest_prices
from gridpact.scheduling.fleet.net_metering import Meter
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Layout, Oracle
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle, steady
from gridpact.scheduling.fleet.stepped_storage import SteppedStorage
from gridpact.scheduling.fleet.storage import StorageOracle, stepwise

METERED: dict[str, Callable[..., Oracle]] = {
    "one_way": MeteredOneWayOracle.build,
    "storage": MeteredStorageOracle.build,
    "curtailable": MeteredCurtailableOracle.build,
    "runs": MeteredRunOracle.build,
}
"""What builds the oracle of assets that are each the only one behind their meter."""


class Kind(msgspec.Struct, frozen=True):
    """Rows of a table that one oracle answers for, and what builds it.

    ``separable``: the oracle's plans are whole, but a mix of them becomes a plan when charging and
    discharging in one slot is separated. ``keys``: numbers [table's rows] beside the table's own
    that tell rows apart.
    """

    table: str
    rows: Ints
    build: Callable[..., Oracle]
    separable: bool = False
    keys: tuple[Floats, ...] = ()


def kinds_of(fleet: Fleet, meters: Meters) -> Iterator[Kind]:
    """Each oracle a fleet needs, without that of homes."""
    if fleet.one_way is not None:
        yield Kind("one_way", _free(fleet, meters, "one_way"), OneWayOracle.build)
    if fleet.storage is not None:
        yield from _storage(fleet.storage, _free(fleet, meters, "storage"), fleet.slots, meters)
    if fleet.curtailable is not None:
        yield Kind("curtailable", _free(fleet, meters, "curtailable"), CurtailableOracle.build)
    if fleet.runs is not None:
        yield Kind("runs", _free(fleet, meters, "runs"), RunOracle.build)
    if fleet.generators is not None:
        yield from _generators(fleet.generators, _free(fleet, meters, "generators"))
    for name in METERED:
        table = getattr(fleet, name)
        if table is not None:
            yield from _metered(fleet, meters, name)


def _free(fleet: Fleet, meters: Meters, name: str) -> Ints:
    """Rows of a table that are asked without looking at a meter."""
    return np.flatnonzero(meters.free(name, np.asarray(getattr(fleet, name).zone)))


def _storage(table: Storage, rows: Ints, slots: int, meters: Meters) -> Iterator[Kind]:
    stepped, calm = stepwise(table)[rows], steady(table, slots)[rows]
    burning = ~stepped & burns(table, slots, lowest_prices(meters.tariff))[rows]
    plain = ~stepped & ~burning
    yield Kind("storage", rows[plain & calm], SteadyStorageOracle.build)
    yield Kind("storage", rows[plain & ~calm], StorageOracle.build)
    yield Kind("storage", rows[burning], SteppedStorage.build, separable=True)
    yield Kind("storage", rows[stepped], SteppedStorage.build)


def _generators(table: Generators, rows: Ints) -> Iterator[Kind]:
    plain = generator_oracle.plain(table)[rows]
    yield Kind("generators", rows[plain], generator_oracle.Commitment.build)
    yield Kind("generators", rows[~plain], generator_oracle.Commitment.build)


def _metered(fleet: Fleet, meters: Meters, name: str) -> Iterator[Kind]:
    """Assets of a table that answer for their meter."""
    zone = np.asarray(getattr(fleet, name).zone)
    rows = np.flatnonzero(meters.single[zone])
    if rows.size:
        load = np.zeros(len(zone))
        load[rows] = meters.load[zone[rows]] @ np.linspace(1.0, 2.0, fleet.slots)
        yield Kind(name, rows, partial(_behind, METERED[name], meters), keys=(load,))


def _behind(
    build: Callable[..., Oracle],
    meters: Meters,
    table: msgspec.Struct,
    layout: Layout,
    slots: int,
    hours: float,
) -> Oracle:
    """Build an oracle of assets behind meters from these rows alone."""
    own = rows_of(table, layout.rows)
    zone = np.asarray(getattr(own, "zone"))  # noqa: B009 - every table has it
    in_order = Layout(np.arange(len(zone)), layout.first)
    meter = Meter(meters.load[zone], meters.tariff.spread[zone])
    return build(own, in_order, slots, hours, meter=meter)
