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
    LOOSE_WH,
    NOTHING_WH,
    SPARE_WH,
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
from gridpact.scheduling.community.wished import (
    EVERYTHING_WH,
    Unwished,
    WishColumns,
    everything_missed,
)
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Missed
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.sums import homes_below
from gridpact.scheduling.wishes import wished_sums


class Given(NamedTuple):
    """What must be missed [Wh].

    ``import_wh`` and ``export_wh`` [zones, slots] are above limits, ``state_wh`` [assets, slots]
    below the bounds asked and ``above_wh`` above them, ``sums`` beyond theirs. ``runs`` [runs] do
    not run. ``wished`` is what wishes miss.
    """

    import_wh: Floats
    export_wh: Floats
    state_wh: Floats
    above_wh: Floats
    sums: Beyond
    runs: Bools
    wished: Unwished


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


def beside(case: Case, found: Given, alone: Given | None, missed: tuple[Missed, ...]) -> Given:
    """What is ``found`` where homes have to do with limits ``missed``; others give that ``alone``.

    ``alone`` is what homes give whatever limits there are.
    """
    if alone is None:
        return found
    rows = _concerned(case, missed)[case.problem.storage.home]
    upper = {**alone.sums.upper, **found.sums.upper}
    sums = Beyond(found.sums.lower, upper)
    return found._replace(sums=sums, wished=found.wished.or_where(rows, alone.wished))


def given_alone(case: Case, homes: Bools, options: Options) -> Given:
    """Settle what wishes of storage in some homes [homes] miss, whatever limits there are.

    What is needed is kept as far as it can be without limits, too. All wishes of the homes are
    given up where the search was stopped before it found anything.
    """
    part = part_of(case, homes, np.zeros_like(homes))
    none = np.zeros(0, np.int64)
    try:
        return _settled(_Ladder(case, part._replace(runs=none), alone=True), options)
    except StoppedError:
        return unsettled(case)


def unsettled(case: Case) -> Given:
    """Return what is given where nothing was settled: all wishes, and no more."""
    problem = case.problem
    over = np.zeros(problem.zones.import_limit_wh.shape)
    off = np.zeros(problem.storage.lo_wh.shape)
    every = dict.fromkeys(wished_sums(problem), EVERYTHING_WH)
    none = np.zeros(len(case.startable), np.bool_)
    return Given(over, over, off, off, Beyond(every, every), none, everything_missed(case))


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

    def __init__(self, case: Case, part: Part, alone: bool = False) -> None:
        self.case, self.part = case, part
        self.elastic = elastic = Elastic(case, part)
        self.state, self.above, self.most = elastic.add_states()
        self.states = joined([self.state, self.above])
        self.imports = self.exports = joined([])
        if not alone:
            self.imports, self.exports = elastic.add_limits(1), elastic.add_limits(-1)
        self.sums = {} if alone else dict(self._sums())
        own = (row for row, one in enumerate(case.problem.sums) if self._is_own(row))
        self.own = {row: elastic.add_own(row, case.problem.sums[row]) for row in own}
        self.wishes = WishColumns(elastic)
        whole = {level: (np.zeros(0, np.int64), np.zeros(0)) for level in Level}
        whole[Level.NEEDS] = elastic.leaving_out()
        whole[Level.WISHES] = self._whole_wishes()
        none = np.zeros(0, np.int64)
        even: dict[Level, list[Ints]] = {level: [] for level in Level}
        even[Level.GRID] = [self.imports.column, self.exports.column]
        even[Level.NEEDS], even[Level.WISHES] = [self.most], [self.wishes.even]
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
                *whole[level],
            )
            for level in Level
        ]
        self.steps += [self._last(self._own(wishes=False))]
        self.spared = {sign: joined(parts) for sign, parts in elastic.spared.items()}
        self.steps += [self._last(self.spared[sign].column) for sign in self.spared]
        self.steps.append(self.steps.pop(Level.WISHES))  # whatever else there is comes before

    def _own(self, *, wishes: bool) -> Ints:
        """Columns of sums of single storage that are wishes, or that are needed."""
        sums = self.case.problem.sums
        found = (
            over.column[0]
            for row, (over, _) in self.own.items()
            if (sums[row].level is Level.WISHES) is wishes
        )
        return np.array([*found], int)

    def _whole_wishes(self) -> tuple[Ints, Floats]:
        """Columns of wishes that are not spread, and what each misses [Wh]."""
        own = self._own(wishes=True)
        columns = np.concatenate([self.wishes.late, own])
        return columns, np.concatenate([self.wishes.energy, np.ones(len(own))])

    def _last(self, columns: Ints) -> Step:
        """A step of which only the sum counts."""
        none = np.zeros(0, np.int64)
        programme = self.elastic.programme
        return add_step(programme, none, np.zeros(0), columns, np.ones(len(columns)))

    @property
    def loose(self) -> Ints:
        """Columns of what states miss, of which only the most was settled."""
        return np.concatenate([self.states.column, self.wishes.states.column])

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
        values, _ = programme.least(ladder.loose, 1.0)
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
        wished=ladder.wishes.missed(values),
    )


def _loose(ladder: _Ladder, values: Floats) -> bool:
    """Whether a state may be given more than it misses: others of its asset may miss as much."""
    found = False
    for most, states in ((ladder.most, ladder.states), (ladder.wishes.most, ladder.wishes.states)):
        _, times = np.unique(states.row, return_counts=True)
        found |= bool((times[values[most] > NOTHING_WH] > 1).any())
    return found


def _beyond(missed: float) -> float:
    return missed + SPARE_WH if missed > NOTHING_WH else 0.0


def _all_beyond(missed: Floats) -> Floats:
    return np.where(missed > NOTHING_WH, missed + SPARE_WH, 0.0)
