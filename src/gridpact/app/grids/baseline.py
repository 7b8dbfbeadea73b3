"""What nodes feed in and draw beside the market, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gridpact.app.grids.rows import (
    NODE,
    SLOT,
    SLOTS,
    Nodes,
    Rows,
    Said,
    check_slot,
    first_slot,
    read_rows,
)
from gridpact.app.orders.fields import Field, Kind
from gridpact.base.slots import Slots, iso
from gridpact.base.units import MICRO_PER_UNIT, Floats, Ints
from gridpact.contracts.tables.faults import Report
from gridpact.market.grid.verification import watts
from gridpact.market.orders import LARGEST_ORDER_WH

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        NODE,
        SLOT,
        SLOTS,
        Field("fed_in", Kind.ENERGY, "", "energy in each slot, negative if drawn", required=True),
        Field("power_factor", Kind.SHARE, "", "active over apparent power, inductive"),
    )
}


class Baseline(NamedTuple):
    """What is fed in without the market, int64 [nodes, slots]: energy [Wh], reactive power [var].

    ``left_out`` is how many rows are of slots beside those of the market.
    """

    energy_wh: Ints
    reactive_var: Ints
    left_out: int


def no_baseline(nodes: int, slots: int) -> Baseline:
    """Return a baseline of nothing."""
    return Baseline(np.zeros((nodes, slots), np.int64), np.zeros((nodes, slots), np.int64), 0)


def read_baseline(path: Path, nodes: Nodes, step_s: int, report: Report) -> Rows:
    """Read a baseline; raises BadInput where it cannot be told into rows, notes all else."""
    rows = read_rows(path, FIELDS, "baseline", report)
    for said in rows.said:
        nodes.row(str(said.values["node"]), said.line, report)
        check_slot(said, step_s, report)
        _check(said, report)
    return rows


def baseline_in(
    said: Sequence[Said], nodes: Nodes, count: int, window: Slots, report: Report
) -> Baseline:
    """Put the rows of a window into columns of ``count`` nodes.

    A node with a row must have one for every slot, and no slot twice; what is not is noted.
    """
    energy, line = np.zeros((2, count, window.count), np.int64)
    tangent, left_out = np.zeros((count, window.count)), 0
    for each in said:
        node, first = (
            nodes.row(str(each.values["node"]), each.line, report),
            first_slot(each, window),
        )
        slots = slice(max(first, 0), max(first + each.number("slots", 1), 0))
        if not line[node, slots].size:
            left_out += 1
        if (before := line[node, slots].max(initial=0)) > 0:
            problem = f"line {before} says it of the same node and slot"
            report.add(each.line, "slot", problem, "write the sum in one row")
        energy[node, slots], line[node, slots] = each.number("fed_in"), each.line
        tangent[node, slots] = _tangent(each.number("power_factor", MICRO_PER_UNIT))
    _check_whole(said, nodes, line, window, report)
    return Baseline(energy, _reactive(energy, tangent, window.step), left_out)


def _tangent(power_factor_ppm: int) -> float:
    """Reactive over active power."""
    return float(np.sqrt(max(0.0, (MICRO_PER_UNIT / power_factor_ppm) ** 2 - 1)))


def _reactive(energy_wh: Ints, tangent: Floats, step_s: int) -> Ints:
    """Reactive power fed in [var]: an inductive load or plant draws it, whichever way it goes."""
    return -np.rint(np.abs(watts(energy_wh, step_s)) * tangent).astype(np.int64)


def _check(said: Said, report: Report) -> None:
    if abs(said.number("fed_in")) > LARGEST_ORDER_WH:
        problem = f"{said.number('fed_in'):,} Wh is no energy of a node in a slot"
        report.add(said.line, "fed_in", problem, f"stay within {LARGEST_ORDER_WH:,} Wh")
    if not 100_000 <= said.number("power_factor", MICRO_PER_UNIT) <= MICRO_PER_UNIT:
        report.add(said.line, "power_factor", "is outside 10 to 100 %", "write 95 %, or so")


def _check_whole(
    said: Sequence[Said], nodes: Nodes, line: Ints, window: Slots, report: Report
) -> None:
    """Note nodes that have rows, yet not for every slot: what is missing is not zero."""
    for name in dict.fromkeys(str(each.values["node"]) for each in said):
        missing = np.flatnonzero(line[nodes.row(name, 0, report)] == 0)
        if missing.size:
            first = iso(window.start + int(missing[0]) * window.step)
            problem = f"{name} has no row for {missing.size:,} of {window.count:,} slots"
            fix = "write one for every slot of the orders, 0 kWh where nothing is fed in"
            report.add(0, "slot", f"{problem}, such as {first}", fix)
