"""Updates within the day: what was just measured moves the next hours' forecast."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

LOAD_MEMORY_S, SOLAR_MEMORY_S = 2700, 14_500
"""Time [s] over which a forecast error loses all but 1/e. Errors of single homes live about an
hour (autocorrelation 0.43 after half an hour, 0.23 after one); clouds stay longer (0.94 after a
quarter of an hour)."""


class Seen(NamedTuple):
    """The latest slots: what was measured, where, and what had been forecast [rows, slots]."""

    actual_wh: Ints
    known: Bools
    forecast_wh: Ints


def updated(forecast_wh: Ints, lead_s: Ints, seen: Seen, memory_s: int) -> Ints:
    """Carry the latest error of each row forward, fading with lead time; never below zero.

    ``forecast_wh`` [rows, slots] with ``lead_s`` [slots] from the latest slot to each.
    """
    fade = np.exp(-np.maximum(lead_s, 0) / memory_s)
    change = np.rint(_latest_errors(seen)[:, None] * fade[None, :])
    moved = np.maximum(forecast_wh + change.astype(np.int64), 0)
    # Nothing is produced at night and no error can make it so.
    return np.where(forecast_wh > 0, moved, forecast_wh)


def _latest_errors(seen: Seen) -> Floats:
    """Mean error of the known slots [rows], 0 where none is known."""
    error = np.where(seen.known, seen.actual_wh - seen.forecast_wh, 0).sum(axis=1)
    return np.asarray(error / np.maximum(seen.known.sum(axis=1), 1), dtype=np.float64)
