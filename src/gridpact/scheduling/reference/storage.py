"""Storage in its general form: states, least powers and steps, ramps, sums, one way at a time.

A binary column for each way is there only where it is needed: least powers and steps always need
it. Elsewhere doing both ways at once wastes energy and as a rule costs money; only where a solution
does so (``modes``) are columns added that forbid it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Storage, per_asset, per_slot
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw, dense
from gridpact.scheduling.reference.sums import limit_budgets, limit_throughput

TOUCH = 1e-9
"""Energy [kWh] that counts as nothing."""


class Ways(msgspec.Struct, frozen=True):
    """Columns [assets, slots] of charge and discharge, kWh at the grid side.

    ``into`` and ``out`` are the binary columns that allow them; -1 where there is none. ``state``
    is what is held after each slot.
    """

    charge: Ints
    discharge: Ints
    into: Ints
    out: Ints
    state: Ints


def add_storage(programme: Programme, fleet: Fleet, table: Storage, modes: Bools) -> Ways:
    """Add a table; ``modes`` [assets, slots] says where charge and discharge exclude each other."""
    count, slots = len(table.zone), fleet.slots
    to_kwh = fleet.hours / 1000
    most_in = per_slot(table.charge_w, count, slots) * to_kwh
    most_out = per_slot(table.discharge_w, count, slots) * to_kwh
    wear = per_asset(table.wear, count)[:, None] * 1e-6
    charge, discharge = programme.columns(0.0, most_in), programme.columns(0.0, most_out, wear)
    state = _states(programme, table, slots, (charge, discharge))
    modes = modes & (most_in > 0) & (most_out > 0)
    into = _on(programme, (charge, most_in), _steps(table, "charge", to_kwh), modes)
    out = _on(programme, (discharge, most_out), _steps(table, "discharge", to_kwh), modes)
    both = (into >= 0) & (out >= 0)
    row = programme.rows(-np.inf, np.ones(int(both.sum())))
    programme.entries(row, into[both])
    programme.entries(row, out[both])
    _ramps(programme, per_asset(table.ramp_w, count) * to_kwh, (charge, discharge))
    limit_throughput(programme, table, discharge)
    asset, slot = (part.ravel() for part in np.indices(charge.shape))
    limit_budgets(programme, table, slots, (asset, slot), charge.ravel())
    return Ways(charge, discharge, into, out, state)


def draws(ways: Ways) -> tuple[Draw, Draw]:
    """Net energy by charging and by discharging."""
    return dense("storage", ways.charge, 1.0), dense("storage", ways.discharge, -1.0)


def stepped(table: Storage, slots: int) -> Bools:
    """Mark rows that have a least power or steps of power [assets, slots]."""
    count = len(table.zone)
    names = ("charge_min_w", "discharge_min_w", "charge_step_w", "discharge_step_w")
    any_of = np.zeros(count, np.bool_)
    for name in names:
        any_of |= per_asset(getattr(table, name), count) > 0
    return np.repeat(any_of[:, None], slots, axis=1)


def _states(programme: Programme, table: Storage, slots: int, ways: tuple[Ints, Ints]) -> Ints:
    """Next state = kept · state + efficiency_in · charge − discharge / efficiency_out − draw."""
    count = len(table.zone)
    lo, hi = (np.array(per_slot(v, count, slots)) / 1000 for v in (table.lo_wh, table.hi_wh))
    lo[:, -1] = np.maximum(lo[:, -1], per_asset(table.terminal_wh, count) / 1000)
    state = programme.columns(lo, hi)
    kept = per_asset(table.kept, count)
    right = -per_slot(table.draw_wh, count, slots) / 1000
    right[:, 0] += kept * per_asset(table.initial_wh, count) / 1000
    row = programme.rows(right, right)
    programme.entries(row, state)
    programme.entries(row[:, 1:], state[:, :-1], -kept[:, None])
    programme.entries(row, ways[0], -per_slot(table.efficiency_in, count, slots))
    programme.entries(row, ways[1], 1 / per_asset(table.efficiency_out, count)[:, None])
    return state


def _steps(table: Storage, way: str, to_kwh: float) -> tuple[Floats, Floats]:
    """Least energy and step of one way [assets], kWh."""
    count = len(table.zone)
    least = per_asset(getattr(table, f"{way}_min_w"), count) * to_kwh
    return least, per_asset(getattr(table, f"{way}_step_w"), count) * to_kwh


def _on(
    programme: Programme, way: tuple[Ints, Floats], steps: tuple[Floats, Floats], modes: Bools
) -> Ints:
    """Add columns that say whether one way is in use; -1 where none is needed [assets, slots]."""
    (energy, most), (least, step) = way, steps
    needed = (modes | (least > 0)[:, None] | (step > 0)[:, None]) & (most > 0)
    numbers = np.full(most.shape, -1)
    if not needed.any():
        return numbers
    asset, slot = np.nonzero(needed)
    usable = most[asset, slot] >= least[asset] - TOUCH
    on = programme.columns(0.0, usable.astype(np.float64), whole=True)
    columns, highest = energy[asset, slot], most[asset, slot]
    row = programme.rows(np.full(len(on), -np.inf), 0.0)  # energy ≤ most · on
    programme.entries(row, columns)
    programme.entries(row, on, -highest)
    row = programme.rows(np.zeros(len(on)), np.inf)  # energy ≥ least · on
    programme.entries(row, columns)
    programme.entries(row, on, -np.minimum(least[asset], highest))
    whole = np.flatnonzero(step[asset] > 0)
    owner = asset[whole]
    _whole_steps(programme, (columns[whole], highest[whole], on[whole]), least[owner], step[owner])
    numbers[asset, slot] = on
    return numbers


def _whole_steps(
    programme: Programme, way: tuple[Ints, Floats, Ints], least: Floats, step: Floats
) -> None:
    """Energy = least · on + step · whole number, which is 0 while off."""
    energy, most, on = way
    highest = np.maximum(np.floor((most - least) / step + TOUCH), 0.0)
    number = programme.columns(0.0, highest, whole=True)
    row = programme.rows(np.zeros(len(on)), 0.0)
    programme.entries(row, energy)
    programme.entries(row, on, -least)
    programme.entries(row, number, -step)
    row = programme.rows(np.full(len(on), -np.inf), 0.0)
    programme.entries(row, number)
    programme.entries(row, on, -highest)


def _ramps(programme: Programme, ramp: Floats, ways: tuple[Ints, Ints]) -> None:
    """Net energy changes by no more than ``ramp`` [assets] kWh from slot to slot."""
    own = np.flatnonzero(np.isfinite(ramp))
    if not own.size:
        return
    most = np.repeat(ramp[own, None], ways[0].shape[1] - 1, axis=1)
    row = programme.rows(-most, most)
    for columns, sign in ((ways[0][own], 1.0), (ways[1][own], -1.0)):
        programme.entries(row, columns[:, 1:], sign)
        programme.entries(row, columns[:, :-1], -sign)
