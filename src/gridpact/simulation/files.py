"""The data files of a scenario: each read once, each column there for any window."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.importers import levels, table
from gridpact.metering.importers.mapping import Column, Mapping
from gridpact.simulation.scenarios.model import ColumnRef, Scenario, SeriesSource
from gridpact.simulation.scenarios.specs import Specs


class Files:
    """Columns of energy, prices and temperature that a scenario refers to."""

    def __init__(self, scenario: Scenario, found: Specs, step: int) -> None:
        self._sources = {source.name: source for source in scenario.series}
        wanted = [*found.homes.data, *found.plants.data, found.prices.data]
        self._tables = {
            name: table.read(self._mapping(source, wanted), step)
            for name, source in self._sources.items()
            if any(ref is not None and ref.source == name for ref in wanted)
        }
        self._levels = {
            ref.source: levels.read_levels(self._mapping(self._sources[ref.source], [ref]), step)
            for ref in [found.weather.temperature]
            if ref is not None
        }

    @staticmethod
    def _mapping(source: SeriesSource, wanted: list[ColumnRef | None]) -> Mapping:
        names = sorted({ref.column for ref in wanted if ref and ref.source == source.name})
        columns = tuple(Column(name, name, source.unit_of(name)) for name in names)
        return msgspec.structs.replace(source.mapping, columns=columns)

    def over(self, ref: ColumnRef, slots: Slots) -> tuple[Ints, Bools]:
        """Values [slots] and mask of a column over a window; absent outside the file's span."""
        found = self._tables[ref.source]
        values, known = np.zeros(slots.count, np.int64), np.zeros(slots.count, np.bool_)
        here, there = overlap(slots, found.slots)
        row = found.row(ref.column)
        values[here], known[here] = found.values[row, there], found.present[row, there]
        return values, known

    def level(self, ref: ColumnRef, slots: Slots) -> tuple[Floats, Bools]:
        """Like :meth:`over`, for temperature [°C]."""
        found = self._levels[ref.source]
        values, known = np.zeros(slots.count), np.zeros(slots.count, np.bool_)
        here, there = overlap(slots, found.slots)
        values[here], known[here] = found.values[0, there], found.present[0, there]
        return values, known
