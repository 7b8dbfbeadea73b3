"""Best answers of homes with storage and solar that may be cut, behind one meter.

What a home's slot costs beside a given change of state of its storage follows from the solar's best
output alone: all of it where even feeding in pays, the least where not even sparing the purchase
does, and between the two as much as the home takes. That is convex in the storage's net energy,
with up to two kinks, so the method of :mod:`.metered_storage` answers for both at once.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Curtailable, Storage
from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.metered_slots import Home
from gridpact.scheduling.fleet.metered_storage_kernels import (
    answer_groups,
    answer_rows,
    make_work,
)
from gridpact.scheduling.fleet.net_metering import Meter, rows_of
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of
from gridpact.scheduling.fleet.storage import StorageOracle, Stores


class SolarStorageOracle(msgspec.Struct, frozen=True):
    """Oracle of homes, each with one continuous :class:`Storage` and one :class:`Curtailable`.

    It knows no limits of the meter itself.
    """

    first: Ints
    stores: Stores
    homes: Home

    @classmethod
    def build(
        cls,
        tables: tuple[Storage, Curtailable],
        layout: Layout,
        slots: int,
        hours: float,
        meter: Meter,
    ) -> SolarStorageOracle:
        """Take homes as laid out: row ``i`` of both tables, and of ``meter``, is home ``i``.

        No storage has a least power, power steps or a ramp.
        """
        storage, solar = tables
        plant = CurtailableOracle.build(solar, layout, slots, hours)
        own = rows_of(meter, layout.rows)
        return cls(
            layout.first,
            StorageOracle.build(storage, layout, slots, hours).stores,
            Home(own.load, own.spread, plant.forecast, plant.least, plant.cost),
        )

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
        answer_groups(self.stores, self.homes, self.first, asked, (energy, own), work)
        return Answers(energy, own[0], own[1])

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single homes [n, 3, slots]: charge, discharge, net energy of solar."""
        plans, asked = np.zeros((len(rows), 3, len(prices))), np.array(prices, np.float64)
        work = make_work(len(prices))
        answer_rows(self.stores, self.homes, np.asarray(rows), asked, plans, work)
        return plans

    def part(self, groups: slice) -> SolarStorageOracle:
        """The same oracle with these groups alone."""
        first, stores = groups_of(self.first, self.stores, groups)
        _, homes = groups_of(self.first, self.homes, groups)
        return SolarStorageOracle(first, stores, homes)
