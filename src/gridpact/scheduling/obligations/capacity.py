"""Capacity held ready: power that a set of storage keeps free, and the energy to sustain it.

Power is held by the set as a whole: a row per slot keeps its net energy so far from the most that
it can give or take. Energy is held storage by storage, in proportion to what each can hold, which
is exact for one storage and careful for several.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.contracts.errors import IllFormed
from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot
from gridpact.scheduling.fleet.sums import limited_rows
from gridpact.scheduling.obligations.draft import ContractRow, Draft
from gridpact.scheduling.obligations.model import NO_ROWS, Backing
from gridpact.scheduling.priorities.levels import Level


class Held(msgspec.Struct):
    """Power that one backing holds ready [slots] W: to give more, and to take more."""

    backing: Backing
    up_w: Floats
    down_w: Floats
    contracts: list[str]

    def add(self, asset: str, power_w: Ints, contract: str) -> None:
        """Hold more: both ways unless the asset's name ends in ``-up`` or ``-down``."""
        if not asset.endswith("-down"):
            self.up_w = self.up_w + power_w
        if not asset.endswith("-up"):
            self.down_w = self.down_w + power_w
        self.contracts.append(contract)


def check_storage(backing: Backing, table: Storage | None, power_w: Ints, slots: int) -> None:
    """Raise IllFormed unless a backing is storage whose power is free, and can reach it."""
    rows = _rows(backing)
    if table is None or len(rows) == 0 or len(backing.zones) or len(backing.assets) > 1:
        raise IllFormed(f"backing {backing.name!r} holds capacity by storage alone: name its rows")
    stiff = ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w")
    count = len(table.zone)
    if any(per_asset(getattr(table, name), count)[rows].any() for name in stiff):
        raise IllFormed(f"backing {backing.name!r} has least powers or steps")
    if np.isfinite(per_asset(table.ramp_w, count)[rows]).any():
        raise IllFormed(f"backing {backing.name!r} changes its power by ramps")
    if np.isin(rows, limited_rows(table.throughput_wh, count)).any():
        raise IllFormed(f"backing {backing.name!r} may discharge only so much in all")
    if (power_w < 0).any():
        raise IllFormed(f"backing {backing.name!r} would hold capacity of others")
    for name in ("discharge_w", "charge_w"):
        reach = per_slot(getattr(table, name), count, slots)[rows].sum(axis=0)
        if (power_w > reach).any():
            slot = int(np.argmax(power_w > reach))
            text = f"{int(power_w[slot])} W in slot {slot}, {name} is {reach[slot]:g} W"
            raise IllFormed(f"backing {backing.name!r} would hold {text}")


def hold(draft: Draft, held: Held) -> None:
    """Keep power and energy back in the slots in which they are held."""
    table = draft.fleet.storage
    if table is None:
        raise ValueError("capacity is held by storage")
    names, rows = tuple(dict.fromkeys(held.contracts)), _rows(held.backing)
    count, slots, hours = len(table.zone), draft.fleet.slots, draft.fleet.hours
    most = per_slot(table.charge_w, count, slots)[rows].sum(axis=0)
    least = -per_slot(table.discharge_w, count, slots)[rows].sum(axis=0)
    for slot in np.flatnonzero((held.up_w > 0) | (held.down_w > 0)).tolist():
        lower = (least[slot] + held.up_w[slot]) * hours if held.up_w[slot] else -np.inf
        upper = (most[slot] - held.down_w[slot]) * hours if held.down_w[slot] else np.inf
        part = held.backing.assets
        row = Row((), part, slot, slot + 1, lower, upper)
        draft.rows.append(ContractRow(row, Level.CONTRACTS, names))
    storage = _with_energy(table, held, rows, (slots, draft.fleet.step_s))
    draft.fleet = msgspec.structs.replace(draft.fleet, storage=storage)


def _with_energy(table: Storage, held: Held, rows: Ints, shape: tuple[int, int]) -> Storage:
    """Raise lower bounds of what is stored by what may be called, and lower the upper ones."""
    slots, step_s = shape
    count, hours = len(table.zone), held.backing.sustained_s / 3600
    lasts = -(-held.backing.sustained_s // step_s)
    low, high = (np.array(per_slot(x, count, slots)) for x in (table.lo_wh, table.hi_wh))
    size = high[rows].max(axis=1, keepdims=True)
    share = size / size.sum()
    outward = per_asset(table.efficiency_out, count)[rows, None]
    inward = per_slot(table.efficiency_in, count, slots)[rows]
    up = share * _until(held.up_w, lasts) * hours / outward
    down = share * _until(held.down_w, lasts) * hours * inward
    initial = per_asset(table.initial_wh, count)[rows]
    before = [(held.up_w[0] > 0) * up[:, 0], (held.down_w[0] > 0) * down[:, 0]]
    short = (initial < low[rows, 0] + before[0]) | (initial > high[rows, 0] - before[1])
    if short.any():
        row = int(rows[np.argmax(short)])
        raise IllFormed(f"storage[{row}] does not hold what capacity needs from the first slot on")
    low[rows] += up
    high[rows] -= down
    if (low > high).any():
        raise IllFormed(f"backing {held.backing.name!r} stores too little to sustain its capacity")
    return msgspec.structs.replace(table, lo_wh=low, hi_wh=high)


def _until(power_w: Floats, lasts: int) -> Floats:
    """Most power held while a call may begin or still last, after each slot [slots] W."""
    found = np.zeros(len(power_w))
    for slot in np.flatnonzero(power_w > 0).tolist():
        part = slice(max(slot - 1, 0), slot + 1 + lasts)
        found[part] = np.maximum(found[part], power_w[slot])
    return found


def _rows(backing: Backing) -> Ints:
    """Rows of storage that a backing names."""
    named = [np.asarray(rows) for table, rows in backing.assets if table == "storage"]
    return named[0] if len(named) == 1 else NO_ROWS
