"""Storage with least powers or steps of power, or at prices that make its costs concave: exactly.

Three methods, by what a row is:

- only the total counts (a car with a least power, the 6 A rule): closed form over the number of
  slots in which it charges, see :mod:`.total_kernels`;
- powers in whole steps, no losses: a dynamic programme on whole levels, :mod:`.level_kernels`;
- all else (tanks and buildings with losses, batteries with least powers, and lossy storage where
  prices are so negative that burning energy would pay): a dynamic programme over piecewise-linear
  functions of the state, :mod:`.state_plans`. Where these take more pieces than there is room for,
  the plan is proven to within ``slack``; everything else is exact. The far quicker plan of
  :mod:`.storage`, which knows no least powers, comes first: where it keeps them it is the answer,
  and elsewhere it says where to look for it.

None of them charges and discharges in one slot. Ramps join slots in another way and are not here.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet import storage
from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot
from gridpact.scheduling.fleet.level_kernels import Levels, levels_within, plan_levels
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of
from gridpact.scheduling.fleet.state_kernels import Space, make_space
from gridpact.scheduling.fleet.state_plans import keeps_rules, plan_state
from gridpact.scheduling.fleet.stepped_rows import (
    BY_LEVELS,
    BY_TOTAL,
    Stores,
    stores_of,
)
from gridpact.scheduling.fleet.total_kernels import plan_total

INFINITY = np.inf
TOUCH_W = 1e-9
plan_loosely = storage.plan


class SteppedStorage(msgspec.Struct, frozen=True):
    """Oracle of rows of :class:`Storage` that :func:`covers`; ``levels`` is room for their levels.

    Rows that no plan can keep within bounds (:func:`impossible`) must not be given: their plans
    are NaN.
    """

    first: Ints
    stores: Stores
    loose: storage.Stores
    levels: int

    @classmethod
    def build(cls, table: Storage, layout: Layout, slots: int, hours: float) -> SteppedStorage:
        """Take the rows of a table as laid out."""
        stores = stores_of(table, layout.rows, slots, hours)
        scratch = _levels(slots, 1)
        wide = [
            levels_within(stores, row, scratch)
            for row in np.flatnonzero(stores.method == BY_LEVELS).tolist()
        ]
        return cls(layout.first, stores, _loose(stores), max(wide, default=1))

    @property
    def divisible(self) -> bool:
        """A mix of plans may hold less than the least power."""
        return False

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, own = np.zeros(prices.shape), np.zeros((2, len(prices)))
        tariff = (np.array(prices, np.float64), np.argsort(prices, axis=1, kind="stable"))
        _sum(
            (self.stores, self.loose),
            self.first,
            tariff,
            self._scratch(prices.shape[1]),
            energy,
            own,
        )
        return Answers(energy, own[0], own[1])

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 2, slots]: charge, discharge; see :class:`Oracle`."""
        plans = np.zeros((len(rows), 2, len(prices)))
        tariff = (np.array(prices, np.float64), np.argsort(prices, kind="stable"))
        _write(
            (self.stores, self.loose), np.asarray(rows), tariff, self._scratch(len(prices)), plans
        )
        return plans

    def part(self, groups: slice) -> SteppedStorage:
        """The same oracle with these groups alone."""
        first, stores = groups_of(self.first, self.stores, groups)
        _, loose = groups_of(self.first, self.loose, groups)
        return SteppedStorage(first, stores, loose, self.levels)

    def _scratch(self, slots: int) -> Scratch:
        return _levels(slots, self.levels), make_space(slots), storage.make_work(slots)


def covers(table: Storage, slots: int) -> Bools:
    """Mark storage [assets] that :class:`SteppedStorage` answers: whose ramp never binds."""
    count = len(table.zone)
    swing = per_slot(table.charge_w, count, slots).max(axis=1)
    swing = swing + per_slot(table.discharge_w, count, slots).max(axis=1)
    return np.asarray(per_asset(table.ramp_w, count) >= swing - TOUCH_W)


def impossible(table: Storage, slots: int, hours: float) -> Bools:
    """Mark storage [assets] whose bounds no plan keeps, least powers and steps counted."""
    count = len(table.zone)
    whole = Layout(np.arange(count), np.array([0, count]))
    oracle = SteppedStorage.build(table, whole, slots, hours)
    plans = oracle.plans(np.arange(count), np.zeros(slots))
    return np.asarray(np.isnan(plans).any(axis=(1, 2)))


def _loose(stores: Stores) -> storage.Stores:
    """Rows without least powers and steps."""
    return storage.Stores(
        initial=stores.initial,
        terminal=np.full(len(stores.initial), -INFINITY),
        outward=stores.outward,
        kept=stores.kept,
        wear=stores.wear,
        gain=np.array(stores.charge[..., 1]),
        loss=np.array(stores.discharge[..., 1]),
        lo=stores.lo,
        hi=stores.hi,
        draw=stores.draw,
        inward=stores.inward,
    )


def _levels(slots: int, most: int) -> Levels:
    bounds = np.zeros((slots + 1, 2), np.int64)
    return Levels(np.zeros((slots + 1, most)), np.zeros((slots, most), np.int64), bounds)


Tariff = tuple[Floats, Ints]
"""Prices [slots], and slots by price."""
Scratch = tuple[Levels, Space, storage.Work]
Rows = tuple[Stores, storage.Stores]
"""Rows with their least powers and steps, and the same without."""


@machine_code
def _plan(rows: Rows, asset: int, tariff: Tariff, room: Scratch, stored: Floats) -> float:
    """Write the energy stored in each slot [slots]; return the slack, infinite without a plan."""
    stores, loose = rows
    prices, order = tariff
    if stores.method[asset] == BY_TOTAL:
        found = plan_total(stores, asset, prices, order, room[1].corner, stored)
        return 0.0 if found else INFINITY
    if stores.method[asset] == BY_LEVELS:
        return 0.0 if plan_levels(stores, asset, prices, room[0], stored) else INFINITY
    hull = plan_loosely(loose, asset, prices, room[2], stored)
    if not hull and keeps_rules(stores, asset, stored):
        return 0.0
    return plan_state(stores, asset, prices, room[1], stored)


@machine_code
def _sum(
    rows: Rows, first: Ints, tariff: Tariff, room: Scratch, energy: Floats, own: Floats
) -> None:
    """Sum plans into ``energy`` [groups, slots], wear and slack into ``own`` [2, groups]."""
    stores, (prices, order) = rows[0], tariff
    slots = prices.shape[1]
    stored = np.empty(slots)
    for group in range(len(prices)):
        own_tariff = (prices[group], order[group])
        for asset in range(first[group], first[group + 1]):
            own[1, group] += _plan(rows, asset, own_tariff, room, stored)
            for slot in range(slots):
                gained = stored[slot]
                if gained > 0.0:
                    energy[group, slot] += gained / stores.inward[asset, slot]
                else:
                    energy[group, slot] += gained * stores.outward[asset]
                    own[0, group] -= stores.wear[asset] * gained * stores.outward[asset]


@machine_code
def _write(own: Rows, rows: Ints, tariff: Tariff, room: Scratch, plans: Floats) -> None:
    """Write charge and discharge of single assets [rows, 2, slots]; NaN where there is no plan."""
    stores, slots = own[0], plans.shape[2]
    stored = np.empty(slots)
    for place in range(len(rows)):
        asset = rows[place]
        if _plan(own, asset, tariff, room, stored) == INFINITY:
            plans[place] = np.nan
            continue
        for slot in range(slots):
            plans[place, 0, slot] = max(stored[slot], 0.0) / stores.inward[asset, slot]
            plans[place, 1, slot] = max(-stored[slot], 0.0) * stores.outward[asset]
