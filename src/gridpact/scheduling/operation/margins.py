"""Margins for storage of which nothing was heard for long: bounds that narrow with its age.

Stored energy may have gone another way than planned. The rule: in each hour without news it may be
off by a tenth of what the asset can charge or discharge in that hour, whichever is more. By so much
the least to be stored is raised; then the most is lowered. Neither goes further than some plan
follows from what is believed of it: a margin makes no need be missed that could be met. Where
limits leave no room for one, it is not told as missed: that is counted by the bounds asked for.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.registry.model import Community, OperationRules
from gridpact.scheduling.conflicts import off_bounds
from gridpact.scheduling.operation.model import Operation
from gridpact.scheduling.problem import Plan, StorageColumns

DRIFT = 0.1
"""Share of its power by which the stored energy of an asset may be off after each hour."""


def margin_wh(
    community: Community, operation: Operation, rules: OperationRules, start: int
) -> Ints:
    """Margin [assets] in Wh at an instant [s since the epoch]; 0 where the last report is fresh."""
    storage = community.storage
    age = start - operation.seen_at
    power = np.maximum(storage.charge_w, storage.discharge_w)
    off = np.ceil(DRIFT * power * (age / 3600)).astype(np.int64)
    return np.where(age > rules.stale_s, np.minimum(off, storage.capacity_wh), 0)


def widened(storage: StorageColumns, margin: Ints) -> StorageColumns:
    """Narrow the bounds of storage by a margin [assets] in Wh."""
    rows = np.flatnonzero(margin)
    if not rows.size:
        return storage
    moves = _moves(storage, rows)
    lo, hi, by = storage.lo_wh[rows], storage.hi_wh[rows], margin[rows, None]
    most = np.minimum(hi, np.floor(highest(moves, hi)).astype(np.int64))
    raised = np.maximum(lo, np.minimum(lo + by, most))
    least = np.maximum(raised, np.ceil(lowest(moves, raised)).astype(np.int64))
    lowered = np.minimum(hi, np.maximum(hi - by, least))
    low, high = storage.lo_wh.copy(), storage.hi_wh.copy()
    low[rows], high[rows] = raised, lowered
    return msgspec.structs.replace(storage, lo_wh=low, hi_wh=high)


def as_asked(plan: Plan, asked: StorageColumns) -> Plan:
    """Return a plan of narrowed bounds that says what it misses of those ``asked`` for."""
    others = tuple(one for one in plan.conflicts if one.kind != "need")
    return msgspec.structs.replace(plan, conflicts=(*off_bounds(asked, plan.state_wh), *others))


class Moves(NamedTuple):
    """What storage can do: from ``initial`` [rows] at most ``up`` and ``down`` in each slot.

    ``up`` and ``down`` [rows, slots] are the largest changes of what is stored, draws included;
    ``kept`` [rows] is what a slot leaves.
    """

    initial: Floats
    kept: Floats
    up: Floats
    down: Floats


def _moves(storage: StorageColumns, rows: Ints) -> Moves:
    draw = storage.draw_wh[rows]
    up = storage.charge_max_wh[rows] * storage.efficiency_in[rows, None] - draw
    down = -storage.discharge_max_wh[rows] / storage.efficiency_out[rows, None] - draw
    return Moves(storage.initial_wh[rows].astype(float), storage.kept[rows], up, down)


def highest(moves: Moves, hi: Ints) -> Floats:
    """Most that can be stored after each slot by one plan that keeps below ``hi`` throughout."""
    ceiling = hi.astype(float)
    for slot in range(hi.shape[1] - 2, -1, -1):
        room = (ceiling[:, slot + 1] - moves.down[:, slot + 1]) / moves.kept
        ceiling[:, slot] = np.minimum(ceiling[:, slot], room)
    return _path(moves, moves.up, np.minimum, ceiling)


def lowest(moves: Moves, lo: Ints) -> Floats:
    """Least that can be stored after each slot by one plan that keeps above ``lo`` throughout."""
    floor = lo.astype(float)
    for slot in range(lo.shape[1] - 2, -1, -1):
        need = (floor[:, slot + 1] - moves.up[:, slot + 1]) / moves.kept
        floor[:, slot] = np.maximum(floor[:, slot], need)
    return _path(moves, moves.down, np.maximum, floor)


def _path(moves: Moves, change: Floats, inside: np.ufunc, bound: Floats) -> Floats:
    """Follow one way of moving as long as a bound lets it, and as far as the asset can."""
    path, state = np.zeros_like(bound), moves.initial
    for slot in range(bound.shape[1]):
        held = moves.kept * state
        state = inside(held + change[:, slot], bound[:, slot])
        state = np.clip(state, held + moves.down[:, slot], held + moves.up[:, slot])
        path[:, slot] = state
    return path
