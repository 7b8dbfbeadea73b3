"""Best answers of generation that may be cut: give where the price beats the cost of cutting."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Curtailable, per_asset, per_slot
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle


class Plants(NamedTuple):
    """What the kernel reads: ``forecast``, ``least`` [assets, slots] kWh, ``cost`` [assets]."""

    forecast: Floats
    least: Floats
    cost: Floats


@machine_code
def answer_groups(plants: Plants, first: Ints, prices: Floats, energy: Floats, own: Floats) -> None:
    """Sum outputs, negative, into ``energy`` [groups, slots]; what cutting costs into ``own``."""
    slots = prices.shape[1]
    total = np.empty(slots)
    for group in range(first.shape[0] - 1):
        total[:] = 0.0
        for asset in range(first[group], first[group + 1]):
            cost, cut = plants.cost[asset], 0.0
            for slot in range(slots):
                forecast, least = plants.forecast[asset, slot], plants.least[asset, slot]
                output = forecast if prices[group, slot] > -cost else least
                total[slot] += output
                cut += forecast - output
            own[group] += cost * cut
        for slot in range(slots):
            energy[group, slot] = -total[slot]


class CurtailableOracle(msgspec.Struct, frozen=True):
    """Oracle of a table of :class:`Curtailable`: forecast, least output [kWh], cost [¤/kWh]."""

    first: Ints
    forecast: Floats
    least: Floats
    cost: Floats

    @classmethod
    def build(
        cls, table: Curtailable, layout: Layout, slots: int, hours: float
    ) -> CurtailableOracle:
        """Take the rows of a table as laid out; energies are per slot whatever its ``hours``."""
        del hours
        count, rows = len(table.zone), layout.rows
        forecast = per_slot(table.forecast_wh, count, slots)[rows] / 1000
        least = forecast * per_asset(table.least, count)[rows, None]
        return cls(layout.first, forecast, least, per_asset(table.cost, count)[rows] * 1e-6)

    @property
    def divisible(self) -> bool:
        """Any output between the least and the forecast is a plan."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros(len(prices))
        plants = Plants(self.forecast, self.least, self.cost)
        answer_groups(plants, self.first, np.ascontiguousarray(prices), energy, own)
        return Answers(energy, own, np.zeros(len(prices)))

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 1, slots]; see :class:`Oracle`."""
        return -self._output(rows, prices[None])[:, None]

    def part(self, groups: slice) -> CurtailableOracle:
        """The same oracle with these groups alone."""
        first = self.first[groups.start : groups.stop + 1]
        own = slice(int(first[0]), int(first[-1]))
        cut = self.forecast[own], self.least[own], self.cost[own]
        return CurtailableOracle(first - first[0], *cut)

    def _output(self, rows: Ints, prices: Floats) -> Floats:
        give = prices > -self.cost[rows, None]
        return np.where(give, self.forecast[rows], self.least[rows])


def sum_groups(first: Ints, output: Floats, spent: Floats) -> Answers:
    """Sum what assets give [assets, slots] and spend [assets] over the groups that begin so."""
    groups = len(first) - 1
    energy, own = np.zeros((groups, output.shape[1])), np.zeros(groups)
    filled = np.flatnonzero(np.diff(first))
    if filled.size:
        energy[filled] = -np.add.reduceat(output, first[filled], axis=0)
        own[filled] = np.add.reduceat(spent, first[filled])
    return Answers(energy, own, np.zeros(groups))
