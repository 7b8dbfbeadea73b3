"""What assets would do with nobody to plan for them: the baseline that savings are counted from.

Cars charge at full power as soon as they are there, until they hold what is due. Other storage
charges only as far as its lower bounds and draws force it to: batteries rest, heat stays at the
lower edge of its band. Solar plants give all they can, appliances start as soon as they may, and
generators stay off.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    OneWay,
    Runs,
    Storage,
    per_asset,
    per_slot,
)


def plain_energy(fleet: Fleet, at_once: Bools | None = None) -> Floats:
    """Net energy of all assets left to themselves [assets, slots], Wh, by row of diaries.

    ``at_once`` [storage] marks storage that charges as cars do. Every asset keeps to its own power
    and bounds as far as it can; limits of zones and of the portfolio are not looked at.
    """
    parts = [np.zeros((0, fleet.slots))]
    if fleet.one_way is not None:
        parts.append(charged_at_once(fleet.one_way, fleet.slots, fleet.hours))
    if fleet.storage is not None:
        marked = np.zeros(len(fleet.storage.zone), np.bool_) if at_once is None else at_once
        parts.append(stored_plainly(fleet.storage, fleet.slots, fleet.hours, marked))
    if fleet.curtailable is not None:
        parts.append(_given(fleet.curtailable, fleet.slots))
    if fleet.runs is not None:
        parts.append(_run_at_once(fleet.runs, fleet.slots, fleet.hours))
    if fleet.generators is not None:
        parts.append(np.zeros((len(fleet.generators.zone), fleet.slots)))
    return np.concatenate(parts)


def charged_at_once(table: OneWay, slots: int, hours: float) -> Floats:
    """Energy of assets that only charge, from their arrival on at full power [assets, slots]."""
    count, slot = len(table.zone), np.arange(slots)
    there = (slot >= table.arrive[:, None]) & (slot < table.leave[:, None])
    room = np.where(there, per_slot(table.power_w, count, slots) * hours, 0.0)
    due = per_asset(table.energy_wh, count)[:, None]
    return np.diff(np.minimum(np.cumsum(room, axis=1), due), axis=1, prepend=0.0)


def stored_plainly(table: Storage, slots: int, hours: float, at_once: Bools) -> Floats:
    """Net energy of storage that charges at once, or only as it must [rows, slots]."""
    count = len(table.zone)
    room = per_slot(table.charge_w, count, slots) * hours
    inward = per_slot(table.efficiency_in, count, slots)
    draw, high = per_slot(table.draw_wh, count, slots), per_slot(table.hi_wh, count, slots)
    kept, state = per_asset(table.kept, count), per_asset(table.initial_wh, count)
    needed = _needed(table, room * inward, at_once)
    taken = np.empty((count, slots))
    for now in range(slots):
        idle = kept * state - draw[:, now]
        wanted = np.minimum(needed[:, now], high[:, now]) - idle
        gained = np.clip(wanted, 0.0, room[:, now] * inward[:, now])
        taken[:, now] = gained / inward[:, now]
        state = idle + gained
    return taken


def _needed(table: Storage, gain: Floats, at_once: Bools) -> Floats:
    """State to hold after each slot [rows, slots]: what is due then, or is too late to do later.

    Where all is done at once, whatever is due from then on counts.
    """
    count, slots = gain.shape
    low = np.array(per_slot(table.lo_wh, count, slots))
    low[:, -1] = np.maximum(low[:, -1], per_asset(table.terminal_wh, count))
    draw, kept = per_slot(table.draw_wh, count, slots), per_asset(table.kept, count)
    for slot in range(slots - 2, -1, -1):
        later = low[:, slot + 1] + draw[:, slot + 1]
        ahead = np.where(at_once, later, later - gain[:, slot + 1]) / kept
        low[:, slot] = np.maximum(low[:, slot], ahead)
    return low


def _given(table: Curtailable, slots: int) -> Floats:
    return -np.array(per_slot(table.forecast_wh, len(table.zone), slots))


def _run_at_once(table: Runs, slots: int, hours: float) -> Floats:
    """Runs from the first slot they may start in, one time after the other [runs, slots]."""
    count, longest = len(table.zone), np.asarray(table.power_w).shape[1]
    power = per_slot(table.power_w, count, longest) * hours
    alike = np.broadcast_to(np.asarray(table.interruptible), (count,))[:, None]
    power = np.where(alike, power[:, :1], power)
    length = per_asset(table.length, count).astype(np.int64)
    turn = length + per_asset(table.pause, count).astype(np.int64)
    times = per_asset(table.times, count)
    begun = np.arange(slots) - np.asarray(table.first)[:, None]
    step = begun % turn[:, None]
    on = (begun >= 0) & (begun // turn[:, None] < times[:, None]) & (step < length[:, None])
    steps = np.where(on, np.minimum(step, longest - 1), 0)
    return np.where(on, np.take_along_axis(power, steps, axis=1), 0.0)
