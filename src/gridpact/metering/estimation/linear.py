"""Filling what meters did not report, by a named method.

``linear.v1``: linear interpolation between the nearest reported slots of the day; before the first
and after the last, that one's value. Whole Wh, rounded half to even.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.units import Bools, Ints, checked_add, checked_multiply

METHOD = "linear.v1"


def filled(values: Ints, known: Bools) -> Ints:
    """Interpolate a register [members, slots] in time where ``known`` is false.

    A member without a single reading is given 0, and every slot stays marked as estimated. Exact:
    no half is rounded on a guess of its binary fraction. Raises NumberOverflow.
    """
    result = values.copy()
    for row in np.flatnonzero(~known.all(axis=1)):
        seen = np.flatnonzero(known[row])
        result[row, ~known[row]] = (
            _between(values[row, seen], seen, np.flatnonzero(~known[row])) if seen.size else 0
        )
    return result


def _between(values: Ints, seen: Ints, gaps: Ints) -> Ints:
    """Values at ``gaps`` on straight lines through ``values`` at the places ``seen``."""
    after = np.searchsorted(seen, gaps)
    left, right = np.maximum(after - 1, 0), np.minimum(after, seen.size - 1)
    # before the first and after the last both ends are the same place
    part, whole = gaps - seen[left], np.maximum(seen[right] - seen[left], 1)
    risen = checked_multiply(checked_add(values[right], -values[left]), part)
    return half_even_by(checked_add(checked_multiply(values[left], whole), risen), whole)
