"""Generators that start and stop: unit commitment in on, start and stop columns.

Least times up and down are sums of starts and stops over the last slots, which describe the
commitment of one unit tightly (D. Rajan and S. Takriti, IBM Research Report RC23628, 2005).
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Generators, per_asset, per_slot
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw, dense, trailing


class _Units(msgspec.Struct, frozen=True):
    """Units that start and stop: columns [units, slots] and energies [units, slots] kWh."""

    power: Ints
    on: Ints
    start: Ints
    stop: Ints
    least: Floats
    most: Floats


def add_generators(programme: Programme, fleet: Fleet, table: Generators) -> Draw:
    """Add a table; units with nothing but a price per kWh need no whole numbers."""
    count, slots = len(table.zone), fleet.slots
    to_kwh = fleet.hours / 1000
    most = per_slot(table.max_w, count, slots) * to_kwh
    least = per_slot(table.min_w, count, slots) * to_kwh
    fuel = per_asset(table.fuel, count)[:, None] * 1e-6
    power = programme.columns(0.0, most, fuel)
    own = np.flatnonzero(~_always_free(table, least))
    units = _commit(programme, table, own, (power[own], least[own], most[own]))
    _times(programme, units, _times_of(table, "min_up", own), _times_of(table, "min_down", own))
    _ramps(programme, units, per_asset(table.ramp_w, count)[own] * to_kwh)
    return dense("generators", power, -1.0)


def _times_of(table: Generators, name: str, rows: Ints) -> Ints:
    values = np.asarray(getattr(table, name), np.int64)
    return np.asarray(np.broadcast_to(values, (len(table.zone),))[rows])


def _always_free(table: Generators, least: Floats) -> Bools:
    """Mark units for which being on is no decision [assets]."""
    count = len(table.zone)
    everyone = np.arange(count)
    free = (least == 0).all(axis=1) & np.isinf(per_asset(table.ramp_w, count))
    for values in (table.idle_cost, table.start_cost):
        free &= per_asset(values, count) == 0
    for name in ("min_up", "min_down"):
        free &= _times_of(table, name, everyone) <= 1
    return np.asarray(free)


def _commit(
    programme: Programme, table: Generators, rows: Ints, output: tuple[Ints, Floats, Floats]
) -> _Units:
    """Add on, start and stop columns, as the unit was before the first slot."""
    power, least, most = output
    before, count = _times_of(table, "before", rows), len(table.zone)
    running = before > 0
    held = np.where(
        running,
        _times_of(table, "min_up", rows) - before,
        _times_of(table, "min_down", rows) + before,
    )
    locked = np.arange(power.shape[1]) < held[:, None]
    idle = per_asset(table.idle_cost, count)[rows, None] * 1e-6
    begin = per_asset(table.start_cost, count)[rows, None] * 1e-6
    on = programme.columns(
        locked & running[:, None], ~(locked & ~running[:, None]), idle, whole=True
    )
    start = programme.columns(0.0, np.ones(power.shape), begin, whole=True)
    stop = programme.columns(0.0, np.ones(power.shape), whole=True)
    was = np.zeros(power.shape)
    was[:, 0] = running
    row = programme.rows(was, was)  # on − on before = start − stop
    programme.entries(row, on)
    programme.entries(row[:, 1:], on[:, :-1], -1.0)
    programme.entries(row, start, -1.0)
    programme.entries(row, stop)
    for bound, low, high in ((least, 0.0, np.inf), (most, -np.inf, 0.0)):
        row = programme.rows(np.full(power.shape, low), high)
        programme.entries(row, power)
        programme.entries(row, on, -bound)
    return _Units(power, on, start, stop, least, most)


def _times(programme: Programme, units: _Units, up: Ints, down: Ints) -> None:
    """Started within the last ``up`` slots: on. Stopped within the last ``down``: off."""
    for event, span, sign, right in ((units.start, up, -1.0, 0.0), (units.stop, down, 1.0, 1.0)):
        row = programme.rows(np.full(units.on.shape, -np.inf), right)
        own, at, earlier = trailing(span, units.on.shape[1])
        programme.entries(row[own, at], event[own, earlier])
        programme.entries(row, units.on, sign)


def _ramps(programme: Programme, units: _Units, ramp: Floats) -> None:
    """Between slots in both of which a unit is on, its energy changes by ``ramp`` at most."""
    own = np.flatnonzero(np.isfinite(ramp))
    power, most, step = units.power[own], units.most[own], ramp[own, None]
    for later, event in ((1.0, units.start[own]), (-1.0, units.stop[own])):
        full = most[:, 1:] if later > 0 else most[:, :-1]
        row = programme.rows(np.full(full.shape, -np.inf), step)
        programme.entries(row, power[:, 1:], later)
        programme.entries(row, power[:, :-1], -later)
        programme.entries(row, event[:, 1:], -np.maximum(full - step, 0.0))
