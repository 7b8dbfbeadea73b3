"""How benchmarks take times: the least of a few calls, or the median of calls that take turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time


def least_seconds(
    call: Callable[[], object], repeats: int = 3, first: Callable[[], object] | None = None
) -> float:
    """Least CPU time of a few calls [s], after ``first`` (a call like them) that compiles."""
    (first or call)()
    found = []
    for _ in range(repeats):
        begin = process_time()
        call()
        found.append(process_time() - begin)
    return min(found)


def median_seconds(
    calls: Sequence[Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = process_time,
) -> list[float]:
    """Median time of each call [s]; they take turns, so that a busy machine bends none alone."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, own in zip(calls, times, strict=True):
            begin = clock()
            call()
            own.append(clock() - begin)
    return [median(own) for own in times]
