"""What is least given up where states of storage count that the solver by levels holds firm.

Its make-up slots (:mod:`gridpact.scheduling.priorities.elastic_storage`) cannot let a state give
way before storage feeds back, or beside runs, nor the most that is asked of a state. Here it is one
programme of the reference, in which a state may be beyond what is asked on either side: solved for
what the first level misses, then for what the next one does, and so on, and last for the cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Bound, Origin, Site
from gridpact.scheduling.needs.model import Comfort, Need, StateOfCharge
from gridpact.scheduling.priorities.answer import runs_due
from gridpact.scheduling.priorities.levels import Level, Shortfall
from gridpact.scheduling.priorities.needs import NOTHING
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import Optimum, Search, minimise
from gridpact.scheduling.reference.model import Laid, Model, lay, no_modes
from gridpact.scheduling.reference.parting import both_ways

TOUCH_KWH, SHARE = 1e-6, 1e-9
"""Given to what is settled, and a share of it: rounding would strangle what comes after."""
LEAST, MOST = "lo_wh", "hi_wh"
"""Columns of storage whose bounds may give."""
MISSED_WH = 0.05
"""What is missed by no more is kept."""


class Missing(NamedTuple):
    """Something that is missed, and the need behind it: "" where it is a limit of the fleet."""

    of: Shortfall
    need: str


class Least(NamedTuple):
    """What is missed, the least that each level misses [levels] Wh, and what energy costs then."""

    missing: tuple[Missing, ...]
    least_wh: tuple[float, ...]
    cost_nano: float


def firm_states(bound: Bound, needs: Sequence[Need]) -> list[Need]:
    """Needs of which a state is held firm although it is no more than a need."""
    names = {one.need for one in bound.origins if one.firm and _is_state(one)}
    return [
        need for need in needs if need.id in names and isinstance(need, StateOfCharge | Comfort)
    ]


def least_together(site: Site, needs: Sequence[Need], bound: Bound) -> Least | None:
    """Find what is least missed, level by level; None where what is physical clashes already.

    ``bound`` are all ``needs`` bound to the site. The most that a state is off, once at its latest,
    counts as what a need lacks.
    """
    firm = {need.id for need in firm_states(bound, needs)}
    others = bind(site, [need for need in needs if need.id not in firm])
    asks = [one for one in bound.origins if one.need in firm and _is_state(one)]
    modes = no_modes(others.fleet)
    while True:
        ladder = _Ladder(others, site, asks, modes)
        found = ladder.settled()
        if found is None:
            return None
        conflict = both_ways(ladder.model, found[0].values)
        if not conflict.any():
            return ladder.read(*found)
        modes = modes | conflict.any(axis=1, keepdims=True)


def _is_state(one: Origin) -> bool:
    """Whether a bound is the least or the most that a need asks a state to be."""
    state = one.table == "storage" and one.column in (LEAST, MOST)
    return state and one.bound is not None and one.level is Level.NEEDS


class _Miss(NamedTuple):
    """A column [kWh] of what may be missed: ``missing`` but for its amount."""

    column: int
    missing: Missing


class _Ladder:
    """The programme in which all that may give has a column, and each level a row of its own."""

    def __init__(self, bound: Bound, site: Site, asks: Sequence[Origin], modes: Bools) -> None:
        self.bound, self.programme = bound, Programme()
        self.fleet = _softened(bound.fleet)
        laid = lay(self.programme, self.fleet, site.prices, 0.0, modes)
        self.misses = [*self._limits(laid), *self._dues(laid), *self._states(laid, asks)]
        self.runs = [draw for draw in laid.draws if draw.table == "runs"]
        self.due = runs_due(bound.fleet) / 1000
        totals = self.programme.rows(np.full(len(Level), -np.inf), np.inf)
        for level in Level:
            columns, weight = self._weighed(level)
            self.programme.entries(np.full(len(columns), totals[level]), columns, weight)
        arrays, constant = self.programme.arrays(), self.programme.constant
        self.totals = totals
        self.model = Model(
            fleet=self.fleet,
            arrays=arrays,
            constant=constant,
            draws=laid.draws,
            ways=laid.ways,
            nets=laid.nets,
            limits=laid.limits,
        )

    def _limits(self, laid: Laid) -> Iterator[_Miss]:
        """Limits of zones, and rows of the portfolio."""
        portfolio = self.fleet.portfolio
        rows = 0 if portfolio is None else len(portfolio.first)
        levels = np.broadcast_to(np.asarray(self.bound.needs.row_level), (rows,))
        for limit in laid.limits:
            for place, column in zip(limit.place.tolist(), limit.over.tolist(), strict=True):
                of = Shortfall(Level.GRID, limit.kind, place[0], place[-1], 0.0)
                if portfolio is not None and limit.kind in ("upper", "lower"):
                    first = int(portfolio.first[place[0]])
                    of = replace(of, level=Level(int(levels[place[0]])), slot=first)
                yield self._miss(column, of)

    def _dues(self, laid: Laid) -> Iterator[_Miss]:
        """Energy that is due of assets that only charge: the need, and the wish beyond it."""
        table = self.fleet.one_way
        if table is None:
            return
        due = per_asset(table.energy_wh, len(table.zone))
        wish = per_asset(self.bound.needs.wish_wh, len(table.zone))
        for level, most in ((Level.NEEDS, due - wish), (Level.WISHES, wish)):
            rows = np.flatnonzero(most > 0)
            columns = self.programme.columns(0.0, most[rows] / 1000)
            self.programme.entries(laid.due[rows], columns)
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                last = int(table.leave[row]) - 1
                yield self._miss(column, Shortfall(level, "one_way", row, last, 0.0))

    def _states(self, laid: Laid, asks: Sequence[Origin]) -> Iterator[_Miss]:
        """States: one column for each need of a storage and side, whatever the slots."""
        if laid.ways is None:
            return
        yield from self._stated(laid, asks)
        for asked in self.bound.needs.storage:
            for at, row in enumerate(np.asarray(asked.rows).tolist()):
                slots = np.flatnonzero(asked.lo_wh[at] > NOTHING).tolist()
                column = self._column()
                for slot in slots:
                    self._state(laid, (row, slot, float(asked.lo_wh[at, slot])), column)
                for slot in slots[:1]:
                    yield self._miss(column, Shortfall(asked.level, "storage", row, slot, 0.0))

    def _stated(self, laid: Laid, asks: Sequence[Origin]) -> Iterator[_Miss]:
        """States that needs ask for, of which one side or the other would be firm."""
        columns = dict[tuple[str, int, str], int]()
        for one in asks:
            column = columns.get((one.need, one.row, one.column))
            if column is None:
                kind = "storage" if one.column == LEAST else "above"
                of = Shortfall(one.level, kind, one.row, one.first, 0.0)
                column = columns[one.need, one.row, one.column] = self._column()
                yield _Miss(column, Missing(of, one.need))
            for slot in range(one.first, one.end):
                sign = 1.0 if one.column == LEAST else -1.0
                self._state(laid, (one.row, slot, one.bound or 0.0), column, sign)

    def _column(self) -> int:
        return int(self.programme.columns(np.zeros(1), np.inf)[0])

    def _state(
        self, laid: Laid, asked: tuple[int, int, float], column: int, sign: float = 1.0
    ) -> None:
        """What is held after a slot is off what is asked by no more than what is missed of it.

        That is no less than asked, or no more where ``sign`` is -1.
        """
        (row, slot, wh), ways = asked, laid.ways
        if ways is not None:
            bound = self.programme.rows(np.array([sign * wh / 1000]), np.inf)
            entries = np.array([ways.state[row, slot], column])
            self.programme.entries(bound, entries, np.array([sign, 1.0]))

    def _miss(self, column: int, of: Shortfall) -> _Miss:
        behind = self.bound.behind(of)
        return _Miss(column, Missing(of, behind[0] if behind else ""))

    def _weighed(self, level: Level) -> tuple[Ints, Floats]:
        """Columns of a level, and what each counts; a run that takes place counts below nothing."""
        own = [one.column for one in self.misses if one.missing.of.level is level]
        columns, weights = [np.array(own, np.int64)], [np.ones(len(own))]
        levels = np.broadcast_to(np.asarray(self.bound.needs.run_level), self.due.shape)
        for draw in self.runs:
            counted = (levels[draw.asset] == level) & (self.due[draw.asset] > 0)
            columns.append(draw.column[counted])
            weights.append(-draw.factor[counted])
        return np.concatenate(columns), np.concatenate(weights)

    def settled(self) -> tuple[Optimum, tuple[float, ...]] | None:
        """Settle each level, then the cost; also what each level misses at least [Wh]."""
        arrays, least = self.model.arrays, list[float]()
        for level in Level:
            columns, weight = self._weighed(level)
            if not columns.size:  # nothing is missed of it; a solve for nothing takes the longest
                least.append(0.0)
                continue
            cost = np.zeros(len(arrays.cost))
            np.add.at(cost, columns, weight)
            found = minimise(replace(arrays, cost=cost), Search())
            if found is None:
                return None
            upper = arrays.row_upper.copy()
            upper[self.totals[level]] = found.objective + TOUCH_KWH + SHARE * abs(found.objective)
            arrays = replace(arrays, row_upper=upper)
            least.append(1000 * (found.bound + self._all_due(level)))
        cheapest = minimise(arrays, Search())
        return None if cheapest is None else (cheapest, tuple(max(one, 0.0) for one in least))

    def _all_due(self, level: Level) -> float:
        """Energy of runs of a level that must take place [kWh]."""
        levels = np.broadcast_to(np.asarray(self.bound.needs.run_level), self.due.shape)
        return float(self.due[levels == level].sum())

    def read(self, found: Optimum, least_wh: tuple[float, ...]) -> Least:
        """Name all that is missed."""
        missing = [
            each.missing._replace(of=replace(each.missing.of, missing_wh=wh))
            for each in self.misses
            if (wh := 1000 * float(found.values[each.column])) > MISSED_WH
        ]
        cost = (found.objective + self.model.constant) * 1e9
        return Least((*missing, *self._not_run(found.values)), least_wh, cost)

    def _not_run(self, values: Floats) -> Iterator[Missing]:
        taken, table = np.zeros(len(self.due)), self.fleet.runs
        for draw in self.runs:
            np.add.at(taken, draw.asset, draw.factor * values[draw.column])
        levels = np.broadcast_to(np.asarray(self.bound.needs.run_level), self.due.shape)
        for row in np.flatnonzero(self.due - taken > MISSED_WH / 1000).tolist():
            if table is not None:
                amount = 1000 * float(self.due[row] - taken[row])
                of = Shortfall(
                    Level(int(levels[row])), "runs", row, int(table.end[row]) - 1, amount
                )
                behind = self.bound.behind(of)
                yield Missing(of, behind[0] if behind else "")


def _softened(fleet: Fleet) -> Fleet:
    """The fleet in which no run must take place."""
    if fleet.runs is None:
        return fleet
    value = per_asset(fleet.runs.value, len(fleet.runs.zone))
    return replace(fleet, runs=replace(fleet.runs, value=np.where(np.isinf(value), 0.0, value)))
