"""Series files to whole-number columns on UTC slots: energy in Wh, prices in µ¤/kWh."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.metering.importers import resample, units
from gridpact.metering.importers.files import open_frame
from gridpact.metering.importers.grid import Grid, instants_of, lay
from gridpact.metering.importers.mapping import Column, Mapping
from gridpact.metering.importers.parse import Numbers, numbers, stamps
from gridpact.metering.importers.rows import Report
from gridpact.metering.importers.whole import Whole, to_whole


class Table(msgspec.Struct, frozen=True):
    """Whole-number columns on slots.

    ``values`` int64 [columns, slots] in Wh (energy) or µ¤/kWh (price); 0 where not ``present``,
    which means unknown and never zero.
    """

    slots: Slots
    names: tuple[str, ...]
    quantity: Literal["energy", "price"]
    values: Ints
    present: Bools

    def row(self, name: str) -> int:
        """Row of a column by its name; ValueError where there is none."""
        return self.names.index(name)


def read(mapping: Mapping, step_s: int) -> Table:
    """Read energy or price columns and bring them to slots of ``step_s`` seconds.

    Raises :class:`BadInput` with every fault of the file.
    """
    report = Report(mapping.file)
    table = read_into(mapping, step_s, report)
    if table is None or report.faults:
        raise BadInput(report.faults)
    return table


def read_into(mapping: Mapping, step_s: int, report: Report) -> Table | None:
    """Read like :func:`read`, but leave faults in ``report``; None where there is no table."""
    quantity = _quantity(mapping, report)
    found = columns_of(mapping, report)
    if found is None or quantity is None:
        return None
    columns, grid, lines = found
    whole = to_whole(columns, grid, mapping, report, lines)
    size = resample.part(whole.step, step_s, whole.start)
    values, present = _finer(whole, size, quantity)
    into = resample.groups(whole.start, size, values.shape[1], step_s)
    combine = resample.gather if quantity == "energy" else resample.average
    values, present = combine(values, present, into)
    names = tuple(column.name for column in mapping.columns)
    return Table(Slots(into.first, step_s, into.number), names, quantity, values, present)


def _finer(whole: Whole, size: int, quantity: Literal["energy", "price"]) -> tuple[Ints, Bools]:
    parts = whole.step // size
    present = np.repeat(whole.present, parts, axis=1)
    if quantity == "energy":
        return resample.divide(np.maximum(whole.values, 0), parts), present
    return np.repeat(whole.values, parts, axis=1), present


def columns_of(mapping: Mapping, report: Report) -> tuple[list[Numbers], Grid, Ints] | None:
    """Read a mapping's columns, their grid and the line of each row; None with faults."""
    wanted = [mapping.time_column, *(column.column for column in mapping.columns)]
    spare = [name for name in wanted[1:] if name != mapping.time_column]
    found = open_frame(mapping.path, mapping.format, mapping.text, wanted, report, spare)
    if found is None:
        return None
    frame, lines = found
    columns = [
        numbers(frame[column.column], mapping.text, report, lines) for column in mapping.columns
    ]
    moments = instants_of(
        stamps(frame[mapping.time_column], mapping.text, report, lines), mapping, report, lines
    )
    grid = lay(*moments, mapping, report, lines) if moments is not None else None
    return None if grid is None else (columns, grid, lines)


def _quantity(mapping: Mapping, report: Report) -> Literal["energy", "price"] | None:
    """Tell what the columns hold; a file read in one go holds energy or prices, not both."""
    kinds = set()
    for column in mapping.columns:
        kinds.add(_kind(column, mapping, report))
    kinds.discard(None)
    if len(kinds) > 1:
        fix = "read energy and prices as two sources of the same file"
        report.add(0, "columns", "energy and prices are mixed", fix)
    quantity: Literal["energy", "price"] | None = "price" if "price" in kinds else "energy"
    if quantity == "energy" and mapping.clock_changes == "filled":
        fix = "use in-order, first or second; filled would invent energy"
        report.add(0, "clock_changes", "filled is for prices and levels", fix)
    return quantity if len(kinds) == 1 else None


def _kind(column: Column, mapping: Mapping, report: Report) -> str | None:
    unit = units.parse(column.unit)
    if unit is None:
        problem = f"the unit {column.unit!r} is not known"
        report.add(0, column.column, problem, units.suggestion(column.unit))
        return None
    if unit.dimension == "level":
        fix = "use a unit of energy, power or price"
        report.add(0, column.column, f"{column.unit} is no energy and no price", fix)
        return None
    if mapping.values == "cumulative" and unit.dimension != "energy":
        fix = "use a unit of energy, or values: interval"
        report.add(0, column.column, f"a cumulative register cannot be in {column.unit}", fix)
    return "price" if unit.dimension == "price" else "energy"
