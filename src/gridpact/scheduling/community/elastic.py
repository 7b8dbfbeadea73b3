"""A community's limits as one programme in which each may be missed: what, and by how much.

It has storage, starts of runs and what plants give less, but no prices. Charging and discharging
at once is not kept out; where that would help, a plan may miss more than the programme says.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, homes_in, subtree
from gridpact.scheduling.community.bounds import widened
from gridpact.scheduling.community.limits_on_sums import row_of, tight_limit
from gridpact.scheduling.problem import Sum
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.sums import homes_below, prices_of

NOTHING_WH = 0.05
"""What is missed by less is kept."""
SPARE_WH = 1e-2
"""Given beyond what must be missed, so that real numbers find it."""
LOOSE_WH = 0.5
"""The same for states, of which whole Wh miss more than that."""


class Part(NamedTuple):
    """Rows of a problem that are planned together: homes marked [homes], and what is in them.

    ``solar`` are homes whose plants may give less.
    """

    homes: Bools
    storage: Ints
    runs: Ints
    solar: Ints


class Over(NamedTuple):
    """What may be missed of limits: which ``row`` (a zone, a sum), ``slot``, and its column."""

    row: Ints
    slot: Ints
    column: Ints


def part_of(case: Case, homes: Bools, curtailing: Bools) -> Part:
    """Return what can be planned in some homes [homes]."""
    problem = case.problem
    return Part(
        homes=homes,
        storage=np.flatnonzero(case.active & homes[problem.storage.home]),
        runs=np.flatnonzero(case.startable & homes[problem.runs.home]),
        solar=np.flatnonzero(curtailing & homes),
    )


class Elastic:
    """The programme under construction; bounds of states are added with it, limits one by one."""

    def __init__(self, case: Case, part: Part) -> None:
        self.case, self.part, self.programme = case, part, Programme()
        problem, table, rows = case.problem, case.problem.storage, part.storage
        add = self.programme.columns
        self.charge = add(0, table.charge_max_wh[rows])
        self.discharge = add(0, table.discharge_max_wh[rows])
        self.curtail = add(0, problem.pv_wh[part.solar])
        self.lo, self.hi = widened(table, rows)
        firm = problem.firm
        floor = table.lo_wh if firm is None else firm.state_wh
        most = table.hi_wh if firm is None or firm.most_wh is None else firm.most_wh
        self.state = add(np.minimum(floor[rows], self.lo), np.maximum(most[rows], self.hi))
        self.starts = [self._start(row) for row in part.runs.tolist()]
        self.spared: dict[int, list[Over]] = {1: [], -1: []}
        self._follow()

    def _start(self, row: int) -> Ints:
        """Columns of a run: one for leaving it out, then one for each start."""
        first, last = int(self.case.first_start[row]), int(self.case.last_start[row])
        most, firm = np.ones(last - first + 2), self.case.problem.firm
        most[0] = firm is not None and not firm.runs[row]
        columns = self.programme.columns(0, most, whole=True)
        one = self.programme.rows(np.ones(1), 1.0)
        self.programme.entries(np.full(columns.size, one[0]), columns)
        return columns

    def _follow(self) -> None:
        """State' − kept · state − efficiency_in · charge + discharge / efficiency_out = −draw."""
        table, rows = self.case.problem.storage, self.part.storage
        right = -table.draw_wh[rows].astype(np.float64)
        right[:, 0] += table.kept[rows] * table.initial_wh[rows]
        dynamics, entries = self.programme.rows(right, right), self.programme.entries
        entries(dynamics, self.charge, -table.efficiency_in[rows, None])
        entries(dynamics, self.discharge, 1 / table.efficiency_out[rows, None])
        entries(dynamics, self.state)
        entries(dynamics[:, 1:], self.state[:, :-1], -table.kept[rows, None])

    def add_states(self) -> tuple[Over, Over, Ints]:
        """Let states be below and above what is asked of them, as far as what is firm.

        Returns what is missed after each slot, below and above, and columns of the most of it,
        asset by asset.
        """
        least, most_held = (one[self.state] for one in self.programme.bounds())
        below = self.add_missed(self.lo, self.lo > least, 1.0)
        above = self.add_missed(self.hi, self.hi < most_held, -1.0)
        return below, above, most_of(self.programme, joined([below, above]))

    def add_missed(self, asked: Floats | Ints, where: Bools, sign: float) -> Over:
        """Columns of what states lack of the least (``sign`` 1) or most (-1) asked of them."""
        place, slot = np.nonzero(where)
        short = self.programme.columns(np.zeros(len(place)), np.inf)
        bound = self.programme.rows(sign * asked[place, slot], np.inf)
        self.programme.entries(bound, self.state[place, slot], sign)
        self.programme.entries(bound, short)
        return Over(self.part.storage[place], slot, short)

    def leaving_out(self) -> tuple[Ints, Floats]:
        """Columns of leaving runs out, and what each then lacks [Wh]."""
        table, rows = self.case.problem.runs, self.part.runs
        columns = np.array([one[0] for one in self.starts], np.int64)
        return columns, (table.energy_wh * table.length)[rows].astype(np.float64)

    def left_out(self, values: Floats) -> Bools:
        """Mark runs that are left out [runs]."""
        found = np.zeros(len(self.case.startable), np.bool_)
        found[self.part.runs] = values[self.leaving_out()[0]] > 0.5
        return found

    def add_limits(self, sign: int) -> Over:
        """Let zones exceed their limits on import (``sign`` 1) or on export (-1)."""
        zones = self.case.problem.zones
        limits = zones.import_limit_wh if sign > 0 else zones.export_limit_wh
        borne = zones.borne()[0 if sign > 0 else 1]
        found = [
            self._limit(zone, limits[zone], borne[zone], sign)
            for zone in np.flatnonzero((limits >= 0).any(axis=1)).tolist()
        ]
        return joined(found)

    def _limit(self, zone: int, limit: Ints, borne: Ints, sign: int) -> Over:
        homes = homes_in(self.case, subtree(self.case, zone)) & self.part.homes
        fixed = sign * self._fixed(homes)
        slots = np.flatnonzero((limit >= 0) & (fixed + self._reach(homes, sign) > limit))
        over = self.programme.columns(np.zeros(len(slots)), np.inf)
        rows = self.programme.rows(-np.inf, (limit - fixed)[slots].astype(np.float64))
        self._put(rows, slots, homes, sign)
        self.programme.entries(rows, over, -1.0)
        spare = self.programme.columns(0, (borne - limit)[slots])
        self.programme.entries(rows, spare, -1.0)
        self.spared[sign].append(Over(np.full(len(slots), zone), slots, spare))
        return Over(np.full(len(slots), zone), slots, over)

    def _fixed(self, homes: Bools) -> Ints:
        """Net energy of homes without anything that can be planned [slots]."""
        problem = self.case.problem
        return np.asarray((problem.load_wh - problem.pv_wh)[homes].sum(axis=0))

    def _reach(self, homes: Bools, sign: int) -> Ints:
        """Most that what can be planned adds to what homes take, or to what they give [slots]."""
        problem, part = self.case.problem, self.part
        rows = part.storage[homes[problem.storage.home[part.storage]]]
        if sign < 0:
            return np.asarray(problem.storage.discharge_max_wh[rows].sum(axis=0))
        runs = part.runs[homes[problem.runs.home[part.runs]]]
        most = problem.storage.charge_max_wh[rows].sum(axis=0) + problem.runs.energy_wh[runs].sum()
        return np.asarray(most + problem.pv_wh[part.solar[homes[part.solar]]].sum(axis=0))

    def add_net(self, place: int, one: Sum) -> Over:
        """Let a sum of net energy be beyond its bounds.

        For its slot stands -1 below the lower bound, 1 above the upper one.
        """
        case, part = self.case, self.part
        row = row_of(case.problem, np.flatnonzero(case.active), one)
        slots = np.arange(one.first, one.end)
        homes = homes_below(case.problem.zones, one.zones) & part.homes
        own = np.flatnonzero(np.isin(part.storage, one.storage))
        fixed = self._fixed(homes)[slots].sum()
        found = []
        for sign, bound in ((-1, row.lower_wh), (1, row.upper_wh)):
            over = self.programme.columns(np.zeros(int(np.isfinite(bound))), np.inf)
            limit = self.programme.rows(-np.inf, np.full(over.size, sign * (bound - fixed)))
            if over.size:
                self._put(np.full(len(slots), limit[0]), slots, homes, sign)
                self._put_storage(np.full(len(slots), limit[0]), slots, own, sign)
                self.programme.entries(limit, over, -1.0)
            found.append(Over(np.full(over.size, place), np.full(over.size, sign), over))
        return joined(found)

    def add_own(self, place: int, one: Sum) -> tuple[Over, float]:
        """Let what one storage discharges or pays be above its limit; also return a Wh's units."""
        problem = self.case.problem
        at = np.flatnonzero(self.part.storage == one.storage[0])[0]
        energy = self.charge if one.kind == "cost" else self.discharge
        price = prices_of(problem, one) if one.kind == "cost" else np.ones(one.end - one.first)
        scale = max(float(price.max(initial=0)), 1.0)
        most = tight_limit(problem, one) / scale
        limit = self.programme.rows(-np.inf, np.array([most]))
        over = self.programme.columns(np.zeros(1), np.inf)
        line = np.full(one.end - one.first, limit[0])
        self.programme.entries(line, energy[at, one.first : one.end], price / scale)
        self.programme.entries(limit, over, -1.0)
        return Over(np.array([place]), np.array([1]), over), scale

    def _put(self, rows: Ints, slots: Ints, homes: Bools, sign: int) -> None:
        """Put the net energy of homes into rows, one for each slot."""
        problem, part = self.case.problem, self.part
        own = np.flatnonzero(homes[problem.storage.home[part.storage]])
        self._put_storage(rows, slots, own, sign)
        solar = np.flatnonzero(homes[part.solar])
        self.programme.entries(rows, self.curtail[np.ix_(solar, slots)], float(sign))
        row_at = np.full(problem.slots.count, -1, np.int64)
        row_at[slots] = rows
        for run, columns in zip(part.runs.tolist(), self.starts, strict=True):
            if homes[problem.runs.home[run]]:
                self._put_run(row_at, run, columns, sign)

    def _put_storage(self, rows: Ints, slots: Ints, own: Ints, sign: int) -> None:
        for columns, way in ((self.charge, sign), (self.discharge, -sign)):
            self.programme.entries(rows, columns[np.ix_(own, slots)], float(way))

    def _put_run(self, row_at: Ints, run: int, columns: Ints, sign: int) -> None:
        table = self.case.problem.runs
        start = int(self.case.first_start[run]) + np.arange(len(columns) - 1)
        slot = start[:, None] + np.arange(int(table.length[run]))
        row, column = np.broadcast_arrays(row_at[slot], columns[1:, None])
        on = row >= 0
        self.programme.entries(row[on], column[on], float(sign * table.energy_wh[run]))


def most_of(programme: Programme, missed: Over) -> Ints:
    """Columns of the most that is missed, row by row."""
    asked, which = np.unique(missed.row, return_inverse=True)
    most = programme.columns(np.zeros(len(asked)), np.inf)
    beyond = programme.rows(np.zeros(len(which)), np.inf)
    programme.entries(beyond, most[which])
    programme.entries(beyond, missed.column, -1.0)
    return most


def joined(parts: list[Over]) -> Over:
    """Put what may be missed one after the other."""
    none = np.zeros(0, np.int64)
    columns = (np.concatenate([none, *(one[at] for one in parts)]) for at in range(3))
    return Over(*columns)


def spread_of(values: Floats, over: Over, shape: tuple[int, int]) -> Floats:
    """Lay what is missed over rows and slots [rows, slots] Wh."""
    laid = np.zeros(shape)
    laid[over.row, over.slot] = np.maximum(values[over.column], 0.0)
    return laid
