"""Solve by levels: each level's loss is least before the next is looked at, and cost comes last.

Every level is priced so far above the next that no saving there pays for missing more here: one
solve does for all levels (exact penalties, O. L. Mangasarian, SIAM J. Control Optim. 23, 1985;
how far is far enough: H. D. Sherali, European J. of Operational Research 11, 1982). Whether the
prices were far enough apart is then proven, level by level and only where something is missing:
with costs and the later levels left out, the engine's lower bound says what must be missing at
least. Where more is, the levels up to that one are raised and all is solved again. Freezing what a
level misses and solving for the next would say the same, but makes the shared limits degenerate and
the bounds slow.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.priorities.answer import MISSED_WH, ByLevels
from gridpact.scheduling.priorities.levels import GENTLE, STEEP, ladder_of
from gridpact.scheduling.priorities.needs import Needs, asked_of, refuse_needs
from gridpact.scheduling.priorities.problem import Problem, Solver
from gridpact.scheduling.priorities.refusals import refuse_unmade

RAISES = 6
"""How often levels are raised above those after them, where they miss more than they must."""


def solve_by_levels(
    fleet: Fleet,
    prices: Prices,
    needs: Needs | None = None,
    options: Options | None = None,
    *,
    solver: Solver = solve,
    short: bool = False,
) -> ByLevels:
    """Schedule a fleet whose limits, contracts, needs and wishes may have to give, in this order.

    Each level misses as little as possible, then each next one, then the cost is least; all within
    the gap of ``options``, whose ``penalty`` is not used. ``short``: it is known that something
    must be missed, so that nobody needs to try without.

    Raises
    ------
    BadInput
        What is wrong with the fleet, its prices or what is asked.
    """
    problem = problem_of(fleet, prices, needs or Needs(), options or Options(), solver)
    return least_losses(problem, short)


def problem_of(
    fleet: Fleet, prices: Prices, needs: Needs, options: Options, solver: Solver
) -> Problem:
    """Refuse what is wrong, and put together what is to be solved."""
    refuse_faults(_without_dues(fleet), prices)
    refuse_needs(fleet, needs)
    problem = Problem(fleet, prices, needs, asked_of(fleet, needs), options, solver)
    refuse_unmade(fleet, problem.asked, problem.line(None))
    return problem


def least_losses(problem: Problem, short: bool = False, near: Solution | None = None) -> ByLevels:
    """Solve; where something goes missing, with levels as far apart as it takes.

    Prices of levels that are close to those of energy make the solve quick. An answer that misses
    nothing at them is the cheapest that misses nothing, at any prices. It is not looked for where
    something is known to be ``short``: then ``near``, the answer to a similar fleet, is begun from.
    """
    fleet, prices = problem.fleet, problem.prices
    if not short:
        answer = problem.answer(ladder_of(fleet, prices, GENTLE))
        if all(loss.missing_wh <= MISSED_WH for loss in answer.losses):
            return answer
    ladder = ladder_of(fleet, prices, STEEP)
    answer = problem.proven(ladder, near)
    for _ in range(RAISES):
        level = _too_much(answer, problem.options.gap)
        if level is None:
            break
        ladder = ladder.steeper(level)
        answer = problem.proven(ladder)
    return answer


def _without_dues(fleet: Fleet) -> Fleet:
    """The fleet with no energy due, so that only what is no number or no window is refused."""
    cars = fleet.one_way
    if cars is None or np.asarray(cars.energy_wh).dtype.kind not in "iuf":
        return fleet
    none = msgspec.structs.replace(cars, energy_wh=np.minimum(cars.energy_wh, 0.0))
    return msgspec.structs.replace(fleet, one_way=none)


def _too_much(answer: ByLevels, gap: float) -> int | None:
    """The first level that misses more than it must by more than the solves' gaps allow."""
    open_nano = answer.solution.upper_nano - answer.solution.lower_nano
    for loss in answer.losses:
        before = sum(one.missing_wh * one.price for one in answer.losses[: loss.level + 1])
        touch = MISSED_WH + 2 * (open_nano + gap * before) / loss.price
        if loss.missing_wh > loss.least_wh + touch:
            return int(loss.level)
    return None
