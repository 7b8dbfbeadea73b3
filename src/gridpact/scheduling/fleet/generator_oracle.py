"""Generators that start and stop: the cheapest commitment and output to given prices, exactly.

While on, the output of a slot touches no other slot (ramps aside), so the best one is an end of its
range or the knee of the fuel curve. What is left is when to be on: with ``on[t]`` and ``off[t]``
the least cost from slot ``t`` for one free to stop or start, ``g[t]`` the cost of slot ``t`` on,

    off[t] = min(off[t + 1], start cost + g[t] + … + g[t + up - 1] + on[t + up])
    on[t]  = min(g[t] + on[t + 1], off[t + down]),

which takes T steps whatever the least times up and down. (Dynamic programming for unit commitment:
Lowery, IEEE Transactions on Power Apparatus and Systems 85, 1966; here for one unit at a price.)
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Generators, per_asset, per_slot
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.oracles import Answers, Layout, Oracle
from gridpact.scheduling.fleet.parts import groups_of


class Units(NamedTuple):
    """Generators, sorted: energies [assets, slots] kWh, the rest [assets], costs ¤ and ¤/kWh.

    ``locked`` is how many first slots a unit must stay as it is, ``running`` whether it is on.
    """

    least: Floats
    most: Floats
    fuel: Floats
    idle_cost: Floats
    start_cost: Floats
    up: Ints
    down: Ints
    running: Bools
    locked: Ints


class Commitment(msgspec.Struct, frozen=True):
    """Oracle of generators without binding ramps; exact. Channel 0 of a plan is negative output."""

    first: Ints
    units: Units
    divisible: bool = False

    @classmethod
    def build(cls, table: Generators, layout: Layout, slots: int, hours: float) -> Commitment:
        """Take the rows of a table; see :func:`covers`. Divisible if all of them are plain."""
        rows, count = layout.rows, len(table.zone)
        up, down, before = (
            np.broadcast_to(np.asarray(values, np.int64), (count,))[rows]
            for values in (table.min_up, table.min_down, table.before)
        )
        running = before > 0
        locked = np.where(running, up - before, down + before)
        units = Units(
            least=_energy(table.min_w, table, slots, hours)[rows],
            most=_energy(table.max_w, table, slots, hours)[rows],
            fuel=per_asset(table.fuel, count)[rows] * 1e-6,
            idle_cost=per_asset(table.idle_cost, count)[rows] * 1e-6,
            start_cost=per_asset(table.start_cost, count)[rows] * 1e-6,
            up=np.minimum(up, slots),
            down=np.minimum(down, slots),
            running=running,
            locked=np.clip(locked, 0, slots),
        )
        return cls(layout.first, units, bool(plain(table)[rows].all()))

    def best(self, prices: Floats) -> Answers:
        """Answer prices [groups, slots], ¤/kWh."""
        work = _work(prices.shape[1])
        energy, own = _sums(self.units, self.first, np.array(prices, np.float64), work)
        return Answers(energy, own, np.zeros(len(own)))

    def plans(self, rows: Ints, prices: Floats) -> Floats:
        """Return net energy of sorted rows [n, 1, slots], kWh."""
        work = _work(len(prices))
        return _plans(self.units, np.asarray(rows), np.array(prices, np.float64), work)

    def exact(self) -> Oracle:
        """Itself."""
        return self

    def part(self, groups: slice) -> Commitment:
        """The same with these groups alone."""
        first, units = groups_of(self.first, self.units, groups)
        return Commitment(first, units, self.divisible)


def plain(table: Generators) -> Bools:
    """Mark generators [assets] of which any mix of plans is a plan: nothing but a price per kWh."""
    count = len(table.zone)
    free = np.ones(count, np.bool_)
    for values in (table.start_cost, table.idle_cost):
        free &= per_asset(values, count) == 0
    for times in (table.min_up, table.min_down):
        free &= np.broadcast_to(np.asarray(times), (count,)) <= 1
    least = np.asarray(table.min_w, np.float64)
    none = least == 0 if least.ndim < 2 else (least == 0).all(axis=1)
    return np.asarray(free & none & np.isinf(per_asset(table.ramp_w, count)))


def covers(table: Generators, slots: int) -> Bools:
    """Mark generators [assets] that :class:`Commitment` answers: those whose ramp never binds."""
    count = len(table.zone)
    highest = per_slot(table.max_w, count, slots).max(axis=1)
    lowest = per_slot(table.min_w, count, slots).min(axis=1)
    return np.asarray(per_asset(table.ramp_w, count) >= highest - lowest)


def _energy(power: Floats | Ints | float, table: Generators, slots: int, hours: float) -> Floats:
    """Energy of a slot at a power [assets, slots], kWh."""
    return np.asarray(per_slot(power, len(table.zone), slots) * (hours / 1000))


class Work(NamedTuple):
    """Scratch [slots + 1]: sums of the cost of being on, least costs from here on, and choices."""

    spent: Floats
    on: Floats
    off: Floats
    own: Floats
    stops: Bools
    starts: Bools


def _work(slots: int) -> Work:
    spent, on, off, own = (np.empty(slots + 1) for _ in range(4))
    stops, starts = (np.empty(slots + 1, np.bool_) for _ in range(2))
    return Work(spent, on, off, own, stops, starts)


@machine_code
def _sums(units: Units, first: Ints, prices: Floats, work: Work) -> tuple[Floats, Floats]:
    """Sum the plans of every group: energy [groups, slots] and own cost [groups]."""
    groups, slots = prices.shape
    energy, own, plan = np.zeros((groups, slots)), np.zeros(groups), np.empty(slots)
    for group in range(groups):
        for unit in range(first[group], first[group + 1]):
            _commit(units, unit, prices[group], plan, work)
            own[group] += _follow(units, unit, plan, work)
            energy[group] += plan
    return energy, own


@machine_code
def _plans(units: Units, rows: Ints, prices: Floats, work: Work) -> Floats:
    """Plan single units [rows, 1, slots] to prices [slots]."""
    plans = np.empty((len(rows), 1, len(prices)))
    for place in range(len(rows)):
        _commit(units, rows[place], prices, plans[place, 0], work)
        _follow(units, rows[place], plans[place, 0], work)
    return plans


@machine_code
def _commit(units: Units, unit: int, prices: Floats, plan: Floats, work: Work) -> None:
    """Write what the unit gives where it is on, and in which slots it would start and stop."""
    slots, spent, on, off = len(prices), work.spent, work.on, work.off
    spent[0] = on[slots] = off[slots] = 0.0
    for slot in range(slots):
        dear = prices[slot] > units.fuel[unit]
        given = units.most[unit, slot] if dear else units.least[unit, slot]
        plan[slot] = -given
        work.own[slot] = units.idle_cost[unit] + units.fuel[unit] * given
        spent[slot + 1] = spent[slot] + work.own[slot] - prices[slot] * given
    up, down, start_cost = units.up[unit], units.down[unit], units.start_cost[unit]
    for slot in range(slots - 1, -1, -1):
        begun = min(slot + up, slots)
        start = start_cost + spent[begun] - spent[slot] + on[begun]
        stay, stop = spent[slot + 1] - spent[slot] + on[slot + 1], off[min(slot + down, slots)]
        work.starts[slot], work.stops[slot] = start < off[slot + 1], stop < stay
        on[slot], off[slot] = min(stay, stop), min(off[slot + 1], start)


@machine_code
def _follow(units: Units, unit: int, plan: Floats, work: Work) -> float:
    """Clear ``plan`` where the unit is off; return the own cost of the rest."""
    running, hold, cost = units.running[unit], units.locked[unit], 0.0
    for slot in range(len(plan)):
        if hold == 0 and running and work.stops[slot]:
            running, hold = False, units.down[unit]
        elif hold == 0 and not running and work.starts[slot]:
            running, hold = True, units.up[unit]
            cost += units.start_cost[unit]
        if running:
            cost += work.own[slot]
        else:
            plan[slot] = 0.0
        hold = max(hold - 1, 0)
    return cost
