"""What gives way in a community where not everything can be kept.

Limits of the grid come first, then contracts, needs and wishes, as in
:mod:`gridpact.scheduling.priorities.levels`: each level misses as little energy as those before it
leave, and what it misses is spread (:mod:`gridpact.scheduling.community.least_peak`). Needs are the
bounds asked of states, counted as the most that each storage misses them by, what owners ask of net
energy, and appliances that do not run. Limits on what one storage does come after its states.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.elastic import (
    Elastic,
    Over,
    Part,
    joined,
    part_of,
    spread_of,
)
from gridpact.scheduling.community.least_peak import Step, add_step, settle
from gridpact.scheduling.community.limits_on_sums import Beyond, totals
from gridpact.scheduling.community.successive import StoppedError, Successive
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Missed
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.sums import homes_below

NOTHING_WH = 0.05
"""What is missed by less is kept."""
SPARE_WH = 1e-2
"""Given beyond what must be missed, so that real numbers find it."""
LOOSE_WH = 0.5
"""The same for states, of which whole Wh miss more than that."""


class Given(NamedTuple):
    """What must be missed [Wh].

    ``import_wh`` and ``export_wh`` [zones, slots] are above limits, ``state_wh`` [assets, slots]
    below the bounds asked and ``above_wh`` above them, ``sums`` beyond theirs. ``runs`` [runs] do
    not run.
    """

    import_wh: Floats
    export_wh: Floats
    state_wh: Floats
    above_wh: Floats
    sums: Beyond
    runs: Bools


def given_way(
    case: Case, curtailing: Bools, missed: tuple[Missed, ...], options: Options
) -> Given | None:
    """Settle what gives way in all homes that limits ``missed`` have to do with.

    ``curtailing`` [homes] are those whose plants may give less. None where the search was stopped
    before it found anything.
    """
    part = part_of(case, _concerned(case, missed), curtailing)
    try:
        return _settled(_Ladder(case, part), options)
    except StoppedError:
        return None


def _concerned(case: Case, missed: tuple[Missed, ...]) -> Bools:
    """Mark homes whose plans hang together with a limit that is missed [homes].

    Homes do so below one zone, and where a sum counts both.
    """
    problem, zones = case.problem, case.problem.zones
    groups = [homes_below(zones, (zone,)) for zone in range(len(zones.parent))]
    of_rows = [_counted(case, row) for row in totals(problem, np.flatnonzero(case.active))]
    marked = np.zeros(case.shape[0], np.bool_)
    for one in missed:
        marked |= groups[one.row] if one.kind in ("import", "export") else of_rows[one.row]
    groups += of_rows
    while True:
        before = int(marked.sum())
        for group in groups:
            if (marked & group).any():
                marked |= group
        if int(marked.sum()) == before:
            return marked


def _counted(case: Case, row: int) -> Bools:
    """Homes that a sum counts something of [homes]."""
    one = case.problem.sums[row]
    homes = homes_below(case.problem.zones, one.zones)
    homes[case.problem.storage.home[list(one.storage)]] = True
    return homes


class _Ladder:
    """The programme with all that may be missed, in steps from the first level to the last."""

    def __init__(self, case: Case, part: Part) -> None:
        self.case, self.part = case, part
        self.elastic = elastic = Elastic(case, part)
        self.state, self.above, self.most = elastic.add_states()
        self.states = joined([self.state, self.above])
        self.imports, self.exports = elastic.add_limits(1), elastic.add_limits(-1)
        self.sums = dict(self._sums())
        own = (row for row, one in enumerate(case.problem.sums) if self._is_own(row))
        self.own = {row: elastic.add_own(row, case.problem.sums[row]) for row in own}
        runs, weight = elastic.leaving_out()
        none = np.zeros(0, np.int64)
        even: dict[Level, list[Ints]] = {level: [] for level in Level}
        even[Level.GRID] = [self.imports.column, self.exports.column]
        even[Level.NEEDS] = [self.most]
        length: dict[Level, list[Floats]] = {
            level: [np.ones(len(columns)) for columns in even[level]] for level in Level
        }
        for row, over in self.sums.items():
            one = case.problem.sums[row]
            even[one.level].append(over.column)
            length[one.level].append(np.full(len(over.column), float(one.end - one.first)))
        self.steps = [
            add_step(
                elastic.programme,
                np.concatenate([none, *even[level]]),
                np.concatenate([np.zeros(0), *length[level]]),
                runs if level is Level.NEEDS else none,
                weight if level is Level.NEEDS else np.zeros(0),
            )
            for level in Level
        ]
        self.steps += [self._last(np.array([one[0].column[0] for one in self.own.values()], int))]
        self.spared = {sign: joined(parts) for sign, parts in elastic.spared.items()}
        self.steps += [self._last(self.spared[sign].column) for sign in self.spared]

    def _last(self, columns: Ints) -> Step:
        """A step of which only the sum counts."""
        none = np.zeros(0, np.int64)
        programme = self.elastic.programme
        return add_step(programme, none, np.zeros(0), columns, np.ones(len(columns)))

    def _sums(self) -> Iterator[tuple[int, Over]]:
        for row in totals(self.case.problem, np.flatnonzero(self.case.active)):
            if (_counted(self.case, row) & self.part.homes).any():
                yield row, self.elastic.add_net(row, self.case.problem.sums[row])

    def _is_own(self, row: int) -> bool:
        one = self.case.problem.sums[row]
        return one.kind != "net" and one.storage[0] in self.part.storage


def _settled(ladder: _Ladder, options: Options) -> Given:
    programme = Successive(ladder.elastic.programme, options.nodes, options.cancelled)
    for step in ladder.steps:
        settle(step, programme)
    values = programme.found
    if values is None or _loose(ladder, values):
        values, _ = programme.least(ladder.states.column, 1.0)
    problem = ladder.case.problem
    zones = problem.zones.import_limit_wh.shape
    shape = problem.storage.lo_wh.shape
    state, above = (spread_of(values, one, shape) for one in (ladder.state, ladder.above))
    lower, upper = dict[int, float](), dict[int, float]()

    def _above(over: Over, sign: int) -> Floats:
        return spread_of(values, over, zones) + spread_of(values, ladder.spared[sign], zones)

    for row, over in ladder.sums.items():
        for side, sign in ((lower, -1), (upper, 1)):
            side[row] = _beyond(float(values[over.column[over.slot == sign]].sum()))
    for row, (over, scale) in ladder.own.items():
        upper[row] = _beyond(float(values[over.column[0]])) * scale
    return Given(
        import_wh=_all_beyond(_above(ladder.imports, 1)),
        export_wh=_all_beyond(_above(ladder.exports, -1)),
        state_wh=np.where(state > NOTHING_WH, state + LOOSE_WH, 0.0),
        above_wh=np.where(above > NOTHING_WH, above + LOOSE_WH, 0.0),
        sums=Beyond(lower, upper),
        runs=ladder.elastic.left_out(values),
    )


def _loose(ladder: _Ladder, values: Floats) -> bool:
    """Whether a state may be given more than it misses: others of its asset may miss as much."""
    _, times = np.unique(ladder.states.row, return_counts=True)
    return bool((times[values[ladder.most] > NOTHING_WH] > 1).any())


def _beyond(missed: float) -> float:
    return missed + SPARE_WH if missed > NOTHING_WH else 0.0


def _all_beyond(missed: Floats) -> Floats:
    return np.where(missed > NOTHING_WH, missed + SPARE_WH, 0.0)
