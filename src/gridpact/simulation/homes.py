"""Inflexible electricity use of homes: standby, a cycling fridge, and appliances that switch.

A load is the sum of what runs. Every appliance run has a start, a duration and a power; runs
happen where the standard profile H0 or the home's own habits put them. The parameters are held
to 40 Australian homes (Smart Grid Smart City trial), see tests/simulation/test_homes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from gridpact.base.randomness import stream
from gridpact.base.rounding import half_even
from gridpact.base.slots import Calendar, Slots
from gridpact.base.units import Floats, Ints
from gridpact.simulation.standard_profile import h0_factor, h0_table
from gridpact.simulation.windows import (
    DAY_S,
    QUARTER_S,
    QUARTERS,
    day_quarters,
    energy_on,
    local_seconds,
    utc_days,
)


@dataclass(frozen=True)
class Kind:
    """A kind of appliance: power [W] and duration [s] ranges, share of the switched energy.

    ``habit`` is the share of runs that keep to one of the home's usual times, within ``spread``
    [s, standard deviation].
    """

    power: tuple[int, int]
    duration: tuple[int, int]
    share: float
    habit: float
    spread: int


KINDS = (
    Kind((900, 2600), (150, 720), 0.24, 0.4, 1800),  # kettle, toaster, microwave, iron
    Kind((1800, 3900), (900, 1950), 0.44, 0.3, 1800),  # oven, hob, shower, dryer
    Kind((900, 2600), (2700, 9000), 0.17, 0.3, 3600),  # heater, cooler, laundry
    Kind((60, 300), (3600, 18000), 0.15, 0.4, 2700),  # light, screens
)
USUAL_TIMES = 2  # of each kind in each home
MOOD = 0.3  # standard deviation of the logarithm of what homes have in common
ALWAYS_ON = 0.22  # share of the mean that standby and fridge take, with no profile


class Household:
    """Seeded parameters of all homes; ``annual_kwh`` [homes] is each home's mean year.

    Attributes
    ----------
    standby_w, fridge_w, fridge_period_s, fridge_on_s : int64 [homes]
    runs_per_day : float64 [homes, kinds]
        Expected runs on a day of mean season.
    usual_s : int64 [homes, kinds, USUAL_TIMES]
        Local second of the day.
    """

    def __init__(self, seed: int, annual_kwh: Floats) -> None:
        homes = len(annual_kwh)
        draw = stream(seed, "homes")
        mean_w = np.asarray(annual_kwh, dtype=np.float64) * 1000 / 8766
        thrifty = draw.random(homes) < 0.25
        self.fridge_period_s = draw.integers(5400, 10800, homes)
        self.fridge_on_s = (self.fridge_period_s * draw.uniform(0.3, 0.45, homes)).astype(np.int64)
        fridge_mean = mean_w * 0.10 * draw.lognormal(-0.06, 0.35, homes)
        self.fridge_w = np.rint(fridge_mean * self.fridge_period_s / self.fridge_on_s).astype(
            np.int64
        )
        standby = np.where(thrifty, 0.0, mean_w * 0.155 * draw.lognormal(-0.08, 0.4, homes))
        self.standby_w = np.rint(standby).astype(np.int64)
        switched_wh = 24 * np.maximum(mean_w - standby - fridge_mean, 0.2 * mean_w)
        share = np.array([kind.share for kind in KINDS]) * draw.lognormal(
            0, 0.4, (homes, len(KINDS))
        )
        share /= share.sum(axis=1, keepdims=True)
        low, high = np.array([kind.power for kind in KINDS]).T
        self.power_w = draw.integers(low, high, (homes, len(KINDS)), endpoint=True)
        hours = np.array([sum(kind.duration) / 2 / 3600 for kind in KINDS])
        self.runs_per_day = switched_wh[:, None] * share / (self.power_w * 0.85 * hours)
        self.usual_s = _usual_times(draw, homes)


def _usual_times(draw: Generator, homes: int) -> Ints:
    """Usual local times, denser where the standard profile is high above its night level."""
    weight = np.maximum(h0_table().mean(axis=(0, 1)) - 0.3, 0.02)
    edges = np.concatenate([[0.0], np.cumsum(weight / weight.sum())])
    u = draw.random((homes, len(KINDS), USUAL_TIMES))
    return np.interp(u, edges, np.arange(QUARTERS + 1) * QUARTER_S).astype(np.int64)


def annual_levels(seed: int, homes: int) -> Floats:
    """Draw yearly consumption [kWh], log-normal around 9.6 kWh a day, shape [homes]."""
    return np.asarray(365.25 * 9.6 * stream(seed, "levels").lognormal(0.0, 0.54, homes))


def household_load_wh(seed: int, household: Household, calendar: Calendar, slots: Slots) -> Ints:
    """Inflexible load [homes, slots] in Wh, the same for an instant in every window."""
    days = utc_days(slots)
    homes = len(household.standby_w)
    quarters = np.zeros((homes, len(days) * QUARTERS), dtype=np.int64)
    carried = None
    for position, day in enumerate(days):
        if carried is None:
            carried = _runs_of_day(seed, household, calendar, day - 1)[:, QUARTERS:]
        switched = _runs_of_day(seed, household, calendar, day)
        joules = switched[:, :QUARTERS] + carried + _always_on(seed, household, day)
        carried = switched[:, QUARTERS:]
        quarters[:, position * QUARTERS : (position + 1) * QUARTERS] = half_even(joules, 3600)
    return energy_on(quarters, slots)


def _always_on(seed: int, household: Household, day: int) -> Ints:
    """Standby and fridge of one UTC day [W s], shape [homes, 96]."""
    period, on = household.fridge_period_s[:, None], household.fridge_on_s[:, None]
    phase = stream(seed, "fridge", day).integers(0, 10800, len(period))[:, None]
    turn, rest = np.divmod(np.arange(QUARTERS + 1) * QUARTER_S + phase, period)
    ran = np.diff(turn * on + np.minimum(rest, on), axis=1)
    return household.standby_w[:, None] * QUARTER_S + household.fridge_w[:, None] * ran


def _activity(seed: int, homes: int, day: int) -> Floats:
    """How busy each home is on a day: mean 1, slow over weeks, and fresh every day."""
    week, weekday = divmod(day, 7)
    knots = [stream(seed, "home-week", week + k).standard_normal(homes) for k in (0, 1)]
    a, b = 1 - weekday / 7, weekday / 7
    slow, slow_var = 0.35 * (a * knots[0] + b * knots[1]), 0.1225 * (a * a + b * b)
    fresh = 0.2 * stream(seed, "home-day", day).standard_normal(homes)
    return np.asarray(np.exp(slow - slow_var / 2 + fresh - 0.02))


@lru_cache(maxsize=4)
def _starting_weight(calendar: Calendar, day: int) -> tuple[Floats, int]:
    """Where in a UTC day runs begin: weight [96], and the local clock at its start [s]."""
    quarters = day_quarters(range(day, day + 1))
    clock = int(local_seconds(calendar, quarters)[0]) % DAY_S
    return np.maximum(h0_factor(calendar, quarters) - ALWAYS_ON, 0.02), clock


def _common_mood(seed: int, day: int) -> Floats:
    """What moves all homes together (weather, broadcasts): mean-one factor [96] of a UTC day."""
    here, after = (stream(seed, "mood", day + k).standard_normal(8) for k in (0, 1))
    knots = np.concatenate([here, after[:1]])
    mood = np.interp(np.arange(QUARTERS) / 12, np.arange(9), knots)
    return np.asarray(np.exp(MOOD * mood - MOOD**2 / 3))


def _runs_of_day(seed: int, household: Household, calendar: Calendar, day: int) -> Ints:
    """Energy of the runs that begin on a UTC day [W s], over that day and the next [homes, 192]."""
    weight, clock = _starting_weight(calendar, day)
    weight = weight * _common_mood(seed, day)
    homes = len(household.standby_w)
    busy = _activity(seed, homes, day) * weight.mean() / (1 - ALWAYS_ON)
    edges = np.concatenate([[0.0], np.cumsum(weight / weight.sum())])
    step = np.zeros(homes * 2 * QUARTERS)
    for row, kind in enumerate(KINDS):
        draw = stream(seed, "runs", day, row)
        home = _who_runs(draw, household.runs_per_day[:, row] * busy)
        usual = (household.usual_s[:, row] - clock) % DAY_S
        start = _start_times(draw, kind, edges, usual[home])
        most = household.power_w[home, row]
        watt = draw.integers(np.rint(most * 0.7).astype(np.int64), most, endpoint=True)
        stop = start + draw.integers(*kind.duration, len(home), endpoint=True)
        step += _ramps(home, start, watt, homes) - _ramps(home, stop, watt, homes)
    return np.cumsum(step.reshape(homes, 2 * QUARTERS), axis=1).astype(np.int64)


def _who_runs(draw: Generator, rate: Floats) -> Ints:
    """Rows of homes, one for each run; ``rate`` [homes] is rounded up or down at random."""
    count = np.floor(rate + draw.random(len(rate))).astype(np.int64)
    return np.repeat(np.arange(len(rate)), count)


def _start_times(draw: Generator, kind: Kind, edges: Floats, usual: Ints) -> Ints:
    """Second of the UTC day at which runs begin; ``usual`` [runs, USUAL_TIMES]."""
    runs = len(usual)
    anywhere = np.interp(draw.random(runs), edges, np.arange(QUARTERS + 1) * QUARTER_S)
    habit = usual[np.arange(runs), draw.integers(0, USUAL_TIMES, runs)]
    near = (habit + kind.spread * draw.standard_normal(runs)) % DAY_S
    chosen = np.where(draw.random(runs) < kind.habit, near, anywhere)
    return np.minimum(chosen.astype(np.int64), DAY_S - 1)


def _ramps(home: Ints, instant: Ints, watt: Ints, homes: int) -> Floats:
    """Change per quarter-hour, [homes × 192], of the energy that ``watt`` on at ``instant`` adds.

    Whole numbers throughout, so that the order of addition cannot matter.
    """
    quarter, late = np.divmod(instant, QUARTER_S)
    cell = home * 2 * QUARTERS + quarter
    first = np.bincount(cell, watt * (QUARTER_S - late), homes * 2 * QUARTERS)
    # The last cell of a home is never reached: runs end well before the second midnight.
    return np.asarray(first + np.bincount(cell + 1, watt * late, homes * 2 * QUARTERS))
