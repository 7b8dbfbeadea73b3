"""One slot on a meshed grid as programmes for HiGHS: what is accepted, in fractions and whole Wh.

Orders of one node, side and limit are one *step*. Maximised is what the accepted Wh are worth,
within the sizes of the steps, what the branches have left in each direction, and the balance of
the whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

TOLERANCE_WH = 1e-6
VOLUME_FIRST = 1e-3
"""What a Wh of volume counts [µ¤/kWh]: of equal welfare the greatest volume is wanted."""


class Steps(NamedTuple):
    """The book of one slot, columns [steps]."""

    node: Ints
    side: Ints
    limit: Ints
    quantity_wh: Ints


class Limits(NamedTuple):
    """Branches that have a limit: sensitivities [limited, nodes] and Wh left [limited]."""

    factors: Floats
    forward_wh: Floats
    backward_wh: Floats


def best(steps: Steps, limits: Limits) -> Floats:
    """Return what is accepted of every step for the greatest welfare, in fractions of Wh."""
    from scipy import optimize

    factors = limits.factors[:, steps.node] * -steps.side
    found = optimize.linprog(
        -(steps.side * steps.limit + VOLUME_FIRST / 2),
        A_ub=np.concatenate([factors, -factors]),
        b_ub=np.concatenate([limits.forward_wh, limits.backward_wh]),
        A_eq=steps.side[None, :].astype(np.float64),
        b_eq=np.zeros(1),
        bounds=np.stack([np.zeros(steps.side.size), steps.quantity_wh], axis=1),
        method="highs",
    )
    if found.status != 0:
        raise RuntimeError(f"no clearing on the grid: {found.message}")
    return np.asarray(found.x, dtype=np.float64)


def in_whole_wh(steps: Steps, limits: Limits, fractions: Floats, allowed: Bools) -> Ints:
    """Return whole Wh [steps] of greatest welfare near an optimum in fractions of Wh.

    Only steps that are ``allowed`` are accepted at all.
    """
    whole = np.rint(fractions)
    if np.abs(whole - fractions).max(initial=0.0) < TOLERANCE_WH:
        return whole.astype(np.int64)
    most = np.where(allowed, steps.quantity_wh, 0).astype(np.float64)
    near = np.clip(np.floor(fractions) - 1, 0, most), np.clip(np.ceil(fractions) + 1, 0, most)
    found = _whole(steps, limits, *near)
    if found is None:
        found = _whole(steps, limits, np.zeros_like(most), most)
    if found is None:
        raise RuntimeError("no clearing on the grid in whole Wh, not even none at all")
    return found


def _whole(steps: Steps, limits: Limits, least: Floats, most: Floats) -> Ints | None:
    """Whole Wh within the given bounds, None where there are none."""
    from scipy import optimize

    side = steps.side.astype(np.float64)
    factors = limits.factors[:, steps.node] * -side
    found = optimize.milp(
        -(side * steps.limit + VOLUME_FIRST / 2),
        integrality=np.ones(side.size),
        bounds=optimize.Bounds(least, most),
        constraints=[
            optimize.LinearConstraint(side[None, :], 0, 0),
            optimize.LinearConstraint(factors, -limits.backward_wh, limits.forward_wh),
        ],
        options={"mip_rel_gap": 0.0, "node_limit": 1_000},
    )
    return None if found.x is None else np.rint(found.x).astype(np.int64)
