"""What is wrong with appliances' runs, and runs that do not fit into their windows."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.fleet.columns import Runs
from gridpact.scheduling.fleet.findings import Findings, as_array

INFINITY = float("inf")
LARGEST = 1e15


def run_findings(found: Findings, table: Runs, slots: int) -> None:
    """Look through a table of runs."""
    count = len(table.zone)
    longest = _longest(found, table.power_w, count)
    found.number("runs[{}].value", table.value, (count,), (0, INFINITY))
    bounds = {
        "first": (0, slots - 1),
        "end": (1, slots),
        "length": (1, longest or slots),
        "min_on": (1, slots),
        "min_off": (1, slots),
        "most_starts": (0, slots),
        "times": (1, slots),
        "pause": (0, slots),
    }
    whole: dict[str, Ints] = {}
    for name, span in bounds.items():
        column = found.whole(f"runs[{{}}].{name}", getattr(table, name), count, span)
        if column is not None:
            whole[name] = column
    if len(whole) == len(bounds):
        _fit(found, whole)
        apart = np.asarray(table.interruptible)
        if apart.dtype.kind == "b" and apart.shape in ((), (count,)):
            _apart(found, np.broadcast_to(apart, (count,)), whole)
        else:
            problem = f"holds {apart.dtype} of shape {apart.shape}"
            fix = f"give True, False, or {count} of them"
            found.add("runs.interruptible", problem, fix)


def _longest(found: Findings, values: object, count: int) -> int:
    """Look at powers [runs, longest]; how long the longest is, 0 where they cannot be read."""
    power = as_array(values)
    if power is None or power.dtype.kind not in "iuf":
        found.unread("runs.power_w", "holds no numbers", "give [runs, longest]")
    elif power.ndim != 2 or len(power) != count or not power.shape[1]:
        found.unread("runs.power_w", f"has shape {power.shape}", "give [runs, longest]")
    else:
        found.number("runs[{}].power_w", power.astype(np.float64), power.shape, (0, LARGEST))
        return int(power.shape[1])
    return 0


def _fit(found: Findings, whole: dict[str, Ints]) -> None:
    first, end, times = whole["first"], whole["end"], whole["times"]
    taken = times * whole["length"] + (times - 1) * whole["pause"]
    found.rows(
        end - first < taken,
        "runs[{}].end",
        "runs of {taken} slots in all do not fit between slots {first} and {end}",
        "widen the window, shorten the run, or run fewer times",
        taken=taken,
        first=first,
        end=end,
    )


def _apart(found: Findings, apart: Bools, whole: dict[str, Ints]) -> None:
    """Look at interruptible runs."""
    found.rows(
        apart & (whole["times"] > 1),
        "runs[{}].times",
        "an interruptible run takes place once, not {times} times",
        "give one row for each time, each with its window",
        times=whole["times"],
    )
    found.rows(
        apart & (whole["min_on"] > whole["length"]),
        "runs[{}].min_on",
        "{least} slots at a time, of a run of {length}",
        "let a stretch be at most as long as the run",
        least=whole["min_on"],
        length=whole["length"],
    )
