"""``display-profile.v1``: the difference of two displays, spread over a day's profile."""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import half_even_by, largest_remainder
from gridpact.base.slots import Calendar
from gridpact.base.units import INT64_MAX, Ints
from gridpact.metering.estimation.filling import Filled, Gaps
from gridpact.metering.registers import Spans

_FINE = 1000


def filled(gaps: Gaps, spans: Spans, timezone: str) -> Filled:
    """Fill the open slots between displays so that all add up to what the displays say.

    Stretches that begin or end outside the window, without open slots, or whose known slots are
    more than the displays' difference are left.
    """
    found = np.zeros(len(gaps.wh), dtype=np.bool_)
    wh = np.zeros(len(gaps.wh), dtype=np.int64)
    slots = gaps.slots
    inside = (spans.from_s >= slots.start) & (spans.to_s <= slots.end)
    weights: Ints | None = None
    for place in np.flatnonzero(inside).tolist():
        begin = (int(spans.from_s[place]) - slots.start) // slots.step
        end = (int(spans.to_s[place]) - slots.start) // slots.step
        here = begin + np.flatnonzero(gaps.open[begin:end])
        known = np.where(gaps.open[begin:end], 0, gaps.wh[begin:end])
        rest = int(spans.wh[place]) - int(known.sum())
        if not len(here) or rest < 0:
            continue
        weights = _weights(gaps, timezone) if weights is None else weights
        found[here] = True
        wh[here] = shared(rest, weights[here])
    return Filled(found, wh)


def shared(total: int, weights: Ints) -> Ints:
    """Divide ``total`` Wh by ``weights`` [slots], equally where all of them are zero."""
    if not weights.any():
        weights = np.ones_like(weights)
    most = INT64_MAX // max(total, 1) // len(weights)
    if int(weights.max()) > most:  # thousandths of a Wh are more than any profile knows
        shift = (int(weights.max()) // max(most, 1)).bit_length()
        weights = np.maximum(weights >> shift, np.minimum(weights, 1))
    return largest_remainder(np.array([total], dtype=np.int64), weights[:, None])[:, 0]


def _weights(gaps: Gaps, timezone: str) -> Ints:
    """Typical energy of each slot [slots, thousandths of a Wh]."""
    seconds = Calendar(timezone, gaps.slots.step).seconds_of_day(gaps.slots)
    times, place = np.unique(seconds, return_inverse=True)
    sums = np.zeros(len(times), dtype=np.int64)
    counts = np.zeros(len(times), dtype=np.int64)
    np.add.at(sums, place[gaps.measured], np.maximum(gaps.wh[gaps.measured], 0))
    np.add.at(counts, place[gaps.measured], 1)
    typical = half_even_by(sums * _FINE, np.maximum(counts, 1))
    return np.where(gaps.shaped, np.maximum(gaps.wh, 0) * _FINE, typical[place])
