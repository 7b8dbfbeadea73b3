"""Add zones, assets and rows of the portfolio to a fleet; what is there already keeps its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import (
    TABLES,
    UNBOUNDED,
    Portfolio,
    Runs,
    Values,
    Zones,
    per_slot,
)


class AssetTable(Protocol):
    """Any of the tables of a fleet's assets."""

    @property
    def __struct_fields__(self) -> tuple[str, ...]:
        """Names of its columns."""

    @property
    def zone(self) -> Ints:
        """Zone of each row."""


Table = TypeVar("Table", bound=AssetTable)


class Row(NamedTuple):
    """A row for the portfolio: bounds [Wh] of net energy in slots ``first ≤ slot < end``.

    It is that of ``zones`` with everything in and below them, and of ``assets``: rows by table.
    """

    zones: tuple[int, ...]
    assets: tuple[tuple[str, Ints], ...]
    first: int
    end: int
    lower_wh: float
    upper_wh: float


def with_rows(portfolio: Portfolio | None, rows: Sequence[Row]) -> Portfolio | None:
    """Add rows below those of a portfolio; added ones about the same members share a set."""
    if not rows:
        return portfolio
    own, free = portfolio or _NO_PORTFOLIO, free_set(portfolio)
    sets: dict[tuple[object, ...], tuple[int, Row]] = {}
    number = [sets.setdefault(_members(row), (free + len(sets), row))[0] for row in rows]
    zones = [(set_, np.array(row.zones, np.int64)) for set_, row in sets.values()]
    parts = [(set_, part) for set_, row in sets.values() for part in row.assets]
    assets = [(set_, np.asarray(which, np.int64)) for set_, (_, which) in parts]
    tables = [(TABLES.index(name), which) for _, (name, which) in parts]
    return Portfolio(
        set_of_row=np.append(own.set_of_row, number),
        first=np.append(own.first, [row.first for row in rows]),
        end=np.append(own.end, [row.end for row in rows]),
        lower_wh=np.append(own.lower_wh, [row.lower_wh for row in rows]),
        upper_wh=np.append(own.upper_wh, [row.upper_wh for row in rows]),
        zone_set=np.append(own.zone_set, _repeated(zones)),
        zone=np.concatenate([own.zone, *(which for _, which in zones)]),
        asset_set=np.append(own.asset_set, _repeated(assets)),
        asset_table=np.append(own.asset_table, _repeated(tables)),
        asset=np.concatenate([own.asset, *(which for _, which in assets)]),
    )


def free_set(portfolio: Portfolio | None) -> int:
    """Return a number from which on no set of a portfolio has its own."""
    if portfolio is None:
        return 0
    named = (portfolio.set_of_row, portfolio.zone_set, portfolio.asset_set)
    return max(int(np.max(one, initial=-1)) for one in named) + 1


def with_zones(zones: Zones, load_wh: Floats) -> Zones:
    """Add zones of these loads [added, slots] Wh at the top, which nothing limits."""
    count, (added, slots) = len(zones.parent), load_wh.shape

    def extended(values: Values, more: Floats) -> Floats:
        return np.concatenate([per_slot(values, count, slots), more])

    free = np.full((added, slots), UNBOUNDED)
    return Zones(
        parent=np.append(zones.parent, np.full(added, -1)),
        import_limit_w=extended(zones.import_limit_w, free),
        export_limit_w=extended(zones.export_limit_w, free),
        load_wh=extended(zones.load_wh, load_wh),
    )


def joined(table: Table | None, added: Table, slots: int) -> Table:
    """Put the rows of ``added`` below those of a table; a column that varies in one does in both.

    ``slots`` is how wide such a column is. For runs see :func:`joined_runs`.
    """
    if table is None:
        return added
    pair = (table, added)
    columns = {}
    for name in table.__struct_fields__:
        values = [np.asarray(getattr(one, name)) for one in pair]
        wide = any(np.ndim(one) == 2 for one in values)
        columns[name] = np.concatenate(
            [
                per_slot(column, len(one.zone), slots) if wide else _flat(column, len(one.zone))
                for one, column in zip(pair, values, strict=True)
            ]
        )
    return type(table)(**columns)


def joined_runs(runs: Runs | None, added: Runs) -> Runs:
    """Put runs below those of a table; the shorter programmes are filled up with zeros."""
    if runs is None:
        return added
    longest = max(np.shape(one.power_w)[1] for one in (runs, added))
    return joined(_padded(runs, longest), _padded(added, longest), longest)


_NO_PORTFOLIO = Portfolio(*([np.zeros(0, np.int64)] * len(Portfolio.__struct_fields__)))


def _padded(runs: Runs, longest: int) -> Runs:
    power = np.asarray(runs.power_w, np.float64)
    more = ((0, 0), (0, longest - power.shape[1]))
    return msgspec.structs.replace(runs, power_w=np.pad(power, more))


def _members(row: Row) -> tuple[object, ...]:
    """What tells a row's members from those of others."""
    assets = ((name, np.asarray(which, np.int64).tobytes()) for name, which in row.assets)
    return row.zones, *assets


def _repeated(parts: Sequence[tuple[int, Ints]]) -> Ints:
    """Each number as often as its part is long."""
    numbers, lengths = [one for one, _ in parts], [len(part) for _, part in parts]
    return np.repeat(np.array(numbers, np.int64), np.array(lengths, np.int64))


def _flat(values: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    """One value per row, whole numbers kept whole."""
    return np.array(np.broadcast_to(values, (count,)))
