"""How far claims may lie from schedules: by rounding, and where mixes of plans were claimed.

*Rounding.* States of storage may be reached in float32, and every row adds to what its zone takes.
So the energy that a zone takes in a slot may differ by :data:`SINGLE` of what its rows can store.

*Mixes.* In fleets of more than :data:`~gridpact.scheduling.fleet.outcome.FEW` storage an answer may
claim energy and cost of mixed plans, in which storage charges and discharges at once. Schedules
never do, and so take less: of a round trip of efficiency η, charging c and discharging d come to
c − d ÷ η or d − c·η, which spares c·(1 − η) or d·(1 ÷ η − 1) and the wear of min(d, c·η).
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.outcome import FEW

SINGLE = 2.0**-21
"""Four units in the last place of a number in float32 (24 bits), as part of it."""
EXACT = 1e-6
"""Part of all amounts of money, added up without their signs, that rounding may come to."""
AMOUNT_NANO = 1e3
"""Amounts that differ by no more are equal."""


class Slack:
    """What zones' own assets leave open, added up as they are read.

    ``rounding`` [zones] Wh in any slot; ``waste`` [zones, slots] Wh and ``wear_nano`` are the most
    that schedules may take and cost less than a mix of plans, nothing where none is claimed.
    """

    def __init__(self, fleet: Fleet) -> None:
        zones = len(fleet.zones.parent)
        self.rounding = np.zeros(zones)
        self.waste = np.zeros((zones, fleet.slots))
        self.wear_nano = 0.0
        self._mixed = fleet.storage is not None and len(fleet.storage.zone) > FEW

    def add(self, own: Rows, zone: Ints) -> None:
        """Add rows of storage and the zones they are in."""
        np.add.at(self.rounding, zone, SINGLE * own.by_slot("hi_wh").max(axis=1))
        if not self._mixed:
            return
        trip = own.by_slot("efficiency_in") * own.number("efficiency_out")[:, None]
        into, out = own.energy("charge_w"), own.energy("discharge_w")
        np.add.at(self.waste, zone, np.minimum(into, out / trip) * (1 - trip))
        worn = np.minimum(out, into * trip).sum(axis=1)
        self.wear_nano += float((own.number("wear") * worn).sum())

    def spared_nano(self, prices: Prices) -> float:
        """The most that schedules may cost less than a mix, limits aside."""
        dearest = np.abs(np.asarray(prices.buy, np.float64))
        if prices.sell is not None:
            dearest = np.maximum(dearest, np.abs(np.asarray(prices.sell, np.float64)))
        return (
            float((np.broadcast_to(dearest, self.waste.shape) * self.waste).sum()) + self.wear_nano
        )
