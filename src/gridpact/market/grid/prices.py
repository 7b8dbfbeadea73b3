"""Prices that support an optimum on a grid: its dual, which often leaves some room.

A node's price is the slack's less, for each branch that is full, its sensitivity times what one
more Wh there would be worth (F. Schweppe et al., Spot Pricing of Electricity, 1988).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints

if TYPE_CHECKING:
    from highspy import HighsLp

_OPEN_ENDED = 1e-3
"""Weight of a price bounded on one side only, where the middles do not fit together."""


class Support(NamedTuple):
    """Prices that support an optimum [nodes], and what another Wh of a limit is worth [limited].

    The worth is signed by the direction in which the branch is full.
    """

    price: Floats
    priced: Bools
    worth: Floats


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
        # nodes with the same sensitivities have the same price, so one row stands for them all
        self._rows, self._of = np.unique(self._matrix, axis=0, return_inverse=True)
        self._of = self._of.reshape(-1)
        count = self._rows.shape[0]
        self._low, self._high = np.full(count, -np.inf), np.full(count, np.inf)
        np.maximum.at(self._low, self._of, low)
        np.minimum.at(self._high, self._of, high)

    def extremes(self) -> tuple[Floats, Floats]:
        """Least and greatest price of every node, infinite where nothing bounds it.

        One model whose objective changes: each optimum is where the search for the next begins.
        """
        import highspy

        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1)):
            highs.setOptionValue(option, value)
        highs.passModel(self._model())
        columns = np.arange(self._matrix.shape[1], dtype=np.int32)
        found = np.empty((2, self._rows.shape[0]))
        for row, prices in enumerate(self._rows):
            for place, sign in enumerate((1.0, -1.0)):
                highs.changeColsCost(columns.size, columns, sign * prices)
                highs.run()
                status = highs.getModelStatus()
                if status == highspy.HighsModelStatus.kUnbounded:
                    found[place, row] = -sign * np.inf
                elif status == highspy.HighsModelStatus.kOptimal:
                    found[place, row] = sign * highs.getInfo().objective_function_value
                else:
                    named = highs.modelStatusToString(status)
                    raise RuntimeError(f"no prices support the clearing: {named}")
        return found[0][self._of], found[1][self._of]

    def _model(self) -> HighsLp:
        """The conditions in HiGHS's own columns, without an objective."""
        import highspy

        lp = highspy.HighsLp()
        rows, columns = self._rows.shape
        lp.num_col_, lp.num_row_ = columns, rows
        lp.col_cost_ = np.zeros(columns)
        lp.col_lower_ = np.append(-np.inf, np.zeros(columns - 1))
        lp.col_upper_ = np.full(columns, np.inf)
        lp.row_lower_, lp.row_upper_ = self._low, self._high
        lp.a_matrix_.start_ = np.arange(0, rows * columns + 1, rows, dtype=np.int32)
        lp.a_matrix_.index_ = np.tile(np.arange(rows, dtype=np.int32), columns)
        lp.a_matrix_.value_ = self._rows.T.ravel()
        return lp

    def nearest(self, wanted: Floats, weight: Floats, priced: Bools) -> Support:
        """The prices nearest to those wanted."""
        from scipy import optimize

        nodes, unknown = self._matrix.shape
        has_low, has_high = np.isfinite(self._low), np.isfinite(self._high)
        table = np.concatenate([self._rows[has_high], -self._rows[has_low]])
        found = optimize.linprog(
            np.concatenate([np.zeros(unknown), weight, weight]),
            A_ub=np.concatenate([table, np.zeros((table.shape[0], 2 * nodes))], axis=1),
            b_ub=np.concatenate([self._high[has_high], -self._low[has_low]]),
            A_eq=np.concatenate([self._matrix, np.eye(nodes), -np.eye(nodes)], axis=1),
            b_eq=wanted,
            bounds=[(None, None), *[(0, None)] * (unknown - 1 + 2 * nodes)],
            method="highs",
        )
        if found.status != 0:
            raise RuntimeError(f"no prices support the clearing: {found.message}")
        values = np.asarray(found.x[:unknown], dtype=np.float64)
        worth = np.zeros(self._full)
        np.add.at(worth, self._branch, self._way * values[1:])
        return Support(self._matrix @ values, priced, worth)
