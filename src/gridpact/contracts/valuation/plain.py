"""Whether a policy learnt on paths is any better than one that learns nothing.

Few paths teach noise, and a policy that follows noise may earn less than to do nothing at all.
So before a policy learnt on one half of the paths decides on the other, it is tried within its own
half: learnt on three quarters of it, followed on the fourth, in turn. It must earn more than a
plain policy by at least two standard errors of the difference, and a plain policy more than the
first of them likewise. The paths that are decided for have no say, so the estimate stays unbiased.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gridpact.base.units import Floats, Ints

FOLDS = 4
CLEAR = 2.0
"""Standard errors: noise passes for a gain in 1 of 44 trials."""
NOTHING_LEARNT = "what is known by then teaches nothing that pays"


def plain_policy(
    learn: Ints, plain: Sequence[Floats], earned: Callable[[Ints, Ints], Floats]
) -> int | None:
    """Return which plain policy to follow, None where the learnt one is better.

    Parameters
    ----------
    learn : int [rows]
        Paths to learn on.
    plain : sequence of float [paths]
        What each plain policy earns, the one that does least first.
    earned : callable
        Given rows to learn on and rows to decide for, what the policy earns on the latter.
    """
    worth = [one[learn] for one in plain]
    best = int(np.argmax([one.mean() for one in worth]))
    chosen = best if _is_clear(worth[best] - worth[0]) else 0
    places = np.arange(learn.size)
    folds = [places[first::FOLDS] for first in range(FOLDS)]
    gained = np.zeros(learn.size)
    for fold in folds:
        gained[fold] = earned(np.delete(learn, fold), learn[fold]) - worth[chosen][fold]
    return None if _is_clear(gained) else chosen


def _is_clear(gains: Floats) -> bool:
    """Whether a mean gain exceeds so many standard errors of its own."""
    return bool(gains.mean() > CLEAR * gains.std(ddof=1) / np.sqrt(gains.size))
