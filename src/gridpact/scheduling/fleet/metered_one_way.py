"""Best answers of cars and others that only draw, behind a meter that sells for less than it buys.

A slot with a surplus offers two blocks of energy: what would be fed in, at the selling price, and
beyond it what is bought. The energy due is a fractional knapsack over the blocks of the stay, so
filling the cheapest first is exact. Slots are sorted by their buying price once per group; each
asset's few surpluses are sorted by themselves and merged in.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import OneWay, per_asset
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.net_metering import Meter, rows_of
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of

ENOUGH = 1e-12
"""Energy left [kWh] below which an asset has what it needs."""


class Stays(NamedTuple):
    """What the kernels read: window, energy due [kWh], and blocks [kWh] and spread by slot.

    ``surplus`` [assets, slots] is the block at the selling price, ``bought`` the one beyond it.
    """

    arrive: Ints
    leave: Ints
    energy: Floats
    surplus: Floats
    bought: Floats
    spread: Floats


class Tariff(NamedTuple):
    """Prices [slots], slots by price, and room to sort surpluses: their prices and slots."""

    prices: Floats
    order: Ints
    sold: Floats
    slots: Ints


@machine_code
def sort_surpluses(stays: Stays, asset: int, tariff: Tariff) -> int:
    """Sort one asset's surpluses by price into ``tariff``; return how many there are."""
    count = 0
    for slot in range(stays.arrive[asset], stays.leave[asset]):
        if stays.surplus[asset, slot] > 0.0:
            price, place = tariff.prices[slot] - stays.spread[asset, slot], count
            while place > 0 and tariff.sold[place - 1] > price:
                tariff.sold[place] = tariff.sold[place - 1]
                tariff.slots[place] = tariff.slots[place - 1]
                place -= 1
            tariff.sold[place], tariff.slots[place] = price, slot
            count += 1
    return count


@machine_code
def fill(stays: Stays, asset: int, tariff: Tariff, into: Floats) -> None:
    """Write one asset's cheapest filling into ``into`` [slots]."""
    count, used, at = sort_surpluses(stays, asset, tariff), 0, 0
    arrive, leave, left = stays.arrive[asset], stays.leave[asset], stays.energy[asset]
    into[:] = 0.0
    while left > ENOUGH and (used < count or at < len(tariff.order)):
        slot = tariff.order[at] if at < len(tariff.order) else -1
        if used < count and (slot < 0 or tariff.sold[used] <= tariff.prices[slot]):
            slot = tariff.slots[used]
            take = min(stays.surplus[asset, slot], left)
            used += 1
        else:
            at += 1
            if slot < arrive or slot >= leave:
                continue
            take = min(stays.bought[asset, slot], left)
        into[slot] += take
        left -= take


@machine_code
def fill_rows(stays: Stays, rows: Ints, tariff: Tariff, energy: Floats) -> None:
    """Write the fillings of single assets into ``energy`` [rows, slots]."""
    for place in range(rows.shape[0]):
        fill(stays, rows[place], tariff, energy[place])


@machine_code
def fill_groups(
    stays: Stays, first: Ints, prices: Floats, order: Ints, energy: Floats, own: Floats
) -> None:
    """Sum fillings into ``energy`` [groups, slots], what meters make of them into ``own``."""
    slots = prices.shape[1]
    filled, sold, places = np.empty(slots), np.empty(slots), np.empty(slots, np.int64)
    for group in range(first.shape[0] - 1):
        tariff = Tariff(prices[group], order[group], sold, places)
        for asset in range(first[group], first[group + 1]):
            fill(stays, asset, tariff, filled)
            for slot in range(stays.arrive[asset], stays.leave[asset]):
                energy[group, slot] += filled[slot]
                spared = min(filled[slot], stays.surplus[asset, slot])
                own[group] -= stays.spread[asset, slot] * spared


class MeteredOneWayOracle(msgspec.Struct, frozen=True):
    """Oracle of a table of :class:`OneWay`, each the only asset behind its meter.

    Limits of the meter itself are given as power by slot.
    """

    first: Ints
    stays: Stays

    @classmethod
    def build(
        cls, table: OneWay, layout: Layout, slots: int, hours: float, meter: Meter
    ) -> MeteredOneWayOracle:
        """Take the rows of a table, and of ``meter`` beside it, as laid out."""
        count, rows = len(table.zone), layout.rows
        own = rows_of(meter, rows)
        power = np.asarray(table.power_w, np.float64)
        power = power[:, None] if power.ndim == 1 else power
        most = np.broadcast_to(power, (count, slots))[rows] * (hours / 1000)
        surplus = np.where(own.spread > 0, np.clip(-own.load, 0.0, most), 0.0)
        stays = Stays(
            arrive=np.asarray(table.arrive, np.int64)[rows],
            leave=np.asarray(table.leave, np.int64)[rows],
            energy=per_asset(table.energy_wh, count)[rows] / 1000,
            surplus=surplus,
            bought=most - surplus,
            spread=own.spread,
        )
        return cls(layout.first, stays)

    @property
    def divisible(self) -> bool:
        """A mix of fillings is a filling, and costs no more than the mix of their costs."""
        return True

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def best(self, prices: Floats) -> Answers:
        """Best answers of all groups; see :class:`Oracle`."""
        asked, none = np.array(prices, np.float64), np.zeros(len(prices))
        energy, own = np.zeros(prices.shape), np.zeros(len(prices))
        order = np.argsort(asked, axis=1, kind="stable")
        fill_groups(self.stays, self.first, asked, order, energy, own)
        return Answers(energy, own, none)

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Plans of single assets [n, 1, slots]; see :class:`Oracle`."""
        slots, asked = len(prices), np.array(prices, np.float64)
        order, room = np.argsort(asked, kind="stable"), np.zeros(slots, np.int64)
        energy = np.zeros((len(rows), slots))
        tariff = Tariff(asked, order, np.zeros(slots), room)
        fill_rows(self.stays, np.asarray(rows), tariff, energy)
        return energy[:, None]

    def part(self, groups: slice) -> MeteredOneWayOracle:
        """The same oracle with these groups alone."""
        return MeteredOneWayOracle(*groups_of(self.first, self.stays, groups))
