"""Spinning reserve: what runs can take over what fails, the largest unit included.

A unit that runs can give the rest of its power, storage all that it does not give yet. Whether a
unit runs is a column that the unit's least power ties to its energy: on at no energy is not
possible, so units that spin need a least power. Rows hold, slot by slot,

    Σ_i (most_i · on_i − energy_i) + storage ≥ reserve,    and for each unit j    ≥ energy_j

without unit j in the sum. Storage counts as far as its energy lasts for ``sustained_s``, from both
ends of the slot.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.solver import LinearProgramme
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, per_asset, per_slot
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.model import Model

NO_UNITS = np.zeros(0, np.int64)


class Spinning(msgspec.Struct, frozen=True, kw_only=True):
    """What to hold in slots ``first ≤ slot < end`` of one island.

    ``units`` are rows of generators and ``storage`` rows of storage that count. ``reserve_w`` is
    held in every slot; with ``largest_unit`` the loss of any one unit is covered by the others.
    """

    first: int
    end: int
    units: Ints
    storage: Ints = msgspec.field(default_factory=lambda: NO_UNITS)
    reserve_w: float = 0.0
    largest_unit: bool = True
    sustained_s: int = 900


def with_reserve(model: Model, spinning: Spinning) -> Model:
    """Add the rows of a reserve to the programme of a fleet.

    Raises ValueError where a unit has no least power in a slot, or rows name none.
    """
    fleet = model.fleet
    _refuse(fleet, spinning)
    more = _Addition(model)
    window = np.arange(spinning.first, spinning.end)
    energy = _columns(model, "generators", spinning.units)[:, window]
    most, least = _energies(fleet, spinning, window)
    on = more.columns(np.zeros(energy.shape), np.ones(energy.shape), whole=True)
    for bound, low, high in ((most, -np.inf, 0.0), (least, 0.0, np.inf)):
        row = more.rows(np.full(energy.shape, low), high)
        more.entries(row, energy)
        more.entries(row, on, -bound)
    stored = _storage_room(more, model, spinning, window)
    held = spinning.reserve_w * fleet.hours / 1000
    if held > 0:
        row = more.rows(np.full(len(window), held), np.inf)
        _count(more, row, (on, energy, most), stored)
    for lost in range(len(energy) if spinning.largest_unit else 0):
        others = np.arange(len(energy)) != lost
        row = more.rows(np.zeros(len(window)), np.inf)
        _count(more, row, (on[others], energy[others], most[others]), stored)
        more.entries(row, energy[lost], -1.0)
    return msgspec.structs.replace(model, arrays=more.joined())


class _Addition(Programme):
    """Columns and rows that come after those of a model, numbered as there."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._given = model.arrays
        columns, rows = len(self._given.cost), len(self._given.row_lower)
        own = self.columns(self._given.lower, self._given.upper, self._given.cost)
        row = self.rows(self._given.row_lower, self._given.row_upper)
        column = np.repeat(own, np.diff(self._given.start))
        self.entries(row[self._given.index], column, self._given.value)
        if (len(own), len(row)) != (columns, rows):
            raise RuntimeError("columns were lost")

    def joined(self) -> LinearProgramme:
        """The whole programme; what was whole before still is."""
        arrays, before = self.arrays(), len(self._given.cost)
        whole = arrays.whole.copy()
        whole[:before] = self._given.whole
        return msgspec.structs.replace(arrays, whole=whole)


def _count(more: _Addition, row: Ints, units: tuple[Ints, Ints, Floats], stored: Ints) -> None:
    """Add what units and storage could still give to a row per slot."""
    on, energy, most = units
    more.entries(row, on, most)
    more.entries(row, energy, -1.0)
    more.entries(row, stored, 1.0)


def _storage_room(more: _Addition, model: Model, spinning: Spinning, window: Ints) -> Ints:
    """Add columns [storage, window] of what storage could give more in a slot, kWh."""
    table, ways, fleet = model.fleet.storage, model.ways, model.fleet
    rows = spinning.storage
    if table is None or ways is None or len(rows) == 0:
        return np.zeros((0, len(window)), np.int64)
    count, slots = len(table.zone), fleet.slots
    most = per_slot(table.discharge_w, count, slots)[np.ix_(rows, window)] * fleet.hours / 1000
    charge, discharge = ways.charge[rows], ways.discharge[rows]
    room = more.columns(np.zeros(most.shape), np.inf)
    row = more.rows(np.full(most.shape, -np.inf), most)  # room ≤ most − discharge + charge
    more.entries(row, room)
    more.entries(row, discharge[:, window])
    more.entries(row, charge[:, window], -1.0)
    lasting = spinning.sustained_s / fleet.step_s / per_asset(table.efficiency_out, count)[rows]
    state = _states(more, model, rows)
    low = per_slot(table.lo_wh, count, slots)[rows] / 1000
    begins = window - 1
    for at, floor in ((window, low[:, window]), (begins, low[:, np.maximum(begins, 0)])):
        inner = at >= 0  # the state before the first slot is bounded below
        row = more.rows(floor[:, inner], np.inf)
        more.entries(row, state[:, at[inner]])
        more.entries(row, room[:, inner], -lasting[:, None])
    if window[0] == 0:
        initial = per_asset(table.initial_wh, count)[rows] / 1000
        row = more.rows(np.full(len(rows), -np.inf), np.maximum(initial - low[:, 0], 0.0))
        more.entries(row, room[:, 0], lasting)
    return room


def _states(more: _Addition, model: Model, rows: Ints) -> Ints:
    """Add columns [storage, slots] of what is stored after each slot, kWh."""
    table, ways = model.fleet.storage, model.ways
    if table is None or ways is None:
        raise ValueError("there is no storage")
    count, slots = len(table.zone), model.fleet.slots
    kept = per_asset(table.kept, count)[rows]
    draw = per_slot(table.draw_wh, count, slots)[rows] / 1000
    right = -draw
    right[:, 0] += kept * per_asset(table.initial_wh, count)[rows] / 1000
    state = more.columns(np.full(right.shape, -np.inf), np.inf)
    row = more.rows(right, right)
    more.entries(row, state)
    more.entries(row[:, 1:], state[:, :-1], -kept[:, None])
    more.entries(row, ways.charge[rows], -per_slot(table.efficiency_in, count, slots)[rows])
    outward = per_asset(table.efficiency_out, count)[rows, None]
    more.entries(row, ways.discharge[rows], 1 / outward)
    return state


def _columns(model: Model, name: str, rows: Ints) -> Ints:
    """Columns [rows, slots] of the energy of a table's assets, one each."""
    draw = next(one for one in model.draws if one.table == name)
    found = np.zeros((int(draw.asset.max()) + 1, model.fleet.slots), np.int64)
    found[draw.asset, draw.slot] = draw.column
    return found[rows]


def _energies(fleet: Fleet, spinning: Spinning, window: Ints) -> tuple[Floats, Floats]:
    """Most and least energy of units in the window [units, window] kWh."""
    table = fleet.generators
    if table is None:
        raise ValueError("there are no generators")
    count = len(table.zone)
    most, least = (
        per_slot(power, count, fleet.slots)[np.ix_(spinning.units, window)] * fleet.hours / 1000
        for power in (table.max_w, table.min_w)
    )
    if not np.all((least > 0) | (most == 0)):
        raise ValueError("a unit has no least power: whether it runs cannot be told")
    return most, least


def _refuse(fleet: Fleet, spinning: Spinning) -> None:
    if not 0 <= spinning.first < spinning.end <= fleet.slots:
        raise ValueError(f"slots {spinning.first} to {spinning.end} are no window")
    for name, rows in (("generators", spinning.units), ("storage", spinning.storage)):
        table = getattr(fleet, name)
        count = 0 if table is None else len(table.zone)
        if np.any((rows < 0) | (rows >= count)):
            raise ValueError(f"there are {count} rows of {name}")
    if len(spinning.units) == 0 or spinning.reserve_w < 0 or spinning.sustained_s < 0:
        raise ValueError("give units, and a reserve and time of 0 or more")
