"""Branch and bound over a relaxation that is only ever re-bounded, so each node starts warm.

Best bound first. A group of columns of which exactly one is 1 (the starts of a run) is split in
two at its centre of mass; a lone binary is set to 0 and to 1. Splitting a group keeps the tree
shallow where a single start at a time would not [Beale and Tomlin 1970, special ordered sets].
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints

WHOLE = 1e-6
"""How far from a whole number a column still counts as one."""


class Relaxed(msgspec.Struct, frozen=True):
    """Optimum of a relaxation: objective, and values of the columns that must be whole."""

    objective: float
    values: Floats


class Whole(msgspec.Struct, frozen=True):
    """What a search came to: the best whole columns, None if none were found, and a bound.

    No whole point is better than ``bound``, which is infinite where there is none at all;
    ``proven`` says that the best is within the gap asked for.
    """

    chosen: Floats | None
    bound: float
    proven: bool


class Relaxation(Protocol):
    """Solves the relaxation with these bounds on the whole columns; None if infeasible."""

    def __call__(self, lower: Floats, upper: Floats) -> Relaxed | None:
        """Solve."""


class Effort(msgspec.Struct, frozen=True):
    """How far to search: within ``gap`` of the best, through ``most`` relaxations, until ``over``.

    At least one whole point is tried.
    """

    gap: float
    most: int
    over: Callable[[], bool]


def best_whole(solve: Relaxation, group: Ints, effort: Effort) -> Whole:
    """Search for the best whole columns [whole columns].

    ``group`` numbers the sets of columns of which exactly one is 1, -1 for a lone binary.
    """
    best, chosen, solved = np.inf, None, 0
    heap: list[tuple[float, int, Floats, Floats, Floats]] = []
    pending = [(np.zeros(len(group)), np.ones(len(group)))]
    while True:
        for lower, upper in pending:
            relaxed = solve(lower, upper)
            solved += 1
            if relaxed is not None:
                node = (relaxed.objective, solved, relaxed.values, lower, upper)
                heapq.heappush(heap, node)
        bound = min(heap[0][0], best) if heap else best
        if bound >= best - effort.gap:
            return Whole(chosen, bound, proven=True)
        if solved > 1 and (solved >= effort.most or effort.over()):
            return Whole(chosen, bound, proven=False)
        _, _, values, lower, upper = heapq.heappop(heap)
        guess = _rounded(values, group)
        trial = solve(guess, guess)
        solved += 1
        if trial is not None and trial.objective < best:
            best, chosen = trial.objective, guess
        whole = bool(np.all(np.abs(values - guess) <= WHOLE))
        pending = [] if whole else _split(values, group, lower, upper)


def _rounded(values: Floats, group: Ints) -> Floats:
    """Round lone binaries; give each group to its largest column (the first of equals)."""
    rounded = np.round(values)
    grouped = np.flatnonzero(group >= 0)
    rounded[grouped] = 0
    order = grouped[np.lexsort((grouped, -values[grouped], group[grouped]))]
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(group[order]) > 0
    rounded[order[first]] = 1
    return np.asarray(rounded)


def _split(
    values: Floats, group: Ints, lower: Floats, upper: Floats
) -> list[tuple[Floats, Floats]]:
    """Bounds of two halves that part the most undecided group or binary."""
    doubt = np.minimum(values, 1 - values)
    widest = int(np.argmax(doubt))
    if group[widest] < 0:
        below, above = upper.copy(), lower.copy()
        below[widest], above[widest] = 0, 1
        return [(lower, below), (above, upper)]
    columns = np.flatnonzero(group == group[widest])
    mass = np.cumsum(values[columns])
    centre = int(np.dot(values[columns], np.arange(len(columns))) / max(mass[-1], WHOLE))
    used = np.flatnonzero(values[columns] > WHOLE)
    cut = columns[int(np.clip(centre, used[0], used[-1] - 1))]
    left, right = upper.copy(), upper.copy()
    left[columns[columns > cut]] = 0
    right[columns[columns <= cut]] = 0
    return [(lower, left), (lower, right)]
