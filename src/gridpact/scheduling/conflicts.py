"""What had to give, read off a whole plan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.problem import Conflict, StorageColumns


def state_tolerance(storage: StorageColumns) -> Ints:
    """Wh [assets] by which whole numbers may miss a bound of the state that real numbers meet.

    One step of charge or discharge, rounded up, and one for the rounded state itself.
    """
    step = np.maximum(storage.efficiency_in, 1 / storage.efficiency_out)
    return np.ceil(step).astype(np.int64) + 1


def conflicts(case: Case, state: Ints, zone_net: Ints, run_start: Ints) -> tuple[Conflict, ...]:
    """List missed bounds of storage, limits of zones and runs without a start, in this order."""
    storage, zones, runs = case.problem.storage, case.problem.zones, case.problem.runs
    imports, exports = zones.borne()
    above = np.where(imports >= 0, zone_net - imports, 0)
    below = np.where(exports >= 0, -zone_net - exports, 0)
    unrun = [
        Conflict("run", int(row), int(case.first_start[row]), int(energy))
        for row, energy in enumerate(runs.energy_wh * runs.length)
        if run_start[row] < 0
    ]
    return (
        *off_bounds(storage, state),
        *_found("zone-import", above, np.maximum(above, 0).sum(axis=1)),
        *_found("zone-export", below, np.maximum(below, 0).sum(axis=1)),
        *unrun,
    )


def off_bounds(storage: StorageColumns, state: Ints) -> Iterator[Conflict]:
    """Yield storage whose state [assets, slots] Wh misses its bounds after any slot."""
    missed = np.maximum(np.maximum(storage.lo_wh - state, state - storage.hi_wh), 0)
    missed *= missed > state_tolerance(storage)[:, None]
    yield from _found("need", missed, missed.max(axis=1, initial=0))


def _found(kind: str, missing: Ints, amount: Ints) -> Iterator[Conflict]:
    present: Bools = missing > 0
    for row in np.flatnonzero(present.any(axis=1)):
        yield Conflict(kind, int(row), int(np.argmax(present[row])), int(amount[row]))
