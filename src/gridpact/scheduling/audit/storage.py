"""Check storage: powers, one way at a time, steps, ramps, the state and its bounds, sums."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches
from gridpact.scheduling.audit.sums import check_budget, check_throughput


def check_storage(
    breaches: Breaches, own: Rows, ways: tuple[Floats, Floats], state: Floats
) -> Floats:
    """Check charge and discharge [rows, slots] Wh and the states given; return wear [nano-¤]."""
    charge, discharge = ways
    _ways(breaches, own, charge, discharge)
    for way, energy in (("charge", charge), ("discharge", discharge)):
        _steps(breaches, own, way, energy)
    change = np.abs(np.diff(charge - discharge, axis=1))
    ramp = own.number("ramp_w")[:, None] * own.hours
    breaches.above("changes its power too fast", own.name, own.rows, change - ramp)
    _states(breaches, own, ways, state)
    check_throughput(breaches, own, discharge)
    check_budget(breaches, own, charge)
    return np.asarray(own.number("wear") * discharge.sum(axis=1))


def _ways(breaches: Breaches, own: Rows, charge: Floats, discharge: Floats) -> None:
    name, rows = own.name, own.rows
    breaches.above("charges beyond its power", name, rows, charge - own.energy("charge_w"))
    beyond = discharge - own.energy("discharge_w")
    breaches.above("discharges beyond its power", name, rows, beyond)
    breaches.above("charges less than nothing", name, rows, -charge)
    breaches.above("discharges less than nothing", name, rows, -discharge)
    both = np.minimum(charge, discharge)
    breaches.above("charges and discharges at once", name, rows, both)


def _steps(breaches: Breaches, own: Rows, way: str, energy: Floats) -> None:
    """When not idle, at least the least power, and above it in whole steps."""
    least = own.energy(f"{way}_min_w")
    lacking = np.where(energy > TOUCH_WH, least - energy, 0.0)
    breaches.above(f"{way}s below its least power", own.name, own.rows, lacking)
    step = own.energy(f"{way}_step_w")
    stepped = (step > 0) & (energy > TOUCH_WH)
    number = np.rint((energy - least) / np.where(stepped, step, 1.0))
    beside = np.where(stepped, np.abs(energy - least - number * step), 0.0)
    breaches.above(f"{way}s between two steps", own.name, own.rows, beside)


def _states(breaches: Breaches, own: Rows, ways: tuple[Floats, Floats], given: Floats) -> None:
    """Follow the state slot by slot."""
    inward, outward = own.by_slot("efficiency_in"), own.number("efficiency_out")
    kept, draw = own.number("kept"), own.by_slot("draw_wh")
    state, after = own.number("initial_wh"), np.zeros(given.shape)
    for slot in range(own.slots):
        state = kept * state + inward[:, slot] * ways[0][:, slot]
        state = state - ways[1][:, slot] / outward - draw[:, slot]
        after[:, slot] = state
    breaches.above("reports another state", own.name, own.rows, np.abs(after - given))
    breaches.above("is fuller than it may be", own.name, own.rows, after - own.by_slot("hi_wh"))
    least = own.by_slot("lo_wh")
    least[:, -1] = np.maximum(least[:, -1], own.number("terminal_wh"))
    breaches.above("is emptier than it may be", own.name, own.rows, least - after)
