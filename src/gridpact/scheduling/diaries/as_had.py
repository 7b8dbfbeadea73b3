"""What gave way in a plan, asked for no more than it was had: so that nobody gives way twice.

A home that is planned alone has no limits above it for which a need of its own could give way.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.problem import Firm, Plan, Problem, Sum, Wished
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
        wished=problem.wished and _wished(problem.wished, plan, runs, slots),
    )


def _wished(wished: Wished, plan: Plan, runs: Ints, slots: int) -> Wished:
    """What is wished, where a plan misses it as much as the plan has of it."""
    off = {one.row for one in plan.conflicts if one.kind == "wished-state"}
    states, start = plan.state_wh[:, :slots], plan.run_start[runs]
    gave = np.isin(np.arange(len(states)), sorted(off))[:, None]
    ran = start >= 0
    return Wished(
        charge_max_wh=np.maximum(wished.charge_max_wh, plan.charge_wh[:, :slots]),
        discharge_max_wh=np.maximum(wished.discharge_max_wh, plan.discharge_wh[:, :slots]),
        lo_wh=np.where(gave, np.minimum(wished.lo_wh, states), wished.lo_wh),
        hi_wh=np.where(gave, np.maximum(wished.hi_wh, states), wished.hi_wh),
        earliest=np.where(ran, np.minimum(wished.earliest, start), wished.earliest),
        latest=np.where(ran, np.maximum(wished.latest, start), wished.latest),
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
