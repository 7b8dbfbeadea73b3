"""How long the interval of each row is: told by the mapping, or by even distances of the stamps.

A stamp says when an interval begins or ends, not how long it is. Where stamps lie evenly, apart
from rows that lack here and there, their distance is the length. Where the distance changes for
several rows, or is shorter than elsewhere, another length and missing rows look the same: energy of
an hour would be taken for that of a quarter. Such a file is refused until the mapping says which.
How many rows are several is a matter of chance (:mod:`~gridpact.metering.formats.stretches`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.formats.stretches import FEW, MANY, Stretches, no_chance
from gridpact.metering.importers.rows import SHOWN, Report

FIX = (
    "split the file where the step changes, name the column of the intervals' ends in until, or "
    "set interval_s where each interval is that long and rows are missing"
)
FIX_CLAIM = (
    "split the file where the step changes, or name the column of the intervals' ends in until"
)
MOST_LENGTHS = 100
_DAY = 86400


class Stamped(NamedTuple):
    """Stamps [rows, s], their channels, and the length [rows, s] of intervals of the channel.

    That is the usual distance, or ``claimed`` by the mapping.
    """

    at_s: Ints
    channel: Ints
    step_s: Ints
    claimed: bool


def changes(rows: Stamped) -> tuple[Ints, Ints, Ints]:
    """Find where the distance of neighbouring rows is that of intervals of another length.

    Returns
    -------
    order : int64 [rows]
        Rows by channel and time.
    apart : int64 [changes]
        Distance [s] within each stretch: a part of the length, or a multiple of it that comes
        more often in a row than by chance, at least :data:`FEW` times, or :data:`MANY` times where
        the length is claimed. What comes less often is a gap.
    bounds : int64 [changes, 2]
        First and last row of each stretch, as places of the order.
    """
    order = np.lexsort((rows.at_s, rows.channel))
    at, own = rows.at_s[order], rows.channel[order]
    step = np.maximum(rows.step_s[order], 1)
    apart = np.diff(at, prepend=at[:1])
    apart[1:][own[1:] != own[:-1]] = 0
    begins = np.flatnonzero(np.diff(apart, prepend=-1))
    ends = np.append(begins[1:], len(apart)) - 1
    far, length, whose = apart[begins], step[begins], own[begins]
    size, channels = ends - begins + 1, int(own.max(initial=0)) + 1
    longer = far > length
    first = longer & ~np.append(False, longer[:-1])
    multiple = longer & (far % length == 0)
    stretches = Stretches(
        size[multiple],
        whose[multiple],
        np.bincount(whose[far == length], size[far == length], channels).astype(np.int64),
        np.bincount(whose[first], minlength=channels),
    )
    enough = no_chance(stretches, MANY if rows.claimed else FEW)
    shorter = (far > 0) & (far < length) & (length % np.maximum(far, 1) == 0)
    found = (shorter & (not rows.claimed)) | (multiple & (size >= enough))
    return order, far[found], np.stack((begins[found], ends[found]), axis=1)


def mixed(rows: Stamped, told: tuple[Report, Ints, str], names: tuple[str, ...]) -> bool:
    """Note each stretch of rows whose distance is another than the usual one; tell if any is.

    ``told`` is where to note it, the line of each row and the column of the stamps; ``names`` are
    of the channels, empty where all rows are of all channels.
    """
    if not len(rows.at_s) or _all_alike(rows):
        return False
    order, apart, bounds = changes(rows)
    report, lines, where = told
    if not len(apart):
        return not rows.claimed and _scattered(rows, order, told)
    fix = FIX_CLAIM if rows.claimed else FIX
    for far, (begin, end) in zip(apart[:SHOWN].tolist(), bounds[:SHOWN].tolist(), strict=True):
        row = order[begin]
        whose = f" of {names[rows.channel[row]]}" if names else ""
        after = f"{far} s after the one before it"
        run = f"from here {end - begin + 1} rows{whose}, each {after}"
        run = run if end > begin else f"this row{whose} is {after}"
        others = "others are {} s apart" if not rows.claimed else "intervals are {} s long"
        problem = f"mixed steps: {run}, where {others.format(rows.step_s[row])}"
        report.add(int(lines[row]), where, problem, fix)
    if len(apart) > SHOWN:
        problem = f"mixed steps: at {len(apart) - SHOWN} more places"
        report.add(int(lines[order[bounds[SHOWN, 0]]]), where, problem, fix)
    return len(apart) > 0


def _all_alike(rows: Stamped) -> bool:
    """Tell at a glance whether rows are of one channel, in order, and one length apart each."""
    apart = np.diff(rows.at_s)
    even = len(apart) > 0 and apart.min() == apart.max() == rows.step_s.min() == rows.step_s.max()
    return bool(even and rows.channel.min() == rows.channel.max())


def _scattered(rows: Stamped, order: Ints, told: tuple[Report, Ints, str]) -> bool:
    """Note rows of which fewer than half lie one step after the one before in their channel."""
    apart, own = np.diff(rows.at_s[order]), rows.channel[order]
    beside = (own[1:] == own[:-1]) & (apart > 0)
    other = np.flatnonzero(beside & (apart != rows.step_s[order][1:]))
    if 2 * len(other) <= int(np.count_nonzero(beside)):
        return False
    report, lines, where = told
    kinds = len(np.unique(apart[beside]))
    problem = f"mixed steps: rows lie at {kinds} different distances, and none is that of most"
    report.add(int(lines[order[other[0] + 1]]), where, problem, FIX)
    return True


def uneven(rows: Bools, *, claimed: bool) -> bool:
    """Tell whether a table of rows that are there [channels, places] has a :func:`changes`.

    Intervals are one place long.
    """
    least, places = MANY if claimed else FEW, rows.shape[1]
    if rows.all():
        return False
    cell = np.flatnonzero(rows)
    apart = np.diff(cell)
    after = np.flatnonzero(apart != 1)
    whose = cell[after] // places
    within = cell[after + 1] // places == whose
    after, whose = after[within], whose[within]
    far = apart[after]
    goes_on = np.diff(after, prepend=-2) == 1
    goes_on[1:] &= whose[1:] == whose[:-1]
    alike = goes_on.copy()
    alike[1:] &= far[1:] == far[:-1]
    begins = np.flatnonzero(~alike)
    size = np.diff(begins, append=len(after))
    if not len(size) or int(size.max()) < least:
        return False
    counts = np.count_nonzero(rows, axis=1)
    gaps = np.bincount(whose, minlength=len(rows))
    begun = np.bincount(whose[~goes_on], minlength=len(rows))
    usual = np.maximum(counts - 1, 0) - gaps
    enough = no_chance(Stretches(size, whose[begins], usual, begun), least)
    return bool(size.max() >= enough)


def overlapping(
    start_s: Ints, length_s: Ints, channel: Ints, told: tuple[Report, Ints, str]
) -> bool:
    """Note rows that begin before the interval before them in their channel is over.

    Two of one beginning are repeats, which are noted elsewhere.
    """
    report, lines, where = told
    order = np.lexsort((start_s, channel))
    start, own = start_s[order], channel[order]
    over = start + length_s[order]
    early = np.zeros(len(start), dtype=np.bool_)
    early[1:] = (own[1:] == own[:-1]) & (start[1:] < over[:-1]) & (start[1:] > start[:-1])
    fix = "correct the stamps or ends, or the length in interval_s"
    words = ("this interval begins before the one before it is over", fix)
    return report.rows(early, lines[order], where, words)


def between(start_s: Ints, end_s: Ints, told: tuple[Report, Ints, str]) -> Ints | None:
    """Length of each interval [rows, s]; None with those noted that end before they begin."""
    report, lines, where = told
    length = end_s - start_s
    fix = "correct the stamps, or name the column of the intervals' ends in until"
    if report.rows(
        np.asarray(length <= 0), lines, where, ("the interval ends before it began", fix)
    ):
        return None
    if report.rows(
        np.asarray(length > _DAY), lines, where, ("the interval is over a day long", fix)
    ):
        return None
    kinds = len(np.unique(length))
    if kinds > MOST_LENGTHS:
        report.add(int(lines[0]), where, f"the intervals have {kinds} different lengths", fix)
        return None
    return length


def constant(step_s: int, like: Ints) -> Ints:
    """One length [s] for all rows."""
    return np.broadcast_to(np.int64(step_s), like.shape)
