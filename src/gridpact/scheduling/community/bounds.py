"""Bounds of storage that can be kept: those given, or where they cannot be, as little wider.

Storage shares no limit inside a home, so its bounds can be kept exactly when they can alone.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.problem import StorageColumns
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import Search, minimise

WEAR = 1.0
"""Nano-¤ per Wh moved (1 µ¤/kWh): among plans of equal cost it prefers less cycling.

It can cost a home at most ``WEAR`` × the energy its storage moves: 10⁻⁵ ¤ for 10 kWh.
"""
TOUCH = 1e-8
"""Bounds closer than this [Wh] count as met."""


class Columns(NamedTuple):
    """Column numbers of storage: charge and discharge [assets, slots], misses [assets, 2·slots]."""

    charge: Ints
    discharge: Ints
    missed: Ints


def widened(storage: StorageColumns, rows: Ints) -> tuple[Floats, Floats]:
    """Return bounds [rows, slots] Wh that each of these assets can keep; ``rows`` have power.

    Where one cannot keep its own, they are widened by what a plan misses that misses least, summed
    over slots. Which slots these are is thereby settled before costs are looked at. Where a lower
    bound lies above the upper one, only what lies outside both is missed.
    """
    lo, hi = storage.lo_wh[rows].astype(float), storage.hi_wh[rows].astype(float)
    soft = np.flatnonzero(unreachable(storage)[rows])
    if soft.size:
        states = _nearest_states(storage, rows[soft])
        lo[soft], hi[soft] = np.minimum(lo[soft], states), np.maximum(hi[soft], states)
    return lo, hi


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


def _nearest_states(storage: StorageColumns, rows: Ints) -> Floats:
    """States [rows, slots] Wh of plans that miss their bounds by the least possible.

    Among these, of the plans that move least, and then earliest.
    """
    programme = Programme()
    columns = add_storage(programme, storage, rows)
    values = least(programme, columns.missed, 1.0)
    missed = np.maximum(values[columns.missed].sum(axis=1), 0)
    total = programme.rows(-np.inf, missed * (1 + 1e-9) + 1e-6)
    programme.entries(total[:, None], columns.missed)
    slots = storage.lo_wh.shape[1]
    wear = np.tile(0.5 + 0.5 * np.arange(slots) / slots, 2)
    moved = np.concatenate([columns.charge, columns.discharge], axis=1)
    values = least(programme, moved, wear)
    change = storage.efficiency_in[rows, None] * values[columns.charge] - storage.draw_wh[rows]
    change -= values[columns.discharge] / storage.efficiency_out[rows, None]
    return _states(storage, rows, change)


def least(programme: Programme, columns: Ints, cost: Floats | float) -> Floats:
    """Column values where these columns cost least in all, and all others nothing."""
    arrays = programme.arrays()
    paid = np.zeros(len(arrays.cost))
    paid[columns] = cost
    found = minimise(msgspec.structs.replace(arrays, cost=paid), Search())
    if found is None:
        raise RuntimeError("storage that may miss every bound cannot be planned")
    return found.values


def _states(storage: StorageColumns, rows: Ints, change: Floats) -> Floats:
    """States [rows, slots] Wh after what each slot changes [rows, slots] Wh."""
    states, state = np.zeros(change.shape), storage.initial_wh[rows].astype(float)
    for slot in range(change.shape[1]):
        state = storage.kept[rows] * state + change[:, slot]
        states[:, slot] = state
    return states


def add_storage(programme: Programme, storage: StorageColumns, rows: Ints) -> Columns:
    """State' − kept · state − efficiency_in · charge + discharge / efficiency_out = −draw.

    A state is one column within its bounds, one above and one below them.
    """
    charge = programme.columns(0, storage.charge_max_wh[rows])
    discharge = programme.columns(0, storage.discharge_max_wh[rows])
    lo, hi = storage.lo_wh[rows], storage.hi_wh[rows]
    within = programme.columns(np.minimum(lo, hi), np.maximum(lo, hi))
    over, under = (programme.columns(np.zeros(lo.shape), np.inf) for _ in range(2))
    right = -storage.draw_wh[rows].astype(float)
    right[:, 0] += storage.kept[rows] * storage.initial_wh[rows]
    dynamics = programme.rows(right, right)
    programme.entries(dynamics, charge, -storage.efficiency_in[rows, None])
    programme.entries(dynamics, discharge, 1 / storage.efficiency_out[rows, None])
    for column, sign in ((within, 1.0), (over, 1.0), (under, -1.0)):
        programme.entries(dynamics, column, sign)
        programme.entries(dynamics[:, 1:], column[:, :-1], -sign * storage.kept[rows, None])
    return Columns(charge, discharge, np.concatenate([over, under], axis=1))
