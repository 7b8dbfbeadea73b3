"""What a plan makes of what is wished beyond what is needed, and of what may be missed for money.

Only where a wish is tighter than what else is asked does it count at all. What it misses is counted
as needs are: of a state the most after any slot, of power and sums all of it, of a run that starts
at another time all that it takes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Conflict, Problem, Soft
from gridpact.scheduling.sums import MARGIN_WH, Flows, missed


def tighter_states(problem: Problem) -> tuple[Bools, Bools]:
    """Where a wish bounds what is stored from below, and from above, more than needs do."""
    wished, table = problem.wished, problem.storage
    if wished is None:
        none = np.zeros(table.lo_wh.shape, np.bool_)
        return none, none
    return np.asarray(wished.lo_wh > table.lo_wh), np.asarray(wished.hi_wh < table.hi_wh)


def tighter_powers(problem: Problem) -> tuple[Bools, Bools]:
    """Where less is wished to be taken, and to be given, than may be [assets, slots]."""
    wished, table = problem.wished, problem.storage
    if wished is None:
        none = np.zeros(table.lo_wh.shape, np.bool_)
        return none, none
    return (
        np.asarray(wished.charge_max_wh < table.charge_max_wh),
        np.asarray(wished.discharge_max_wh < table.discharge_max_wh),
    )


def tighter_starts(problem: Problem) -> Bools:
    """Runs [runs] of which another start is wished than all that may be."""
    wished, runs = problem.wished, problem.runs
    if wished is None:
        return np.zeros(len(runs.home), np.bool_)
    return np.asarray((wished.earliest > runs.earliest) | (wished.latest < runs.latest))


def off_states(problem: Problem, state_wh: Ints) -> Ints:
    """By how much states in the first slots are off what is wished [assets, slots] Wh."""
    if problem.wished is None:
        return np.zeros_like(state_wh)
    slots = slice(state_wh.shape[1])
    low, high = (one[:, slots] for one in tighter_states(problem))
    below = np.where(low, problem.wished.lo_wh[:, slots] - state_wh, 0)
    above = np.where(high, state_wh - problem.wished.hi_wh[:, slots], 0)
    return np.asarray(np.maximum(np.maximum(below, above), 0), np.int64)


def off_powers(problem: Problem, charge_wh: Ints, discharge_wh: Ints) -> Ints:
    """What storage takes and gives in the first slots beyond what is wished [assets, slots] Wh."""
    if problem.wished is None:
        return np.zeros_like(charge_wh)
    slots, wished = slice(charge_wh.shape[1]), problem.wished
    taking, giving = (one[:, slots] for one in tighter_powers(problem))
    more = np.where(taking, charge_wh - wished.charge_max_wh[:, slots], 0)
    out = np.where(giving, discharge_wh - wished.discharge_max_wh[:, slots], 0)
    return np.asarray(np.maximum(more, 0) + np.maximum(out, 0), np.int64)


def off_starts(problem: Problem, run_start: Ints) -> Ints:
    """Energy of runs [runs] that start at another time than is wished [Wh]; 0 where none does."""
    if problem.wished is None:
        return np.zeros(len(run_start), np.int64)
    off = (run_start < problem.wished.earliest) | (run_start > problem.wished.latest)
    off &= (run_start >= 0) & tighter_starts(problem)
    return np.where(off, problem.runs.energy_wh * problem.runs.length, 0)


def wished_sums(problem: Problem) -> list[int]:
    """Rows of the sums that are wishes."""
    return [row for row, one in enumerate(problem.sums) if one.level is Level.WISHES]


def conflicts(
    problem: Problem, flows: Flows, state_wh: Ints, run_start: Ints
) -> Iterator[Conflict]:
    """Yield what is wished, or soft, and missed by more than rounding does."""
    off = off_states(problem, state_wh)
    off *= off > state_tolerance(problem.storage)[:, None]
    yield from _found("wished-state", off, off.max(axis=1, initial=0))
    power = off_powers(problem, flows.charge_wh, flows.discharge_wh)
    yield from _found("wished-power", power, power.sum(axis=1))
    for row in np.flatnonzero(starts := off_starts(problem, run_start)).tolist():
        yield Conflict("wished-run", row, int(run_start[row]), int(starts[row]))
    for row, one in enumerate(problem.soft):
        lacks = soft_missed(problem, one, flows, (state_wh, run_start))
        if lacks > MARGIN_WH:
            yield Conflict("soft", row, one.first, lacks)


def _found(kind: str, missing: Ints, amount: Ints) -> Iterator[Conflict]:
    for row in np.flatnonzero((missing > 0).any(axis=1)).tolist():
        yield Conflict(kind, row, int(np.argmax(missing[row] > 0)), int(amount[row]))


def soft_missed(problem: Problem, one: Soft, flows: Flows, states: tuple[Ints, Ints]) -> int:
    """Energy by which a soft bound is missed, summed over its slots [Wh].

    ``states`` are what is stored [assets, slots], and the starts [runs].
    """
    state_wh, run_start = states
    if one.total is not None:
        return missed(problem, one.total, flows)
    if one.side == "run":
        start = int(run_start[one.row])
        late = start >= 0 and not one.first <= start < one.end
        return int(problem.runs.energy_wh[one.row] * problem.runs.length[one.row]) if late else 0
    span = slice(one.first, one.end)
    of = {"lo": state_wh, "hi": state_wh, "charge": flows.charge_wh}.get(one.side)
    above = (flows.discharge_wh if of is None else of)[one.row, span] - one.bound_wh
    return int(np.maximum(-above if one.side == "lo" else above, 0).sum())
