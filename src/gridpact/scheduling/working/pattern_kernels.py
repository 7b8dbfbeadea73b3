"""Kernels of the working patterns: sums over windows, acceptance, cheapest slots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code


class Windows(NamedTuple):
    """Windows of work [appliances]; see :class:`~.columns.Appliances`."""

    zone: Ints
    first: Ints
    end: Ints
    length: Ints


@machine_code
def least_sums(windows: Windows, before: Floats) -> tuple[Ints, Floats]:
    """Start with the least sum of prices, the earliest of equals, and that sum [appliances].

    ``before`` [zones, slots + 1] sums the prices before each slot.
    """
    count = len(windows.zone)
    best, least = np.empty(count, np.int64), np.empty(count)
    for row in range(count):
        sums, length = before[windows.zone[row]], windows.length[row]
        begin, last = windows.first[row], windows.end[row] - length
        chosen, lowest = begin, sums[begin + length] - sums[begin]
        for slot in range(begin + 1, last + 1):
            total = sums[slot + length] - sums[slot]
            chosen = slot if total < lowest else chosen
            lowest = min(total, lowest)
        best[row], least[row] = chosen, lowest
    return best, least


@machine_code
def first_costs(
    windows: Windows, before: Floats, energy: Floats, most: Floats, must: bool
) -> tuple[Ints, Floats]:
    """First start that costs at most ``most`` [appliances] for ``energy`` a slot, and its cost.

    ``before`` [zones, issues, slots + 1] as in :func:`least_sums`: the slot decides by the sums
    issued in it where there is an issue for each. Without such a start it is the last one where
    work ``must`` take place, otherwise −1 at no cost.
    """
    count, issues = len(windows.zone), before.shape[1]
    best, paid = np.full(count, -1), np.zeros(count)
    for row in range(count):
        length = windows.length[row]
        last = windows.end[row] - length
        for slot in range(windows.first[row], last + 1):
            sums = before[windows.zone[row], slot if issues > 1 else 0]
            cost = (sums[slot + length] - sums[slot]) * energy[row]
            if cost <= most[row] or (must and slot == last):
                best[row], paid[row] = slot, cost
                break
    return best, paid


@machine_code
def cheapest_slots(windows: Windows, order: Ints, prices: Floats) -> tuple[Bools, Floats]:
    """Cheapest slots of each window, the earlier of equals, and the sum of their prices.

    ``order`` [zones, slots] lists the slots of each zone by price.
    """
    count, slots = len(windows.zone), prices.shape[1]
    works, paid = np.zeros((count, slots), np.bool_), np.zeros(count)
    for row in range(count):
        by_price, price = order[windows.zone[row]], prices[windows.zone[row]]
        begin, end, left, place = windows.first[row], windows.end[row], windows.length[row], 0
        while left > 0:
            slot = by_price[place]
            if begin <= slot < end:
                works[row, slot] = True
                paid[row] += price[slot]
                left -= 1
            place += 1
    return works, paid


@machine_code
def below_price(windows: Windows, prices: Floats, most: Floats, must: bool) -> tuple[Bools, Floats]:
    """Work as soon as the price is at most ``most`` [appliances]; return the sum of prices paid.

    Where work ``must`` be done, it also goes on whenever all slots left are needed.
    """
    count, slots = len(windows.zone), prices.shape[1]
    works, paid = np.zeros((count, slots), np.bool_), np.zeros(count)
    for row in range(count):
        price, left = prices[windows.zone[row]], windows.length[row]
        for slot in range(windows.first[row], windows.end[row]):
            if left == 0:
                break
            if price[slot] <= most[row] or (must and windows.end[row] - slot <= left):
                works[row, slot] = True
                paid[row] += price[slot]
                left -= 1
    return works, paid
