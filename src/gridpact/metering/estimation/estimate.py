"""Filling of what is missing or doubtful, method by method; every filled slot names its method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.units import Bools
from gridpact.metering import registers
from gridpact.metering.estimation import display_profile, linear, similar_day
from gridpact.metering.estimation.filling import Filled, Gaps, is_open
from gridpact.metering.estimation.methods import (
    DEFAULT_METHODS,
    DisplayProfile,
    Linear,
    Method,
    SimilarDay,
    name_of,
)
from gridpact.metering.readings import Displays, Intervals, Quality
from gridpact.metering.registers import Spans

SHAPED_BY = "display-sum.v1"
"""Slots made doubtful by this rule are wrong in their sum; their shape is the best there is."""


def estimate(
    intervals: Intervals, displays: Displays, methods: Sequence[Method] = DEFAULT_METHODS
) -> Intervals:
    """Fill slots that are MISSING or SUSPECT; the inputs are not changed.

    Parameters
    ----------
    intervals, displays
        Readings, best with the marks of validation. Earlier days within the window are what a
        method may learn from.
    methods
        In this order; each fills of what is left what it can.

    Returns
    -------
    Intervals
        Filled slots are ESTIMATED, their rule is the method's name. What no method fills keeps
        its value and mark. Between two displays at edges of slots, a filled stretch adds up to
        the displays' difference to the Wh when ``display-profile.v1`` comes first.
    """
    rules = tuple(dict.fromkeys((*intervals.rules, *(name_of(each) for each in methods))))
    wh, quality, rule = intervals.wh.copy(), intervals.quality.copy(), intervals.rule.copy()
    result = Intervals(intervals.channels, intervals.slots, wh, quality, rule, rules)
    ours = registers.of_channels(displays, intervals.channels)
    for method in methods:
        spans = _spans(method, ours, intervals.slots.step)
        for row in np.flatnonzero(is_open(quality).any(axis=1)).tolist():
            filled = _filled(method, _gaps(result, row), _of_channel(spans, row))
            wh[row][filled.slots] = filled.wh[filled.slots]
            quality[row][filled.slots] = int(Quality.ESTIMATED)
            rule[row][filled.slots] = rules.index(name_of(method))
    return result


def _gaps(intervals: Intervals, row: int) -> Gaps:
    quality, rules = intervals.quality[row], intervals.rules
    shaped = np.zeros(len(quality), dtype=np.bool_)
    if SHAPED_BY in rules:
        shaped = np.asarray(
            (quality == np.int8(Quality.SUSPECT)) & (intervals.rule[row] == rules.index(SHAPED_BY))
        )
    measured = np.asarray(quality == np.int8(Quality.MEASURED))
    return Gaps(intervals.slots, intervals.wh[row], is_open(quality), measured, shaped)


def _spans(method: Method, displays: Displays, step_s: int) -> Spans:
    if not isinstance(method, DisplayProfile):
        return registers.spans(displays, step_s)
    sizes = [method.points.get(each.point, method.register_wh) for each in displays.channels]
    return registers.spans(displays, step_s, np.array(sizes, dtype=np.int64))


def _of_channel(spans: Spans, row: int) -> Spans:
    own = spans.channel == row
    return Spans(
        spans.channel[own], spans.from_s[own], spans.to_s[own], spans.wh[own], spans.line[own]
    )


def _filled(method: Method, gaps: Gaps, spans: Spans) -> Filled:
    match method:
        case DisplayProfile():
            return display_profile.filled(gaps, spans, method.timezone)
        case Linear():
            return _short(gaps, method)
        case SimilarDay():
            return similar_day.filled(gaps, method)


def _short(gaps: Gaps, method: Linear) -> Filled:
    """Interpolate open runs that are short and have a known slot on both sides."""
    wh = linear.filled(gaps.wh[None, :], ~gaps.open[None, :])[0]
    most = max(method.hours * 3600 // gaps.slots.step, 1)
    edges = np.flatnonzero(np.diff(gaps.open.astype(np.int8), prepend=0, append=0))
    begin, end = edges[::2], edges[1::2]
    short = (end - begin <= most) & (begin > 0) & (end < len(gaps.wh))
    steps = np.zeros(len(gaps.wh) + 1, dtype=np.int64)
    np.add.at(steps, begin[short], 1)
    np.add.at(steps, end[short], -1)
    chosen: Bools = np.asarray(np.cumsum(steps[:-1]) > 0)
    return Filled(chosen, np.where(chosen, wh, 0))
