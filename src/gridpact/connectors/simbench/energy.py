"""Mean power to whole watt-hours of a slot, without drift."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints

# SimBench's heat pumps go down to −0.04 W, left by its own arithmetic.
NOISE_W = 1.0


def whole_wh(power_w: Floats, step_s: int) -> Ints:
    """Whole energies [units, slots] of mean powers [W], float64 [units, slots].

    The running total is rounded and then differenced, as a meter's register does it: every slot
    is within 1 Wh of the exact energy, and every run of slots adds up to within 1 Wh as well.

    Raises
    ------
    ValueError
        Where a power is not finite, or below −1 W.
    """
    if not np.isfinite(power_w).all() or power_w.min(initial=0.0) < -NOISE_W:
        raise ValueError("powers must be finite and not negative")
    register = np.cumsum(np.maximum(power_w, 0.0) * (step_s / 3600), axis=1)
    steps = np.diff(np.rint(register), axis=1, prepend=0.0)
    return steps.astype(np.int64)
