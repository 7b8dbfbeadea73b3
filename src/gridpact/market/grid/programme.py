"""One slot on a meshed grid as linear programmes for HiGHS: how much, and at which prices.

Orders of one node, side and limit are one *step*. Maximised is what the accepted Wh are worth,
within the sizes of the steps, what the branches have left in each direction, and the balance of
the whole. Prices come from the conditions that support that optimum (the dual): a node's price is
the slack's less, for each branch that is full, its sensitivity times what one more Wh there would
be worth (F. Schweppe et al., Spot Pricing of Electricity, 1988).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

TOLERANCE_WH = 1e-6
VOLUME_FIRST = 1e-3
"""What a Wh of volume counts [µ¤/kWh]: of equal welfare the greatest volume is wanted."""
_OPEN_ENDED = 1e-3
"""Weight of a price bounded on one side only, where the middles do not fit together."""
_UNBOUNDED = 3


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


class Support(NamedTuple):
    """Prices that support an optimum [nodes], and what another Wh of a limit is worth [limited].

    The worth is signed by the direction in which the branch is full.
    """

    price: Floats
    priced: Bools
    worth: Floats


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


def supporting(nodes: int, low: Floats, high: Floats, factors: Floats, sign: Ints) -> Support:
    """Prices that support an optimum.

    Parameters
    ----------
    nodes : int
        How many nodes there are.
    low, high : float64 [nodes]
        What the orders of each node leave open to its price, infinite where they bound nothing.
    factors : float64 [full, nodes]
        Sensitivities of the branches that are full.
    sign : int64 [full]
        +1 where a branch is full forward, -1 backward, 0 where both ways.

    Notes
    -----
    Each node takes the middle of what all conditions together leave open to it; where these
    middles do not fit together, the prices nearest to them that do (least sum of differences,
    prices that are open on one side giving way first).
    """
    conditions = _Conditions(nodes, low, high, factors, sign)
    lowest, highest = conditions.extremes()
    bounded = np.isfinite(lowest) & np.isfinite(highest)
    priced = np.isfinite(lowest) | np.isfinite(highest)
    with np.errstate(invalid="ignore"):
        middle = np.where(bounded, (lowest + highest) / 2, np.maximum(lowest, -np.inf))
    middle = np.where(np.isneginf(middle), highest, middle)
    middle = np.where(priced, middle, 0.0)
    weight = np.select([bounded, priced], [1.0, _OPEN_ENDED], 0.0)
    return conditions.nearest(middle, weight, priced)


class _Conditions:
    """The polyhedron of supporting prices; unknown are the slack's price and worths ≥ 0."""

    def __init__(self, nodes: int, low: Floats, high: Floats, factors: Floats, sign: Ints) -> None:
        forward, backward = np.flatnonzero(sign >= 0), np.flatnonzero(sign <= 0)
        self._full = sign.size
        self._branch = np.concatenate([forward, backward])
        self._way = np.concatenate([np.ones(forward.size), -np.ones(backward.size)])
        worths = -(factors[self._branch] * self._way[:, None]).T
        self._matrix = np.concatenate([np.ones((nodes, 1)), worths], axis=1)
        self._bounds = np.array([(None, None), *[(0, None)] * self._branch.size], dtype=object)
        # nodes with the same sensitivities have the same price, so one row stands for them all
        self._rows, self._of = np.unique(self._matrix, axis=0, return_inverse=True)
        self._of = self._of.reshape(-1)
        count = self._rows.shape[0]
        self._low, self._high = np.full(count, -np.inf), np.full(count, np.inf)
        np.maximum.at(self._low, self._of, low)
        np.minimum.at(self._high, self._of, high)

    def extremes(self) -> tuple[Floats, Floats]:
        """Least and greatest price of every node, infinite where nothing bounds it."""
        low = np.array([self._least(row) for row in self._rows])
        high = -np.array([self._least(-row) for row in self._rows])
        return low[self._of], high[self._of]

    def nearest(self, wanted: Floats, weight: Floats, priced: Bools) -> Support:
        """The prices nearest to those wanted."""
        nodes, unknown = self._matrix.shape
        table, bound = self._inequalities(2 * nodes)
        apart = np.concatenate([np.eye(nodes), -np.eye(nodes)], axis=1)
        found = self._solve(
            np.concatenate([np.zeros(unknown), weight, weight]),
            table,
            bound,
            np.concatenate([self._matrix, apart], axis=1),
            wanted,
        )
        values = np.zeros(unknown) if found is None else found[:unknown]
        worth = np.zeros(self._full)
        np.add.at(worth, self._branch, self._way * values[1:])
        return Support(self._matrix @ values, priced, worth)

    def _least(self, row: Floats) -> float:
        found = self._solve(row, *self._inequalities(0))
        return -np.inf if found is None else float(row @ found)

    def _inequalities(self, further: int) -> tuple[Floats, Floats]:
        """Bounds on prices as rows over the unknowns and some further columns."""
        has_low, has_high = np.isfinite(self._low), np.isfinite(self._high)
        table = np.concatenate([self._rows[has_high], -self._rows[has_low]])
        blank = np.zeros((table.shape[0], further))
        bound = np.concatenate([self._high[has_high], -self._low[has_low]])
        return np.concatenate([table, blank], axis=1), bound

    def _solve(
        self,
        cost: Floats,
        table: Floats,
        bound: Floats,
        equal: Floats | None = None,
        values: Floats | None = None,
    ) -> Floats | None:
        """Unknowns of least cost, None where nothing bounds it."""
        from scipy import optimize

        further = cost.size - self._matrix.shape[1]
        bounds = [*self._bounds.tolist(), *[(0, None)] * further]
        found = optimize.linprog(cost, table, bound, equal, values, bounds=bounds, method="highs")
        if found.status == _UNBOUNDED:
            return None
        if found.status != 0:
            raise RuntimeError(f"no prices support the clearing: {found.message}")
        return np.asarray(found.x, dtype=np.float64)


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
