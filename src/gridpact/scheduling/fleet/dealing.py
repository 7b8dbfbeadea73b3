"""Dealing of whole plans: every indivisible asset gets one answer of its group, none a mix.

The masters give a group weights over its answers to several prices. Where an asset must take one
answer whole, assets are dealt to answers so that the sizes in each come as near to its weight as
they can: largest first, each to the answer that lacks most. What is off in the end is at most the
size of the small ones, however many there are (apportionment by greatest deficit).
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code


def deal(weights: Floats, size: Floats) -> Ints:
    """Deal assets to answers: the position of an answer for each asset, [assets].

    ``weights`` [answers] are not negative and not all zero; an answer of weight 0 gets none.
    ``size`` [assets] is what an asset counts, such as the energy it takes; not negative. Assets of
    one size are dealt in the order given.
    """
    least = 1e-9 * max(float(np.max(size, initial=0.0)), 1.0)
    counted = np.maximum(np.asarray(size, np.float64), least)
    share = np.asarray(weights, np.float64) / np.sum(weights)
    chosen = np.zeros(len(counted), np.int64)
    _deal(share, counted, np.argsort(-counted, kind="stable"), chosen)
    return chosen


@machine_code
def _deal(share: Floats, size: Floats, order: Ints, chosen: Ints) -> None:
    """Fill ``chosen`` for assets in an order."""
    lacking = np.zeros(len(share))
    for asset in order:
        best, most = 0, -np.inf
        for answer in range(len(share)):
            lacking[answer] += share[answer] * size[asset]
            if share[answer] > 0.0 and lacking[answer] > most:
                best, most = answer, lacking[answer]
        lacking[best] -= size[asset]
        chosen[asset] = best
