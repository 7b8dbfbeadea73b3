"""What is wrong with single assets, table by table, and needs that no plan of theirs can meet."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import (
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    per_asset,
)
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.run_faults import run_findings
from gridpact.scheduling.fleet.storage_faults import storage_findings
from gridpact.scheduling.fleet.sums import affordable_wh

INFINITY = float("inf")
LARGEST = 1e15
PRICE = (0.0, LARGEST)
"""Prices that count against a budget."""
TOUCH_WH = 1e-6
"""Needs missed by less count as met: rounding of the numbers given."""
ROUNDING = 1e-9
"""The same, as a part of what can be paid for."""


def asset_findings(found: Findings, fleet: Fleet, zones: int) -> None:
    """Look through every table of a fleet."""
    if fleet.one_way is not None:
        _one_way(found, fleet.one_way, fleet)
    if fleet.storage is not None:
        storage_findings(found, fleet.storage, fleet)
    if fleet.curtailable is not None:
        _curtailable(found, fleet.curtailable, fleet.slots)
    if fleet.runs is not None:
        run_findings(found, fleet.runs, fleet.slots)
    if fleet.generators is not None:
        _generators(found, fleet.generators, fleet.slots)
    for name in ("one_way", "storage", "curtailable", "runs", "generators"):
        table = getattr(fleet, name)
        if table is not None and zones:  # having none is named once
            known = (0, zones - 1)
            unknown = "there is no zone {value}"
            found.whole(f"{name}[{{}}].zone", table.zone, len(table.zone), known, unknown)


def _one_way(found: Findings, table: OneWay, fleet: Fleet) -> None:
    count, slots = len(table.zone), fleet.slots
    arrive = found.whole("one_way[{}].arrive", table.arrive, count, (0, slots))
    leave = found.whole("one_way[{}].leave", table.leave, count, (0, slots))
    energy = found.number("one_way[{}].energy_wh", table.energy_wh, (count,), (0, LARGEST))
    power = found.number("one_way[{}].power_w", table.power_w, (count, slots), (0, LARGEST))
    limits = (count, slots), (0, INFINITY)
    budget = found.number("one_way[{}].budget", table.budget, *limits)
    price = found.number("one_way[{}].budget_price", table.budget_price, (count, slots), PRICE)
    if budget is not None and price is not None:
        found.unpriced("one_way", table.budget, table.budget_price)
    if arrive is None or leave is None or energy is None or power is None:
        return
    found.rows(
        leave <= arrive,
        "one_way[{}].leave",
        "leaves at slot {leave}, arrives at {arrive}",
        "leave after arriving",
        leave=leave,
        arrive=arrive,
    )
    varying = np.ndim(table.power_w) == 2
    powered = np.any(power > 0, axis=1) if varying else power[:, 0] > 0
    found.rows(~powered, "one_way[{}].power_w", "has no power", "give power above 0 W")
    reachable = _energy_within(power, arrive, leave, varying) * fleet.hours
    found.rows(
        (energy > reachable + TOUCH_WH) & (leave > arrive) & powered,
        "one_way[{}].energy_wh",
        "{energy} Wh are due, {reachable} Wh can be drawn in the window",
        "lower the energy, or give more power or time",
        energy=energy,
        reachable=reachable,
    )
    if budget is not None and price is not None and np.isfinite(table.budget).any():
        _within_budget(found, table, fleet, energy <= reachable + TOUCH_WH)


def _within_budget(found: Findings, table: OneWay, fleet: Fleet, sound: Bools) -> None:
    """Note assets whose energy is due, can be drawn, and costs more than they may pay."""
    energy = per_asset(table.energy_wh, len(table.zone))
    most = affordable_wh(table, fleet.slots, fleet.hours)
    found.rows(
        sound & (energy > most * (1 + ROUNDING) + TOUCH_WH),
        "one_way[{}].budget",
        "{energy} Wh are due, {most} Wh can be paid for",
        "raise the budget, or lower the energy",
        energy=energy,
        most=most,
    )


def _energy_within(power: Floats, arrive: Ints, leave: Ints, varying: bool) -> Floats:
    """Sum of power over each window, W·slots [assets]."""
    if not varying:
        return np.asarray(power[:, 0] * np.maximum(leave - arrive, 0))
    rows = np.arange(len(power))
    total = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    return np.asarray(total[rows, np.maximum(leave, arrive)] - total[rows, arrive])


def _curtailable(found: Findings, table: Curtailable, slots: int) -> None:
    count = len(table.zone)
    shape = (count, slots)
    found.number("curtailable[{}].forecast_wh", table.forecast_wh, shape, (0, LARGEST))
    found.number("curtailable[{}].cost", table.cost, (count,), (-LARGEST, LARGEST))
    found.number("curtailable[{}].least", table.least, (count,), (0, 1))


def _generators(found: Findings, table: Generators, slots: int) -> None:
    count = len(table.zone)
    most = found.number("generators[{}].max_w", table.max_w, (count, slots), (0, LARGEST))
    least = found.number("generators[{}].min_w", table.min_w, (count, slots), (0, LARGEST))
    if most is not None and least is not None:
        found.rows(
            least > most,
            "generators[{}].min_w",
            "{least} W at least, {most} W at most",
            "give min_w ≤ max_w",
            least=least,
            most=most,
        )
        idle = np.all(most <= 0, axis=1)
        found.rows(idle, "generators[{}].max_w", "has no power", "give power above 0 W")
    for name in ("fuel", "idle_cost", "start_cost"):
        bounds = (-LARGEST if name == "fuel" else 0.0, LARGEST)
        found.number(f"generators[{{}}].{name}", getattr(table, name), (count,), bounds)
    for name in ("min_up", "min_down"):
        found.whole(f"generators[{{}}].{name}", getattr(table, name), count, (1, 2**31))
    found.whole("generators[{}].before", table.before, count, (-(2**31), 2**31))
    found.number("generators[{}].ramp_w", table.ramp_w, (count,), (0, INFINITY))
