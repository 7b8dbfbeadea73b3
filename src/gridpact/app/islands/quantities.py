"""Quantities of a microgrid as people write them: one, or one for each slot with the unit last."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from gridpact.app.grids.parts import STAND_IN, Part
from gridpact.app.grids.quantities import Measure
from gridpact.base.units import MICRO_PER_UNIT, Floats

_NUMBER = r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?"
_SERIES = re.compile(rf"((?:{_NUMBER}\s+)*{_NUMBER})\s*([^\s0-9.-]\S*)")
MOST = 10**15
"""Most of anything, in what its measure counts in."""
_K, _M = Fraction(1_000), Fraction(1_000_000)

POWER = Measure("a power", "120 kW", {"W": Fraction(1), "kW": _K, "MW": _M})
ENERGY = Measure("an energy", "500 kWh", {"Wh": Fraction(1), "kWh": _K, "MWh": _M})
SHARE = Measure("a share", "95 %", {"%": Fraction(1, 100)})
RATE = Measure("emissions", "700 g/kWh", {"g/kWh": Fraction(1), "kg/MWh": Fraction(1)})
TIME = Measure(
    "a time",
    "3 h",
    {"s": Fraction(1), "min": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)},
)


class Tender:
    """Measures of money in one currency, all counted in millionths of it."""

    def __init__(self, currency: str) -> None:
        one, cent = Fraction(MICRO_PER_UNIT), Fraction(MICRO_PER_UNIT, 100)
        self.amount = Measure("an amount", f"9 {currency}", {currency: one, "ct": cent})
        self.price = Measure(
            "a price",
            f"0.31 {currency}/kWh",
            {f"{currency}/kWh": one, "ct/kWh": cent, f"{currency}/MWh": one / 1000},
        )
        self.hourly = Measure("a cost of an hour", f"2 {currency}/h", {f"{currency}/h": one})
        self.carbon = Measure(
            "a price of carbon",
            f"0.2 {currency}/kg",
            {f"{currency}/kg": one, f"{currency}/t": one / 1000},
        )


def number(part: Part, key: str, measure: Measure, otherwise: float = 0.0) -> float:
    """Read a quantity of 0 or more; another where nothing is said."""
    if key not in part.values:
        return otherwise
    found = part.quantity(key, measure).value
    if found > MOST:
        part.note(key, "is far too large", f"write {measure.name} such as {measure.example}")
    return float(min(found, Fraction(MOST)))


def above(part: Part, key: str, measure: Measure) -> float:
    """Read a quantity above 0."""
    found = number(part, key, measure, 1.0)
    if not found > 0:
        part.note(key, "is 0", f"write more, such as {measure.example}")
    return found or 1.0


def share(part: Part, key: str, otherwise: float = 1.0) -> float:
    """Read a share above 0, up to 100 %."""
    if key not in part.values:
        return otherwise
    found = above(part, key, SHARE)
    if found > 1:
        part.note(key, "is more than 100 %", "write a share such as 95 %")
    return min(found, 1.0)


def whole_slots(part: Part, key: str, step_s: int, otherwise: int, least: int = 1) -> int:
    """Read a time that is a number of slots, ``least`` or more."""
    seconds = Fraction(otherwise * step_s)
    if key in part.values and (said := part.quantity(key, TIME)) is not STAND_IN:
        seconds = said.value
    if seconds % step_s or seconds < least * step_s or seconds > MOST:
        fix = f"write a multiple of {step_s // 60} min{', above 0' if least else ''}"
        part.note(key, "is not a number of slots", fix)
        return max(least, otherwise)
    return int(seconds // step_s)


def flag(part: Part, key: str, otherwise: bool = False) -> bool:
    """Read true or false."""
    value = part.values.get(key, otherwise)
    if not isinstance(value, bool):
        part.note(key, "is neither true nor false", "write true or false")
        return otherwise
    return value


def count(part: Part, key: str, otherwise: int, least: int, most: int) -> int:
    """Read a whole number within bounds."""
    value = part.values.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        fix = f"write a whole number from {least} to {most}"
        part.note(key, f"is not a whole number from {least} to {most}", fix)
        return otherwise
    return value


def series(
    part: Part, key: str, measure: Measure, shape: tuple[int, int], *, signed: bool = False
) -> Floats:
    """Read one quantity for all slots, or one for each of the horizon or of a day that repeats.

    ``shape`` is the slots of the horizon and of 24 hours. Zeros where it cannot be read.
    """
    slots, day = shape
    text = part.values.get(key)
    match = _SERIES.fullmatch(text.strip()) if isinstance(text, str) else None
    fix = f"write {measure.example}, or a number for each slot and the unit at the end"
    if match is None or match[2] not in measure.units:
        if key in part.values:
            part.note(key, f"is not numbers that end in the unit of {measure.name}", fix)
        return np.zeros(slots)
    numbers = [Fraction(one) * measure.units[match[2]] for one in match[1].split()]
    if len(numbers) not in (1, day, slots):
        problem = f"has {len(numbers)} numbers for {slots} slots"
        part.note(key, problem, f"write 1, {day} for a day that repeats, or {slots}")
        return np.zeros(slots)
    if max(map(abs, numbers)) > MOST or (min(numbers) < 0 and not signed):
        part.note(key, "has a number that is negative or far too large", fix)
        return np.zeros(slots)
    return np.resize(np.array([float(one) for one in numbers]), slots)
