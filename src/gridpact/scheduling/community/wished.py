"""What is wished in a community's programme of what gives way: columns of what wishes miss.

Wishes of states count by the most that each storage misses them by, as needs do, those of power and
sums by all that is beyond them, and a run by all of its energy where it starts at another time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.elastic import (
    LOOSE_WH,
    NOTHING_WH,
    SPARE_WH,
    Elastic,
    Over,
    joined,
    most_of,
    spread_of,
)
from gridpact.scheduling.wishes import tighter_powers, tighter_starts, tighter_states

EVERYTHING_WH = 2.0**40
"""More than any wish can miss."""


class Unwished(NamedTuple):
    """What of wishes must be missed [assets, slots] Wh.

    States may be so much ``below`` and ``above`` what is wished, and so much more be taken
    (``charge``) and given (``discharge``). ``late`` [runs] start when they may.
    """

    below: Floats
    above: Floats
    charge: Floats
    discharge: Floats
    late: Bools

    def or_where(self, rows: Bools, other: Unwished) -> Unwished:
        """Take what ``other`` says of assets that are not marked [assets]."""
        marked = rows[:, None]
        return Unwished(
            np.where(marked, self.below, other.below),
            np.where(marked, self.above, other.above),
            np.where(marked, self.charge, other.charge),
            np.where(marked, self.discharge, other.discharge),
            self.late,
        )


def nothing_missed(case: Case) -> Unwished:
    """Every wish is kept."""
    none = np.zeros(case.problem.storage.lo_wh.shape)
    return Unwished(none, none, none, none, np.zeros(len(case.startable), np.bool_))


def everything_missed(case: Case) -> Unwished:
    """No wish is looked at."""
    most = np.full(case.problem.storage.lo_wh.shape, EVERYTHING_WH)
    return Unwished(most, most, most, most, np.ones(len(case.startable), np.bool_))


class WishColumns:
    """Columns of what wishes miss, added to a programme that has everything else."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic, problem = elastic, elastic.case.problem
        rows, wished = elastic.part.storage, problem.wished
        nowhere = Over(*(np.zeros(0, np.int64) for _ in range(3)))
        self.below = self.above = self.charge = self.discharge = nowhere
        self.most = self.late = np.zeros(0, np.int64)
        self.energy = np.zeros(0)
        if wished is None:
            return
        low, high = (where[rows] for where in tighter_states(problem))
        self.below = elastic.add_missed(wished.lo_wh[rows], low, 1.0)
        self.above = elastic.add_missed(wished.hi_wh[rows], high, -1.0)
        self.most = most_of(elastic.programme, self.states)
        taking, giving = (where[rows] for where in tighter_powers(problem))
        self.charge = self._power(elastic.charge, wished.charge_max_wh[rows], taking)
        self.discharge = self._power(elastic.discharge, wished.discharge_max_wh[rows], giving)
        self.late, self.energy = self._late()

    @property
    def states(self) -> Over:
        """What states miss, below and above."""
        return joined([self.below, self.above])

    @property
    def even(self) -> Ints:
        """Columns of what is spread."""
        return np.concatenate([self.most, self.charge.column, self.discharge.column])

    def _power(self, flow: Ints, wished: Ints, where: Bools) -> Over:
        place, slot = np.nonzero(where)
        programme = self._elastic.programme
        over = programme.columns(np.zeros(len(place)), np.inf)
        limit = programme.rows(-np.inf, wished[place, slot].astype(np.float64))
        programme.entries(limit, flow[place, slot])
        programme.entries(limit, over, -1.0)
        return Over(self._elastic.part.storage[place], slot, over)

    def _late(self) -> tuple[Ints, Floats]:
        """Columns of starts that are not wished, and what each then misses [Wh]."""
        elastic, problem = self._elastic, self._elastic.case.problem
        table, wished = problem.runs, problem.wished
        columns, energy = [np.zeros(0, np.int64)], [np.zeros(0)]
        chosen = tighter_starts(problem)
        for run, starts in zip(elastic.part.runs.tolist(), elastic.starts, strict=True):
            if wished is not None and chosen[run]:
                at = int(elastic.case.first_start[run]) + np.arange(len(starts) - 1)
                late = starts[1:][(at < wished.earliest[run]) | (at > wished.latest[run])]
                columns.append(late)
                taken = float(table.energy_wh[run] * table.length[run])
                energy.append(np.full(len(late), taken))
        return np.concatenate(columns), np.concatenate(energy)

    def missed(self, values: Floats) -> Unwished:
        """Read what is missed off the values of all columns."""
        case, part = self._elastic.case, self._elastic.part
        shape = case.problem.storage.lo_wh.shape
        parts = (self.below, self.above, self.charge, self.discharge)
        below, above, charge, discharge = (spread_of(values, one, shape) for one in parts)
        late = np.zeros(len(case.startable), np.bool_)
        for run, starts in zip(part.runs.tolist(), self._elastic.starts, strict=True):
            late[run] = (values[np.intersect1d(starts, self.late)] > 0.5).any()
        return Unwished(
            np.where(below > NOTHING_WH, below + LOOSE_WH, 0.0),
            np.where(above > NOTHING_WH, above + LOOSE_WH, 0.0),
            np.where(charge > NOTHING_WH, charge + SPARE_WH, 0.0),
            np.where(discharge > NOTHING_WH, discharge + SPARE_WH, 0.0),
            late,
        )
