"""Which open choices pay: beside everything else of a plan, in one mixed-integer programme.

The programme of a community is that of its plan; a choice is a column of it, from 0 at its lower
bound to 1 at its upper one, priced at what the author pays more. What it obliges the author to is a
row of the author's home that counts once anything of it is taken. A choice is taken where that pays
more than :data:`HURDLE`. Whole Wh are left to the plan that is then made with what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.case import prepare
from gridpact.scheduling.community.model import (
    community_fleet,
    gains_by_curtailing,
    limited_in_export,
)
from gridpact.scheduling.contracted.rights import Right
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.problem import Problem
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import Optimum, Search, minimise
from gridpact.scheduling.reference.model import Model, lay, no_modes
from gridpact.scheduling.reference.parting import both_ways, parted

HURDLE = 1e-7
"""What taking a choice must be worth [¤] in a slot."""
GAP, NODES = 1e-9, 2_000
"""Gap to which choices are settled, and nodes of the search after which the best so far is taken:
a choice then may be left that would have paid."""
PENALTY = 1_000.0
"""What missing anything costs, in times of the highest price: none is missed to take a choice."""
KWH, UNIT = 1e-3, 1e-9


class Place(NamedTuple):
    """A right at the home of its author, whose net energy it bounds.

    ``total_wh`` [slots] is given by agreement in any case, what is open at its low; ``around_wh``
    [slots] is the net energy from which that counts.
    """

    right: Right
    home: int
    total_wh: Ints
    around_wh: Ints


def chosen(
    problem: Problem, places: Sequence[Place], cancelled: Callable[[], bool] | None = None
) -> list[Ints]:
    """Return what pays best of each right [slots], in its unit; the low bound where it is closed.

    The search ends with the best so far once ``cancelled`` says so.
    """
    low = [place.right.choice.bounds[0] for place in places]
    case = prepare(problem)
    curtailing = limited_in_export(case) | gains_by_curtailing(
        case, np.zeros((len(problem.zones.parent), case.shape[1]))
    )
    community = community_fleet(case, curtailing)
    choosing = _Choosing(problem, community.fleet, community.prices, places)
    try:
        found = choosing.solved(cancelled)
    except RuntimeError:  # the solver gave up: then nothing is chosen, and the plan goes on
        return low
    if found is None:
        return low
    return [_value(place, share) for place, share in zip(places, found, strict=True)]


def _value(place: Place, share: Floats) -> Ints:
    low, high = place.right.choice.bounds
    taken = low + np.rint(share * (high - low)).astype(np.int64)
    return np.asarray(np.where(place.right.open, taken, low))


class _Choosing:
    """One programme: the fleet of a community, and what may be chosen in it."""

    def __init__(
        self, problem: Problem, fleet: Fleet, prices: Prices, places: Sequence[Place]
    ) -> None:
        self.problem, self.fleet, self.prices, self.places = problem, fleet, prices, places
        highest = max(problem.import_price.max(initial=1), problem.export_price.max(initial=1))
        self.penalty = PENALTY * float(highest) * 1e-6

    def solved(self, cancelled: Callable[[], bool] | None) -> list[Floats] | None:
        """Return shares [slots] of each right's range; None where nothing was found."""
        search = Search(gap=GAP, nodes=NODES, cancelled=cancelled)
        modes = no_modes(self.fleet)
        while True:
            programme = Programme()
            laid = lay(programme, self.fleet, self.prices, self.penalty, modes)
            columns = self._add(programme, laid.nets.own)
            arrays = programme.arrays()
            best = minimise(arrays, search, programme.constant)
            if best is None:
                return None
            model = Model(
                fleet=self.fleet,
                arrays=arrays,
                constant=programme.constant,
                draws=laid.draws,
                ways=laid.ways,
                nets=laid.nets,
                limits=laid.limits,
            )
            conflict = both_ways(model, best.values)
            cured = best if not conflict.any() else parted(model, best, search)
            if cured is not None:
                return [self._share(place, own, cured) for place, own in self._pairs(columns)]
            modes = modes | conflict.any(axis=1, keepdims=True)

    def _pairs(self, columns: Sequence[Ints]) -> Iterator[tuple[Place, Ints]]:
        return zip(self.places, columns, strict=True)

    def _share(self, place: Place, columns: Ints, best: Optimum) -> Floats:
        share = np.zeros(len(place.right.open))
        share[columns >= 0] = np.clip(best.values[columns[columns >= 0]], 0.0, 1.0)
        return share

    def _add(self, programme: Programme, own: Ints) -> list[Ints]:
        """Add columns [slots] of every right, -1 where it is closed, and what they are held to."""
        least, most = programme.bounds()
        columns = [_column(programme, place) for place in self.places]
        pairs = sorted(self._pairs(columns), key=lambda pair: _same_row(pair[0]))
        for _, group in groupby(pairs, key=lambda pair: _same_row(pair[0])):
            members = list(group)
            home = len(self.problem.zones.parent) + members[0][0].home
            for slot in range(self.fleet.slots):
                here = [(place, cols) for place, cols in members if cols[slot] >= 0]
                if here:
                    net = int(own[home, slot])
                    self._oblige(programme, (net, least[net], most[net]), here, slot)
        for place, cols in self._pairs(columns):
            _count(programme, place, cols)
            _fall_short(programme, place, cols)
        return columns

    def _oblige(
        self,
        programme: Programme,
        net: tuple[int, float, float],
        here: Sequence[tuple[Place, Ints]],
        slot: int,
    ) -> None:
        """Hold a home to what it takes: ``way × net ≤ way × around − all that is given``."""
        moved = {id(place): _moved(place, slot) for place, _ in here}
        total = int(here[0][0].total_wh[slot])
        way = int(np.sign(total)) or next((np.sign(x) for x in moved.values() if x), 0)
        if not way:
            return
        column, least, most = net
        traded = int(self.problem.position_wh[here[0][0].home, slot])
        room = (way * (int(here[0][0].around_wh[slot]) - traded) - abs(total)) * KWH
        highest = most if way > 0 else -least
        spare = max(highest - room, 0.0)
        row = programme.rows(-np.inf, np.array([room + (spare if not total else 0.0)]))
        programme.entries(row, np.array([column]), float(way))
        for place, columns in here:
            programme.entries(row, columns[slot : slot + 1], way * moved[id(place)] * KWH)
        if total:  # asked in any case: where that cannot be, what is taken on top costs
            programme.entries(row, programme.columns(np.zeros(1), np.inf, self.penalty), -1.0)
            return
        taken = self._any(programme, [cols[slot] for place, cols in here if moved[id(place)]], here)
        programme.entries(row, taken, spare)

    def _any(
        self, programme: Programme, columns: Sequence[int], here: Sequence[tuple[Place, Ints]]
    ) -> Ints:
        """Column that is 1 once any of these is above 0."""
        if len(here) == 1 and here[0][0].right.choice.whole:
            return np.array(columns, np.int64)
        taken = programme.columns(np.zeros(1), 1.0, whole=True)
        for column in columns:
            row = programme.rows(-np.inf, np.zeros(1))
            programme.entries(row, np.array([column]))
            programme.entries(row, taken, -1.0)
        return taken


def _same_row(place: Place) -> tuple[int, bool]:
    return place.home, place.right.from_baseline


def _moved(place: Place, slot: int) -> int:
    """What more is given when a right is taken whole [Wh]."""
    return int(place.right.choice.given[1, slot] - place.right.choice.given[0, slot])


def _column(programme: Programme, place: Place) -> Ints:
    """Add the columns of a right where it is open; each costs what its author pays more."""
    choice, columns = place.right.choice, np.full(len(place.right.open), -1, np.int64)
    at = np.flatnonzero(place.right.open)
    paid = (choice.paid[1] - choice.paid[0])[at] * UNIT
    columns[at] = programme.columns(np.zeros(len(at)), 1.0, paid + HURDLE, whole=choice.whole)
    return columns


def _count(programme: Programme, place: Place, columns: Ints) -> None:
    """Take no more than a period's rights."""
    for one in place.right.counts:
        inside = columns[one.first : one.end]
        row = programme.rows(-np.inf, np.array([float(one.most)]))
        programme.entries(np.repeat(row, int((inside >= 0).sum())), inside[inside >= 0])


def _fall_short(programme: Programme, place: Place, columns: Ints) -> None:
    """Pay for what a period's total lacks."""
    for one in place.right.choice.shortfalls:
        low, high = one.counted
        due = (one.agreed_wh - int(low.sum())) * KWH
        if due <= 0 or not one.rate:
            continue
        short = programme.columns(np.zeros(1), due, one.rate * 1e-6)
        inside = columns[one.first : one.end]
        row = programme.rows(np.array([due]), np.inf)
        programme.entries(row, short)
        programme.entries(
            np.repeat(row, int((inside >= 0).sum())),
            inside[inside >= 0],
            (high - low)[inside >= 0] * KWH,
        )


def mixed(places: Sequence[Place]) -> list[Place]:
    """Return places with slots closed in which one home would both give and take."""
    found, ways = list[Place](), dict[tuple[int, bool], Ints]()
    for place in places:
        moved = np.sign(place.right.choice.given[1] - place.right.choice.given[0])
        way = ways.get(_same_row(place), np.sign(place.total_wh))
        apart = (way * moved < 0) & place.right.open
        right = place.right._replace(open=place.right.open & ~apart)
        ways[_same_row(place)] = np.where((way == 0) & right.open, moved, way)
        found.append(place._replace(right=right))
    return found


def frozen(problem: Problem, net_wh: Ints, homes: Sequence[int]) -> Problem:
    """Return a problem in which all but some homes do as planned: ``net_wh`` [homes, slots]."""
    other = ~np.isin(np.arange(len(problem.load_wh)), homes)
    stays = other[problem.storage.home]
    storage = msgspec.structs.replace(
        problem.storage,
        charge_max_wh=np.where(stays[:, None], 0, problem.storage.charge_max_wh),
        discharge_max_wh=np.where(stays[:, None], 0, problem.storage.discharge_max_wh),
    )
    runs = problem.runs
    kept = ~other[runs.home]
    columns = {name: getattr(runs, name)[kept] for name in runs.__struct_fields__}
    return msgspec.structs.replace(
        problem,
        load_wh=np.where(other[:, None], net_wh, problem.load_wh),
        pv_wh=np.where(other[:, None], 0, problem.pv_wh),
        storage=storage,
        runs=msgspec.structs.replace(runs, **columns),
        sums=tuple(one for one in problem.sums if not stays[list(one.storage)].any()),
    )
