"""Assets put in an order of their own numbers, so that the order they are given in changes nothing.

Among several optima a solver takes one by the order of columns.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, rows_of
from gridpact.scheduling.fleet.likeness import likeness
from gridpact.scheduling.reference.schedules import Energies


class Ordered(msgspec.Struct, frozen=True):
    """A fleet in order, the one that was given, and by table which of its rows comes where."""

    fleet: Fleet
    given: Fleet
    rows: dict[str, Ints]

    def restored(self, energies: Energies) -> Energies:
        """Energies of the given fleet from those of the one in order."""
        by_table = {
            name: _back(values, self.rows[name]) if name in self.rows else values
            for name, values in energies.by_table.items()
        }
        charge, discharge = energies.charge, energies.discharge
        if "storage" in self.rows:
            charge, discharge = (_back(one, self.rows["storage"]) for one in (charge, discharge))
        return Energies(self.given, by_table, charge, discharge)


def in_order(fleet: Fleet) -> Ordered:
    """Sort the assets of every table by zone and by what they are."""
    rows, tables = {}, {}
    for name in TABLES:
        if (table := getattr(fleet, name)) is not None:
            every = np.arange(len(table.zone))
            rows[name] = np.lexsort([*likeness(table, every)[::-1], np.asarray(table.zone)])
            tables[name] = rows_of(table, rows[name])
    portfolio = _moved(fleet.portfolio, rows)
    return Ordered(msgspec.structs.replace(fleet, portfolio=portfolio, **tables), fleet, rows)


def _moved(portfolio: Portfolio | None, rows: dict[str, Ints]) -> Portfolio | None:
    """The portfolio with its assets' rows where they are now."""
    if portfolio is None:
        return None
    asset = np.array(portfolio.asset)
    for number, name in enumerate(TABLES):
        own = np.asarray(portfolio.asset_table) == number
        if own.any():
            asset[own] = np.argsort(rows[name])[asset[own]]
    return msgspec.structs.replace(portfolio, asset=asset)


def _back(values: Floats, rows: Ints) -> Floats:
    """Rows as they were before ``rows`` put them in order."""
    restored = np.empty_like(values)
    restored[rows] = values
    return restored
