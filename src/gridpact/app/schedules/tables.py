"""Schedules and prices as tables for other programs, and schedules read back from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from gridpact.app.schedules.model import Solved
from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, per_slot
from gridpact.scheduling.fleet.solution import Schedules

if TYPE_CHECKING:
    import polars as pl

FIELD = {
    "one_way": "one_way_wh",
    "curtailable": "output_wh",
    "runs": "runs_wh",
    "generators": "generators_wh",
}
"""Where :class:`~gridpact.scheduling.fleet.solution.Schedules` has what each table's rows do."""
GIVES = ("curtailable", "generators")
WAYS = ("charge_wh", "discharge_wh", "state_wh")


def schedules_table(solved: Solved) -> pl.DataFrame:
    """One row for each asset and slot [Wh]; what only storage has is null for all others."""
    import polars as pl

    schedules = solved.solution.schedules()
    parts = [_part(solved, schedules, name) for name in TABLES if getattr(solved.names, name)]
    return pl.concat(parts) if parts else pl.DataFrame()


def net_energy(schedules: Schedules, table: str) -> Floats:
    """Net energy of a table's assets [assets, slots] Wh, positive = withdrawal."""
    if table == "storage":
        return np.asarray(schedules.charge_wh - schedules.discharge_wh)
    energy: Floats = getattr(schedules, FIELD[table])
    return -energy if table in GIVES else energy


def _part(solved: Solved, schedules: Schedules, table: str) -> pl.DataFrame:
    import polars as pl

    names, slots = getattr(solved.names, table), solved.slots.count
    net = net_energy(schedules, table)
    zone = np.asarray(getattr(solved.fleet, table).zone)
    own = {name: getattr(schedules, name).ravel() for name in WAYS}
    if table != "storage":
        own = {name: pl.Series([None] * net.size, dtype=pl.Float64) for name in WAYS}
    return pl.DataFrame(
        {
            "asset": np.repeat(np.array(names), slots),
            "kind": [table] * net.size,
            "zone": np.repeat(np.array(solved.names.zones)[zone], slots),
            "slot_start": _starts(solved.slots) * len(names),
            "net_wh": net.ravel(),
            **own,
        }
    )


def _starts(slots: Slots) -> list[datetime]:
    return [datetime.fromtimestamp(start, UTC) for start in slots.starts().tolist()]


def prices_table(solved: Solved) -> pl.DataFrame:
    """One row for each zone and slot: net energy, limits [W], prices [µ¤/kWh].

    ``import_price`` and ``export_price`` are those of the zone's limits; a limit is null where
    there is none.
    """
    import polars as pl

    names, solution, zones = solved.names.zones, solved.solution, solved.fleet.zones
    shape = (len(names), solved.slots.count)
    sell = solved.prices.buy if solved.prices.sell is None else solved.prices.sell
    columns = {
        "buy_micro_per_kwh": solved.prices.buy,
        "sell_micro_per_kwh": sell,
        "net_wh": solution.net_wh,
        "import_limit_w": per_slot(zones.import_limit_w, *shape),
        "export_limit_w": per_slot(zones.export_limit_w, *shape),
        "import_price_micro_per_kwh": solution.prices.imports,
        "export_price_micro_per_kwh": solution.prices.exports,
    }
    table = pl.DataFrame(
        {
            "zone": np.repeat(np.array(names), shape[1]),
            "slot_start": _starts(solved.slots) * shape[0],
            **{
                name: np.broadcast_to(np.asarray(values, np.float64), shape).ravel()
                for name, values in columns.items()
            },
        }
    )
    limits = ("import_limit_w", "export_limit_w")
    return table.with_columns(pl.when(pl.col(n).is_finite()).then(pl.col(n)) for n in limits)


class KeptSchedules(msgspec.Struct, frozen=True):
    """Schedules read back from a table, in the order of the fleet's rows."""

    fleet: Fleet
    all: Schedules

    def schedules(self, zones: Ints | None = None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all."""
        if zones is None:
            return self.all
        rows = tuple(self._rows(name, zones) for name in TABLES)
        fields = dict(zip(TABLES, rows, strict=True))
        cut = {field: getattr(self.all, field)[fields[name]] for name, field in FIELD.items()}
        cut |= {field: getattr(self.all, field)[fields["storage"]] for field in WAYS}
        return Schedules(rows=rows, **cut)

    def _rows(self, name: str, zones: Ints) -> Ints:
        table = getattr(self.fleet, name)
        none = np.zeros(0, np.int64)
        return none if table is None else np.flatnonzero(np.isin(table.zone, zones))


def kept_schedules(fleet: Fleet, sizes: Sequence[int], table: pl.DataFrame) -> KeptSchedules:
    """Read a table of :func:`schedules_table` back; ``sizes`` are the assets of each table.

    Raises ValueError where rows are missing or not numbers.
    """
    import polars as pl

    found: dict[str, Floats] = {}
    for name, size in zip(TABLES, sizes, strict=True):
        own = table.filter(pl.col("kind") == name) if size else table.clear()
        shape = (size, fleet.slots)
        if name == "storage":
            found |= {way: _numbers(own, way, shape) for way in WAYS}
        else:
            net = _numbers(own, "net_wh", shape)
            found[FIELD[name]] = -net if name in GIVES else net
    rows = tuple(np.arange(size) for size in sizes)
    return KeptSchedules(fleet, Schedules(rows=rows, **found))


def _numbers(table: pl.DataFrame, column: str, shape: tuple[int, int]) -> Floats:
    """Read a column as [assets, slots]."""
    if not shape[0]:
        return np.zeros(shape)
    values = table[column]
    if len(values) != shape[0] * shape[1] or values.null_count():
        wanted = f"{shape[0] * shape[1]:,} numbers"
        raise ValueError(f"{column} holds {len(values) - values.null_count():,}, not {wanted}")
    return values.to_numpy().astype(np.float64).reshape(shape)
