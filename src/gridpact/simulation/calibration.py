"""Statistics by which generated series are held to measured ones.

All take float64 or int64 arrays whose last axis is time; NaN marks a missing value and is left
out (pairs with a gap do not count towards an autocorrelation).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Floats, Ints
from gridpact.simulation.windows import DAY_S

Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64]


def daily_kwh_quantiles(load_wh: Numbers, step_s: int, at: tuple[float, ...]) -> Floats:
    """Quantiles across homes of their mean consumption [kWh/day]; ``load_wh`` [homes, slots]."""
    per_day = np.nanmean(load_wh, axis=-1) * DAY_S / step_s / 1000
    return np.asarray(np.quantile(per_day, at))


def load_to_mean_quantiles(load_wh: Numbers, at: tuple[float, ...]) -> Floats:
    """Quantiles of load over the home's own mean, all homes and slots pooled."""
    ratio = load_wh / np.nanmean(load_wh, axis=-1, keepdims=True)
    return np.asarray(np.nanquantile(ratio, at))


def autocorrelation(series: Numbers, lag: int) -> Floats:
    """Pearson correlation of each row with itself ``lag`` steps later, shape [rows]."""
    rows = np.atleast_2d(np.asarray(series, dtype=np.float64))
    early, late = rows[:, :-lag], rows[:, lag:]
    both = ~(np.isnan(early) | np.isnan(late))
    count = both.sum(axis=1)
    a = np.where(both, early - _mean(early, both), 0.0)
    b = np.where(both, late - _mean(late, both), 0.0)
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray(np.where(count > 1, (a * b).sum(axis=1), np.nan) / scale)


def _mean(values: Floats, used: Bools) -> Floats:
    total = np.where(used, values, 0.0).sum(axis=1, keepdims=True)
    return np.asarray(total / np.maximum(used.sum(axis=1, keepdims=True), 1))


def coincidence_factor(load: Numbers, groups: Ints) -> float:
    """Mean of peak-of-the-sum over sum-of-the-peaks; ``groups`` [groups, n] holds row numbers.

    Slots in which a member of the group lacks a value are left out for that group.
    """
    factors = []
    for rows in groups:
        used = np.asarray(load[rows], dtype=np.float64)
        used = used[:, ~np.isnan(used).any(axis=0)]
        factors.append(used.sum(axis=0).max() / used.max(axis=1).sum())
    return float(np.mean(factors))


def sum_autocorrelation(load: Numbers, groups: Ints, lag: int) -> float:
    """Mean autocorrelation of the summed load of groups of homes; ``groups`` [groups, n]."""
    sums = np.array([np.asarray(load[rows], dtype=np.float64).sum(axis=0) for rows in groups])
    return float(np.mean(autocorrelation(sums, lag)))


def in_day_range(price: Numbers, per_day: int) -> float:
    """Mean over days of the highest minus the lowest value; whole days of ``per_day`` steps."""
    days = np.asarray(price, dtype=np.float64).reshape(-1, per_day)
    return float((days.max(axis=1) - days.min(axis=1)).mean())
