"""A restricted master that grows: room for columns and rows, and an inverse kept sound."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet import simplex
from gridpact.scheduling.fleet.simplex import COLUMNS, GROUPS, PIVOTS, ROWS, Limits, Master

MOST_PIVOTS = 4000
UNCHECKED = 300
"""Pivots after which the inverse is compared with its basis."""
OVER = 1e-9
"""What a limit may be exceeded by, relative to 1 + its size [kWh]."""


class RestrictedMaster:
    """The answers of some groups to past prices, and their best mix under limits.

    ``mix`` [groups, resources] is what groups take at the present mix, ``price`` [limits] what
    limits cost there. ``born`` [columns] is what the caller says of each column (a round).
    """

    def __init__(self, groups: int, resources: int, limits: Limits) -> None:
        room, rows = groups * 16, min(16, len(limits.limit))
        places = groups + rows
        self.limits, self._started = limits, False
        self.mix = np.zeros((groups, resources))
        self.price = np.zeros(len(limits.limit))
        self.born = np.zeros(room, np.int64)
        self.master = Master(
            values=np.zeros((resources, room)),
            cost=np.zeros(room),
            group=np.zeros(room, np.int64),
            row=np.zeros(rows, np.int64),
            inverse=np.zeros((places, places)),
            basis=np.zeros(places, np.int64),
            level=np.zeros(places),
            price=np.zeros(places),
            size=np.array([0, 0, groups, 0], np.int64),
        )

    @property
    def columns(self) -> int:
        """Columns in use."""
        return int(self.master.size[COLUMNS])

    def append(self, group: Ints, values: Floats, cost: Floats, born: Ints | int) -> None:
        """Add a column for each of these groups: ``values`` [new, resources], ``cost`` [new]."""
        begin, end = self.columns, self.columns + len(group)
        if end > len(self.born):
            self._widen(2 * end)
        master = self.master
        master.values[:, begin:end] = values.T
        master.cost[begin:end] = cost
        master.group[begin:end] = group
        self.born[begin:end] = born
        master.size[COLUMNS] = end
        if not self._started and len(np.unique(master.group[:end])) == master.size[GROUPS]:
            self.restart()

    def restart(self) -> None:
        """Begin again from each group's first column, without rows."""
        self._started = True
        master, groups = self.master, int(self.master.size[GROUPS])
        _, first = np.unique(master.group[: self.columns], return_index=True)
        master.inverse[:groups, :groups] = np.eye(groups)
        master.basis[:groups] = first
        master.level[:] = 0.0
        master.level[:groups] = 1.0
        master.size[ROWS] = 0
        self.limits.active[:] = False

    def solve(self, extra: Floats, tolerance: float) -> int:
        """Find the best mix, and the limits' prices; how it ended.

        ``extra`` [groups, resources] are prices on top of the costs; of no rows where there are
        none.
        """
        settings = np.array([tolerance, OVER, MOST_PIVOTS])
        for _ in range(20):
            ended = simplex.optimise(
                self.master, self.limits, extra, self.mix, self.price, settings
            )
            if ended == simplex.OUT_OF_ROOM:
                self._heighten()
            elif ended == simplex.LOST or self._drifted(ended == simplex.OPTIMAL):
                self._refactor()
            else:
                break
        return ended

    def weights(self) -> tuple[Ints, Floats]:
        """Columns in the mix and their weights, of which each group's sum to 1."""
        places = int(self.master.size[ROWS] + self.master.size[GROUPS])
        entry, level = self.master.basis[:places], self.master.level[:places]
        used = (entry >= 0) & (level > 0)
        return entry[used], level[used]

    def basis(self) -> tuple[Ints, Floats]:
        """Copy of the basis and its levels, as :class:`~.simplex.Master` has them."""
        places = int(self.master.size[ROWS] + self.master.size[GROUPS])
        return self.master.basis[:places].copy(), self.master.level[:places].copy()

    def own_cost(self) -> float:
        """Cost of the mix without what limits are exceeded by."""
        return simplex.cost_of_mix(self.master)

    def _drifted(self, settled: bool) -> bool:
        """Whether the levels no longer solve their equations; looked at after many pivots."""
        if not settled or self.master.size[PIVOTS] < UNCHECKED:
            return False
        self.master.size[PIVOTS] = 0
        matrix, right = self._equations()
        places = len(right)
        residual = matrix @ self.master.level[:places] - right
        return bool(np.any(np.abs(residual) > 1e-8 * (1 + np.abs(right))))

    def _equations(self) -> tuple[Floats, Floats]:
        """Matrix of the basis and its right-hand side."""
        master, limits = self.master, self.limits
        groups, rows = int(master.size[GROUPS]), int(master.size[ROWS])
        basis = master.basis[: groups + rows]
        matrix = np.zeros((groups + rows, groups + rows))
        real, place = basis >= 0, np.arange(groups + rows)
        at = master.row[:rows]
        matrix[master.group[basis[real]], place[real]] = 1.0
        values = master.values[np.ix_(limits.resource[at], basis[real])]
        matrix[groups:, real] = limits.sign[at, None] * values
        other = -1 - basis[~real]
        matrix[groups + other // 2, place[~real]] = np.where(other % 2, -1.0, 1.0)
        return matrix, np.concatenate([np.ones(groups), limits.limit[at]])

    def _refactor(self) -> None:
        """Make the inverse anew; begin again where the basis has become singular."""
        matrix, right = self._equations()
        places = len(right)
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            self.restart()
            return
        level = inverse @ right
        if np.any(level < -1e-7 * (1 + np.abs(right).max())):
            self.restart()
            return
        self.master.inverse[:places, :places] = inverse
        self.master.level[:places] = np.maximum(level, 0.0)

    def _widen(self, room: int) -> None:
        """Make room for so many columns."""
        extra = room - len(self.born)
        self.born = np.pad(self.born, (0, extra))
        master = self.master
        self.master = master._replace(
            values=np.pad(master.values, ((0, 0), (0, extra))),
            cost=np.pad(master.cost, (0, extra)),
            group=np.pad(master.group, (0, extra)),
        )

    def _heighten(self) -> None:
        """Make room for twice as many rows."""
        master = self.master
        extra = min(len(self.limits.limit), 2 * len(master.row)) - len(master.row)
        self.master = master._replace(
            row=np.pad(master.row, (0, extra)),
            inverse=np.pad(master.inverse, (0, extra)),
            basis=np.pad(master.basis, (0, extra)),
            level=np.pad(master.level, (0, extra)),
            price=np.pad(master.price, (0, extra)),
        )
