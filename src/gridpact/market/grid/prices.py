"""Prices that support an optimum on a grid: its dual, which often leaves some room.

A node's price is the slack's less, for each branch that is full, its sensitivity times what one
more Wh there would be worth (F. Schweppe et al., Spot Pricing of Electricity, 1988).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridpact.base.solver import OPTIMAL, UNBOUNDED, LinearProgramme, load, quiet_solver, run
from gridpact.base.units import Bools, Floats, Ints

if TYPE_CHECKING:
    from highspy import Highs

_NEAR = 1e-7
"""In µ¤/kWh: prices this near to each other are the same, as programmes see them."""


class Support(NamedTuple):
    """Prices that support an optimum [nodes], and what another Wh of a limit is worth [limited].

    The worth is signed by the direction in which the branch is full.
    """

    price: Floats
    priced: Bools
    worth: Floats


def supporting(rank: Ints, low: Floats, high: Floats, factors: Floats, sign: Ints) -> Support:
    """Prices that support an optimum.

    Parameters
    ----------
    rank : int64 [nodes]
        Steps from the slack: the nearer go first where middles do not fit together.
    low, high : float64 [nodes]
        What the orders of each node leave open to its price, infinite where they bound nothing.
    factors : float64 [full, nodes]
        Sensitivities of the branches that are full.
    sign : int64 [full]
        +1 where a branch is full forward, -1 backward, 0 where both ways.

    Notes
    -----
    Each node takes the middle of what all conditions together leave open to it, or the end where
    only one is given. Where these do not fit together, each takes the nearest that those before
    it leave open, from the slack outwards, as in a tree.
    """
    conditions = _Conditions(low, high, factors, sign)
    first = np.full(conditions.count, rank.size, np.int64)
    np.minimum.at(first, conditions.of, rank)
    lowest, highest = conditions.extremes()
    priced = np.isfinite(lowest) | np.isfinite(highest)
    with np.errstate(invalid="ignore"):
        ends = [np.isfinite(lowest) & np.isfinite(highest), np.isfinite(lowest), priced]
        wanted = np.select(ends, [(lowest + highest) / 2, lowest, highest], 0.0)
    order = np.lexsort((np.arange(first.size), first))
    price, values = conditions.settled(wanted, order[priced[order]])
    return Support(price[conditions.of], priced[conditions.of], conditions.worth(values))


class _Conditions:
    """The polyhedron of supporting prices; unknown are the slack's price and worths ≥ 0.

    Nodes with the same sensitivities have the same price and are one row: ``of`` [nodes] tells it.
    """

    def __init__(self, low: Floats, high: Floats, factors: Floats, sign: Ints) -> None:
        forward, backward = np.flatnonzero(sign >= 0), np.flatnonzero(sign <= 0)
        self._full = sign.size
        self._branch = np.concatenate([forward, backward])
        self._way = np.concatenate([np.ones(forward.size), -np.ones(backward.size)])
        worths = -(factors[self._branch] * self._way[:, None]).T
        matrix = np.concatenate([np.ones((low.size, 1)), worths], axis=1)
        self._rows, of = np.unique(matrix, axis=0, return_inverse=True)
        self.of: Ints = of.reshape(-1)
        self.count = self._rows.shape[0]
        self._low, self._high = np.full(self.count, -np.inf), np.full(self.count, np.inf)
        np.maximum.at(self._low, self.of, low)
        np.minimum.at(self._high, self.of, high)
        self._highs = self._model()

    def extremes(self) -> tuple[Floats, Floats]:
        """Least and greatest price of every row, infinite where nothing bounds it."""
        found = np.array([self._range(row) for row in range(self.count)]).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def settled(self, wanted: Floats, order: Ints) -> tuple[Floats, Floats]:
        """Prices as near to those wanted as those before leave open, and the unknowns.

        ``order`` are the rows that have a price, each before those that must give way to it.
        """
        values = np.linalg.lstsq(self._rows[order], wanted[order], rcond=None)[0]
        near = np.abs(self._rows[order] @ values - wanted[order]).max(initial=0.0) < _NEAR
        if near and np.all(values[1:] > -_NEAR):
            return wanted, values
        price = wanted.copy()
        for row in order.tolist():
            price[row] = np.clip(wanted[row], *self._range(row))
            self._highs.changeRowBounds(row, price[row] - _NEAR, price[row] + _NEAR)
        self._run(np.zeros(self._rows.shape[1]))
        return price, np.array(self._highs.getSolution().col_value)

    def worth(self, values: Floats) -> Floats:
        """What another Wh over each full branch is worth, from the unknowns."""
        worth = np.zeros(self._full)
        np.add.at(worth, self._branch, self._way * values[1:])
        return worth

    def _range(self, row: int) -> tuple[float, float]:
        """Least and greatest price of a row, as the conditions stand."""
        low, high = self._run(self._rows[row]), -self._run(-self._rows[row])
        return min(low, high), max(low, high)  # where there is no room they differ by rounding

    def _run(self, cost: Floats) -> float:
        """Least cost, from where the last search ended; -inf where nothing bounds it."""
        self._highs.changeColsCost(cost.size, np.arange(cost.size, dtype=np.int32), cost)
        status = run(self._highs)
        if status not in (OPTIMAL, UNBOUNDED):  # a warm start can lead HiGHS nowhere
            self._highs.clearSolver()
            status = run(self._highs)
        if status == UNBOUNDED:
            return -np.inf
        if status == OPTIMAL:
            return float(self._highs.getInfo().objective_function_value)
        raise RuntimeError(f"no prices support the clearing: {status}")

    def _model(self) -> Highs:
        """The conditions as a programme without an objective."""
        rows, columns = self._rows.shape
        highs = quiet_solver(presolve="off")
        programme = LinearProgramme(
            cost=np.zeros(columns),
            lower=np.append(-np.inf, np.zeros(columns - 1)),
            upper=np.full(columns, np.inf),
            whole=np.zeros(columns, np.bool_),
            row_lower=self._low,
            row_upper=self._high,
            start=np.arange(0, rows * columns + 1, rows, dtype=np.int32),
            index=np.tile(np.arange(rows, dtype=np.int32), columns),
            value=self._rows.T.ravel(),
        )
        load(highs, programme)
        return highs
