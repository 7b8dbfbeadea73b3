"""A community with bounds that may be missed for money, as one programme.

The engine's answers of assets know prices of energy, and none of what is stored or lacks. So with a
soft bound all is one mixed-integer programme, that of the reference, with a column for what each
bound misses at its worth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.community.model import CommunityFleet
from gridpact.scheduling.fleet.first_penalty import first_penalty
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.problem import Soft, Sum
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw
from gridpact.scheduling.reference.highs import Search, minimise
from gridpact.scheduling.reference.model import Laid, Model, lay, no_modes
from gridpact.scheduling.reference.parting import both_ways, parted
from gridpact.scheduling.reference.raising import Solved, keeping
from gridpact.scheduling.reference.solve import solution_of

ABOVE = 100.0
"""A Wh above a limit costs so many times what any bound is worth."""
MICRO, KWH = 1e-6, 1e-3
"""¤ in a µ¤, and kWh in a Wh."""


def solve_priced(community: CommunityFleet, soft: Sequence[Soft], options: Options) -> Solution:
    """Schedule a community's fleet at least cost, what is missed of ``soft`` bounds at its worth.

    ``soft`` are rows of the problem that the fleet was made of.

    Raises
    ------
    RuntimeError
        What is firm cannot be kept.
    """
    search = Search(gap=options.gap, nodes=options.nodes, cancelled=options.cancelled)
    fleet, prices = community.fleet, community.prices
    usual = first_penalty(fleet, prices) if options.penalty is None else options.penalty
    first = max(usual, ABOVE * max(one.worth_micro for one in soft)) * MICRO
    priced = _Priced(community, soft, search)
    solved = priced.optimum(first)
    if solved is None:
        raise RuntimeError("what is firm cannot be kept")
    if options.penalty is None and not search.over:
        solved, first = keeping(solved, first, priced.optimum, search.gap)
    return solution_of(solved, first, search)


class _Priced:
    """The programme of a fleet with columns for what is missed."""

    def __init__(self, community: CommunityFleet, soft: Sequence[Soft], search: Search) -> None:
        self._community, self._soft, self._search = community, soft, search
        self._place = {row: at for at, row in enumerate(community.storage.tolist())}
        self._run = {row: at for at, row in enumerate(community.runs.tolist())}

    def optimum(self, penalty: float) -> Solved | None:
        """Solve at a penalty of limits [¤/kWh]; None where no schedule keeps what is firm."""
        modes = no_modes(self._community.fleet)
        while True:
            model = self._model(penalty, modes)
            found = minimise(model.arrays, self._search, model.constant)
            if found is None:
                return None
            conflict = both_ways(model, found.values)
            if not conflict.any():
                return Solved(model, found)
            cured = parted(model, found, self._search)
            if cured is not None:
                return Solved(model, cured)
            modes = modes | conflict.any(axis=1, keepdims=True)

    def _model(self, penalty: float, modes: Bools) -> Model:
        fleet, programme = self._community.fleet, Programme()
        laid = lay(programme, fleet, self._community.prices, penalty, modes)
        for one in self._soft:
            self._add(programme, laid, one)
        return Model(
            fleet=fleet,
            arrays=programme.arrays(),
            constant=programme.constant,
            draws=laid.draws,
            ways=laid.ways,
            nets=laid.nets,
            limits=laid.limits,
        )

    def _add(self, programme: Programme, laid: Laid, one: Soft) -> None:
        if one.side == "run":
            self._add_run(programme, laid, one)
        elif one.total is not None:
            self._add_sum(programme, laid, (one.total, one.worth_micro))
        elif one.row in self._place and laid.ways is not None:
            columns = {"charge": laid.ways.charge, "discharge": laid.ways.discharge}
            column = columns.get(one.side, laid.ways.state)[self._place[one.row]]
            sign = -1.0 if one.side == "lo" else 1.0
            bound = np.full(one.end - one.first, sign * one.bound_wh * KWH)
            own = column[one.first : one.end]
            rows = programme.rows(-np.inf, bound)
            programme.entries(rows, own, sign)
            _let(programme, rows, _reach(programme, own, sign) - bound, one.worth_micro)

    def _add_sum(self, programme: Programme, laid: Laid, what: tuple[Sum, int]) -> None:
        """Add both bounds of a sum of storage."""
        (one, worth), ways = what, laid.ways
        members = [self._place[row] for row in one.storage if row in self._place]
        if ways is None or not members:
            return
        span = slice(one.first, one.end)
        for bound, sign in ((one.lower, -1.0), (one.upper, 1.0)):
            if bound is None:
                continue
            most, net = np.full(1, sign * bound * KWH), one.kind == "net"
            row, worst = programme.rows(-np.inf, most), -most
            parts = [(ways.charge, sign)] if net else []
            for column, way in (*parts, (ways.discharge, -sign if net else sign)):
                programme.entries(row[:, None], column[members, span], way)
                worst = worst + _reach(programme, column[members, span], way).sum()
            _let(programme, row, worst, worth)

    def _add_run(self, programme: Programme, laid: Laid, one: Soft) -> None:
        """Let starts that are not asked for cost what the run's energy is worth."""
        if one.row not in self._run:
            return
        for draw in (draw for draw in laid.draws if draw.table == "runs"):
            column, start, energy = _starts(draw, self._run[one.row])
            late = (start < one.first) | (start >= one.end)
            programme.charge(column[late], energy[late] * one.worth_micro * MICRO)


def _starts(draw: Draw, run: int) -> tuple[Ints, Ints, Floats]:
    """Columns of a run's starts, their first slots, and what each takes [kWh]."""
    own = draw.asset == run
    column, which = np.unique(draw.column[own], return_inverse=True)
    start, energy = np.full(len(column), 2**62), np.zeros(len(column))
    np.minimum.at(start, which, draw.slot[own])
    np.add.at(energy, which, draw.factor[own])
    return column, start, energy


def _reach(programme: Programme, columns: Ints, sign: float) -> Floats:
    """Most that columns can come to, times a sign."""
    low, high = (end[columns] for end in programme.bounds())
    return np.asarray(high if sign > 0 else -low, np.float64)


def _let(programme: Programme, rows: Ints, worst: Floats, worth_micro: int) -> None:
    """Let rows that bound something from above be exceeded at a price, by ``worst`` at most.

    Without such an end, duals that are off by rounding alone would prove no bound of the cost.
    """
    over = programme.columns(0.0, np.maximum(worst, 0.0), worth_micro * MICRO)
    programme.entries(rows, over, -1.0)


def worth_of(soft: Sequence[Soft]) -> tuple[Soft, ...]:
    """Soft bounds that are worth anything, and of any slot."""
    return tuple(one for one in soft if one.worth_micro > 0 and one.first < one.end)
