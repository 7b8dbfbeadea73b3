"""An independent check of what a plan says of wishes and of soft bounds, worked out again.

It shares no code with the solver, as :mod:`gridpact.scheduling.check` of which it is part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gridpact.scheduling.problem import Conflict, Plan, Problem, Soft, Sum

SOFT_WH = 2
"""What a soft bound may be missed by without a word: rounding."""
Beyond = Callable[[Sum], int]
"""Energy by which a plan is beyond a sum [Wh]."""


def wished(problem: Problem, plan: Plan, allowance: list[int]) -> Iterator[str]:
    """Compare what wishes miss with the conflicts that say so.

    ``allowance`` [assets] is by how much states may miss a bound.
    """
    if problem.wished is None:
        return
    for asset, most in enumerate(allowance):
        states = _states(problem, plan, asset)
        worst = [off if off > most else 0 for off in states]
        yield from _reported(plan, "wished-state", asset, (worst, max(worst, default=0)))
        power = _power(problem, plan, asset)
        yield from _reported(plan, "wished-power", asset, (power, sum(power)))
    runs = problem.runs
    for run, start in enumerate(plan.run_start.tolist()):
        first, last = int(problem.wished.earliest[run]), int(problem.wished.latest[run])
        usual = first <= runs.earliest[run] and last >= runs.latest[run]
        late = start >= 0 and not usual and not first <= start <= last
        taken = int(runs.energy_wh[run] * runs.length[run])
        found = [one for one in plan.conflicts if (one.kind, one.row) == ("wished-run", run)]
        expected = [Conflict("wished-run", run, start, taken)] if late else []
        if found != expected:
            yield f"wished run {run}: conflicts {found} reported, {expected} found"


def _states(problem: Problem, plan: Plan, asset: int) -> list[int]:
    found, asked, table = [], problem.wished, problem.storage
    if asked is None:
        return []
    for slot, state in enumerate(plan.state_wh[asset].tolist()):
        low, high = int(asked.lo_wh[asset, slot]), int(asked.hi_wh[asset, slot])
        below = low - state if low > table.lo_wh[asset, slot] else 0
        above = state - high if high < table.hi_wh[asset, slot] else 0
        found.append(max(below, above, 0))
    return found


def _power(problem: Problem, plan: Plan, asset: int) -> list[int]:
    asked = problem.wished
    if asked is None:
        return []
    flows = zip(plan.charge_wh[asset].tolist(), plan.discharge_wh[asset].tolist(), strict=True)
    return [
        max(charge - int(asked.charge_max_wh[asset, slot]), 0)
        + max(discharge - int(asked.discharge_max_wh[asset, slot]), 0)
        for slot, (charge, discharge) in enumerate(flows)
    ]


def _reported(plan: Plan, kind: str, row: int, missing: tuple[list[int], int]) -> Iterator[str]:
    by_slot, amount = missing
    found = [one for one in plan.conflicts if (one.kind, one.row) == (kind, row)]
    first = next((slot for slot, short in enumerate(by_slot) if short > 0), None)
    expected = [] if first is None else [Conflict(kind, row, first, amount)]
    if found != expected:
        yield f"{kind} {row}: conflicts {found} reported, {expected} found"


def soft(problem: Problem, plan: Plan, beyond: Beyond) -> Iterator[str]:
    """Compare what soft bounds miss with the conflicts that say so."""
    for row, one in enumerate(problem.soft):
        lacks = beyond(one.total) if one.total is not None else _lacks(problem, plan, one)
        found = [each for each in plan.conflicts if (each.kind, each.row) == ("soft", row)]
        expected = [Conflict("soft", row, one.first, lacks)] if lacks > SOFT_WH else []
        if found != expected:
            yield f"soft {row}: conflicts {found} reported, {expected} found"


def _lacks(problem: Problem, plan: Plan, one: Soft) -> int:
    if one.side == "run":
        start, runs = int(plan.run_start[one.row]), problem.runs
        taken = int(runs.energy_wh[one.row] * runs.length[one.row])
        return taken if start >= 0 and not one.first <= start < one.end else 0
    flows = {"charge": plan.charge_wh, "discharge": plan.discharge_wh}
    values = flows.get(one.side, plan.state_wh)[one.row, one.first : one.end].tolist()
    sign = -1 if one.side == "lo" else 1
    return sum(max(sign * (value - one.bound_wh), 0) for value in values)
