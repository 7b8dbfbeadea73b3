"""A whole fleet as one programme: its assets, its zones, its shared limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.solver import LinearProgramme
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw
from gridpact.scheduling.reference.generators import add_generators
from gridpact.scheduling.reference.limits import (
    Limit,
    Nets,
    add_costs,
    add_nets,
    add_portfolio,
    add_zone_limits,
)
from gridpact.scheduling.reference.runs import add_runs
from gridpact.scheduling.reference.simple_assets import add_curtailable, add_one_way
from gridpact.scheduling.reference.storage import Ways, add_storage, draws, stepped

Signals = Mapping[str, Floats]
"""By table: prices [assets, slots] that assets pay for their net energy on top, ¤/kWh."""


class Model(msgspec.Struct, frozen=True):
    """The programme [kWh, ¤] and where to find in it what a solution consists of.

    ``constant`` [¤] is the cost that no column changes.
    """

    fleet: Fleet
    arrays: LinearProgramme
    constant: float
    draws: tuple[Draw, ...]
    ways: Ways | None
    nets: Nets
    limits: tuple[Limit, ...]


class Laid(NamedTuple):
    """Where the parts of a fleet are in a programme; ``due`` are rows of cars, all they draw."""

    draws: tuple[Draw, ...]
    ways: Ways | None
    due: Ints
    nets: Nets
    limits: tuple[Limit, ...]


def no_modes(fleet: Fleet) -> Bools:
    """Where storage must be kept from working both ways whatever the prices [assets, slots]."""
    if fleet.storage is None:
        return np.zeros((0, fleet.slots), np.bool_)
    return stepped(fleet.storage, fleet.slots)


def build(
    fleet: Fleet, prices: Prices, penalty: float, modes: Bools, signals: Signals | None = None
) -> Model:
    """Write the programme of a fleet without faults.

    ``penalty`` [¤/kWh] is what missing a shared limit costs; infinite: none may be missed.
    ``modes`` [storage, slots] says where charge and discharge exclude each other by a binary
    column.
    """
    programme = Programme()
    laid = lay(programme, fleet, prices, penalty, modes)
    for draw in laid.draws:
        if signals is not None and draw.table in signals:
            paid = signals[draw.table][draw.asset, draw.slot] * draw.factor
            programme.charge(draw.column, paid)
    return Model(
        fleet=fleet,
        arrays=programme.arrays(),
        constant=programme.constant,
        draws=laid.draws,
        ways=laid.ways,
        nets=laid.nets,
        limits=laid.limits,
    )


def lay(programme: Programme, fleet: Fleet, prices: Prices, penalty: float, modes: Bools) -> Laid:
    """Lay a fleet into a programme, its assets first; see :func:`build`."""
    drawn, ways, due = _assets(programme, fleet, modes)
    nets = add_nets(programme, fleet, drawn)
    add_costs(programme, prices, nets.own)
    limits = (
        *add_zone_limits(programme, fleet, nets.net, penalty),
        *add_portfolio(programme, fleet, nets.own, drawn, penalty),
    )
    return Laid(drawn, ways, due, nets, limits)


def _assets(
    programme: Programme, fleet: Fleet, modes: Bools
) -> tuple[tuple[Draw, ...], Ways | None, Ints]:
    """Add every table's assets."""
    drawn: list[Draw] = []
    ways, due = None, np.zeros(0, np.int64)
    if fleet.one_way is not None:
        cars, due = add_one_way(programme, fleet, fleet.one_way)
        drawn.append(cars)
    if fleet.storage is not None:
        ways = add_storage(programme, fleet, fleet.storage, modes)
        drawn.extend(draws(ways))
    if fleet.curtailable is not None:
        drawn.append(add_curtailable(programme, fleet, fleet.curtailable))
    if fleet.runs is not None:
        drawn.extend(add_runs(programme, fleet, fleet.runs))
    if fleet.generators is not None:
        drawn.append(add_generators(programme, fleet, fleet.generators))
    return tuple(drawn), ways, due
