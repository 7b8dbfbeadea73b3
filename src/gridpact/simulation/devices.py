"""Devices as they behave: bounded by physics, a little off their set-points, sometimes stubborn.

All functions are vectorised over assets and pure; energies are whole Wh of one slot at the grid
side. What a device stores is whole Wh too, rounded down, so energy is never made by rounding.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints


class Physics(msgspec.Struct, frozen=True):
    """What bounds storage in one slot, shape [assets].

    ``charge_max`` and ``discharge_max`` are 0 while away. ``draw`` leaves the storage.
    ``floor`` is the least stored energy that discharging may leave.
    """

    charge_max_wh: Ints
    discharge_max_wh: Ints
    capacity_wh: Ints
    floor_wh: Ints
    draw_wh: Ints
    efficiency_in: Floats
    efficiency_out: Floats
    kept: Floats


class Moved(msgspec.Struct, frozen=True):
    """What storage did in a slot: charged, discharged, what it holds after, and draw not met."""

    charge_wh: Ints
    discharge_wh: Ints
    state_wh: Ints
    unmet_wh: Ints


def _down(values: Floats) -> Ints:
    return np.floor(values + 1e-9).astype(np.int64)


def move(state_wh: Ints, charge_wh: Ints, discharge_wh: Ints, physics: Physics) -> Moved:
    """Move storage through a slot towards its set-points, as far as physics allows.

    A draw is served first; what cannot be served is reported as unmet, and the storage is empty.
    """
    kept = physics.kept * state_wh
    wanted_charge = np.clip(charge_wh, 0, physics.charge_max_wh)
    # A draw may be served by what is charged in the same slot.
    room = physics.capacity_wh - kept + physics.draw_wh
    charged = np.minimum(wanted_charge, _down(np.maximum(room, 0) / physics.efficiency_in))
    held = kept + charged * physics.efficiency_in - physics.draw_wh
    available = np.maximum(held - physics.floor_wh, 0) * physics.efficiency_out
    given = np.minimum(np.clip(discharge_wh, 0, physics.discharge_max_wh), _down(available))
    given = np.where(charged > 0, 0, given)
    after = held - given / physics.efficiency_out
    unmet = np.ceil(np.maximum(-after, 0) - 1e-9).astype(np.int64)
    return Moved(charged, given, np.maximum(_down(after), 0), unmet)


def alone(kind_is_battery: Bools, state_wh: Ints, physics: Physics) -> tuple[Ints, Ints]:
    """What storage does when nobody tells it: batteries rest, all else fills up at full power."""
    short = ~kind_is_battery & (state_wh < physics.capacity_wh)
    return np.where(short, physics.charge_max_wh, 0), np.zeros_like(state_wh)


def drifted(setpoint_wh: Ints, error: Floats) -> Ints:
    """Set-points as a device really meets them: off by a relative error, never below zero."""
    return np.maximum(np.rint(setpoint_wh * (1.0 + error)), 0).astype(np.int64)


def curtailed(pv_wh: Ints, plant_member: Ints, curtail_wh: Ints) -> Ints:
    """Take a member's curtailment [members] off its plants [plants], first plants first."""
    result = pv_wh.copy()
    left = curtail_wh.copy()
    for plant in np.flatnonzero(left[plant_member] > 0):
        member = plant_member[plant]
        cut = min(int(left[member]), int(result[plant]))
        result[plant] -= cut
        left[member] -= cut
    return result
