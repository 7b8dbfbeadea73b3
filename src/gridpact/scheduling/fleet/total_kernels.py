"""Kernel of assets that need a total and charge at least at some power, or not at all.

With ``k`` slots of charging the cheapest k are the right ones: each takes the least energy, and
what is still due goes into the cheapest of them first. Every k is tried, which is exact, also
where prices are negative and more than the need pays.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.stepped_rows import ROUNDING, Stores

INFINITY = np.inf


@machine_code
def plan_total(
    stores: Stores, asset: int, prices: Floats, order: Ints, space: Floats, stored: Floats
) -> bool:
    """Write the energy stored in each slot [slots]; False where no plan meets the need.

    ``order`` is slots by price, ``space`` scratch [2, slots + 1].
    """
    count, below = _sorted_slots(stores, asset, prices, order, space)
    stored[:] = 0.0
    best, chosen, extra, actions = INFINITY, -1, 0.0, _actions(stores, asset)
    for many in range(count + 1):
        over = _extra(stores, asset, many, min(many, below), actions)
        if over < 0.0:
            continue
        cost = _cost(space, many, over, actions)
        if cost < best:
            best, chosen, extra = cost, many, over
    _fill(space, chosen, extra, actions, stored)
    return chosen >= 0


@machine_code
def _actions(stores: Stores, asset: int) -> tuple[float, float, float]:
    """Least energy of a slot with charging, what may be added to it, and in which steps."""
    for slot in range(stores.charge.shape[1]):
        least, most, step = stores.charge[asset, slot]
        if most > 0.0:
            return least, most - least, step
    return 0.0, 0.0, 0.0


@machine_code
def _sorted_slots(
    stores: Stores, asset: int, prices: Floats, order: Ints, space: Floats
) -> tuple[int, int]:
    """Fill slots with power by price, and sums of their prices; count all and those below zero."""
    count, below = 0, 0
    space[1, 0] = 0.0
    for slot in order:
        if stores.charge[asset, slot, 1] > 0.0:
            space[0, count] = slot
            space[1, count + 1] = space[1, count] + prices[slot]
            below += prices[slot] < 0.0
            count += 1
    return count, below


@machine_code
def _extra(
    stores: Stores, asset: int, many: int, below: int, actions: tuple[float, float, float]
) -> float:
    """Best energy beyond the least one of each of ``many`` slots, negative where none will do."""
    least, more, step = actions
    low = max(stores.need[asset] - many * least, 0.0)
    high = min(stores.room[asset] - many * least, many * more)
    if step > 0.0:
        low = np.ceil((low - ROUNDING) / step) * step
        high = np.floor((high + ROUNDING) / step) * step
    if low > high + ROUNDING or high < -ROUNDING:
        return -1.0
    return float(max(min(max(below * more, low), high), 0.0))


@machine_code
def _cost(space: Floats, many: int, extra: float, actions: tuple[float, float, float]) -> float:
    """Sum of price · energy over ``many`` cheapest slots with so much beyond the least energy."""
    least, more, _ = actions
    total = least * float(space[1, many])
    if extra <= 0.0:
        return float(total)
    full = min(int(extra / more), many)
    total += more * float(space[1, full])
    if full < many:
        total += (extra - full * more) * float(space[1, full + 1] - space[1, full])
    return float(total)


@machine_code
def _fill(
    space: Floats, many: int, extra: float, actions: tuple[float, float, float], stored: Floats
) -> None:
    """Write the plan of ``many`` cheapest slots with so much beyond the least energy."""
    least, more, _ = actions
    for place in range(many):
        take = min(extra, more)
        stored[int(space[0, place])] = least + take
        extra -= take
