"""A restricted master that grows: room for columns and rows, and an inverse kept sound."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet import simplex
from gridpact.scheduling.fleet.master_arrays import (
    COLUMNS,
    GROUPS,
    ROWS,
    WRITTEN,
    Limits,
    Master,
    Mix,
)

MOST_PIVOTS = 4000
OVER = 1e-9
"""What a limit may be exceeded by, relative to 1 + its size [kWh]."""
ROOM = 16
"""Columns per group that there is room for at first."""
KEPT = 12
"""Columns per group that are kept at least where old ones are dropped."""


class RestrictedMaster:
    """The answers of some groups to past prices, and their best mix under limits.

    ``mix`` [groups, resources] is what groups take at the present mix, ``price`` [limits] what
    limits cost there, ``own_cost`` [1] what the mix costs without what limits are exceeded by.
    A column's ``born`` is the caller's (a round). Columns that run out of room give way to new
    ones, those first that were furthest from paying; the mix keeps its own.
    """

    def __init__(self, groups: int, resources: int, limits: Limits) -> None:
        room, rows = groups * ROOM, min(16, len(limits.limit))
        places = groups + rows
        self.limits, self._started = limits, False
        self.mix = np.zeros((groups, resources))
        self.price = np.zeros(len(limits.limit))
        self.own_cost = np.zeros(1)
        self.master = Master(
            values=np.zeros((room, resources)),
            cost=np.zeros(room),
            group=np.zeros(room, np.int64),
            born=np.zeros(room, np.int64),
            reduced=np.zeros(room),
            row=np.zeros(rows, np.int64),
            held=np.zeros((rows, room)),
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
        if end > len(self.master.cost):
            self._make_room(len(group))
            begin, end = self.columns, self.columns + len(group)
        master = self.master
        master.values[begin:end] = values
        master.cost[begin:end] = cost
        master.group[begin:end] = group
        master.born[begin:end] = born
        master.reduced[begin:end] = 0.0
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

    def resume(self, known: RestrictedMaster) -> None:
        """Go on from where a master of the same groups and limits stands; it stays as it is."""
        self.master = known.master._replace(
            **{name: array.copy() for name, array in known.master._asdict().items()}
        )
        self._started = known._started
        self.limits.active[:] = known.limits.active
        for own, other in zip(self._found(), known._found(), strict=True):
            own[:] = other
        if self.columns > self._least():
            self._drop(self._least())

    def _found(self) -> Mix:
        return Mix(self.mix, self.price, self.own_cost)

    def solve(self, extra: Floats, tolerance: float) -> int:
        """Find the best mix, and the limits' prices; how it ended.

        ``extra`` [groups, resources] are prices on top of the costs; of no rows where there are
        none.
        """
        settings = np.array([tolerance, OVER, MOST_PIVOTS])
        for _ in range(20):
            ended = simplex.optimise(self.master, self.limits, extra, self._found(), settings)
            if ended == simplex.OUT_OF_ROOM:
                self._heighten()
            elif ended == simplex.LOST:
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

    def _equations(self) -> tuple[Floats, Floats]:
        """Matrix of the basis and its right-hand side."""
        master, limits = self.master, self.limits
        groups, rows = int(master.size[GROUPS]), int(master.size[ROWS])
        basis = master.basis[: groups + rows]
        matrix = np.zeros((groups + rows, groups + rows))
        real, place = basis >= 0, np.arange(groups + rows)
        matrix[master.group[basis[real]], place[real]] = 1.0
        matrix[groups:, real] = master.held[:rows, basis[real]]
        other = -1 - basis[~real]
        matrix[groups + other // 2, place[~real]] = np.where(other % 2, -1.0, 1.0)
        return matrix, np.concatenate([np.ones(groups), limits.limit[master.row[:rows]]])

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

    def _make_room(self, new: int) -> None:
        """Drop columns that are far from paying; where too few are, make room for twice as many."""
        least, room = self._least(), len(self.master.cost)
        if least + new > room * 3 // 4:
            self._widen(2 * (least + new))
        if self.columns + new > len(self.master.cost):
            self._drop(least)

    def _least(self) -> int:
        """How many columns are kept where others are dropped."""
        groups, rows = int(self.master.size[GROUPS]), int(self.master.size[ROWS])
        return max(KEPT * groups, 2 * (groups + rows))

    def _drop(self, least: int) -> None:
        """Keep the columns in the basis, and of others those nearest to paying, in their order."""
        master, count = self.master, self.columns
        places = int(master.size[ROWS] + master.size[GROUPS])
        entries = master.basis[:places]
        real = entries >= 0
        reduced = master.reduced[:count].copy()
        reduced[entries[real]] = -np.inf
        kept = np.sort(np.argsort(reduced, kind="stable")[:least])
        now, end = np.full(count, -1), len(kept)
        now[kept] = np.arange(end)
        for name in ("values", "cost", "group", "born", "reduced"):
            column = getattr(master, name)
            column[:end] = column[kept]
        rows, written = int(master.size[ROWS]), int(np.sum(kept < master.size[WRITTEN]))
        master.held[:rows, :end] = master.held[:rows, kept]
        entries[real] = now[entries[real]]
        master.size[COLUMNS], master.size[WRITTEN] = end, written

    def _widen(self, room: int) -> None:
        """Make room for so many columns."""
        extra = room - len(self.master.cost)
        if extra <= 0:
            return
        master = self.master
        self.master = master._replace(
            values=np.pad(master.values, ((0, extra), (0, 0))),
            held=np.pad(master.held, ((0, 0), (0, extra))),
            **{
                name: np.pad(getattr(master, name), (0, extra))
                for name in ("cost", "group", "born", "reduced")
            },
        )

    def _heighten(self) -> None:
        """Make room for twice as many rows."""
        master = self.master
        extra = min(len(self.limits.limit), 2 * len(master.row)) - len(master.row)
        self.master = master._replace(
            held=np.pad(master.held, ((0, extra), (0, 0))),
            row=np.pad(master.row, (0, extra)),
            inverse=np.pad(master.inverse, (0, extra)),
            basis=np.pad(master.basis, (0, extra)),
            level=np.pad(master.level, (0, extra)),
            price=np.pad(master.price, (0, extra)),
        )
