"""Numbers of a column as whole Wh, whatever unit of energy or power it is in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.metering.importers import units
from gridpact.metering.importers.carried import Place, carried
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
    numbers: Numbers, unit: str, report: Report, lines: Ints, where: str
) -> tuple[Ints, Bools]:
    """Round each reading of a register once, half to even, to Wh.

    Returns Wh [rows] and which rows have a value. Numbers may be negative: whether a register may
    run back is for validation to judge.
    """
    factor = factor_of(unit, 0)
    values, known = _bounded(numbers, factor, (report, lines, where))
    return whole(values, factor, numbers.single), known


def carried_wh(
    numbers: Numbers, units: tuple[str, int], place: Place, told: tuple[Report, Ints, str]
) -> tuple[Ints, Bools]:
    """Wh of intervals [rows], right to the Wh over any stretch of a day, and which have a value.

    ``units`` are the unit and the intervals' length [s], over which power counts; ``place`` says
    whose they are and when they begin (:mod:`~gridpact.metering.importers.carried`). ``told`` is
    the report with the line of each row and the column, for numbers that are too large.
    """
    factor = factor_of(*units)
    values, known = _bounded(numbers, factor, told)
    return carried(values, factor, place, numbers.single), known


def factor_of(unit: str, step_s: int) -> Fraction:
    """Wh that one of a unit is over an interval of ``step_s`` seconds."""
    parsed = units.parse(unit)
    factor = parsed.factor if parsed else Fraction(1)
    return factor * Fraction(step_s, 3600) if is_power(unit) else factor


def _bounded(
    numbers: Numbers, factor: Fraction, told: tuple[Report, Ints, str]
) -> tuple[Floats, Bools]:
    """Values with 0 where there is none, and where there is one; too large ones are faults."""
    if fits_all(numbers.values, factor) and numbers.present.all():
        return numbers.values, numbers.present
    report, lines, where = told
    huge = numbers.present & ~fits(numbers.values, factor)
    fix = "correct it, or the column's unit"
    report.rows(np.asarray(huge), lines, where, ("the number is too large", fix))
    known = np.asarray(numbers.present & ~huge, dtype=np.bool_)
    return np.where(known, numbers.values, 0.0), known
