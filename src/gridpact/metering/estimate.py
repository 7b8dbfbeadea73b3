"""Filling what meters did not report, by a named method.

``linear.v1``: linear interpolation between the nearest reported slots of the day; before the first
and after the last, that one's value. Whole Wh, rounded half to even.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints

METHOD = "linear.v1"


def filled(values: Ints, known: Bools) -> Ints:
    """Interpolate a register [members, slots] in time where ``known`` is false.

    A member without a single reading is given 0, and every slot stays marked as estimated.
    """
    result = values.copy()
    places = np.arange(values.shape[1])
    for row in np.flatnonzero(~known.all(axis=1)):
        seen = known[row]
        if not seen.any():
            result[row] = 0
            continue
        guess = np.interp(places[~seen], places[seen], values[row, seen])
        result[row, ~seen] = np.rint(guess).astype(np.int64)
    return result
