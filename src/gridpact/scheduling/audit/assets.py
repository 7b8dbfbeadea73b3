"""Check the schedules of some zones' assets, table by table."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.generators import check_generators
from gridpact.scheduling.audit.report import Breaches
from gridpact.scheduling.audit.runs import check_runs
from gridpact.scheduling.audit.simple_assets import check_curtailable, check_one_way
from gridpact.scheduling.audit.storage import check_storage
from gridpact.scheduling.fleet.columns import TABLES, Fleet
from gridpact.scheduling.fleet.solution import Schedules


class Taken(msgspec.Struct, frozen=True):
    """What assets of one table take, [assets, slots] Wh net, and cost beside energy [nano-¤]."""

    name: str
    rows: Ints
    energy: Floats
    cost: Floats


def rows_in(fleet: Fleet, name: str, zones: Ints) -> Ints:
    """Rows of a table whose assets are in these zones."""
    table = getattr(fleet, name)
    if table is None:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.isin(np.asarray(table.zone), zones))


def check_assets(
    breaches: Breaches, fleet: Fleet, zones: Ints, schedules: Schedules
) -> tuple[Taken, ...]:
    """Check the schedules of all assets in these zones."""
    taken = []
    for at, name in enumerate(TABLES):
        rows = rows_in(fleet, name, zones)
        if not np.array_equal(rows, schedules.rows[at]):
            breaches.add("schedules of other assets than asked for", (name, -1, -1), 1.0, "tables")
            continue
        plans = _plans(schedules)[name]
        if any(one.shape != (len(rows), fleet.slots) for one in plans):
            breaches.add("schedules of another shape", (name, -1, -1), 1.0, "tables")
            continue
        if len(rows):
            own = Rows(name, getattr(fleet, name), rows, fleet.slots, fleet.hours)
            taken.append(_check(breaches, own, plans))
    return tuple(taken)


def _plans(schedules: Schedules) -> dict[str, tuple[Floats, ...]]:
    return {
        "one_way": (schedules.one_way_wh,),
        "storage": (schedules.charge_wh, schedules.discharge_wh, schedules.state_wh),
        "curtailable": (schedules.output_wh,),
        "runs": (schedules.runs_wh,),
        "generators": (schedules.generators_wh,),
    }


def _check(breaches: Breaches, own: Rows, plans: tuple[Floats, ...]) -> Taken:
    name = own.name
    if name == "storage":
        charge, discharge, state = plans
        cost = check_storage(breaches, own, (charge, discharge), state)
        return Taken(name, own.rows, charge - discharge, cost)
    check, sign = {
        "one_way": (check_one_way, 1.0),
        "curtailable": (check_curtailable, -1.0),
        "runs": (check_runs, 1.0),
        "generators": (check_generators, -1.0),
    }[name]
    return Taken(name, own.rows, sign * plans[0], check(breaches, own, plans[0]))
