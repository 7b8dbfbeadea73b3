"""What is wrong with how a fleet is to be solved: options, and an answer to begin from."""

from __future__ import annotations

from numbers import Real
from typing import TypeGuard, get_args

import numpy as np

from gridpact.scheduling.fleet.columns import Fleet
from gridpact.scheduling.fleet.findings import Findings
from gridpact.scheduling.fleet.options import Method, Options
from gridpact.scheduling.fleet.solution import Solution

INFINITY = float("inf")
DEAREST = 1e15
"""Penalty [µ¤/kWh] beyond which costs lose whole units in float64."""


def option_findings(found: Findings, options: Options) -> None:
    """Look through options."""
    if options.method not in get_args(Method):
        some = ", ".join(get_args(Method))
        found.add("options.method", f"there is no {options.method!r}", f"give one of {some}")
    if not (_number(options.gap) and 0 <= options.gap < INFINITY):
        fix = "give a share from 0 up, such as 0.001"
        found.add("options.gap", _shown(options.gap), fix)
    penalty = options.penalty
    if penalty is not None and not (_number(penalty) and 0 < penalty <= DEAREST):
        found.add("options.penalty", _shown(penalty), "give a price above 0, or None")
    for name in ("rounds", "nodes", "parts", "tasks"):
        value = getattr(options, name)
        if not _whole(value) or value < 1:
            found.add(f"options.{name}", _shown(value), "give a whole number, 1 or more")
    if not _whole(options.raises) or options.raises < 0:
        found.add("options.raises", _shown(options.raises), "give a whole number, 0 or more")
    _calls(found, options)


def _calls(found: Findings, options: Options) -> None:
    """Look at what is called during a solve."""
    executor: object = options.executor
    if executor is not None and not callable(getattr(executor, "map", None)):
        fix = "give an executor with a method map, or None"
        found.add("options.executor", f"{_shown(executor)} is none", fix)
    progress: object = options.progress
    if progress is not None and not callable(progress):
        fix = "give a function of a round, or None"
        found.add("options.progress", f"{_shown(progress)} cannot be called", fix)
    cancelled: object = options.cancelled
    if not callable(cancelled):
        fix = "give a function that says whether to stop"
        found.add("options.cancelled", f"{_shown(cancelled)} cannot be called", fix)


def begin_findings(found: Findings, fleet: Fleet, warm: object, passed: object) -> None:
    """Look at the answer to begin from, and at how many slots have passed since."""
    if warm is not None and not isinstance(warm, Solution):
        found.add("warm", f"{_shown(warm)} is no solution", "give what a solve returned, or None")
    if not _whole(passed) or passed < 0:
        found.add("passed", f"{_shown(passed)} slots", "give a whole number, 0 or more")
    elif passed > fleet.slots:
        fix = f"give 0 to {fleet.slots}, or begin without an answer"
        found.add("passed", f"{passed} slots, of {fleet.slots} in all", fix)
    elif passed and warm is None:
        problem = f"{passed} slots, without an answer to begin from"
        found.add("passed", problem, "give warm, or leave passed out")


def _number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return repr(value)[:80] if not _number(value) else f"{value}"
