"""Where a schedule leaves the assets of a fleet for regulation: powers, energies, slack.

An activation moves energy that the schedule meant for other slots, and what it moved must be made
up by slots after it. So what an asset may move is bounded by what later slots can make up:

- a car that only charges may put off what fits into the rest of its stay, and bring forward what
  was to be charged later;
- storage may fall below its schedule by as much as its state stays above its lower bounds in every
  later slot, counting what charging more (or discharging less) until then restores; likewise above.

Storage with least powers, steps or ramps, generators with ramps and appliances' runs are left out
(they give nothing): they cannot take any power at once. So are assets whose budget or throughput
may bind: what the schedule leaves of these is all there is.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.activation.columns import (
    MOST_WH,
    NOTHING_DUE,
    Assets,
    Limits,
)
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Storage,
    Zones,
    per_asset,
    per_slot,
)
from gridpact.scheduling.fleet.solution import Schedules, Solution
from gridpact.scheduling.fleet.storage import stepwise
from gridpact.scheduling.fleet.sums import cars_limited, storage_limited

MOST_LIMIT_W = 10**18
WITHIN_WH = 1e-6
"""Schedules keep bounds within rounding; slack below this is none."""


class Standing(msgspec.Struct, frozen=True):
    """Assets of a fleet as regulation sees them, and where each is: ``row`` of ``table``.

    ``table`` [assets] is a position in :data:`~gridpact.scheduling.fleet.columns.TABLES`.
    """

    assets: Assets
    limits: Limits
    table: Ints
    row: Ints


class _When(NamedTuple):
    """Slots an activation may touch, ``slot ≤ t < through``; hours of one; when slots start."""

    slot: int
    through: int
    hours: float
    start_s: Ints


class _Part(NamedTuple):
    """Columns of one table's assets: powers W, energies Wh, costs µ¤/kWh, deadlines."""

    net_w: Floats
    up_w: Floats
    down_w: Floats
    up_wh: Floats
    down_wh: Floats
    up_cost: Floats
    down_cost: Floats
    due_s: Ints


def standing(
    fleet: Fleet, solution: Solution, slot: int, sustained_s: int, start_s: int
) -> Standing:
    """Where a solution leaves the assets of its fleet in a slot.

    Parameters
    ----------
    fleet, solution : Fleet, Solution
        The fleet and the answer to it that is in force.
    slot : int
        Slot in which an activation may begin.
    sustained_s : int
        How long it may last; headroom is there in all slots it touches, within the horizon.
    start_s : int
        Start of the fleet's first slot [s since the epoch].

    Returns
    -------
    Standing
        All assets of the fleet, table by table. Costs are what the fleet states: wear, fuel, and
        what is paid for energy cut. Priorities are 0; replace them where some are to go first.

    Raises
    ------
    ValueError
        Of a slot that is none of the fleet's, or a fleet without assets.
    """
    if not 0 <= slot < fleet.slots or sustained_s <= 0:
        raise ValueError(f"slot {slot} of {fleet.slots}, for {sustained_s} s")
    when = _when(fleet, slot, sustained_s, start_s)
    return _stand(fleet, solution.schedules(), solution.net_wh, when)


def begins_with(fleet: Fleet, schedules: Schedules, net_wh: Floats, sustained_s: int) -> Standing:
    """Where schedules leave the assets of a fleet in its first slot, its time counted from 0.

    As :func:`standing`, for schedules that come from elsewhere; ``net_wh`` [zones, slots] is the
    net energy of every zone.
    """
    return _stand(fleet, schedules, net_wh, _when(fleet, 0, sustained_s, 0))


def _when(fleet: Fleet, slot: int, sustained_s: int, start_s: int) -> _When:
    through = min(slot + -(-sustained_s // fleet.step_s), fleet.slots)
    starts = start_s + fleet.step_s * np.arange(fleet.slots + 1, dtype=np.int64)
    return _When(slot, through, fleet.hours, starts)


def _stand(fleet: Fleet, schedules: Schedules, net_wh: Floats, when: _When) -> Standing:
    parts = _parts(fleet, schedules, when)
    if not parts:
        raise ValueError("a fleet without assets has nothing to give")
    tables = [np.full(len(part.net_w), position) for position, part in parts.items()]
    zones = [np.asarray(getattr(fleet, TABLES[position]).zone) for position in parts]
    rows = [np.arange(len(part.net_w)) for part in parts.values()]
    joined = _Part(*(np.concatenate(columns) for columns in zip(*parts.values(), strict=True)))
    return Standing(
        _assets(joined, np.concatenate(zones).astype(np.int64)),
        _limits(fleet.zones, net_wh, when),
        np.concatenate(tables),
        np.concatenate(rows),
    )


def _parts(fleet: Fleet, schedules: Schedules, when: _When) -> dict[int, _Part]:
    """Columns of each table there is, by its position."""
    found = {}
    if fleet.one_way is not None:
        found[0] = _cars(fleet.one_way, schedules.one_way_wh, when)
    if fleet.storage is not None:
        found[1] = _storage(fleet.storage, schedules, when)
    if fleet.curtailable is not None:
        found[2] = _curtailable(fleet.curtailable, schedules.output_wh, when)
    if fleet.runs is not None:
        found[3] = _fixed(schedules.runs_wh, when)
    if fleet.generators is not None:
        found[4] = _generators(fleet.generators, schedules.generators_wh, when)
    return found


def _assets(part: _Part, zone: Ints) -> Assets:
    """Whole numbers: powers to the nearest, what can be given or moved rounded down."""

    def floor(values: Floats, most: float) -> Ints:
        return np.asarray(np.floor(np.clip(values + WITHIN_WH, 0, most)), np.int64)

    def whole(values: Floats) -> Ints:
        return np.asarray(np.rint(values), np.int64)

    net = whole(part.net_w)
    return Assets(
        power_w=net,
        least_w=net - floor(part.up_w, 1e9),
        most_w=net + floor(part.down_w, 1e9),
        up_wh=floor(part.up_wh, MOST_WH),
        down_wh=floor(part.down_wh, MOST_WH),
        up_cost=whole(part.up_cost),
        down_cost=whole(part.down_cost),
        priority=np.zeros(len(net), np.int64),
        zone=zone,
        due_s=part.due_s,
    )


def _limits(zones: Zones, net_wh: Floats, when: _When) -> Limits:
    """What zones may still take in every slot touched, W."""
    count, slots = net_wh.shape
    net = net_wh[:, when.slot : when.through] / when.hours

    def free(limit: Floats, taken: Floats) -> Ints:
        left = (limit[:, when.slot : when.through] - taken).min(axis=1)
        return np.asarray(np.floor(np.clip(left, 0, MOST_LIMIT_W)), np.int64)

    exports = per_slot(zones.export_limit_w, count, slots)
    imports = per_slot(zones.import_limit_w, count, slots)
    return Limits(np.asarray(zones.parent, np.int64), free(exports, -net), free(imports, net))


def _cars(table: OneWay, energy: Floats, when: _When) -> _Part:
    count, slots = energy.shape
    now = np.arange(slots)
    there = (table.arrive[:, None] <= now) & (now < table.leave[:, None])
    most = per_slot(table.power_w, count, slots) * when.hours * there
    during, after = slice(when.slot, when.through), slice(when.through, None)
    free, apt = np.zeros(count), ~cars_limited(table, slots, when.hours)
    return _Part(
        net_w=energy[:, when.slot] / when.hours,
        up_w=apt * energy[:, during].min(axis=1) / when.hours,
        down_w=apt * (most - energy)[:, during].min(axis=1) / when.hours,
        up_wh=(most - energy)[:, after].sum(axis=1),
        down_wh=energy[:, after].sum(axis=1),
        up_cost=free,
        down_cost=free,
        due_s=when.start_s[table.leave],
    )


def _storage(table: Storage, schedules: Schedules, when: _When) -> _Part:
    charge, discharge = schedules.charge_wh, schedules.discharge_wh
    count, slots = charge.shape
    during = slice(when.slot, when.through)
    most_in = per_slot(table.charge_w, count, slots) * when.hours
    most_out = per_slot(table.discharge_w, count, slots) * when.hours
    net = charge - discharge
    below, above = _slack(table, schedules, when)
    apt = ~stepwise(table) & ~storage_limited(table, slots, when.hours)
    # a Wh at the grid side moves at most so much of the state
    worst = np.maximum(_inward(table, slots)[:, during].max(axis=1), 1 / _outward(table))
    return _Part(
        net_w=net[:, when.slot] / when.hours,
        up_w=apt * (most_out + net)[:, during].min(axis=1) / when.hours,
        down_w=apt * (most_in - net)[:, during].min(axis=1) / when.hours,
        up_wh=below.min(axis=1) / worst,
        down_wh=above.min(axis=1) / worst,
        up_cost=per_asset(table.wear, count),
        down_cost=np.zeros(count),
        due_s=_due(table, schedules, when, (below.min(axis=1), above.min(axis=1))),
    )


def _slack(table: Storage, schedules: Schedules, when: _When) -> tuple[Floats, Floats]:
    """How far states may be below and above the schedule as a slot ends, from ``slot`` on [Wh].

    Each counts what slots since the activation can restore; slots of it restore nothing.
    """
    count, slots = schedules.state_wh.shape
    inward, outward = _inward(table, slots), _outward(table)[:, None]
    planned = inward * schedules.charge_wh - schedules.discharge_wh / outward
    more = inward * per_slot(table.charge_w, count, slots) * when.hours - planned
    less = planned + per_slot(table.discharge_w, count, slots) * when.hours / outward
    restores = np.arange(slots) >= when.through
    low, high = _bounds(table, count, slots)
    below = schedules.state_wh - low + np.cumsum(more * restores, axis=1)
    above = high - schedules.state_wh + np.cumsum(less * restores, axis=1)
    return below[:, when.slot :], above[:, when.slot :]


def _due(table: Storage, schedules: Schedules, when: _When, moved: tuple[Floats, Floats]) -> Ints:
    """End of the first slot in which what may be moved breaks a bound unless made up by then."""
    count, slots = schedules.state_wh.shape
    low, high = _bounds(table, count, slots)
    rooms = (schedules.state_wh - low, high - schedules.state_wh)
    broken = np.zeros((count, slots - when.slot), np.bool_)
    for room, most in zip(rooms, moved, strict=True):
        broken |= room[:, when.slot :] < most[:, None] - WITHIN_WH
    end = when.start_s[when.slot + np.argmax(broken, axis=1) + 1]
    return np.asarray(np.where(broken.any(axis=1), end, NOTHING_DUE), np.int64)


def _bounds(table: Storage, count: int, slots: int) -> tuple[Floats, Floats]:
    low = per_slot(table.lo_wh, count, slots).copy()
    low[:, -1] = np.maximum(low[:, -1], per_asset(table.terminal_wh, count))
    return low, per_slot(table.hi_wh, count, slots)


def _inward(table: Storage, slots: int) -> Floats:
    return per_slot(table.efficiency_in, len(table.zone), slots)


def _outward(table: Storage) -> Floats:
    return per_asset(table.efficiency_out, len(table.zone))


def _curtailable(table: Curtailable, output: Floats, when: _When) -> _Part:
    count, slots = output.shape
    forecast = per_slot(table.forecast_wh, count, slots)
    least = per_asset(table.least, count)[:, None] * forecast
    cost = per_asset(table.cost, count)
    return _free(
        -output[:, when.slot],
        ((forecast - output), (output - least)),
        (-cost, cost),
        np.ones(count, np.bool_),
        when,
    )


def _generators(table: Generators, given: Floats, when: _When) -> _Part:
    count, slots = given.shape
    least, most = (
        per_slot(power, count, slots) * when.hours for power in (table.min_w, table.max_w)
    )
    fuel = per_asset(table.fuel, count)
    runs = (given[:, when.slot : when.through] > WITHIN_WH).all(axis=1)
    apt = runs & np.isinf(per_asset(table.ramp_w, count))
    return _free(-given[:, when.slot], (most - given, given - least), (fuel, -fuel), apt, when)


def _fixed(energy: Floats, when: _When) -> _Part:
    """Runs: their power counts, but none of it can be given."""
    none = np.zeros_like(energy)
    costs = (none[:, 0], none[:, 0])
    apt = np.zeros(len(energy), np.bool_)
    return _free(energy[:, when.slot], (none, none), costs, apt, when)


def _free(
    net_wh: Floats,
    rooms: tuple[Floats, Floats],
    costs: tuple[Floats, Floats],
    apt: Bools,
    when: _When,
) -> _Part:
    """Assets that owe nothing afterwards: only their power bounds what they give."""
    up, down = (apt * room[:, when.slot : when.through].min(axis=1) / when.hours for room in rooms)
    endless = np.full(len(net_wh), float(MOST_WH))
    due = np.full(len(net_wh), NOTHING_DUE)
    return _Part(net_wh / when.hours, up, down, endless, endless, costs[0], costs[1], due)
