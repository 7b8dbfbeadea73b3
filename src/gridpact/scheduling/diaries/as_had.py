"""What gave way in a plan, asked for no more than it was had: so that nobody gives way twice.

A home that is planned alone has no limits above it for which a need of its own could give way.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.problem import Firm, Plan, Problem, Sum
from gridpact.scheduling.sums import Flows, comes_to, missed

NEVER = -1
"""The last start of a run that is left out."""


def as_had(problem: Problem, plan: Plan, runs: Ints) -> Problem:
    """Return a problem whose states, sums and runs are asked for no more than a plan has of them.

    ``runs`` are the plan's rows of the problem's runs.
    """
    slots = problem.slots.count
    flows = Flows(*(each[:, :slots] for each in (plan.charge_wh, plan.discharge_wh, plan.net_wh)))
    table, states = problem.storage, plan.state_wh[:, :slots]
    lo, hi = np.minimum(table.lo_wh, states), np.maximum(table.hi_wh, states)
    short: Bools = np.any((lo < table.lo_wh) | (hi > table.hi_wh), axis=1)
    names = {one.row for one in plan.conflicts if one.kind == "need"}
    gave = short & np.isin(np.arange(len(short)), sorted(names))
    left = plan.run_start[runs] < 0
    firm = problem.firm
    lo = np.where(gave[:, None], lo, table.lo_wh)
    hi = np.where(gave[:, None], hi, table.hi_wh)
    return replace(
        problem,
        storage=replace(table, lo_wh=lo, hi_wh=hi),
        runs=replace(problem.runs, latest=np.where(left, NEVER, problem.runs.latest)),
        sums=tuple(_had(problem, one, flows) for one in problem.sums),
        firm=firm and _widened(firm, lo, hi),
    )


def _widened(firm: Firm, lo: Ints, hi: Ints) -> Firm:
    most = None if firm.most_wh is None else np.maximum(firm.most_wh, hi)
    return replace(firm, state_wh=np.minimum(firm.state_wh, lo), most_wh=most)


def _had(problem: Problem, one: Sum, flows: Flows) -> Sum:
    """A sum whose bounds are moved to what it comes to, where it is beyond them."""
    if not missed(problem, one, flows):
        return one
    total = comes_to(problem, one, flows)
    lower = one.lower if one.lower is None else min(one.lower, total)
    upper = one.upper if one.upper is None else max(one.upper, total)
    return replace(one, lower=lower, upper=upper)
