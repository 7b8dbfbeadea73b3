"""A fleet being added to: zones for what choices move, assets that stand for them, rows."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import Row, joined, with_rows, with_zones
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    Portfolio,
    Prices,
    Zones,
)
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs


class ContractRow(NamedTuple):
    """A row to be added, the level at which it gives way, and the contracts that it serves."""

    row: Row
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
        self.rows: list[ContractRow] = []

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
        own = self.fleet.zones
        return with_zones(own, np.stack(self.loads)) if self.loads else own

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
        """All rows: those of the fleet, then those added."""
        return with_rows(self.fleet.portfolio, [one.row for one in self.rows])
