"""Units of observables: what may be added, and what a product or a ratio is measured in.

A unit is ``"1"`` (a count or a mask), a base such as ``"Wh"``, or a rate such as ``"micro/kWh"``
and ``"micro/kWh/mK"``. Money is nano-¤ (``"nano"``); prices are µ¤/kWh. ``Wh × micro/kWh`` is
exactly ``nano``, so pricing never divides; so are ``mg × micro/g`` (µ¤/g is ¤/t) and, in mg,
``Wh × g/kWh``. The bases are append-only: signed terms name them.
"""

from __future__ import annotations

from gridpact.contracts.errors import UnitMismatch

ONE = "1"
BASES = ("Wh", "kWh", "W", "kW", "nano", "micro", "ppm", "mK", "s", "g", "mg")
_EXACT = {
    ("Wh", "micro/kWh"): "nano",
    ("W", "micro/kW"): "nano",
    ("mg", "micro/g"): "nano",
    ("Wh", "g/kWh"): "mg",
}


def known(unit: str) -> bool:
    """Tell whether a text is a unit: ``1``, a base, or a base with denominators."""
    return unit == ONE or all(part in BASES for part in unit.split("/"))


def same(units: tuple[str, ...], doing: str) -> str:
    """Return the one unit of several operands; raise UnitMismatch where they differ."""
    if any(unit != units[0] for unit in units):
        raise UnitMismatch(f"{doing} needs one unit, got {' and '.join(units)}")
    return units[0]


def product(left: str, right: str) -> str:
    """Return the unit of ``left × right``: pure numbers scale, a rate meets what it is per."""
    if ONE in (left, right):
        return right if left == ONE else left
    found = _EXACT.get((left, right)) or _EXACT.get((right, left))
    found = found or _per(left, right) or _per(right, left)
    if found is None:
        raise UnitMismatch(f"{left} × {right} is not an amount of anything")
    return found


def ratio(value: str, numerator: str, denominator: str) -> str:
    """Return the unit of ``value × numerator ÷ denominator``."""
    if numerator == denominator:
        return value
    if value == denominator:
        return numerator
    if denominator == ONE:
        return product(value, numerator)
    raise UnitMismatch(f"{value} × {numerator} ÷ {denominator} is not an amount of anything")


def _per(rate: str, quantity: str) -> str | None:
    head, _, per = rate.rpartition("/")
    return head if head and per == quantity else None
