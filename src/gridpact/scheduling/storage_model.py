"""Storage in a programme: charge, discharge and state of every slot, and the row that ties them.

It also tells which storage can meet its bounds at all, and by how little the others must miss
them. Storage shares no limit inside a home, so its bounds can be met exactly when they can alone.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.optimiser import Optimiser
from gridpact.scheduling.problem import StorageColumns
from gridpact.scheduling.programme import Programme

WEAR = 1.0
"""Nano-¤ per Wh moved (1 µ¤/kWh), growing from half of it in the first slot to all in the last.

Among plans of equal cost it prefers less cycling, then earlier. It can cost a home at most
``WEAR`` × the energy its storage moves: 10⁻⁵ ¤ for 10 kWh.
"""
TOUCH = 1e-8
"""Bounds closer than this [Wh] count as met; a tenth of the optimiser's own tolerance."""
HARD = -1.0
"""Instead of a least shortfall: the bounds can be met and must be."""


class StorageBlock(msgspec.Struct, frozen=True):
    """Column numbers [assets, slots] of ``rows`` of storage."""

    rows: Ints
    charge: Ints
    discharge: Ints


def unreachable(storage: StorageColumns) -> Bools:
    """Mark storage [assets] for which no plan meets every bound.

    The states reachable after a slot form an interval, moved by the slot's strongest charge and
    discharge and cut by its bounds; a plan exists exactly when no interval becomes empty.
    """
    low = storage.initial_wh.astype(float)
    high = low.copy()
    empty = np.zeros(len(low), np.bool_)
    for slot in range(storage.lo_wh.shape[1]):
        draw = storage.draw_wh[:, slot]
        taken = storage.discharge_max_wh[:, slot] / storage.efficiency_out
        given = storage.charge_max_wh[:, slot] * storage.efficiency_in
        low = np.maximum(storage.kept * low - taken - draw, storage.lo_wh[:, slot])
        high = np.minimum(storage.kept * high + given - draw, storage.hi_wh[:, slot])
        empty |= low > high + TOUCH
        low, high = np.minimum(low, high), np.maximum(low, high)
    return empty


def least_shortfall(storage: StorageColumns, optimiser: Optimiser) -> Floats:
    """Smallest possible sum over slots of what the state misses its bounds by, Wh [assets].

    :data:`HARD` where all bounds can be met, and for storage without power, which has no choice.
    Where a lower bound lies above the upper one, only what lies outside both is counted.
    """
    least = np.full(len(storage.home), HARD)
    active = np.any((storage.charge_max_wh > 0) | (storage.discharge_max_wh > 0), axis=1)
    for row in np.flatnonzero(active & unreachable(storage)):
        programme = Programme()
        _, state_rows = _add_dynamics(programme, storage, np.array([row]))
        missed = _add_misses(programme, storage, np.array([row]), state_rows)
        arrays = programme.arrays()
        arrays.cost[:] = 0  # wear would count too
        arrays.cost[missed] = 1
        least[row] = max(optimiser.minimise(arrays).objective, 0.0)
    return least


def add_storage(
    programme: Programme, storage: StorageColumns, rows: Ints, least: Floats
) -> StorageBlock:
    """Add these rows of storage; ``least`` is their least shortfall, which is not exceeded."""
    block, state_rows = _add_dynamics(programme, storage, rows)
    soft = np.flatnonzero(least != HARD)
    if soft.size:
        missed = _add_misses(programme, storage, rows[soft], state_rows[soft])
        total = programme.rows(-np.inf, least[soft] * (1 + 1e-9) + 1e-6)
        programme.entries(total[:, None], missed, 1.0)
    return block


def add_modes(
    programme: Programme, storage: StorageColumns, block: StorageBlock, modes: Bools
) -> None:
    """Let storage either charge or discharge where ``modes`` [assets, slots] says so."""
    rows, slots = np.nonzero(modes)
    if not rows.size:
        return
    most_in = storage.charge_max_wh[block.rows][rows, slots]
    most_out = storage.discharge_max_wh[block.rows][rows, slots]
    charging = programme.binaries(np.full(len(rows), -1, np.int64))
    inward = programme.rows(-np.inf, np.zeros(len(rows)))
    programme.entries(inward, block.charge[rows, slots], 1)
    programme.entries(inward, charging, -most_in)
    outward = programme.rows(-np.inf, most_out)
    programme.entries(outward, block.discharge[rows, slots], 1)
    programme.entries(outward, charging, most_out)


def _add_dynamics(
    programme: Programme, storage: StorageColumns, rows: Ints
) -> tuple[StorageBlock, Ints]:
    """State' − kept · state − efficiency_in · charge + discharge / efficiency_out = −draw."""
    slots = storage.lo_wh.shape[1]
    wear = WEAR * (0.5 + 0.5 * np.arange(slots) / slots)
    charge = programme.columns(0, storage.charge_max_wh[rows], wear)
    discharge = programme.columns(0, storage.discharge_max_wh[rows], wear)
    lo, hi = storage.lo_wh[rows], storage.hi_wh[rows]
    state = programme.columns(np.minimum(lo, hi), np.maximum(lo, hi), 0)
    right = -storage.draw_wh[rows].astype(float)
    right[:, 0] += storage.kept[rows] * storage.initial_wh[rows]
    dynamics = programme.rows(right, right)
    programme.entries(dynamics, charge, -storage.efficiency_in[rows, None])
    programme.entries(dynamics, discharge, 1 / storage.efficiency_out[rows, None])
    _add_state(programme, storage.kept[rows], dynamics, state, 1.0)
    return StorageBlock(rows, charge, discharge), dynamics


def _add_state(
    programme: Programme, kept: Floats, dynamics: Ints, column: Ints, sign: float
) -> None:
    programme.entries(dynamics, column, sign)
    programme.entries(dynamics[:, 1:], column[:, :-1], -sign * kept[:, None])


def _add_misses(programme: Programme, storage: StorageColumns, rows: Ints, dynamics: Ints) -> Ints:
    """Let the state lie above or below its bounds; return those columns [assets, 2 × slots]."""
    over = programme.columns(np.zeros(dynamics.shape), np.inf, 0)
    under = programme.columns(np.zeros(dynamics.shape), np.inf, 0)
    _add_state(programme, storage.kept[rows], dynamics, over, 1.0)
    _add_state(programme, storage.kept[rows], dynamics, under, -1.0)
    return np.concatenate([over, under], axis=1)
