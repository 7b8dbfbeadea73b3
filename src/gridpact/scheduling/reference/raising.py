"""Keep all shared limits where any schedule does; else miss them by about as little as possible.

At a finite penalty a limit goes missing where keeping it costs more: a generator's start for a
little energy, say. So where anything is missed, the fleet is solved once more with no limit allowed
to be. That either finds a schedule, or proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.scheduling.fleet.solution import relative_gap
from gridpact.scheduling.reference.highs import Optimum
from gridpact.scheduling.reference.model import Model

MISSED = 1e-6
"""What is missed of a limit counts from so many kWh."""
RAISES = 3
"""How often the penalty is raised."""
LESS = 0.999
"""Part of what was missed that a higher penalty must bring it below to be raised again."""
BEYOND = 2.0
"""How far a raised penalty goes beyond the one at which missing as much would pay no more."""
DEAREST = 1e6
"""Penalty [¤/kWh] beyond which sums of energy and money lose digits to it."""


class Solved(msgspec.Struct, frozen=True):
    """A programme and its optimum."""

    model: Model
    optimum: Optimum

    @property
    def cost(self) -> float:
        """Least cost found [¤], what is missed of limits at the penalty."""
        return self.optimum.objective + self.model.constant

    @property
    def bound(self) -> float:
        """No schedule costs less [¤]."""
        return self.optimum.bound + self.model.constant

    @property
    def missing(self) -> float:
        """All that is missed of limits [kWh]; 0 where that is rounding."""
        values, missing = self.optimum.values, 0.0
        for limit in self.model.limits:
            over = values[limit.over[limit.over >= 0]]
            missing += float(over[over > MISSED].sum())
        return missing


At: TypeAlias = Callable[[float], Solved | None]
"""Solve the fleet at a penalty [¤/kWh]; None where no schedule keeps what must be kept."""


def keeping(solved: Solved, penalty: float, at: At, gap: float) -> tuple[Solved, float]:
    """Go on from what a penalty gave; return what is kept or least missed, and its penalty."""
    if not solved.missing:
        return solved, penalty
    strict = at(np.inf)
    if strict is None:
        return _least_missed(solved, penalty, at)
    return _all_kept(strict, (solved, penalty), at, gap)


def _least_missed(solved: Solved, penalty: float, at: At) -> tuple[Solved, float]:
    for _ in range(RAISES):
        higher = at(penalty * 10)
        if higher is None or higher.missing > LESS * solved.missing:
            break
        solved, penalty = higher, penalty * 10
    return solved, penalty


def _all_kept(
    strict: Solved, begun: tuple[Solved, float], at: At, gap: float
) -> tuple[Solved, float]:
    """Raise the penalty until its bound proves a schedule that misses nothing.

    The bound given is one for schedules that may miss limits at the penalty returned, as always.
    """
    solved, penalty = begun
    for _ in range(RAISES):
        if relative_gap(solved.bound, strict.cost) <= gap:
            break
        penalty = _enough(strict, solved, penalty)
        higher = at(penalty)
        if higher is None or not higher.missing:
            return higher or strict, penalty
        solved = higher
    bound = min(solved.optimum.bound, strict.optimum.bound)
    known = msgspec.structs.replace(strict.optimum, bound=bound, proven=False)
    return Solved(strict.model, known), penalty


def _enough(strict: Solved, solved: Solved, penalty: float) -> float:
    """Penalty at which missing as much costs more than keeping all."""
    without = solved.cost - penalty * solved.missing
    enough = BEYOND * (strict.cost - without) / solved.missing
    return max(min(max(enough, 10 * penalty), DEAREST), penalty)
