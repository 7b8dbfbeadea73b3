"""Longer distances in a row: how many of them rows that lack by chance do not leave."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints

FEW, MANY = 4, 8
"""Equal distances in a row that are ever looked at: of stamps alone, and against a told length."""
CHANCE = 1e-6
"""So seldom may rows that lack by chance alone be taken for another length, by file."""


class Stretches(NamedTuple):
    """Stretches of equal distances longer than the length: how many each has, and whose it is.

    Shape [stretches]; by channel [channels], ``usual`` counts the distances of one length and
    ``begun`` how often a longer one follows upon another than a longer one.
    """

    size: Ints
    channel: Ints
    usual: Ints
    begun: Ints


def no_chance(found: Stretches, least: int) -> int:
    """Tell how many equal distances in a row, ``least`` at least, rows lost by chance do not leave.

    A row follows with probability p at a longer distance than usual, so that among n a stretch of
    k comes n·pᵏ times; p is how often such a stretch begins after a usual distance, one not
    counted: that is the one which is judged. Two stretches of k are less likely than one, and so
    on (Poisson). Of the sizes that there are, the first that is less likely than :data:`CHANCE`.
    """
    sizes = np.unique(found.size[found.size >= least]).tolist()
    if not sizes:
        return least
    every = max(int(found.begun.sum()) - 1, 0) / max(int(found.usual.sum()), 1)
    own = np.maximum(found.begun - 1, 0) / np.maximum(found.usual, 1)
    share = np.minimum(np.maximum(own, every), 1.0)
    rows = found.usual + np.bincount(found.channel, found.size, len(found.usual))
    for size in sizes:
        count = int(np.count_nonzero(found.size >= size))
        expected = float(rows @ share**size)
        if not expected:
            return int(size)
        if count * math.log(expected) - math.lgamma(count + 1) < math.log(CHANCE):
            return int(size)
    return int(sizes[-1]) + 1
