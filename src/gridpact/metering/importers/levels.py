"""Series files to float columns on UTC slots: temperature, irradiance, wind."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Floats
from gridpact.metering.importers import resample, units
from gridpact.metering.importers.grid import Grid
from gridpact.metering.importers.mapping import Mapping
from gridpact.metering.importers.parse import Numbers
from gridpact.metering.importers.rows import Report
from gridpact.metering.importers.table import columns_of


class Levels(msgspec.Struct, frozen=True):
    """Float columns on slots [columns, slots], such as temperature; 0.0 where not ``present``."""

    slots: Slots
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Floats
    present: Bools

    def row(self, name: str) -> int:
        """Row of a column by its name; ValueError where there is none."""
        return self.names.index(name)


def read_levels(mapping: Mapping, step_s: int) -> Levels:
    """Read level columns (temperature, irradiance, …) onto slots of ``step_s`` seconds.

    Raises :class:`BadInput` with every fault of the file.
    """
    report = Report(mapping.file)
    levels = read_levels_into(mapping, step_s, report)
    if levels is None or report.faults:
        raise BadInput(report.faults)
    return levels


def read_levels_into(mapping: Mapping, step_s: int, report: Report) -> Levels | None:
    """Read like :func:`read_levels`, but leave faults in ``report``."""
    _check_units(mapping, report)
    found = columns_of(mapping, report)
    if found is None:
        return None
    columns, grid, _ = found
    values, present = _lay(columns, grid)
    start = grid.start - (grid.step if mapping.stamp == "end" else 0)
    size = resample.part(grid.step, step_s, start)
    values = np.repeat(values, grid.step // size, axis=1)
    present = np.repeat(present, grid.step // size, axis=1)
    into = resample.groups(start, size, values.shape[1], step_s)
    values, present = resample.average_levels(values, present, into)
    names = tuple(column.name for column in mapping.columns)
    kinds = tuple(column.unit for column in mapping.columns)
    return Levels(Slots(into.first, step_s, into.number), names, kinds, values, present)


def _lay(columns: list[Numbers], grid: Grid) -> tuple[Floats, Bools]:
    values = np.zeros((len(columns), grid.count))
    present = np.zeros((len(columns), grid.count), dtype=np.bool_)
    for row, column in enumerate(columns):
        values[row, grid.position] = column.values[grid.row]
        present[row, grid.position] = column.present[grid.row]
    return values, present


def _check_units(mapping: Mapping, report: Report) -> None:
    for column in mapping.columns:
        unit = units.parse(column.unit)
        if unit is None or unit.dimension != "level":
            problem = f"{column.unit!r} is no unit of temperature, irradiance or weather"
            report.add(0, column.column, problem, "use degC, W/m2, percent, m/s, Pa or mm")
    if mapping.values == "cumulative":
        report.add(0, "values", "a level cannot be cumulative", "write values: interval")
