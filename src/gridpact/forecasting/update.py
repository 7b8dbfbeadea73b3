"""Updates within the day: what was just measured moves the next hours' forecast."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

MEMORY_S = 2700
"""Time [s] over which a forecast error loses all but 1/e: errors of single homes live about an
hour (autocorrelation 0.43 after half an hour, 0.23 after one)."""


def _latest_errors(actual: Ints, known: Bools, forecast: Ints) -> Floats:
    """Mean error of the known slots [rows], 0 where none is known."""
    error = np.where(known, actual - forecast, 0).sum(axis=1)
    return np.asarray(error / np.maximum(known.sum(axis=1), 1), dtype=np.float64)


def updated(forecast: Ints, lead_s: Ints, actual: Ints, known: Bools, expected: Ints) -> Ints:
    """Carry the latest error forward, fading with lead time; never below zero.

    ``forecast`` [rows, slots] in Wh with ``lead_s`` [slots] to each slot; ``actual``, ``known``
    and ``expected`` [rows, latest slots] are what was measured and what had been forecast.
    """
    fade = np.exp(-np.maximum(lead_s, 0) / MEMORY_S)
    change = np.rint(_latest_errors(actual, known, expected)[:, None] * fade[None, :])
    # Nothing is produced at night and no error can make it so.
    moved = np.maximum(forecast + change.astype(np.int64), 0)
    return np.where(forecast > 0, moved, forecast)
