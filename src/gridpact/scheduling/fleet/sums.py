"""Limits on sums over slots of what single assets do: energy discharged, what charging costs.

One number, or [assets], limits the sum over all slots. Given as [assets, slots] it limits several
in turn: a limit in a slot is one on the sum over this slot and those before it, back to the one
after the last slot with a limit; infinite where none ends. So a limit by the day is a number in the
last slot of every day.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import (
    UNBOUNDED,
    OneWay,
    Storage,
    Values,
    per_asset,
    per_slot,
    rows_of,
)

TOUCH = 1e-9
"""Relative excess that counts as none."""


class Sums(msgspec.Struct, frozen=True):
    """Sums of assets ``row`` over slots ``first ≤ slot < end``, at most ``most`` [sums]."""

    row: Ints
    first: Ints
    end: Ints
    most: Floats

    def of(self, amounts: Floats) -> Floats:
        """What the sums come to [sums] for amounts [assets, slots]."""
        total = np.pad(np.cumsum(amounts, axis=1), ((0, 0), (1, 0)))
        return np.asarray(total[self.row, self.end] - total[self.row, self.first])

    def numbers(self, assets: int, slots: int) -> Ints:
        """Which sum every slot of an asset is in [assets, slots]; -1 where in none."""
        number = np.full((assets, slots), -1)
        for at, (row, first, end) in enumerate(zip(self.row, self.first, self.end, strict=True)):
            number[row, first:end] = at
        return number


def sums_of(limits: Values, assets: int, slots: int) -> Sums:
    """Read a column; sums without a limit are left out."""
    rows = limited_rows(limits, assets)
    wide = by_slot(np.asarray(limits)[rows] if np.ndim(limits) else limits, len(rows), slots)
    place, slot = np.nonzero(np.isfinite(wide))
    follows = np.append(False, place[1:] == place[:-1])[: len(place)]
    first = np.where(follows, np.roll(slot, 1) + 1, 0)
    return Sums(rows[place], first, slot + 1, wide[place, slot])


def limited_rows(limits: Values, assets: int) -> Ints:
    """Rows with any limit; few where most assets have none."""
    finite = np.isfinite(np.asarray(limits, np.float64))
    any_of = finite.any(axis=1) if finite.ndim == 2 else np.broadcast_to(finite, (assets,))
    return np.flatnonzero(any_of)


def by_slot(limits: Values, assets: int, slots: int) -> Floats:
    """The same limits as [assets, slots]: one over all slots ends in the last of them."""
    if np.ndim(limits) == 2:
        return np.array(per_slot(limits, assets, slots))
    wide = np.full((assets, slots), UNBOUNDED)
    wide[:, -1] = per_asset(limits, assets)
    return wide


def cars_limited(table: OneWay, slots: int, hours: float) -> Bools:
    """Mark assets [assets] whose budget not every way to draw their energy keeps."""
    marked = np.zeros(len(table.zone), np.bool_)
    rows = limited_rows(table.budget, len(marked))
    own, count = rows_of(table, rows), len(rows)
    price = per_slot(own.budget_price, count, slots)
    sums = sums_of(own.budget, count, slots)
    due = per_asset(own.energy_wh, count)
    dearest = _dearest(sums, price, hours * staying_w(own, slots), due)
    marked[rows] = _over(sums, dearest / 1000, count)
    return marked


def staying_w(table: OneWay, slots: int) -> Floats:
    """Power of assets that only charge while they are there [assets, slots] W."""
    slot = np.arange(slots)
    stay = (slot >= np.asarray(table.arrive)[:, None]) & (slot < np.asarray(table.leave)[:, None])
    return np.asarray(per_slot(table.power_w, len(table.zone), slots) * stay)


def storage_limited(table: Storage, slots: int, hours: float) -> Bools:
    """Mark assets [assets] whose power lets them go beyond a limit on sums."""
    marked = np.zeros(len(table.zone), np.bool_)
    limits = (table.budget, table.throughput_wh)
    rows = np.unique(np.concatenate([limited_rows(each, len(marked)) for each in limits]))
    if not rows.size:
        return marked
    own, count = rows_of(table, rows), len(rows)
    charge, discharge, price = (
        per_slot(values, count, slots)
        for values in (own.charge_w, own.discharge_w, own.budget_price)
    )
    budgets = sums_of(own.budget, count, slots)
    throughput = sums_of(own.throughput_wh, count, slots)
    marked[rows] = _over(budgets, budgets.of(charge * price) * hours / 1000, count)
    marked[rows] |= _over(throughput, throughput.of(discharge) * hours, count)
    return marked


def affordable_wh(table: OneWay, slots: int, hours: float) -> Floats:
    """Most energy that assets which only charge can draw while there, within budgets [assets]."""
    count = len(table.zone)
    energy = hours * staying_w(table, slots)
    sums = sums_of(table.budget, count, slots)
    number = sums.numbers(count, slots)
    found: Floats = np.where(number < 0, energy, 0.0).sum(axis=1)
    price = per_slot(table.budget_price, count, slots)
    for at, row in enumerate(sums.row.tolist()):
        own = slice(int(sums.first[at]), int(sums.end[at]))
        found[row] += _bought(energy[row, own], price[row, own], 1000 * float(sums.most[at]))
    return found


def _bought(energy: Floats, price: Floats, most_nano: float) -> float:
    """Most energy [Wh] that so much buys, the cheapest first."""
    order = np.argsort(price, kind="stable")
    energy, price = energy[order], price[order]
    before = np.cumsum(energy * price) - energy * price
    left = np.maximum(most_nano - before, 0.0)
    dear = price > 0
    part = np.minimum(energy, left / np.where(dear, price, 1.0))
    return float(np.where(dear, part, energy).sum())


def _dearest(sums: Sums, price: Floats, energy: Floats, due: Floats) -> Floats:
    """Most that drawing what is due, or part of it, costs within each sum [sums] nano-¤."""
    found = np.zeros(len(sums.row))
    for at, row in enumerate(sums.row.tolist()):
        own = slice(int(sums.first[at]), int(sums.end[at]))
        order = np.argsort(-price[row, own], kind="stable")
        each = energy[row, own][order]
        taken = np.clip(due[row] - (np.cumsum(each) - each), 0.0, each)
        found[at] = float(taken @ price[row, own][order])
    return found


def _over(sums: Sums, come_to: Floats, assets: int) -> Bools:
    """Mark assets with a sum above its limit [assets]."""
    marked = np.zeros(assets, np.bool_)
    marked[sums.row[come_to > sums.most * (1 + TOUCH)]] = True
    return marked
