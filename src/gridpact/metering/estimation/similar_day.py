"""``similar-day.v1``: the mean of the same time of day on the nearest days alike."""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.slots import Calendar
from gridpact.base.units import Bools, Ints
from gridpact.metering.estimation.filling import Filled, Gaps
from gridpact.metering.estimation.methods import SimilarDay

_DAY = 86400
_THURSDAY = 3  # 1970-01-01
_SATURDAY = 5


def filled(gaps: Gaps, method: SimilarDay) -> Filled:
    """Fill open slots for which a day alike has a measured value."""
    open_slots = np.flatnonzero(gaps.open)
    local = Calendar(method.timezone, gaps.slots.step).local_seconds(gaps.slots)
    table, origin = _by_day(gaps, local)
    day, place = local[open_slots] // _DAY - origin, local[open_slots] % _DAY // gaps.slots.step
    kind = _kinds(day + origin)
    total = np.zeros(len(open_slots), dtype=np.int64)
    count = np.zeros(len(open_slots), dtype=np.int64)
    for away in range(1, method.within_days + 1):
        for other in (day - away, day + away):
            there = _measured_at(table, other, place) & (kind == _kinds(other + origin))
            there &= count < method.days
            slot = table[np.clip(other, 0, len(table) - 1), place]
            total += np.where(there, gaps.wh[slot], 0)
            count += there
    found = np.zeros(len(gaps.wh), dtype=np.bool_)
    wh = np.zeros(len(gaps.wh), dtype=np.int64)
    some = count > 0
    found[open_slots[some]] = True
    wh[open_slots[some]] = half_even_by(total[some], count[some])
    return Filled(found, wh)


def _by_day(gaps: Gaps, local: Ints) -> tuple[Ints, int]:
    """Slot measured at each local day and time [days, slots a day], -1 without, and the first day.

    Of two slots that the clock shows at one time, the first counts.
    """
    origin = int(local.min()) // _DAY
    days = int(local.max()) // _DAY - origin + 1
    table = np.full((days, -(-_DAY // gaps.slots.step)), -1, dtype=np.int64)
    known = np.flatnonzero(gaps.measured)[::-1]
    table[local[known] // _DAY - origin, local[known] % _DAY // gaps.slots.step] = known
    return table, origin


def _measured_at(table: Ints, day: Ints, place: Ints) -> Bools:
    inside = (day >= 0) & (day < len(table))
    return np.asarray(inside & (table[np.clip(day, 0, len(table) - 1), place] >= 0))


def _kinds(day: Ints) -> Ints:
    """0 for working days, 1 for Saturdays, 2 for Sundays; days since 1970-01-01."""
    weekday = (day + _THURSDAY) % 7
    return np.asarray(np.maximum(weekday - _SATURDAY + 1, 0), dtype=np.int64)
