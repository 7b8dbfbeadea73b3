"""The German standard load profile of households (H0) as a table.

The numbers are those that demandlib carries. They are read from its table and not through its
``ElecSlp`` class: in demandlib 0.2.2 that class turns every later warning of the process into an
error, and therefore fails under pandas 3.1, which warns.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints
from gridpact.simulation.windows import DAY_S, QUARTER_S, QUARTERS, local_seconds

_PERIODS = ("winter", "summer", "transition")
# First day of each stretch [month × 100 + day] and its period (BDEW/VDEW 1999).
_STRETCHES = ((101, 0), (321, 2), (515, 1), (915, 2), (1101, 0))


@lru_cache(maxsize=1)
def h0_table() -> Floats:
    """H0 without its seasonal factor, mean near 1, shape [3 periods, 7 weekdays, 96].

    Periods are winter, summer, transition; weekdays begin with Monday. Source: VDEW,
    "Repräsentative VDEW-Lastprofile", 1999, as packaged by demandlib.
    """
    spec = find_spec("demandlib")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("demandlib is needed for the household profile")
    path = Path(spec.submodule_search_locations[0], "bdew", "bdew_data", "selp_series.csv")
    table = np.zeros((3, 7, QUARTERS))
    seen = np.zeros((3, 7), dtype=np.int64)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            where = _PERIODS.index(row["period"]), int(row["weekday"]) - 1
            table[*where, seen[where]] = float(row["h0"])
            seen[where] += 1
    return table / _year_mean(table)


def h0_factor(calendar: Calendar, slots: Slots) -> Floats:
    """Dynamic H0 at each slot's start relative to the year's mean, shape [slots.count].

    The profile times the day-of-year polynomial of BDEW, "Anwendung der Repräsentativen
    VDEW-Lastprofile step-by-step", 2000.
    """
    local = local_seconds(calendar, slots)
    days, quarter = local // DAY_S, local % DAY_S // QUARTER_S
    period, weekday, season = _calendar_columns(days)
    return np.asarray(h0_table()[period, weekday, quarter] * season)


def _calendar_columns(days: Ints) -> tuple[Ints, Ints, Floats]:
    """Period, weekday (0 = Monday) and seasonal factor of local days since the epoch."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    of_month = (date - month).astype(np.int64) + 1
    key = (month.astype(np.int64) % 12 + 1) * 100 + of_month
    begins = np.array([first for first, _ in _STRETCHES])
    period = np.array([p for _, p in _STRETCHES])[np.searchsorted(begins, key, "right") - 1]
    of_year = (date - date.astype("datetime64[Y]")).astype(np.int64) + 1
    return period, (days + 3) % 7, seasonal_factor(of_year)


def seasonal_factor(day_of_year: Ints) -> Floats:
    """BDEW's factor that turns H0 into its dynamic form, near 1.25 in winter and 0.8 in summer."""
    t = day_of_year.astype(np.float64)
    polynomial = -3.92e-10 * t**4 + 3.2e-7 * t**3 - 7.02e-5 * t**2 + 2.1e-3 * t + 1.24
    return np.asarray(polynomial)


def _year_mean(table: Floats) -> float:
    """Mean of the dynamic profile over 2023, a common year that begins on a Sunday."""
    first = int(np.datetime64("2023-01-01").astype("datetime64[D]").astype(np.int64))
    period, weekday, season = _calendar_columns(np.arange(first, first + 365))
    return float((table[period, weekday].mean(axis=-1) * season).mean())
