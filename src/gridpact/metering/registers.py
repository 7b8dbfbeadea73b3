"""What a meter's display says was counted between two readings of it, to the Wh.

A register counts up to its size and begins at zero again (roll-over); another device begins
wherever it was left (exchange). Between the last display of one device and the first of the next
nothing is known, unless both were read at one instant: then nothing was counted in between.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.readings import Channel, Displays

NEVER_ROLLS = 1 << 62
"""Size of a register that is never full."""


class Step(IntEnum):
    """How a display follows the one before it of the same channel."""

    FIRST = 0
    FORWARD = 1
    ROLLED = 2
    EXCHANGED = 3
    BACKWARD = 4


class Steps(msgspec.Struct, frozen=True):
    """Each display against the one before it, in order of channel and time, shape [displays].

    ``row`` is the display's row; ``wh`` what was counted since, where ``known``: after the first
    display of a channel, a step back, and an exchange that took time, it is not.
    """

    row: Ints
    kind: Ints
    wh: Ints
    known: Bools


class Spans(msgspec.Struct, frozen=True):
    """Stretches between two displays of a channel over which the energy is known, shape [spans].

    ``from_s`` and ``to_s`` are instants, ``wh`` what was counted between them; ``line`` numbers
    the unbroken lines of displays, across which nothing is known.
    """

    channel: Ints
    from_s: Ints
    to_s: Ints
    wh: Ints
    line: Ints


def steps(displays: Displays, rolls_over_wh: int | Ints = 0, *, any_step: bool = False) -> Steps:
    """Compare every display with the one before it.

    Parameters
    ----------
    displays : Displays
        In any order; those of one channel and instant stay in theirs.
    rolls_over_wh
        What registers count to [Wh], all or each [channels]. 0: the least power of ten above the
        reading before, where less than a tenth of it was counted since; more is a step back.
    any_step
        Every step back is a roll-over of a register of that size, also one by less than half.
    """
    order = _in_order(displays)
    channel, reading = displays.channel[order], displays.reading_wh[order]
    meter = _numbered(displays.meter)[order]
    first = _changed(channel)
    wh = np.diff(reading, prepend=0)
    back = ~first & (wh < 0)
    exchanged = ~first & _changed(meter)
    before = np.concatenate((reading[:1], reading[:-1]))
    said = np.broadcast_to(np.asarray(rolls_over_wh, np.int64), len(displays.channels))[channel]
    size = np.where(said > 0, said, _power_of_ten(before))
    after = wh + size
    most = np.where(said > 0, size, size // 10)
    rolled = back & ~exchanged & (after >= 0) & (after < most) & (before < size)
    # a step back by less than half is no roll-over of a register whose size is said
    rolled &= (said == 0) | (after < size - size // 2) | any_step
    backward = back & ~exchanged & ~rolled
    kinds = (
        (first, Step.FIRST),
        (exchanged, Step.EXCHANGED),
        (rolled, Step.ROLLED),
        (backward, Step.BACKWARD),
    )
    kind = np.full(len(order), int(Step.FORWARD), dtype=np.int64)
    for where, name in kinds:
        kind[where] = int(name)
    at_once = exchanged & (np.diff(displays.at_s[order], prepend=0) == 0)
    known = ~first & ~backward & (~exchanged | at_once)
    counted = np.where(rolled, after, np.where(exchanged | ~known, 0, wh))
    return Steps(order, kind, counted.astype(np.int64), np.asarray(known))


def spans(
    displays: Displays, step_s: int, rolls_over_wh: int | Ints = 0, phase_s: int = 0
) -> Spans:
    """Return the stretches between neighbouring displays that were read at edges of slots.

    Displays within a slot are passed over, but what happened at them (roll-over, exchange) counts.
    """
    return spans_of(displays, steps(displays, rolls_over_wh), step_s, phase_s)


def spans_of(displays: Displays, found: Steps, step_s: int, phase_s: int = 0) -> Spans:
    """Return the spans of displays that were compared already; see :func:`spans`."""
    channel, at = displays.channel[found.row], displays.at_s[found.row]
    line = np.cumsum(~found.known)
    total = np.cumsum(found.wh)
    edge = np.flatnonzero(at % step_s == phase_s)
    # of several displays at one edge the last counts from there, the first up to there: both say
    # the same, since nothing was counted between them
    start, end = edge[:-1], edge[1:]
    whole = (line[start] == line[end]) & (at[end] > at[start])
    start, end = start[whole], end[whole]
    return Spans(channel[start], at[start], at[end], total[end] - total[start], line[start])


def of_channels(displays: Displays, channels: tuple[Channel, ...]) -> Displays:
    """Return the displays of some channels, numbered as those are; others are left out."""
    if displays.channels == channels:
        return displays
    rows = {channel: row for row, channel in enumerate(channels)}
    numbers = np.array([rows.get(each, -1) for each in displays.channels], dtype=np.int64)
    found = numbers[displays.channel] if len(displays.channel) else displays.channel
    kept = np.flatnonzero(found >= 0)
    return Displays(
        channels,
        found[kept],
        displays.at_s[kept],
        displays.reading_wh[kept],
        tuple(displays.meter[row] for row in kept.tolist()),
    )


def _in_order(displays: Displays) -> Ints:
    """Rows by channel and instant, those of one instant as they come."""
    channel, at = displays.channel, displays.at_s
    same = channel[1:] == channel[:-1]
    if np.all((channel[1:] > channel[:-1]) | (same & (at[1:] >= at[:-1]))):
        return np.arange(len(at), dtype=np.int64)
    return np.asarray(np.lexsort((at, channel)), dtype=np.int64)


def _changed(values: Ints) -> Bools:
    """Tell where a value is not that of the row before; the first row has none before."""
    changed = np.ones(len(values), dtype=np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _numbered(names: tuple[str, ...]) -> Ints:
    if not names or names.count(names[0]) == len(names):
        return np.zeros(len(names), dtype=np.int64)
    numbers = {name: row for row, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _power_of_ten(readings: Ints) -> Ints:
    """Least power of ten above each reading, at least 10 kWh."""
    powers = 10 ** np.arange(4, 19, dtype=np.int64)
    place = np.searchsorted(powers, readings, side="right")
    return np.asarray(powers[np.minimum(place, len(powers) - 1)], dtype=np.int64)
