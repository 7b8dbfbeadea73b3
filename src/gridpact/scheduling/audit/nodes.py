"""What schedules feed into the nodes of a grid, for a power flow before and after coordination."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, UNBOUNDED, Fleet
from gridpact.scheduling.fleet.solution import Schedules

Placement = Mapping[str, Ints]
"""By table: the node of every asset [assets], -1 where it is on another grid."""


def without_shared_limits(fleet: Fleet) -> Fleet:
    """The same assets, each for itself: no limits of zones and no portfolio."""
    zones = msgspec.structs.replace(fleet.zones, import_limit_w=UNBOUNDED, export_limit_w=UNBOUNDED)
    return msgspec.structs.replace(fleet, zones=zones, portfolio=None)


def spread_out(fleet: Fleet, zone: int, nodes: Ints) -> dict[str, Ints]:
    """Place a zone's own assets on nodes in turn, table by table; assets elsewhere get -1."""
    placement, turn = {}, 0
    for name in TABLES:
        table = getattr(fleet, name)
        if table is None:
            continue
        own = np.flatnonzero(np.asarray(table.zone) == zone)
        placement[name] = np.full(len(table.zone), -1)
        placement[name][own] = nodes[(turn + np.arange(len(own))) % len(nodes)]
        turn += len(own)
    return placement


def fed_in(fleet: Fleet, schedules: Schedules, placement: Placement, nodes: int) -> Ints:
    """Mean power that scheduled assets feed into each node, negative where drawn [nodes, slots] W.

    Fixed load is not among it. Rounded half to even.
    """
    power = np.zeros((nodes, fleet.slots))
    for at, (name, energy) in enumerate(_net_energy(schedules).items()):
        node = placement[name][schedules.rows[at]] if name in placement else np.zeros(0, np.int64)
        placed = np.flatnonzero(node >= 0)
        np.add.at(power, node[placed], -energy[placed] / fleet.hours)
    return np.rint(power).astype(np.int64)


def _net_energy(schedules: Schedules) -> dict[str, Floats]:
    """Net energy by table [assets, slots] Wh, in the order of the tables."""
    return {
        "one_way": schedules.one_way_wh,
        "storage": schedules.charge_wh - schedules.discharge_wh,
        "curtailable": -schedules.output_wh,
        "runs": schedules.runs_wh,
        "generators": -schedules.generators_wh,
    }
