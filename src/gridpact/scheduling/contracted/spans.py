"""Whole periods around some slots: what rights are counted over, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools
from gridpact.contracts.periods import ALL, segments

DAY_S = 86_400
_LONGEST_S = {
    "day": 2 * DAY_S,
    "week": 8 * DAY_S,
    "month": 32 * DAY_S,
    "quarter": 93 * DAY_S,
    "year": 367 * DAY_S,
}
"""More than a period of each length can last [s]."""


def whole_span(life: Slots, horizon: Slots, periods: Iterable[str]) -> Slots:
    """Return the slots of a life that all periods which reach into the horizon are made of.

    At least one slot of the horizon lies in the life.
    """
    begin, end = max(horizon.start, life.start), min(horizon.end, life.end)
    first, last = begin, end
    for period in periods:
        if period == ALL:
            return life
        room = -(-_LONGEST_S[period.partition("@")[0]] // life.step) * life.step
        low, high = max(begin - room, life.start), min(end + room, life.end)
        around = Slots(low, life.step, (high - low) // life.step)
        for part in segments(period, around, cut=True):
            start, stop = (low + edge * life.step for edge in (part.start, part.stop))
            if start < end and stop > begin:
                first, last = min(first, start), max(last, stop)
    return Slots(first, life.step, (last - first) // life.step)


def rights_left(most: int, taken: int, may: Bools, seen: Bools) -> int:
    """Return how many of ``most`` rights of a period a plan may use.

    ``taken`` are used, ``may`` [slots of the period] is where one may still be, and ``seen`` where
    the plan decides. Slots that it does not see are taken to be like those that it does: it may use
    a share of what is left, rounded up. That is the best there is if they are.
    """
    left, inside = max(most - taken, 0), int(np.count_nonzero(may & seen))
    every = int(np.count_nonzero(may))
    return -(-left * inside // every) if every else 0
