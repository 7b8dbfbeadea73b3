"""Solve a scheduling problem exactly: home by home, then together where a shared limit demands it.

Homes meet only in shared limits. Each is first planned alone: by comparison where that suffices,
else by a linear or mixed-integer programme. Only homes below a broken limit are planned again,
together. The answer is rounded to whole Wh. No clock, no chance: equal problems give equal plans.

The optimum is that of the stated problem in real numbers, within the solver's tolerance (1e-7 Wh,
:data:`~gridpact.scheduling.optimiser.GAP` where runs or exclusive choices are in play) and the
wear of :data:`~gridpact.scheduling.storage_model.WEAR`; rounding then moves each slot by under a
Wh or two an asset. Where exclusive choices make a tree too large to search, the plan says by how
much it may miss the optimum.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from gridpact.scheduling.case import Case, Draft, empty_draft, prepare
from gridpact.scheduling.closed_form import comparable, settle
from gridpact.scheduling.exclusive import both_ways, widen
from gridpact.scheduling.home_model import add_homes, read
from gridpact.scheduling.optimiser import Optimiser
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.storage_model import least_shortfall
from gridpact.scheduling.whole_plan import whole_plan
from gridpact.scheduling.zone_model import coordinate


def solve(problem: Problem) -> Plan:
    """Return the cheapest plan; what cannot be kept is exceeded by as little as possible.

    Bounds of storage come first, shared limits second, cost last.
    """
    optimiser = Optimiser()
    case, draft = optimum(problem, optimiser)
    unproved = math.ceil(optimiser.unproved)
    return msgspec.structs.replace(whole_plan(case, draft), unproved_nano=unproved)


def optimum(problem: Problem, optimiser: Optimiser | None = None) -> tuple[Case, Draft]:
    """Solve in real numbers: the problem prepared, and its best plan before rounding."""
    optimiser = optimiser or Optimiser()
    case = prepare(problem, least_shortfall(problem.storage, optimiser))
    draft = empty_draft(problem)
    simple = comparable(case)
    settle(case, np.flatnonzero(simple), draft)
    for home in np.flatnonzero(~simple):
        _plan_home(case, int(home), draft, optimiser)
    coordinate(case, draft, optimiser)
    return case, draft


def _plan_home(case: Case, home: int, draft: Draft, optimiser: Optimiser) -> None:
    """Plan one home alone, in place; again as long as storage goes both ways at once."""
    homes, free = np.array([home]), np.zeros(case.shape[1], np.bool_)
    modes = np.zeros((len(case.storages.of(homes)), case.shape[1]), np.bool_)
    while True:
        programme = Programme()
        block = add_homes(programme, case, homes, free, modes)
        read(case, block, optimiser.minimise(programme.arrays()).values, draft)
        left = both_ways(case, draft, homes, free)
        if not left.any():
            return
        modes = widen(case, homes, modes, left)
