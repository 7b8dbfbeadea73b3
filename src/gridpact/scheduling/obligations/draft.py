"""A fleet being added to: zones for what choices move, assets that stand for them, rows."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Curtailable,
    Fleet,
    Generators,
    Portfolio,
    Prices,
    Zones,
    per_slot,
)
from gridpact.scheduling.obligations.model import NO_ROWS
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs

Table = TypeVar("Table", bound=msgspec.Struct)


class Row(NamedTuple):
    """A row of the portfolio to be added: whose net energy, when, and within what [Wh]."""

    zones: tuple[int, ...]
    assets: tuple[tuple[str, Ints], ...]
    first: int
    end: int
    lower: float
    upper: float
    level: Level
    contracts: tuple[str, ...]


class Draft:
    """What is added to a fleet, collected and then put together once."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.loads: list[Floats] = []
        self.prices: list[Floats] = []
        self.divisible: list[tuple[int, Floats]] = []
        self.whole: list[tuple[int, Floats]] = []
        self.rows: list[Row] = []

    def add_zone(self, given: Ints | Floats, price: Floats, *, whole: bool) -> int:
        """Add a zone whose net energy lies between the rows of ``given`` [2, slots] Wh.

        What makes it so is an asset that gives the difference, all of it or none where ``whole``.
        Net energy costs ``price`` [slots] µ¤/kWh.
        """
        zone = len(self.fleet.zones.parent) + len(self.loads)
        self.loads.append(np.max(given, axis=0).astype(np.float64))
        self.prices.append(np.asarray(price, np.float64))
        spread = np.ptp(given, axis=0).astype(np.float64)
        (self.whole if whole else self.divisible).append((zone, spread))
        return zone

    def zones(self) -> Zones:
        """All zones: those of the fleet, then those added, which nothing limits."""
        own, count = self.fleet.zones, len(self.loads)
        if not count:
            return own
        zones, slots = len(own.parent), self.fleet.slots

        def extended(values: Floats, added: Floats) -> Floats:
            return np.concatenate([per_slot(values, zones, slots), added])

        free = np.full((count, slots), np.inf)
        return Zones(
            parent=np.append(own.parent, np.full(count, -1)),
            import_limit_w=extended(np.asarray(own.import_limit_w), free),
            export_limit_w=extended(np.asarray(own.export_limit_w), free),
            load_wh=extended(np.asarray(own.load_wh), np.stack(self.loads)),
        )

    def curtailable(self) -> Curtailable | None:
        """Generation that may be cut, with the choices that may take any value."""
        if not self.divisible:
            return self.fleet.curtailable
        zone, spread = zip(*self.divisible, strict=True)
        added = Curtailable(np.array(zone, np.int64), np.stack(spread))
        return joined(self.fleet.curtailable, added, self.fleet.slots)

    def generators(self) -> Generators | None:
        """Generators, with the choices that are yes or no."""
        if not self.whole:
            return self.fleet.generators
        zone, spread = zip(*self.whole, strict=True)
        power = np.stack(spread) / self.fleet.hours
        added = Generators(np.array(zone, np.int64), max_w=power, min_w=power)
        return joined(self.fleet.generators, added, self.fleet.slots)

    def priced(self, prices: Prices) -> Prices:
        """Prices of all zones."""
        if not self.prices:
            return prices
        shape = (len(self.fleet.zones.parent), self.fleet.slots)

        def extended(values: Floats | Ints) -> Floats:
            own = np.broadcast_to(np.asarray(values, np.float64), shape)
            return np.concatenate([own, np.stack(self.prices)])

        return Prices(extended(prices.buy), None if prices.sell is None else extended(prices.sell))

    def leveled(self, needs: Needs) -> Needs:
        """Needs with the levels of all rows."""
        if not self.rows:
            return needs
        portfolio = self.fleet.portfolio
        before = 0 if portfolio is None else len(portfolio.set_of_row)
        own = np.broadcast_to(np.asarray(needs.row_level, np.int64), (before,))
        level = np.append(own, np.array([row.level for row in self.rows], np.int64))
        return msgspec.structs.replace(needs, row_level=level)

    def portfolio(self) -> Portfolio | None:
        """All rows, each added one with a set of its own."""
        own = self.fleet.portfolio or _NO_PORTFOLIO
        if not self.rows:
            return self.fleet.portfolio
        named = (own.set_of_row, own.zone_set, own.asset_set)
        free = max(int(np.max(one, initial=-1)) for one in named) + 1
        number = free + np.arange(len(self.rows))
        parts = [(at, part) for at, row in enumerate(self.rows) for part in row.assets]
        zones = [np.array(row.zones, np.int64) for row in self.rows]
        assets = [np.asarray(rows, np.int64) for _, (_, rows) in parts]
        owners = [free + at for at, _ in parts]
        tables = [TABLES.index(name) for _, (name, _) in parts]
        return Portfolio(
            set_of_row=np.append(own.set_of_row, number),
            first=np.append(own.first, [row.first for row in self.rows]),
            end=np.append(own.end, [row.end for row in self.rows]),
            lower_wh=np.append(own.lower_wh, [row.lower for row in self.rows]),
            upper_wh=np.append(own.upper_wh, [row.upper for row in self.rows]),
            zone_set=np.append(own.zone_set, np.repeat(number, [len(one) for one in zones])),
            zone=np.concatenate([own.zone, *zones]),
            asset_set=np.append(own.asset_set, _repeated(owners, assets)),
            asset_table=np.append(own.asset_table, _repeated(tables, assets)),
            asset=np.concatenate([own.asset, *assets]),
        )


_NO_PORTFOLIO = Portfolio(*([NO_ROWS] * len(Portfolio.__struct_fields__)))


def _repeated(values: list[int], parts: list[Ints]) -> Ints:
    """Each value as often as its part is long."""
    return np.repeat(np.array(values, np.int64), [len(part) for part in parts])


def joined(table: Table | None, added: Table, slots: int) -> Table:
    """Put the rows of ``added`` below those of a table."""
    if table is None:
        return added
    pair = (table, added)
    counts = [len(one.zone) for one in pair]  # type: ignore[attr-defined]
    columns = {}
    for name in table.__struct_fields__:
        values = [np.asarray(getattr(one, name)) for one in pair]
        wide = any(np.ndim(one) == 2 for one in values)
        columns[name] = np.concatenate(
            [
                per_slot(one, count, slots) if wide else _flat(one, count)
                for one, count in zip(values, counts, strict=True)
            ]
        )
    return type(table)(**columns)


def _flat(values: Floats | Ints, count: int) -> NDArray[np.generic]:
    """One value per row, whole numbers kept whole."""
    return np.array(np.broadcast_to(values, (count,)))
