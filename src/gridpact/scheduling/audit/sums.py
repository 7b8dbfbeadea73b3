"""Check limits on sums over slots: energy discharged, and what energy taken costs."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches

PART = 1e-6
"""Part of a limit that rounding of a schedule's many energies may come to."""


def check_throughput(breaches: Breaches, own: Rows, discharge: Floats) -> None:
    """Check energy discharged [rows, slots] Wh."""
    over = _over(own, "throughput_wh", discharge)
    breaches.above("discharges beyond its throughput", own.name, own.rows, over)


def check_budget(breaches: Breaches, own: Rows, taken: Floats) -> None:
    """Check what energy taken [rows, slots] Wh costs, to what energies equal to it may cost."""
    price = own.by_slot("budget_price")
    over = _over(own, "budget", taken * price / 1000)
    touch = TOUCH_WH * price.max(axis=1, keepdims=True) / 1000
    for row, slot in np.argwhere(~(over <= touch)).tolist():
        place = (own.name, int(own.rows[row]), slot)
        breaches.add("pays beyond its budget", place, over[row, slot], "µ¤")


def _over(own: Rows, column: str, amounts: Floats) -> Floats:
    """By how much sums are beyond their limits, where they end [rows, slots]."""
    limits = np.asarray(getattr(own.table, column), np.float64)
    over, total = np.zeros(amounts.shape), np.zeros(len(amounts))
    for slot in range(own.slots):
        if limits.ndim == 2:
            limit = limits[own.rows, slot]
        else:
            limit = own.number(column) if slot == own.slots - 1 else np.full(len(amounts), np.inf)
        total = total + amounts[:, slot]
        ends = np.isfinite(limit)
        over[:, slot] = np.where(ends, total - limit * (1 + PART), 0.0)
        total = np.where(ends, 0.0, total)
    return over
