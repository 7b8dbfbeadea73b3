"""Runs of marked slots in a row."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints

SAMPLED_FROM = 8
"""Runs at least this long show in a sample of the slots."""


DAY = 86400
"""Seconds of a day of UTC."""


def slots_in(hours: int, step: int) -> int:
    """Number of slots of ``step`` seconds that hours take, at least 1."""
    return max(-(-hours * 3600 // step), 1)


def sample_distance(least: int) -> int:
    """How far apart to look so that any run of ``least`` slots is met three times in a row."""
    return max(least // 4, 1)


def runs(marked: Bools) -> tuple[Ints, Ints]:
    """Begin and end (not included) of each run of true cells of a row [slots]."""
    edges = np.flatnonzero(np.diff(marked.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2]


def long_runs(marked: Bools, least: int) -> Bools:
    """Keep of the true cells of a row [slots] those in runs of at least ``least``."""
    begin, end = runs(marked)
    kept = end - begin >= least
    steps = np.zeros(len(marked) + 1, dtype=np.int64)
    np.add.at(steps, begin[kept], 1)
    np.add.at(steps, end[kept], -1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)
