"""Solve a community's problem around set-points that activations hold."""

from __future__ import annotations

from gridpact.scheduling.activation.holding import Held, hold, release
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.problem import Plan, Problem


def solve_around(problem: Problem, held: Held | None, options: Options | None = None) -> Plan:
    """Return a plan that has the set-points held, and is best beside them.

    As :func:`gridpact.scheduling.community.solve.solve`, and with nothing held the same.
    """
    if held is None:
        return solve(problem, options)
    reduced, around = hold(problem, held)
    return release(solve(reduced, options), around)


def kept_free(problem: Problem, held: Held | None) -> Problem:
    """Return a problem without what is held."""
    return problem if held is None else hold(problem, held)[0]
