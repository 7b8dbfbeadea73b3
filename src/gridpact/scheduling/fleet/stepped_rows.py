"""Storage with least powers or steps of power as arrays, and the method that answers each row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Storage, Values, per_asset, per_slot

BY_TOTAL, BY_LEVELS, BY_PIECES = 0, 1, 2
"""How a row is answered: in closed form, on whole levels, or by piecewise-linear functions."""

MOST_LEVELS = 4096
"""Levels a row may have to be answered on them."""
WHOLE = 1e-9
"""A number of steps this close to a whole one, relative to the largest, is whole."""
ROUNDING = 1e-9
"""Rounding of the energies given [kWh]."""


class Stores(NamedTuple):
    """Storage, sorted. Energies are stored kWh, [assets] or [assets, slots].

    ``charge`` and ``discharge`` [assets, slots, 3] are least, most and step of the energy a slot
    adds or takes (most 0: none; step 0: anything between). ``inward`` [assets, slots] is stored
    energy per energy drawn, ``outward`` [assets] energy fed in per energy taken from the store.
    ``method`` [assets] is one of the constants above; ``quantum`` the energy of a level; ``need``
    and ``room`` [assets] bound the total where only that counts.
    """

    initial: Floats
    kept: Floats
    outward: Floats
    wear: Floats
    inward: Floats
    draw: Floats
    lo: Floats
    hi: Floats
    charge: Floats
    discharge: Floats
    method: Ints
    quantum: Floats
    need: Floats
    room: Floats


def stores_of(table: Storage, rows: Ints, slots: int, hours: float) -> Stores:
    """Take rows of a table, in the order given."""
    count = len(table.zone)

    def by_asset(values: Values) -> Floats:
        return per_asset(values, count)[rows]

    def by_slot(values: Values) -> Floats:
        return np.array(per_slot(values, count, slots)[rows])

    inward, outward = by_slot(table.efficiency_in), by_asset(table.efficiency_out)
    lo = by_slot(table.lo_wh) / 1000
    lo[:, -1] = np.maximum(lo[:, -1], by_asset(table.terminal_wh) / 1000)
    least, step = by_asset(table.charge_min_w), by_asset(table.charge_step_w)
    charge = _range(least, by_slot(table.charge_w), step, inward * (hours / 1000))
    least, step = by_asset(table.discharge_min_w), by_asset(table.discharge_step_w)
    taken = np.broadcast_to(hours / 1000 / outward[:, None], inward.shape)
    discharge = _range(least, by_slot(table.discharge_w), step, taken)
    stores = Stores(
        initial=by_asset(table.initial_wh) / 1000,
        kept=by_asset(table.kept),
        outward=outward,
        wear=by_asset(table.wear) * 1e-6,
        inward=inward,
        draw=by_slot(table.draw_wh) / 1000,
        lo=lo,
        hi=by_slot(table.hi_wh) / 1000,
        charge=charge,
        discharge=discharge,
        method=np.full(len(rows), BY_PIECES, np.int64),
        quantum=np.zeros(len(rows)),
        need=np.zeros(len(rows)),
        room=np.zeros(len(rows)),
    )
    stores = _by_total(stores)
    return _by_levels(stores, np.flatnonzero(stores.method == BY_PIECES))


def _range(least: Floats, most: Floats, step: Floats, energy: Floats) -> Floats:
    """Least, most and step of the energy per slot [assets, slots, 3] from powers [W].

    ``energy`` [assets, slots] is stored kWh per W and slot. Idle is left out; a single power has
    no step; a most that no whole number of steps reaches is lowered to one that is.
    """
    least = np.where((step > 0) & (least == 0), step, least)[:, None]
    reached, taken = most.copy(), np.zeros(most.shape)
    rows = np.flatnonzero(step > 0)
    if rows.size:
        one = step[rows, None]
        whole = np.floor((most[rows] - least[rows]) / one * (1 + WHOLE) + WHOLE)
        reached[rows], taken[rows] = least[rows] + whole * one, np.where(whole >= 1, one, 0.0)
    energy = np.where((reached > 0) & (reached >= least), energy, 0.0)
    ranges = np.empty((*most.shape, 3))
    for part, power in enumerate((least, reached, taken)):
        np.multiply(power, energy, out=ranges[..., part])
    return ranges


def _by_levels(every: Stores, rows: Ints) -> Stores:
    """Mark those of some rows whose states are always the first less draws plus whole quanta."""
    stores = Stores._make(column[rows] for column in every)
    quantum = np.zeros(len(stores.initial))
    pointed = stores.kept == 1.0
    for actions in (stores.charge, stores.discharge):
        least, most, step = np.moveaxis(actions, -1, 0)
        pointed &= ((step > 0) | (least == most)).all(axis=1)
        for energy in (least, step):
            for slot in range(energy.shape[1]):
                quantum = _common(quantum, energy[:, slot])
    span = stores.hi.max(axis=1, initial=0) - stores.lo.min(axis=1, initial=0)
    swing = (stores.charge[..., 1] + stores.discharge[..., 1]).sum(axis=1)
    levels = np.minimum(span, swing) / np.where(quantum > 0, quantum, 1.0)
    exact = pointed & (quantum > 0) & (levels <= MOST_LEVELS)
    for actions in (stores.charge, stores.discharge):
        exact &= _multiples(actions, quantum)
    method, quanta = every.method.copy(), every.quantum.copy()
    method[rows], quanta[rows] = np.where(exact, BY_LEVELS, stores.method), quantum * exact
    return every._replace(method=method, quantum=quanta)


def _common(one: Floats, other: Floats) -> Floats:
    """Largest energy of which both are multiples (Euclid), 0 beside 0."""
    large, small = np.maximum(one, other), np.minimum(one, other)
    within = large * WHOLE * 1000
    while (small > within).any():
        rest = np.where(small > within, np.fmod(large, np.where(small > within, small, 1.0)), 0.0)
        rest = np.where(small - rest <= within, 0.0, rest)
        large, small = np.where(small > within, small, large), np.where(small > within, rest, 0.0)
    return large


def _multiples(actions: Floats, quantum: Floats) -> Bools:
    """Mark rows whose energies are whole numbers of quanta."""
    parts = actions / np.where(quantum > 0, quantum, 1.0)[:, None, None]
    error = np.abs(parts - np.rint(parts)).max(axis=(1, 2), initial=0)
    return np.asarray(error <= WHOLE * 10 * np.maximum(parts.max(axis=(1, 2), initial=1), 1))


def _by_total(stores: Stores) -> Stores:
    """Mark the rows of which only the total counts: cars that need so much energy by a time.

    They only charge, lose and are drawn nothing, have one power wherever they have any, and no
    bound of theirs could bind before the last slot with power.
    """
    least, most, step = np.moveaxis(stores.charge, -1, 0)
    slots = most.shape[1]
    powered = most > 0
    last = slots - 1 - np.argmax(powered[:, ::-1], axis=1)
    later = np.arange(slots) >= last[:, None]
    room = np.where(later, stores.hi, np.inf).min(axis=1) - stores.initial
    need = np.where(later, stores.lo, -np.inf).max(axis=1) - stores.initial
    one = (stores.kept == 1.0) & ~stores.draw.any(axis=1) & ~stores.discharge.any(axis=(1, 2))
    one &= (stores.inward == stores.inward[:, :1]).all(axis=1) & powered.any(axis=1)
    for values in (least, most, step):
        highest = values.max(axis=1, keepdims=True)
        one &= (~powered | (np.abs(values - highest) <= WHOLE * highest)).all(axis=1)
    first = stores.initial[:, None]
    one &= (later | (stores.lo <= first)).all(axis=1)
    one &= (later | (stores.hi >= first + np.minimum(room, most.sum(axis=1))[:, None])).all(axis=1)
    method = np.where(one, BY_TOTAL, stores.method)
    return stores._replace(
        method=method, need=np.where(one, need, 0.0), room=np.where(one, room, 0.0)
    )
