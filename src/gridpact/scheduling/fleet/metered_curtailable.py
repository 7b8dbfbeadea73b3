"""Best answers of generation that may be cut, behind a meter that sells for less than it buys.

Every slot by itself: up to the load a kWh spares buying, beyond it only earns the selling price.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Curtailable
from gridpact.scheduling.fleet.curtailable import CurtailableOracle, sum_groups
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost, rows_of
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle


class MeteredCurtailableOracle(msgspec.Struct, frozen=True):
    """Oracle of a table of :class:`Curtailable`, each the only asset behind its meter.

    ``plain`` holds forecast, least output and cost of cutting. A limit of the meter on feeding in
    is given by forecast and least share.
    """

    first: Ints
    plain: CurtailableOracle
    meter: Meter

    @classmethod
    def build(
        cls, table: Curtailable, layout: Layout, slots: int, hours: float, meter: Meter
    ) -> MeteredCurtailableOracle:
        """Take the rows of a table, and of ``meter`` beside it, as laid out."""
        plain = CurtailableOracle.build(table, layout, slots, hours)
        return cls(layout.first, plain, rows_of(meter, layout.rows))

    @property
    def divisible(self) -> bool:
        """Any output between the least and the forecast is a plan; costs are convex in it."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        count = np.diff(self.first)
        output = self._output(slice(None), np.repeat(prices, count, axis=0))
        spent = self.plain.cost * (self.plain.forecast - output).sum(axis=1)
        spent = spent + feed_in_cost(self.meter, -output).sum(axis=1)
        return sum_groups(self.first, output, spent)

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 1, slots]; see :class:`Oracle`."""
        return -self._output(rows, prices[None])[:, None]

    def part(self, groups: slice) -> MeteredCurtailableOracle:
        """The same oracle with these groups alone."""
        plain = self.plain.part(groups)
        rows = slice(int(self.first[groups.start]), int(self.first[groups.stop]))
        return MeteredCurtailableOracle(plain.first, plain, rows_of(self.meter, rows))

    def _output(self, rows: Ints | slice, prices: Floats) -> Floats:
        """Output of these assets [n, slots] kWh."""
        plain, meter = self.plain, rows_of(self.meter, rows)
        forecast, least = plain.forecast[rows], plain.least[rows]
        cut = -plain.cost[rows, None]
        spared = np.clip(meter.load, least, forecast)
        fed = np.where(prices - meter.spread > cut, forecast, spared)
        return np.where(prices > cut, fed, least)
