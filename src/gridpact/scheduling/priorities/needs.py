"""What owners ask for, and at which level, beside the limits that can never be broken."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Storage, Values, per_asset, per_slot
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.priorities.levels import Level

NOTHING = -float("inf")
"""No bound asked for."""


class StorageNeed(msgspec.Struct, frozen=True):
    """Lower bounds ``lo_wh`` [rows, slots] asked of these rows of storage after each slot.

    ``NOTHING`` where nothing is asked. They come on top of the table's own ``lo_wh`` and
    ``terminal_wh``, which are physical and always hold. ``level``: ``NEEDS`` or ``WISHES``.
    """

    rows: Ints
    lo_wh: Floats
    level: Level = Level.NEEDS


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What may be missed of what the owners of a fleet ask for, and which rows are contracts.

    - ``wish_wh``: part of each car's ``energy_wh`` that is a wish; the rest is a need.
    - ``storage``: bounds asked of storage. A row has bounds at one level; at both only where each
      asks for one slot, the same.
    - ``run_level``: level of each run without a value of its own.
    - ``row_level``: ``GRID`` or ``CONTRACTS``, for each row of the portfolio.
    """

    wish_wh: Values = 0.0
    storage: tuple[StorageNeed, ...] = ()
    run_level: Ints | int = int(Level.NEEDS)
    row_level: Ints | int = int(Level.CONTRACTS)


def soften(
    fleet: Fleet, rows: Ints, floor_wh: Values, level: Level = Level.NEEDS
) -> tuple[Fleet, StorageNeed]:
    """Turn bounds of storage above a floor into needs: deadlines, comfort bands, reserve levels.

    Returns the fleet with no lower bound of these rows above ``floor_wh`` (one number or [rows]),
    and what they ask for instead.
    """
    table = fleet.storage
    if table is None:
        raise ValueError("a fleet without storage has no bounds to soften")
    count = len(table.zone)
    lo = np.array(per_slot(table.lo_wh, count, fleet.slots))
    terminal = per_asset(table.terminal_wh, count).copy()
    lo[:, -1] = np.maximum(lo[:, -1], terminal)
    floor = np.broadcast_to(np.asarray(floor_wh, np.float64), (len(rows),))[:, None]
    asked = np.where(lo[rows] > floor, lo[rows], NOTHING)
    lo[rows] = np.minimum(lo[rows], floor)
    terminal[rows] = NOTHING
    softer = msgspec.structs.replace(table, lo_wh=lo, terminal_wh=terminal)
    return msgspec.structs.replace(fleet, storage=softer), StorageNeed(rows, asked, level)


class Asked(NamedTuple):
    """Bounds asked of all storage [assets, slots], by level; ``NOTHING`` where none are."""

    need: Floats
    wish: Floats

    @property
    def any(self) -> Bools:
        """Where anything is asked."""
        return np.asarray((self.need > NOTHING) | (self.wish > NOTHING))

    @property
    def most(self) -> Floats:
        """The higher of the two."""
        return np.maximum(self.need, self.wish)


def asked_of(fleet: Fleet, needs: Needs) -> Asked:
    """Put the bounds asked of storage together.

    What is asked of a row at one slot only, after which nothing changes its state, is asked after
    the last slot, which is the same.
    """
    count = 0 if fleet.storage is None else len(fleet.storage.zone)
    bounds = {level: np.full((count, fleet.slots), NOTHING) for level in Level}
    for one in needs.storage:
        np.maximum.at(bounds[one.level], np.asarray(one.rows), one.lo_wh)
    asked = Asked(bounds[Level.NEEDS], bounds[Level.WISHES])
    if fleet.storage is not None and needs.storage:
        _defer(fleet.storage, asked)
    return asked


def _defer(table: Storage, asked: Asked) -> None:
    """Move single bounds, after which the state stays, to the end, in place."""
    count, slots = asked.need.shape
    moved = np.zeros((count, slots), np.bool_)
    for values in (table.charge_w, table.discharge_w, table.draw_wh):
        moved |= per_slot(values, count, slots) != 0
    last_move = np.where(moved.any(axis=1), slots - 1 - np.argmax(moved[:, ::-1], axis=1), -1)
    any_asked = asked.any
    at = np.argmax(any_asked, axis=1)
    single = (any_asked.sum(axis=1) == 1) & (last_move <= at)
    rows = np.flatnonzero(single & (per_asset(table.kept, count) == 1.0))
    for bound in asked:
        value = bound[rows, at[rows]]
        bound[rows, at[rows]] = NOTHING
        bound[rows, -1] = value


def refuse_needs(fleet: Fleet, needs: Needs) -> None:
    """Raise BadInput with everything that is wrong with what is asked."""
    found = Findings()
    cars = 0 if fleet.one_way is None else len(fleet.one_way.zone)
    wish = found.number("needs[{}].wish_wh", needs.wish_wh, (cars,), (0.0, 1e15))
    if wish is not None and fleet.one_way is not None:
        due = per_asset(fleet.one_way.energy_wh, cars)
        found.rows(wish > due, "needs[{}].wish_wh", "is more than what is due", "give a part of it")
    runs = 0 if fleet.runs is None else len(fleet.runs.zone)
    found.whole("needs[{}].run_level", needs.run_level, runs, (Level.NEEDS, Level.WISHES))
    rows = 0 if fleet.portfolio is None else len(fleet.portfolio.set_of_row)
    found.whole("needs[{}].row_level", needs.row_level, rows, (Level.GRID, Level.CONTRACTS))
    for number, need in enumerate(needs.storage):
        _storage_need(found, fleet, number, need)
    found.refuse()


def _storage_need(found: Findings, fleet: Fleet, number: int, need: StorageNeed) -> None:
    where = f"needs.storage[{number}]"
    count = 0 if fleet.storage is None else len(fleet.storage.zone)
    found.whole(where + ".rows[{}]", need.rows, len(need.rows), (0, count - 1))
    if need.level not in (Level.NEEDS, Level.WISHES):
        found.add(where, f"is at level {need.level}", "give NEEDS or WISHES")
    if np.shape(need.lo_wh) != (len(need.rows), fleet.slots):
        shape = (len(need.rows), fleet.slots)
        found.add(f"{where}.lo_wh", f"has shape {np.shape(need.lo_wh)}", f"give {shape}")
    elif np.isnan(need.lo_wh).any() or np.isposinf(need.lo_wh).any():
        found.add(f"{where}.lo_wh", "is no number, or infinite", "give numbers, or NOTHING")
