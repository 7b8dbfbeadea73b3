"""Best answers of storage behind a meter that sells for less than it buys.

The method is that of :mod:`.storage`; what a slot's change of state costs has up to three steps
instead of two (:mod:`.net_metering`). Without surplus, discharging first spares what the load buys
and then feeds in; with surplus, charging first takes what would be fed in and then buys. Every step
of a slot has its own critical price, so the recursion has as many lanes as there are steps.

Where energy is so cheap that charging and discharging at once would pay, steps in the wrong order
are pooled to the convex hull of the slot's cost. What the plan costs above it is ``slack``.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Storage
from gridpact.scheduling.fleet.metered_storage_kernels import (
    answer_groups,
    answer_rows,
    make_work,
)
from gridpact.scheduling.fleet.net_metering import Meter, rows_of
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of
from gridpact.scheduling.fleet.storage import StorageOracle, Stores


class MeteredStorageOracle(msgspec.Struct, frozen=True):
    """Oracle of continuous :class:`Storage`, each the only asset behind its meter.

    It knows no limits of the meter itself: those that never force an asset to move are given as
    powers by slot; homes whose load alone exceeds a limit are not for it.
    """

    first: Ints
    stores: Stores
    meter: Meter

    @classmethod
    def build(
        cls, table: Storage, layout: Layout, slots: int, hours: float, meter: Meter
    ) -> MeteredStorageOracle:
        """Take rows of a table, and of ``meter`` beside it, as laid out.

        None has a least power, power steps or a ramp.
        """
        stores = StorageOracle.build(table, layout, slots, hours).stores
        return cls(layout.first, stores, rows_of(meter, layout.rows))

    @property
    def divisible(self) -> bool:
        """A mix of plans keeps all bounds, and costs no more than the mix of their costs."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros((2, len(prices)))
        asked, work = np.array(prices, np.float64), make_work(prices.shape[1])
        answer_groups(self.stores, self.meter, self.first, asked, (energy, own), work)
        return Answers(energy, own[0], own[1])

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 2, slots]: charge, discharge; see :class:`Oracle`."""
        plans, asked = np.zeros((len(rows), 2, len(prices))), np.array(prices, np.float64)
        work = make_work(len(prices))
        answer_rows(self.stores, self.meter, np.asarray(rows), asked, plans, work)
        return plans

    def part(self, groups: slice) -> MeteredStorageOracle:
        """The same oracle with these groups alone."""
        first, stores = groups_of(self.first, self.stores, groups)
        _, meter = groups_of(self.first, self.meter, groups)
        return MeteredStorageOracle(first, stores, meter)
