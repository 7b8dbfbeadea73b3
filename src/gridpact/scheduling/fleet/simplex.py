"""The restricted master problem: mix known answers of groups so that limits hold at least cost.

Primal revised simplex with a dense inverse, for few rows and many columns::

    min  Σ cost · x + Σ high · excess − Σ low · slack
    s.t. Σ x of a group = 1,          sign · Σ values · x + slack − excess = limit,      x ≥ 0

so that a limit's price lies between its ``low`` and ``high``. Limits that nothing exceeds are left
out until something does. Method: G. B. Dantzig & P. Wolfe, Decomposition principle for linear
programs, Operations Research 8 (1960); the inverse is updated by elimination at each pivot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.master_arrays import (
    COLUMNS,
    GROUPS,
    ROWS,
    Limits,
    Master,
    Mix,
    activate_exceeded,
    add_prices,
    drifted,
    limit_prices,
    mixed,
    write_new,
)

OPTIMAL, OUT_OF_ROOM, OUT_OF_PIVOTS, LOST = range(4)
"""How a call ended. ``LOST``: the inverse no longer fits its basis and is to be made anew."""

PIVOT = 1e-9
"""Smallest element to pivot on."""
REFRESH = 64
"""Pivots after which prices are worked out anew."""
AT_HAND = 64
"""Most columns looked at between looks at all."""


class Near(NamedTuple):
    """Columns worth a pivot when all were last looked at, close together [places].

    ``column`` among all, ``cost``, ``reduced`` cost, and ``held`` [rows, places] by active limits.
    """

    column: Ints
    cost: Floats
    reduced: Floats
    held: Floats


@machine_code
def reduced_costs(master: Master, cost: Floats) -> None:
    """Work out the cost of each column less what its group and the limits pay for it."""
    columns, rows, groups = master.size[COLUMNS], master.size[ROWS], master.size[GROUPS]
    price, reduced = master.price, master.reduced
    for column in range(columns):
        reduced[column] = cost[column] - price[master.group[column]]
    for row in range(rows):
        at = price[groups + row]
        if at != 0.0:
            held = master.held[row]
            for column in range(columns):
                reduced[column] -= at * held[column]


@machine_code
def look(master: Master, cost: Floats, tolerance: float, near: Near) -> int:
    """Look at all columns; keep those worth a pivot at hand and return how many."""
    reduced_costs(master, cost)
    many, most = 0, near.column.shape[0]
    for column in range(master.size[COLUMNS]):
        if master.reduced[column] < -tolerance and many < most:
            near.column[many], near.cost[many] = column, cost[column]
            near.reduced[many] = master.reduced[column]
            many += 1
    for row in range(master.size[ROWS]):
        held, own = master.held[row], near.held[row]
        for place in range(many):
            own[place] = held[near.column[place]]
    return many


@machine_code
def look_again(master: Master, near: Near, many: int) -> None:
    """Work out the reduced costs of the columns at hand at the present prices."""
    price, groups = master.price, master.size[GROUPS]
    for place in range(many):
        near.reduced[place] = near.cost[place] - price[master.group[near.column[place]]]
    for row in range(master.size[ROWS]):
        at, held = price[groups + row], near.held[row]
        for place in range(many):
            near.reduced[place] -= at * held[place]


@machine_code
def entering(
    master: Master, limits: Limits, tolerance: float, near: Near, many: int
) -> tuple[int, float]:
    """Most promising basis entry and its reduced cost; a cost of 0 where none is left.

    Of columns those at hand are looked at. A column may enter by 1, slack or excess by about its
    limit: gains are compared at these.
    """
    best, entry, cost = -tolerance, 0, 0.0
    for place in range(many):
        if near.reduced[place] < best:
            best = cost = near.reduced[place]
            entry = near.column[place]
    groups = master.size[GROUPS]
    for row in range(master.size[ROWS]):
        price, at = master.price[groups + row], master.row[row]
        size = 1.0 + abs(limits.limit[at])
        slack, excess = -limits.low[at] - price, limits.high[at] + price
        if slack * size < best:
            best, entry, cost = slack * size, -1 - 2 * row, slack
        if excess * size < best:
            best, entry, cost = excess * size, -2 - 2 * row, excess
    return entry, cost


@machine_code
def entry_cost(master: Master, limits: Limits, cost: Floats, entry: int) -> float:
    """Cost of a basis entry."""
    if entry >= 0:
        return float(cost[entry])
    row = (-1 - entry) // 2
    at = master.row[row]
    return float(limits.high[at] if entry == -2 - 2 * row else -limits.low[at])


@machine_code
def fill_column(master: Master, entry: int, column: Floats) -> None:
    """Write the coefficients of a basis entry into ``column`` [groups + rows]."""
    rows, groups = master.size[ROWS], master.size[GROUPS]
    for place in range(groups + rows):
        column[place] = 0.0
    if entry >= 0:
        column[master.group[entry]] = 1.0
        for row in range(rows):
            column[groups + row] = master.held[row, entry]
    else:
        row = (-1 - entry) // 2
        column[groups + row] = -1.0 if entry == -2 - 2 * row else 1.0


@machine_code
def make_prices(master: Master, limits: Limits, cost: Floats) -> None:
    """Work out the prices of groups and limits from the basis."""
    places = master.size[ROWS] + master.size[GROUPS]
    price = np.zeros(places)  # by itself, so that many numbers are dealt with at once
    for place in range(places):
        own = entry_cost(master, limits, cost, master.basis[place])
        if own != 0.0:
            for other in range(places):
                price[other] += own * master.inverse[place, other]
    master.price[:places] = price


@machine_code
def leaving(level: Floats, direction: Floats, places: int) -> tuple[int, float]:
    """Place whose level first falls to zero along ``direction``, and how far that is; -1 if none.

    Among near ties the largest element is pivoted on.
    """
    step, place = np.inf, -1
    for other in range(places):
        if direction[other] > PIVOT:
            ratio = level[other] / direction[other]
            near = place >= 0 and ratio < step + 1e-12 and direction[other] > direction[place]
            if ratio < step - 1e-12 or near:
                step, place = ratio, other
    return place, max(step, 0.0)


@machine_code
def towards(master: Master, column: Floats, direction: Floats) -> None:
    """How levels fall as an entry with coefficients ``column`` rises, into ``direction``."""
    places = master.size[ROWS] + master.size[GROUPS]
    for place in range(places):
        total, own = 0.0, master.inverse[place]
        for other in range(places):
            total += own[other] * column[other]
        direction[place] = total


@machine_code
def eliminate(master: Master, direction: Floats, out: int, row: Floats) -> None:
    """Bring the inverse up to date after the entry at place ``out`` was replaced.

    ``row`` is scratch of its own, so that many numbers are dealt with at once.
    """
    places = master.size[ROWS] + master.size[GROUPS]
    scale = 1.0 / direction[out]
    for other in range(places):
        row[other] = master.inverse[out, other] * scale
    for place in range(places):
        factor = direction[place]
        if factor != 0.0:
            for other in range(places):
                master.inverse[place, other] -= factor * row[other]
    for other in range(places):
        master.inverse[out, other] = row[other]


@machine_code
def pivot(master: Master, column: Floats, direction: Floats, entry: int, reduced: float) -> bool:
    """Bring an entry with coefficients ``column`` into the basis; False where nothing stops it.

    ``column`` is overwritten.
    """
    places = master.size[ROWS] + master.size[GROUPS]
    towards(master, column, direction)
    out, step = leaving(master.level, direction, places)
    if out < 0:
        return False
    for place in range(places):
        master.level[place] = max(master.level[place] - step * direction[place], 0.0)
    master.level[out] = step
    eliminate(master, direction, out, column)
    for other in range(places):
        master.price[other] += reduced * master.inverse[out, other]
    master.basis[out] = entry
    return True


@machine_code
def descend(
    master: Master, limits: Limits, cost: Floats, near: Near, tolerance: float, most: int
) -> int:
    """Pivot until no entry improves; OPTIMAL, OUT_OF_PIVOTS or LOST.

    Between looks at all columns only those at hand are considered: they were worth a pivot then.
    """
    column, direction = np.empty(master.price.shape[0]), np.empty(master.price.shape[0])
    since = done = looked = 0
    make_prices(master, limits, cost)
    many = look(master, cost, tolerance, near)
    while True:
        entry, gain = entering(master, limits, tolerance, near, many)
        if gain == 0.0 and since == 0:
            return OPTIMAL
        if done >= most:
            return OUT_OF_PIVOTS
        if gain != 0.0:
            fill_column(master, entry, column)
            if not pivot(master, column, direction, entry, gain):
                return LOST
            since, done = since + 1, done + 1
        if since == REFRESH or (gain == 0.0 and looked == done):
            make_prices(master, limits, cost)
            since = 0
        if gain == 0.0 or since == 0:
            many, looked = look(master, cost, tolerance, near), done
        else:
            look_again(master, near, many)


@machine_code
def optimise(master: Master, limits: Limits, extra: Floats, mix: Mix, settings: Floats) -> int:
    """Solve a master from its present basis, in place, and fill ``mix``; how it ended.

    ``extra`` [groups or 0, resources] are prices on top of the columns' costs. ``settings`` holds
    the least gain worth a pivot, what a limit may be exceeded by (relative), and the most pivots.
    """
    cost, total = np.empty(master.size[COLUMNS]), np.empty(master.values.shape[1])
    near = Near(
        np.empty(AT_HAND, np.int64),
        np.empty(AT_HAND),
        np.empty(AT_HAND),
        np.empty((master.row.shape[0], AT_HAND)),
    )
    write_new(master, limits)
    add_prices(master, extra, cost)
    while True:
        ended = descend(master, limits, cost, near, settings[0], int(settings[2]))
        mixed(master, mix)
        total[:] = 0.0
        for group in range(master.size[GROUPS]):
            for resource in range(total.shape[0]):
                total[resource] += mix.energy[group, resource]
        added = 0
        if ended == OPTIMAL and drifted(master, limits, total):
            ended = LOST
        if ended == OPTIMAL:
            added = activate_exceeded(master, limits, total, settings[1])
        if added <= 0:
            limit_prices(master, limits, mix.price)
            return OUT_OF_ROOM if added < 0 else ended
