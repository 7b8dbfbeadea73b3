"""The best outcome of a book by linear programming."""

import math

import highspy
import numpy as np
import pytest


def solve(objective, sizes, rows):
    """Maximise within ``0 <= x <= sizes`` and rows (lower, upper, coefficients)."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for worth, size in zip(objective, sizes, strict=True):
        highs.addVar(0.0, float(size))
        highs.changeColCost(highs.getNumCol() - 1, -float(worth))
    for lower, upper, coefficients in rows:
        at = np.flatnonzero(coefficients).astype(np.int32)
        highs.addRow(lower, upper, at.size, at, coefficients[at].astype(float))
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value = -highs.getObjectiveValue()
    assert abs(value - round(value)) < 1e-3, "all numbers are whole, so an optimum is"
    return round(value)


def best(orders, slots):
    """Greatest welfare, and the greatest volume that has it, over all slots."""
    if not orders.count:
        return 0, 0
    # Prices in units of their common divisor, so that floats hold them exactly.
    unit = math.gcd(*(abs(limit) for limit in orders.limit_micro_per_kwh.tolist())) or 1
    worth = orders.side * (orders.limit_micro_per_kwh // unit)
    balance = [(0.0, 0.0, orders.side * (orders.slot == slot)) for slot in range(slots)]
    welfare = solve(worth, orders.quantity_wh, balance)
    enough = [(float(welfare), math.inf, worth)] if worth.any() else []
    volume = solve(orders.side > 0, orders.quantity_wh, [*balance, *enough])
    return welfare * unit, volume


@pytest.fixture(scope="session")
def optimum():
    return best
