"""Bounds of storage that can be kept: those given, or where they cannot be, as little wider."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.optimiser import Optimiser
from gridpact.scheduling.problem import StorageColumns
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.storage_model import HARD, add_storage


def widened(case: Case, rows: Ints) -> tuple[Floats, Floats]:
    """Return bounds [rows, slots] Wh that every asset can keep.

    Where none can keep its own, they are widened by what one plan misses that misses least in all.
    Which slots these are is thereby settled before costs are looked at.
    """
    table, least = case.problem.storage, case.least_shortfall
    lo, hi = table.lo_wh[rows].astype(float), table.hi_wh[rows].astype(float)
    soft = np.flatnonzero(least[rows] != HARD)
    if soft.size:
        states = _nearest_states(table, rows[soft], least)
        lo[soft], hi[soft] = np.minimum(lo[soft], states), np.maximum(hi[soft], states)
    return lo, hi


def _nearest_states(table: StorageColumns, rows: Ints, least: Floats) -> Floats:
    """States [rows, slots] Wh of plans that miss their bounds by the least possible."""
    programme = Programme()
    block = add_storage(programme, table, rows, least[rows])
    values = Optimiser().minimise(programme.arrays()).values
    change = table.efficiency_in[rows, None] * values[block.charge] - table.draw_wh[rows]
    change -= values[block.discharge] / table.efficiency_out[rows, None]
    states, state = np.zeros(change.shape), table.initial_wh[rows].astype(float)
    for slot in range(change.shape[1]):
        state = table.kept[rows] * state + change[:, slot]
        states[:, slot] = state
    return states
