"""Check appliances' runs, one by one: find the runs in a schedule, then hold them to the rules."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.audit.columns import Rows
from gridpact.scheduling.audit.report import TOUCH_WH, Breaches


def check_runs(breaches: Breaches, own: Rows, energy: Floats) -> Floats:
    """Check every run's energy [rows, slots] Wh; return what runs earn as a negative cost."""
    apart = own.whole("interruptible")
    power = own.steps("power_w") * own.hours
    value, cost = own.number("value"), np.zeros(len(energy))
    for at in range(len(energy)):
        check = _pausing if apart[at] else _at_once
        done = check(breaches, own, at, (energy[at], power[at]))
        cost[at] = -value[at] * 1000 * done if np.isfinite(value[at]) else 0.0
    return cost


def _column(own: Rows, name: str, at: int) -> int:
    return int(own.whole(name)[at])


def _at_once(breaches: Breaches, own: Rows, at: int, given: tuple[Floats, Floats]) -> int:
    """Check a run that goes through its steps at once; return how often it takes place."""
    place, length = (own.name, int(own.rows[at])), _column(own, "length", at)
    steps = given[1][:length]
    starts, left = _starts(given[0], steps)
    row = own.rows[at : at + 1]
    breaches.above("takes energy that is no run", own.name, row, np.abs(left[None]))
    busy = length + _column(own, "pause", at)
    for one, other in pairwise(starts):
        if other - one < busy:
            breaches.add("runs again too soon", (*place, other), float(steps.sum()))
    first, last = _column(own, "first", at), _column(own, "end", at) - length
    for start in starts:
        if not first <= start <= last:
            breaches.add("runs outside its window", (*place, start), float(steps.sum()))
    if steps.max() > TOUCH_WH:
        _how_often(breaches, own, at, len(starts))
    return len(starts)


def _starts(energy: Floats, steps: Floats) -> tuple[list[int], Floats]:
    """Take runs out of a schedule from the left: where they start, and what is left over."""
    left, starts = energy.copy(), list[int]()
    working = np.flatnonzero(steps > TOUCH_WH)
    while working.size and (left > TOUCH_WH).any():
        start = int(np.argmax(left > TOUCH_WH)) - int(working[0])
        if start < 0 or start + len(steps) > len(left):
            break
        left[start : start + len(steps)] -= steps
        if np.abs(left[start : start + len(steps)]).max() > TOUCH_WH:
            break
        starts.append(start)
    return starts, left


def _how_often(breaches: Breaches, own: Rows, at: int, runs: int) -> None:
    times, must = _column(own, "times", at), not np.isfinite(own.number("value")[at])
    if runs > times or (must and runs < times):
        breaches.add(
            f"runs {runs} times of {times}",
            (own.name, int(own.rows[at]), -1),
            abs(runs - times),
            "runs",
        )


def _pausing(breaches: Breaches, own: Rows, at: int, given: tuple[Floats, Floats]) -> int:
    """Check a run that may pause; return whether it takes place."""
    energy, step, row = given[0], float(given[1][0]), int(own.rows[at])
    if step <= TOUCH_WH:
        breaches.above("takes energy that is no run", own.name, own.rows[at : at + 1], energy[None])
        return 0
    on = np.flatnonzero(np.abs(energy) > TOUCH_WH)
    beside = np.where(np.abs(energy) > TOUCH_WH, np.abs(energy - step), 0.0)
    breaches.above("runs at another power", own.name, own.rows[at : at + 1], beside[None])
    first, end = _column(own, "first", at), _column(own, "end", at)
    for slot in on[(on < first) | (on >= end)].tolist():
        breaches.add("runs outside its window", (own.name, row, slot), step)
    length, must = _column(own, "length", at), not np.isfinite(own.number("value")[at])
    if len(on) != length and (must or len(on)):
        what = f"runs {len(on)} slots of {length}"
        breaches.add(what, (own.name, row, -1), abs(len(on) - length) * step)
    _stretches(breaches, own, at, on)
    return int(len(on) > 0)


def _stretches(breaches: Breaches, own: Rows, at: int, on: Ints) -> None:
    """Stretches of slots on and pauses between them are long enough, and not too many."""
    stretches = np.split(on, np.flatnonzero(np.diff(on) > 1) + 1) if len(on) else []
    place = (own.name, int(own.rows[at]))
    for stretch in stretches:
        if len(stretch) < _column(own, "min_on", at):
            breaches.add("stops too soon", (*place, int(stretch[0])), float(len(stretch)), "slots")
    for one, other in pairwise(stretches):
        if other[0] - one[-1] - 1 < _column(own, "min_off", at):
            breaches.add("pauses too shortly", (*place, int(other[0])), 1.0, "slots")
    most = _column(own, "most_starts", at)
    if most and len(stretches) > most:
        breaches.add(f"starts {len(stretches)} times of {most}", (*place, -1), 1.0, "starts")
