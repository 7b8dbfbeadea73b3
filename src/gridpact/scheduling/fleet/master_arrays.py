"""The arrays of a restricted master, and the kernels that keep them in step with its mix.

Limits that nothing exceeds are left out until something does; those that are in are rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code

COLUMNS, ROWS, GROUPS, WRITTEN = range(4)
"""Positions in ``Master.size``. ``WRITTEN``: columns of which ``held`` is filled."""
DRIFT = 1e-8
"""What an equation may be off by, relative to 1 + its right-hand side, before the inverse is made
anew."""


class Master(NamedTuple):
    """Arrays of one master; those with room hold more than ``size`` says.

    ``values`` [columns, resources]; ``cost``, ``group``, ``born``, ``reduced`` [columns]: ``born``
    is the caller's, ``reduced`` the reduced cost when last looked at. ``row`` [rows]: positions of
    the active limits; ``held`` [rows, columns]: what columns take of these, by sign.
    ``inverse`` [groups + rows, same]; ``basis``, ``level``, ``price`` [groups + rows]. A basis
    entry is a column, -1 - 2·row for a row's slack, or -2 - 2·row for its excess.
    """

    values: Floats
    cost: Floats
    group: Ints
    born: Ints
    reduced: Floats
    row: Ints
    held: Floats
    inverse: Floats
    basis: Ints
    level: Floats
    price: Floats
    size: Ints


class Limits(NamedTuple):
    """All limits a master may have to hold [limits]: ``sign · energy of resource ≤ limit``."""

    resource: Ints
    sign: Floats
    limit: Floats
    low: Floats
    high: Floats
    active: Bools


class Mix(NamedTuple):
    """What a master came to: ``energy`` [groups, resources], ``price`` [limits], ``cost`` [1].

    ``cost`` is that of the columns in the mix at their own costs.
    """

    energy: Floats
    price: Floats
    cost: Floats


@machine_code
def mixed(master: Master, mix: Mix) -> None:
    """Write what groups take of each resource at the present levels, and its cost."""
    mix.energy[:] = 0.0
    mix.cost[0] = 0.0
    for place in range(master.size[ROWS] + master.size[GROUPS]):
        entry, share = master.basis[place], master.level[place]
        if entry >= 0 and share != 0.0:
            own, values = mix.energy[master.group[entry]], master.values[entry]
            for resource in range(values.shape[0]):
                own[resource] += share * values[resource]
            mix.cost[0] += share * master.cost[entry]


@machine_code
def drifted(master: Master, limits: Limits, total: Floats) -> bool:
    """Whether the levels no longer solve their equations; ``total`` [resources] is the mix."""
    groups, rows = master.size[GROUPS], master.size[ROWS]
    over = np.zeros(groups + rows)
    for place in range(groups + rows):
        entry, level = master.basis[place], master.level[place]
        if entry >= 0:
            over[master.group[entry]] += level
        else:
            row = (-1 - entry) // 2
            over[groups + row] += level if entry == -1 - 2 * row else -level
    for group in range(groups):
        if abs(over[group] - 1.0) > DRIFT:
            return True
    for row in range(rows):
        at = master.row[row]
        taken = limits.sign[at] * total[limits.resource[at]]
        residual = taken + over[groups + row] - limits.limit[at]
        if abs(residual) > DRIFT * (1.0 + abs(limits.limit[at])):
            return True
    return False


@machine_code
def write_held(master: Master, limits: Limits, row: int, begin: int) -> None:
    """Write what columns from ``begin`` on take of an active limit."""
    at, held = master.row[row], master.held[row]
    resource, sign = limits.resource[at], limits.sign[at]
    for column in range(begin, master.size[COLUMNS]):
        held[column] = sign * master.values[column, resource]


@machine_code
def write_new(master: Master, limits: Limits) -> None:
    """Write what new columns take of all active limits."""
    for row in range(master.size[ROWS]):
        write_held(master, limits, row, master.size[WRITTEN])
    master.size[WRITTEN] = master.size[COLUMNS]


@machine_code
def activate(master: Master, limits: Limits, at: int, over: float) -> None:
    """Make a limit a row; what it is exceeded by, or its slack where ``over`` < 0, is basic."""
    places, row = master.size[ROWS] + master.size[GROUPS], master.size[ROWS]
    master.row[row] = at
    write_held(master, limits, row, 0)
    new, sign = master.inverse[places], 1.0 if over > 0.0 else -1.0
    for other in range(places):
        new[other] = 0.0
        master.inverse[other, places] = 0.0
    for place in range(places):
        entry = master.basis[place]
        if entry >= 0 and master.held[row, entry] != 0.0:
            factor = sign * master.held[row, entry]
            for other in range(places):
                new[other] += factor * master.inverse[place, other]
    new[places] = -sign
    master.basis[places] = -2 - 2 * row if over > 0.0 else -1 - 2 * row
    master.level[places] = abs(over)
    master.size[ROWS] += 1
    limits.active[at] = True


@machine_code
def activate_exceeded(master: Master, limits: Limits, total: Floats, tolerance: float) -> int:
    """Activate limits that ``total`` [resources] exceeds, or whose price cannot be zero.

    Returns how many, or -1 where room ran out.
    """
    added = 0
    for at in range(limits.limit.shape[0]):
        if limits.active[at]:
            continue
        over = limits.sign[at] * total[limits.resource[at]] - limits.limit[at]
        if over > tolerance * (1.0 + abs(limits.limit[at])) or limits.low[at] > 0.0:
            if master.size[ROWS] == master.row.shape[0]:
                return -1
            activate(master, limits, at, over)
            added += 1
    return added


@machine_code
def add_prices(master: Master, extra: Floats, cost: Floats) -> None:
    """Write columns' costs into ``cost``, with what ``extra`` [groups, resources] adds to them."""
    columns = master.size[COLUMNS]
    for column in range(columns):
        cost[column] = master.cost[column]
    if extra.shape[0] == 0:
        return
    for resource in range(extra.shape[1]):
        used = False
        for group in range(extra.shape[0]):
            used |= extra[group, resource] != 0.0
        if used:
            for column in range(columns):
                price = extra[master.group[column], resource]
                cost[column] += price * master.values[column, resource]


@machine_code
def limit_prices(master: Master, limits: Limits, price: Floats) -> None:
    """Write the price of every limit, within its bounds, into ``price`` [limits]."""
    for at in range(price.shape[0]):
        price[at] = limits.low[at]
    for row in range(master.size[ROWS]):
        at, found = master.row[row], -master.price[master.size[GROUPS] + row]
        price[at] = min(max(found, limits.low[at]), limits.high[at])
