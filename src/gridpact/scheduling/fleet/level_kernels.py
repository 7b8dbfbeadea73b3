"""Kernel of storage on whole levels: a dynamic programme over states and slots.

Where nothing leaks and every power is a whole number of quanta, the state after a slot is the
first one, less what was drawn, plus ``level`` quanta; so the levels are all there is, and the
programme is exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.stepped_rows import ROUNDING, Stores

INFINITY = np.inf


class Levels(NamedTuple):
    """Scratch: least cost by slot and level [slots + 1, levels], quanta chosen [slots, levels].

    ``bounds`` [slots + 1, 2] are the lowest and highest level before each slot and after the last;
    level ``bounds[slot, 0]`` is in place 0.
    """

    least: Floats
    chosen: Ints
    bounds: Ints


@machine_code
def levels_within(stores: Stores, asset: int, levels: Levels) -> int:
    """Fill the levels within bounds and reach; return how many there are at most in a slot."""
    quantum, bounds, base = stores.quantum[asset], levels.bounds, stores.initial[asset]
    bounds[0, 0], bounds[0, 1], most = 0, 0, 1
    close = 1e-6 + ROUNDING / quantum
    for slot in range(stores.lo.shape[1]):
        base -= stores.draw[asset, slot]
        low = int(np.ceil((stores.lo[asset, slot] - base) / quantum - close))
        high = int(np.floor((stores.hi[asset, slot] - base) / quantum + close))
        up = int(np.rint(stores.charge[asset, slot, 1] / quantum))
        down = int(np.rint(stores.discharge[asset, slot, 1] / quantum))
        bounds[slot + 1, 0] = max(low, bounds[slot, 0] - down)
        bounds[slot + 1, 1] = max(min(high, bounds[slot, 1] + up), bounds[slot + 1, 0] - 1)
        most = max(most, bounds[slot + 1, 1] - bounds[slot + 1, 0] + 1)
    return most


@machine_code
def try_quanta(levels: Levels, slot: int, quanta: int, cost: float) -> None:
    """Lower the least costs before a slot by an action of so many quanta at a cost."""
    low, high = levels.bounds[slot, 0], levels.bounds[slot, 1]
    after_low, after_high = levels.bounds[slot + 1, 0], levels.bounds[slot + 1, 1]
    here, after = levels.least[slot], levels.least[slot + 1]
    chosen, shift = levels.chosen[slot], low + quanta - after_low
    first = max(0, after_low - low - quanta)
    end = min(high, after_high - quanta) - low + 1
    for place in range(first, end):
        total = after[place + shift] + cost
        better = total < here[place]
        here[place] = total if better else here[place]
        chosen[place] = quanta if better else chosen[place]


@machine_code
def try_actions(levels: Levels, slot: int, actions: Floats, quantum: float, price: float) -> None:
    """Try all actions of one direction in a slot; energies are negative where taken."""
    least = int(np.rint(actions[0] / quantum))
    most, step = int(np.rint(actions[1] / quantum)), int(np.rint(actions[2] / quantum))
    if most == 0:
        return
    count = 1 + ((most - least) // step if step != 0 else 0)
    for number in range(count):
        quanta = least + number * step
        try_quanta(levels, slot, quanta, price * quanta * quantum)


@machine_code
def plan_levels(stores: Stores, asset: int, prices: Floats, levels: Levels, stored: Floats) -> bool:
    """Write the energy stored in each slot (negative: taken) [slots]; False where none is left."""
    slots, quantum, outward = len(prices), stores.quantum[asset], stores.outward[asset]
    levels_within(stores, asset, levels)
    levels.least[slots, : levels.bounds[slots, 1] - levels.bounds[slots, 0] + 1] = 0.0
    for slot in range(slots - 1, -1, -1):
        levels.least[slot, : levels.bounds[slot, 1] - levels.bounds[slot, 0] + 1] = INFINITY
        bought = prices[slot] / stores.inward[asset, slot]
        sold = (prices[slot] - stores.wear[asset]) * outward
        try_quanta(levels, slot, 0, 0.0)
        try_actions(levels, slot, stores.charge[asset, slot], quantum, bought)
        try_actions(levels, slot, -stores.discharge[asset, slot], quantum, sold)
    if not levels.least[0, 0] < INFINITY:
        return False
    level = 0
    for slot in range(slots):
        quanta = levels.chosen[slot, level - levels.bounds[slot, 0]]
        stored[slot] = quanta * quantum
        level += quanta
    return True
