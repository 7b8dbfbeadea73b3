"""Forecast updates and errors by lead, and their histograms.

``ŷ(t|t−k)`` is the forecast of ``y_t`` issued ``k`` periods before, ``ŷ(t|t) = y_t``. Then

    update  u(t, k) = ŷ(t|t−k) − ŷ(t|t−k−1) = e(t, k) − e(t, k+1),
    error   e(t, k) = ŷ(t|t−k) − y_t = −Σ_{j<k} u(t, j).

Tables are [periods, leads] with lead ``k`` in column ``k``; NaN is missing, never zero. Source: Liu
and Small, forward contracts in microgrids, 2020.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints


def by_lead(issued: Floats, leads: int) -> Floats:
    """Arrange forecasts by period and lead: ``ŷ(t|t−k)`` in row ``t`` and column ``k``.

    Parameters
    ----------
    issued : [periods, periods]
        What was forecast in each period (row) for each period (column); the diagonal is what came.
    leads : int
        Longest lead wanted.

    Returns
    -------
    float64 [periods, leads + 1]
        NaN where a forecast would have been issued before the first period.
    """
    count = len(issued)
    period, lead = np.arange(count)[:, None], np.arange(leads + 1)
    when = period - lead
    values = np.asarray(issued, np.float64)[np.maximum(when, 0), period]
    return np.where(when >= 0, values, np.nan)


def updates(forecasts: Floats) -> Floats:
    """Updates ``u(t, k)`` [periods, leads] of forecasts ``ŷ(t|t−k)`` [periods, leads + 1]."""
    return np.asarray(forecasts[:, :-1] - forecasts[:, 1:])


def errors(forecasts: Floats) -> Floats:
    """Errors ``e(t, k)`` [periods, leads + 1] of forecasts ``ŷ(t|t−k)`` (same shape)."""
    return np.asarray(forecasts - forecasts[:, :1])


def errors_from_updates(changes: Floats) -> Floats:
    """Errors ``e(t, k) = −Σ_{j<k} u(t, j)`` [periods, leads + 1] of updates [periods, leads]."""
    total = np.cumsum(changes, axis=1)
    return np.concatenate([np.zeros((len(total), 1)), -total], axis=1)


class Histograms(msgspec.Struct, frozen=True):
    """How often values fall into each bin, lead by lead.

    ``edges`` [bins + 1]; ``counts`` [leads, bins], a bin from its left edge to below its right one,
    the last with both; ``below``, ``above`` and ``missing`` [leads] count what is in no bin.
    """

    edges: Floats
    counts: Ints
    below: Ints
    above: Ints
    missing: Ints


def histograms(values: Floats, edges: Floats) -> Histograms:
    """Count values [periods, leads], such as updates or errors, into bins by lead."""
    bounds = np.asarray(edges, np.float64)
    if bounds.ndim != 1 or len(bounds) < 2 or not np.all(np.diff(bounds) > 0):
        raise ValueError("edges of bins must rise")
    counts = [np.histogram(column[~np.isnan(column)], bounds)[0] for column in values.T]
    return Histograms(
        bounds,
        np.array(counts, np.int64).reshape(values.shape[1], len(bounds) - 1),
        np.asarray((values < bounds[0]).sum(axis=0)),
        np.asarray((values > bounds[-1]).sum(axis=0)),
        np.asarray(np.isnan(values).sum(axis=0)),
    )
