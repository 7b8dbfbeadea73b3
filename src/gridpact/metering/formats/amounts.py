"""Numbers of a column as whole Wh, whatever unit of energy or power it is in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.importers import units
from gridpact.metering.importers.exact import fits, fits_all, whole
from gridpact.metering.importers.parse import Numbers
from gridpact.metering.importers.rows import Report


def unit_fault(text: str, cumulative: bool) -> tuple[str, str] | None:
    """Return the problem with a unit of readings and its fix; None where it will do."""
    unit = units.parse(text)
    if unit is None:
        return f"the unit {text!r} is not known", units.suggestion(text)
    if unit.dimension not in ("energy", "power"):
        return f"{text} is no energy and no power", "use Wh, kWh, MWh, W, kW or MW"
    if cumulative and unit.dimension == "power":
        return f"a cumulative register cannot be in {text}", "use Wh, kWh or MWh"
    return None


def is_power(text: str) -> bool:
    """Tell whether a unit is one of power, whose energy takes the length of the interval."""
    unit = units.parse(text)
    return unit is not None and unit.dimension == "power"


def whole_wh(
    numbers: Numbers, unit: str, step_s: int, report: Report, lines: Ints, where: str
) -> tuple[Ints, Bools]:
    """Round each number once, half to even, to Wh; power counts over ``step_s`` seconds.

    Returns Wh [rows] and which rows have a value. Numbers may be negative: whether a register may
    run back is for validation to judge.
    """
    parsed = units.parse(unit)
    factor = parsed.factor if parsed else Fraction(1)
    if parsed and parsed.dimension == "power":
        factor *= Fraction(step_s, 3600)
    if fits_all(numbers.values, factor) and numbers.present.all():
        return whole(numbers.values, factor, numbers.single), numbers.present
    huge = numbers.present & ~fits(numbers.values, factor)
    fix = "correct it, or the column's unit"
    report.rows(np.asarray(huge), lines, where, ("the number is too large", fix))
    known = np.asarray(numbers.present & ~huge, dtype=np.bool_)
    return whole(np.where(known, numbers.values, 0.0), factor, numbers.single), known
