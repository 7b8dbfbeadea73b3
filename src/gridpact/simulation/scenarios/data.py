"""The data files of a scenario: only the columns in use, once each, on the scenario's slots."""

from __future__ import annotations

import difflib
from collections import defaultdict
from datetime import timedelta
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, Slots, iso
from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.importers import units
from gridpact.metering.importers.levels import Levels, read_levels_into
from gridpact.metering.importers.mapping import Column
from gridpact.metering.importers.rows import Report
from gridpact.metering.importers.sessions import Sessions, read_sessions_into
from gridpact.metering.importers.table import Table, read_into
from gridpact.simulation.scenarios.model import (
    Car,
    ColumnRef,
    Pv,
    Scenario,
    SeriesSource,
    SessionRef,
    SessionSource,
    StoreSource,
)
from gridpact.simulation.scenarios.stores import read_store

Value = TypeVar("Value", np.int64, np.float64)


class Data(msgspec.Struct, frozen=True):
    """What was read: tables and levels by column, sessions by source."""

    tables: dict[ColumnRef, Table]
    levels: dict[ColumnRef, Levels]
    sessions: dict[str, Sessions]

    def whole(self, column: ColumnRef, slots: Slots) -> tuple[Ints, Bools]:
        """Wh or µ¤/kWh of one column [slots] and where there is a value; absent outside."""
        table = self.tables[column]
        row = table.row(column.column)
        return _cut(table.values[row], table.present[row], table.slots, slots)

    def level(self, column: ColumnRef, slots: Slots) -> tuple[Floats, Bools]:
        """Return a level [slots], such as °C, and where there is a value; absent outside."""
        table = self.levels[column]
        row = table.row(column.column)
        return _cut(table.values[row], table.present[row], table.slots, slots)

    def of_user(self, wanted: SessionRef) -> tuple[Ints, Ints, Ints]:
        """Arrivals, departures [s since the epoch] and energies [Wh] of a user, by arrival."""
        all_of = self.sessions[wanted.source]
        rows = np.array([user == wanted.user for user in all_of.user], dtype=np.bool_)
        return all_of.arrive_s[rows], all_of.leave_s[rows], all_of.energy_wh[rows]


def _cut(
    values: NDArray[Value], present: Bools, have: Slots, want: Slots
) -> tuple[NDArray[Value], Bools]:
    """Cut a window out of a row; slots that the row does not reach are absent."""
    if want.step != have.step:
        raise ValueError(f"the data are on slots of {have.step} s, not of {want.step} s")
    place = (want.start - have.start) // have.step + np.arange(want.count)
    inside = (place >= 0) & (place < have.count)
    safe = np.where(inside, place, 0)
    there = inside & present[safe]
    return np.where(there, values[safe], np.zeros(1, dtype=values.dtype)), there


def window(scenario: Scenario) -> Slots:
    """Slots of all days of the run."""
    calendar = Calendar(scenario.timezone, scenario.step_s)
    start = calendar.midnight(scenario.run.first_day)
    end = calendar.midnight(scenario.run.first_day + timedelta(days=scenario.run.days))
    return Slots(start, scenario.step_s, (end - start) // scenario.step_s)


class Wanted(msgspec.Struct, frozen=True):
    """What to read: the sources, the columns and users in use, on slots of ``step_s``.

    ``run`` is what the data must reach over, None where that is not known.
    """

    series: tuple[SeriesSource, ...]
    sessions: tuple[SessionSource, ...]
    columns: frozenset[ColumnRef]
    users: frozenset[SessionRef]
    step_s: int
    run: Slots | None
    stores: tuple[StoreSource, ...] = ()


def wanted(scenario: Scenario) -> Wanted:
    """Return what a scenario needs to read."""
    owned = [asset for member in scenario.members for asset in member.assets]
    loads = [member.load.data for member in scenario.members]
    plants = [asset.data for asset in owned if isinstance(asset, Pv)]
    weather = scenario.weather
    others = [scenario.prices.data, weather.temperature, weather.irradiance]
    users = [asset.sessions for asset in owned if isinstance(asset, Car)]
    return Wanted(
        series=scenario.series,
        sessions=scenario.sessions,
        columns=frozenset(each for each in [*loads, *plants, *others] if each is not None),
        users=frozenset(each for each in users if each is not None),
        step_s=scenario.step_s,
        run=window(scenario),
        stores=scenario.stores,
    )


def read(scenario: Scenario) -> Data:
    """Read every source in use; raises :class:`BadInput` with the faults of all files."""
    data, faults = attempt(wanted(scenario))
    if faults:
        raise BadInput(faults)
    return data


def attempt(want: Wanted) -> tuple[Data, list[Fault]]:
    """Read every source in use; return what could be read and every fault."""
    faults: list[Fault] = []
    data = Data({}, {}, {})
    for source in want.series:
        report = Report(source.mapping.file)
        _series(source, want, data, report)
        faults += report.faults
    for store in want.stores:
        refs = [each for each in want.columns if each.source == store.name]
        found_in, more = read_store(store, refs, want.step_s, want.run)
        data.tables.update(found_in)
        faults += more
    for users in want.sessions:
        report = Report(users.mapping.file)
        found = read_sessions_into(users.mapping, report)
        if found is not None:
            data.sessions[users.name] = found
            _check_users(want, users.name, found, report)
        faults += report.faults
    return data, faults


def _series(source: SeriesSource, want: Wanted, data: Data, report: Report) -> None:
    """Read one file, energy, prices and levels apart."""
    names = sorted(each.column for each in want.columns if each.source == source.name)
    kinds: dict[str, list[Column]] = defaultdict(list)
    for name in names:
        unit = units.parse(source.unit_of(name))
        kind: str = unit.dimension if unit else "energy"
        kinds["energy" if kind == "power" else kind].append(
            Column(name, name, source.unit_of(name))
        )
    for kind, picked in kinds.items():
        mapping = msgspec.structs.replace(source.mapping, columns=tuple(picked))
        refs = [ColumnRef(source.name, column.column) for column in picked]
        if kind == "level":
            levels = read_levels_into(mapping, want.step_s, report)
            data.levels.update({ref: levels for ref in refs if levels is not None})
            found: Table | Levels | None = levels
        else:
            table = read_into(mapping, want.step_s, report)
            data.tables.update({ref: table for ref in refs if table is not None})
            found = table
        if found is not None and want.run is not None:
            _check_cover(found, want.run, report)


def _check_cover(found: Table | Levels, run: Slots, report: Report) -> None:
    """The data must reach over the run, and each column have some value in it."""
    have = found.slots
    if have.start > run.start or have.end < run.end:
        problem = (
            f"the data reach from {iso(have.start)} to {iso(have.end)}, "
            f"the run needs {iso(run.start)} to {iso(run.end)}"
        )
        report.add(0, "", problem, "change run.from or run.days, or shift_days of the source")
        return
    for row, name in enumerate(found.names):
        if not _cut(found.values[row], found.present[row], have, run)[1].any():
            fix = "choose another column or other days"
            report.add(0, name, "the column has no value in the days of the run", fix)


def _check_users(want: Wanted, source: str, found: Sessions, report: Report) -> None:
    known = sorted(set(found.user))
    for ref in sorted(want.users, key=lambda each: each.user):
        if ref.source == source and ref.user not in known:
            near = difflib.get_close_matches(ref.user, known, n=1) or known[:8]
            fix = f"use one of {', '.join(near)}"
            report.add(0, ref.user, "the file has no session of this user", fix)
