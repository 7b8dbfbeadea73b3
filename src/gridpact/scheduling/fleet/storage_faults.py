"""What is wrong with storage, and storage that cannot keep its own bounds whatever it does."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import (
    Fleet,
    Storage,
    Values,
    narrow,
    per_asset,
    per_slot,
    rows_of,
    varies,
)
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.machine_code import machine_code, read_only
from gridpact.scheduling.fleet.steady_storage import steady
from gridpact.scheduling.fleet.stepped_storage import covers, impossible
from gridpact.scheduling.fleet.storage import stepwise
from gridpact.scheduling.fleet.sums import limited_rows, storage_limited

LARGEST = 1e15
INFINITY = float("inf")
SMALLEST = 1e-6
"""Least efficiency: below it a state could not be told from rounding."""
TOUCH_WH = 1e-6

BY_SLOT = {
    "charge_w": (0.0, LARGEST),
    "discharge_w": (0.0, LARGEST),
    "lo_wh": (-LARGEST, LARGEST),
    "hi_wh": (-LARGEST, LARGEST),
    "draw_wh": (-LARGEST, LARGEST),
    "efficiency_in": (SMALLEST, 100.0),
    "throughput_wh": (0.0, INFINITY),
    "budget": (0.0, INFINITY),
    "budget_price": (0.0, LARGEST),
}
BY_ASSET = {
    "initial_wh": (-LARGEST, LARGEST),
    "terminal_wh": (-INFINITY, LARGEST),
    "efficiency_out": (SMALLEST, 1.0),
    "kept": (SMALLEST, 1.0),
    "wear": (0.0, LARGEST),
    "charge_min_w": (0.0, LARGEST),
    "discharge_min_w": (0.0, LARGEST),
    "charge_step_w": (0.0, LARGEST),
    "discharge_step_w": (0.0, LARGEST),
    "ramp_w": (0.0, INFINITY),
}
"""Bounds of every column, and whether it may vary from slot to slot."""


def storage_findings(found: Findings, table: Storage, fleet: Fleet) -> None:
    """Look through a table of storage; further into rows of which all is sound so far."""
    count = len(table.zone)
    for name, bounds in BY_SLOT.items():
        values = getattr(table, name)
        found.number(f"storage[{{}}].{name}", values, (count, fleet.slots), bounds)
    for name, bounds in BY_ASSET.items():
        found.number(f"storage[{{}}].{name}", getattr(table, name), (count,), bounds)
    for look in (_bounds, _needs):
        rows = np.flatnonzero(found.sound("storage", count))
        if len(rows) == count:
            look(found, table, fleet)
        elif len(rows):
            look(found.of(rows), rows_of(table, rows), fleet)


def _needs(found: Findings, table: Storage, fleet: Fleet) -> None:
    """Note storage that cannot keep its bounds."""
    wrong, slot = unreachable(table, fleet)
    found.rows(
        wrong,
        "storage[{}].lo_wh",
        "its bounds cannot be kept after slot {slot}, whatever it does",
        "widen the bounds, give more power, or begin from another state",
        slot=slot,
    )
    _whole_powers(found, table, fleet, ~wrong)


def _whole_powers(found: Findings, table: Storage, fleet: Fleet, rows: Bools) -> None:
    """Note storage that could keep its bounds if it had no least powers and steps."""
    stepped = np.flatnonzero(rows & stepwise(table) & covers(table, fleet.slots))
    if stepped.size:
        wrong = np.zeros(len(table.zone), np.bool_)
        wrong[stepped] = impossible(rows_of(table, stepped), fleet.slots, fleet.hours)
        found.rows(
            wrong,
            "storage[{}].charge_min_w",
            "with its least powers and steps of power its bounds cannot be kept",
            "lower them, or widen the bounds",
        )


def _bounds(found: Findings, table: Storage, fleet: Fleet) -> None:
    """Look at numbers of a row beside each other."""
    found.unpriced("storage", table.budget, table.budget_price)
    count, slots = len(table.zone), fleet.slots
    lo, hi = narrow(table.lo_wh, count, slots), narrow(table.hi_wh, count, slots)
    crossed = lo > hi
    found.rows(
        crossed if crossed.shape[1] > 1 else crossed[:, 0],
        "storage[{}].lo_wh",
        "{lo} Wh at least, {hi} Wh at most",
        "give lo_wh ≤ hi_wh",
        lo=lo if crossed.shape[1] > 1 else lo[:, 0],
        hi=hi if crossed.shape[1] > 1 else hi[:, 0],
    )
    most = hi.max(axis=1)
    found.rows(
        (most <= lo.min(axis=1)) & ~crossed.any(axis=1),
        "storage[{}].hi_wh",
        "no room: {most} Wh at least and at most",
        "give room between lo_wh and hi_wh",
        most=most,
    )
    if not varies(table.hi_wh):  # else they are bounds after slots, which a start need not keep
        _start(found, per_asset(table.initial_wh, count), (lo.min(axis=1), most))
    for name in ("charge", "discharge"):
        power = getattr(table, f"{name}_w")
        most = narrow(power, count, slots).max(axis=1)
        least = per_asset(getattr(table, f"{name}_min_w"), count)
        found.rows(
            (most > 0) & (least > most),
            f"storage[{{}}].{name}_min_w",
            "{least} W at least, {most} W at most",
            f"give {name}_min_w ≤ {name}_w",
            least=least,
            most=most,
        )


def _start(found: Findings, first: Floats, bounds: tuple[Floats, Floats]) -> None:
    """Note storage that begins with more than it ever holds, or with less than nothing."""
    least, most = np.minimum(bounds[0], 0.0), bounds[1]
    wrong = (first < least - TOUCH_WH) | (first > most + TOUCH_WH)
    found.rows(
        wrong & (least <= most),
        "storage[{}].initial_wh",
        "begins with {first} Wh, its capacity is {most} Wh",
        "begin with no more than its capacity, and no less than nothing",
        first=first,
        most=most,
    )


def unreachable(table: Storage, fleet: Fleet) -> tuple[Bools, Floats]:
    """Mark storage whose bounds no plan keeps, and the slot [assets] after which none is left.

    The states reachable after a slot form an interval, moved by the slot's strongest charge and
    discharge and cut by its bounds; without least powers and ramps, a plan exists exactly when no
    interval becomes empty. Where sums over slots are limited, too, a programme tells.
    """
    empty_at = np.full(len(table.zone), float(fleet.slots))
    rows = np.flatnonzero(~_free_to_rest(table, fleet))
    if rows.size:
        empty_at[rows] = _first_empty(table, fleet, rows)
    last = fleet.slots - 1
    empty_at[_beyond_sums(table, fleet, empty_at > last)] = last
    return empty_at < fleet.slots, empty_at


def _beyond_sums(table: Storage, fleet: Fleet, rows: Bools) -> Ints:
    """Rows of these [rows] that can keep their bounds, and not beside limits on sums."""
    limited = np.flatnonzero(rows & storage_limited(table, fleet.slots, fleet.hours))
    if limited.size:  # most of them keep their bounds without what is limited
        own, every = rows_of(table, limited), np.arange(len(limited))
        stuck = _first_empty(_sparing(own, fleet), fleet, every) < fleet.slots
        limited = limited[stuck | stepwise(own)]
    if not limited.size:
        return limited
    from gridpact.scheduling.reference.highs import Search
    from gridpact.scheduling.reference.unmet import alone, possible

    search = Search()
    only = msgspec.structs.replace(fleet, storage=table)
    wrong = [row for row in limited.tolist() if not possible(alone(only, "storage", row), search)]
    return np.array(wrong, np.int64)


def _sparing(table: Storage, fleet: Fleet) -> Storage:
    """Storage that neither discharges nor pays for charging where that is limited."""
    count, slots = len(table.zone), fleet.slots
    charge, price = (
        per_slot(values, count, slots) for values in (table.charge_w, table.budget_price)
    )
    limited = np.isin(np.arange(count), limited_rows(table.budget, count))
    spared = np.where(limited[:, None] & (price > 0), 0.0, charge)
    return msgspec.structs.replace(table, discharge_w=0.0, charge_w=spared)


def _free_to_rest(table: Storage, fleet: Fleet) -> Bools:
    """Mark steady storage that begins within its bounds and can charge to what it must end with."""
    count, slots = len(table.zone), fleet.slots
    lo, hi, gain, inward = (
        narrow(values, count, slots)[:, 0]
        for values in (table.lo_wh, table.hi_wh, table.charge_w, table.efficiency_in)
    )
    first, last = per_asset(table.initial_wh, count), per_asset(table.terminal_wh, count)
    highest = np.minimum(first + slots * gain * inward * fleet.hours, hi)
    fine = (lo <= first) & (first <= hi) & (last <= highest)
    return np.asarray(fine & steady(table, slots))


class _Bounds(NamedTuple):
    """What moves and bounds states: [assets], or [assets, 1 or slots] from ``inward``."""

    initial: Floats
    terminal: Floats
    outward: Floats
    kept: Floats
    inward: Floats
    charge: Floats
    discharge: Floats
    draw: Floats
    lo: Floats
    hi: Floats


def _first_empty(table: Storage, fleet: Fleet, rows: Ints) -> Floats:
    """First slot after which no state is within reach of these rows; ``slots`` where none."""
    count, slots = len(table.zone), fleet.slots

    def by_asset(values: Values) -> Floats:
        return read_only(per_asset(values, count))

    def by_slot(values: Values) -> Floats:
        return read_only(narrow(values, count, slots))

    bounds = _Bounds(
        initial=by_asset(table.initial_wh),
        terminal=by_asset(table.terminal_wh),
        outward=by_asset(table.efficiency_out),
        kept=by_asset(table.kept),
        inward=by_slot(table.efficiency_in),
        charge=by_slot(table.charge_w),
        discharge=by_slot(table.discharge_w),
        draw=by_slot(table.draw_wh),
        lo=by_slot(table.lo_wh),
        hi=by_slot(table.hi_wh),
    )
    empty_at = np.full(len(rows), float(slots))
    _follow_reach(bounds, rows, (slots, fleet.hours), empty_at)
    return empty_at


@machine_code
def _at(values: Floats, row: int, slot: int) -> float:
    """A row's value in a slot."""
    return float(values[row, slot if values.shape[1] > 1 else 0])


@machine_code
def _follow_reach(bounds: _Bounds, rows: Ints, window: tuple[int, float], empty_at: Floats) -> None:
    """Follow the states within reach of each row until there is none; say after which slot.

    ``window`` is how many slots there are, and their hours.
    """
    slots, hours = window
    for place in range(rows.shape[0]):
        row = rows[place]
        low = high = bounds.initial[row]
        for slot in range(slots):
            least = _at(bounds.lo, row, slot)
            if slot == slots - 1:
                least = max(least, bounds.terminal[row])
            drawn = _at(bounds.draw, row, slot)
            taken = _at(bounds.discharge, row, slot) * hours / bounds.outward[row]
            given = _at(bounds.charge, row, slot) * hours * _at(bounds.inward, row, slot)
            low = max(bounds.kept[row] * low - taken - drawn, least)
            high = min(bounds.kept[row] * high + given - drawn, _at(bounds.hi, row, slot))
            if low > high + TOUCH_WH:
                empty_at[place] = slot
                break
            low, high = min(low, high), max(low, high)
