"""Best answers of assets that only draw: fill the cheapest slots of the window first.

That is exact: the energy due is a fractional knapsack over the slots of the stay. Slots are sorted
once per group; equal prices are filled in order of time.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import OneWay, per_asset, per_slot, varies
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle

ENOUGH = 1e-12
"""Energy left [kWh] below which an asset has what it needs."""


class Stays(NamedTuple):
    """Arrays the kernels read: window, energy due [kWh] and energy per slot [kWh] of each asset.

    ``by_slot`` [assets, slots] stands for ``per_slot`` where the energy varies; else it is empty.
    """

    arrive: Ints
    leave: Ints
    energy: Floats
    per_slot: Floats
    by_slot: Floats


@machine_code
def fill(stays: Stays, asset: int, order: Ints, into: Floats) -> None:
    """Add one asset's cheapest filling to ``into`` [slots]; ``order`` is slots by price."""
    left, most = stays.energy[asset], stays.per_slot[asset]
    arrive, leave = stays.arrive[asset], stays.leave[asset]
    varying = stays.by_slot.shape[0] > 0
    for slot in order:
        if arrive <= slot < leave:
            take = min(stays.by_slot[asset, slot] if varying else most, left)
            into[slot] += take
            left -= take
            if left <= ENOUGH:
                break


@machine_code
def fill_groups(stays: Stays, first: Ints, order: Ints, energy: Floats) -> None:
    """Sum the fillings of all groups into ``energy`` [groups, slots]."""
    for group in range(first.shape[0] - 1):
        for asset in range(first[group], first[group + 1]):
            fill(stays, asset, order[group], energy[group])


@machine_code
def fill_rows(stays: Stays, rows: Ints, order: Ints, energy: Floats) -> None:
    """Write the fillings of single assets into ``energy`` [rows, slots]."""
    for place in range(rows.shape[0]):
        fill(stays, rows[place], order, energy[place])


class OneWayOracle(msgspec.Struct, frozen=True):
    """Oracle of a table of :class:`OneWay`; ``stays`` are its rows in the order of groups."""

    first: Ints
    stays: Stays

    @classmethod
    def build(cls, table: OneWay, layout: Layout, slots: int, hours: float) -> OneWayOracle:
        """Take the rows of a table as laid out."""
        count, rows = len(table.zone), layout.rows
        by_slot = np.zeros((0, slots))
        if varies(table.power_w):
            by_slot = per_slot(table.power_w, count, slots)[rows] * (hours / 1000)
            power = np.zeros(len(rows))
        else:
            power = per_asset(table.power_w, count)[rows] * (hours / 1000)
        energy = per_asset(table.energy_wh, count)[rows] / 1000
        arrive, leave = np.asarray(table.arrive)[rows], np.asarray(table.leave)[rows]
        return cls(layout.first, Stays(arrive, leave, energy, power, by_slot))

    @property
    def divisible(self) -> bool:
        """A mix of fillings is a filling."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        energy, none = np.zeros(prices.shape), np.zeros(len(prices))
        fill_groups(self.stays, self.first, np.argsort(prices, axis=1, kind="stable"), energy)
        return Answers(energy, none, none)

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 1, slots]; see :class:`Oracle`."""
        energy = np.zeros((len(rows), prices.shape[-1]))
        fill_rows(self.stays, rows, np.argsort(prices, kind="stable"), energy)
        return energy[:, None]

    def part(self, groups: slice) -> OneWayOracle:
        """The same oracle with these groups alone."""
        first = self.first[groups.start : groups.stop + 1]
        own = slice(int(first[0]), int(first[-1]))
        stays = self.stays
        by_slot = stays.by_slot[own] if len(stays.by_slot) else stays.by_slot
        cut = (stays.arrive[own], stays.leave[own], stays.energy[own], stays.per_slot[own])
        return OneWayOracle(first - first[0], Stays(*cut, by_slot))
