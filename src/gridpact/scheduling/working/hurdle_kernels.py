"""Kernels of the dynamic programme with signals, and of work that follows its hurdle prices.

Tables have a row for each distinct pair of zone and end. ``left`` counts slots of work still due.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code

INFINITY = np.inf


class Tables(NamedTuple):
    """Windows that tables are for: their zone and end, and the earliest slot anyone needs."""

    zone: Ints
    end: Ints
    first: Ints


class Due(NamedTuple):
    """Work of appliances: their table, first slot and length."""

    table: Ints
    first: Ints
    length: Ints


@machine_code
def independent_hurdles(
    tables: Tables, price: Floats, probability: Floats, longest: int
) -> tuple[Floats, Floats]:
    """Hurdle prices and expected sums of prices [tables, slots, longest + 1].

    With ``c`` the hurdle, ``V[t, l] = V[t+1, l−1] + E[min(P_t, c)]``. Sums are infinite where the
    work does not fit any more.
    """
    count, slots, outcomes = len(tables.zone), price.shape[1], price.shape[2]
    hurdle = np.full((count, slots, longest + 1), -INFINITY)
    value = np.full((count, slots, longest + 1), INFINITY)
    after = np.empty(longest + 1)
    for table in range(count):
        chance, given = probability[tables.zone[table]], price[tables.zone[table]]
        after[:] = INFINITY
        after[0] = 0.0
        for slot in range(tables.end[table] - 1, tables.first[table] - 1, -1):
            value[table, slot, 0] = 0.0
            for left in range(1, min(longest, tables.end[table] - slot) + 1):
                bound = after[left] - after[left - 1]
                least = 0.0
                for outcome in range(outcomes):
                    least += chance[slot, outcome] * min(given[slot, outcome], bound)
                hurdle[table, slot, left] = bound
                value[table, slot, left] = after[left - 1] + least
            after[:] = value[table, slot]
    return hurdle, value


@machine_code
def chain_hurdles(
    tables: Tables, price: Floats, transition: Floats, longest: int
) -> tuple[Floats, Floats]:
    """Hurdle prices and expected sums of prices [tables, slots, states, longest + 1].

    With ``W(l | s)`` the mean of ``V[t+1, l | s']`` after signal ``s``, the hurdle is
    ``c(s) = W(l | s) − W(l−1 | s)`` and ``V[t, l | s] = W(l−1 | s) + min(P_t(s), c(s))``.
    """
    count, (_, slots, states) = len(tables.zone), price.shape
    hurdle = np.full((count, slots, states, longest + 1), -INFINITY)
    value = np.full((count, slots, states, longest + 1), INFINITY)
    for table in range(count):
        zone, end = tables.zone[table], tables.end[table]
        for slot in range(end - 1, tables.first[table] - 1, -1):
            for state in range(states):
                value[table, slot, state, 0] = mean = 0.0
                for left in range(1, min(longest, end - slot) + 1):
                    # with every slot left needed there is nothing to wait for
                    below, mean = mean, INFINITY
                    if left < end - slot:
                        mean = 0.0
                        for coming in range(states):
                            chance = transition[zone, slot, state, coming]
                            mean += chance * value[table, slot + 1, coming, left]
                    bound = mean - below
                    hurdle[table, slot, state, left] = bound
                    value[table, slot, state, left] = below + min(price[zone, slot, state], bound)
    return hurdle, value


@machine_code
def follow(
    due: Due, tables: Tables, hurdle: Floats, state: Ints, prices: Floats
) -> tuple[Bools, Floats]:
    """Work wherever the price is at most the hurdle; return the sum of prices paid.

    ``hurdle`` [tables, slots, states, longest + 1]; ``state`` and ``prices`` [zones, slots] are
    what was revealed.
    """
    count, slots = len(due.table), prices.shape[1]
    works, paid = np.zeros((count, slots), np.bool_), np.zeros(count)
    for row in range(count):
        table, left = due.table[row], due.length[row]
        zone = tables.zone[table]
        for slot in range(due.first[row], tables.end[table]):
            if prices[zone, slot] <= hurdle[table, slot, state[zone, slot], left]:
                works[row, slot] = True
                paid[row] += prices[zone, slot]
                left -= 1
                if left == 0:
                    break
    return works, paid
