"""What a plan would be without some of the needs that stand: whether they bind, what they move.

Needs *bind* where the plan is cheaper without them, by proven bounds of both costs. What they
*move* is the difference between the plan and the one that is made without them.

Both are solved for the home alone to which the needs belong, at the prices of the limits that the
plan ends in, and for the whole community where they are about several homes, or where such a price
would change what a budget is spent on. A home alone is asked for what gave way in the plan as far
as it was had there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import GridpactError
from gridpact.base.units import Ints
from gridpact.registry.model import Community
from gridpact.scheduling.activation.holding import Held, hold
from gridpact.scheduling.community.solve import GAP, NODES, plan_of, scheduled
from gridpact.scheduling.diaries.as_had import as_had
from gridpact.scheduling.fleet.columns import rows_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.posing import Posed
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.problem import Firm, Plan, Problem, Soft, Sum, Wished, ZoneColumns
from gridpact.scheduling.sums import homes_below

Pose: TypeAlias = Callable[[frozenset[str]], Posed]
"""Poses a plan's problem again, without the needs of these identifiers."""
WHOLE = -1
"""Stands for all homes where one is asked for."""
TOUCH, NOISE_NANO = 1e-6, 1000.0
"""Costs count as one where they are apart by this part of them, or by so many nano-¤."""


class _Answer(NamedTuple):
    """Net energy of all assets [assets, slots] Wh, and bounds of the least cost, nano-¤."""

    net_wh: Ints
    lower_nano: float
    upper_nano: float


class Without:
    """Answers what a plan would be without needs; what was solved once is kept."""

    def __init__(self, community: Community, pose: Pose, plan: Plan) -> None:
        self._community, self._pose, self._plan = community, pose, plan
        self._posed: dict[frozenset[str], Posed] = {}
        self._known: dict[tuple[frozenset[str], int], _Answer] = {}

    def planned_wh(self) -> Ints:
        """Net energy of all assets as planned [assets, slots], Wh."""
        plan = self._plan
        return self._net(plan.charge_wh - plan.discharge_wh, plan.run_start)

    def moved_wh(self, needs: Iterable[str], homes: set[int]) -> Ints | None:
        """Net energy [assets, slots] by which the plan differs from one without needs; Wh.

        None where they do not bind, or nothing shows that they do, as no plan without them is
        found: other reasons are told all the same. ``homes`` are those whose assets they are about.
        """
        names = frozenset(needs)
        home = min(homes) if len(homes) == 1 else WHOLE
        if any(self._together(self._pose_again(each), home) for each in (frozenset(), names)):
            home = WHOLE
        try:
            given, other = self._answer(frozenset(), home), self._answer(names, home)
        except (GridpactError, RuntimeError):
            return None
        apart = given.lower_nano - other.upper_nano
        if apart <= NOISE_NANO + TOUCH * abs(other.upper_nano):
            return None
        return self.planned_wh() - other.net_wh

    def _together(self, posed: Posed, home: int) -> bool:
        """Whether a home's storage counts in a sum with others, or in one of prices at a limit."""
        problem = posed.problem
        own = np.flatnonzero(problem.storage.home == home).tolist()
        for one in (*problem.sums, *(each.total for each in problem.soft if each.total)):
            below = np.flatnonzero(homes_below(problem.zones, one.zones)).tolist()
            if below == [home] and not one.storage:
                continue  # of this home alone
            here = home in below or not set(own).isdisjoint(one.storage)
            priced = one.kind == "cost" and self._limits(problem, home).any()
            if here and (priced or below or not set(one.storage) <= set(own)):
                return True
        return False

    def _limits(self, problem: Problem, home: int) -> Ints:
        """Prices of limits between a home and the grid [slots], µ¤/kWh."""
        total = np.zeros(problem.slots.count, np.int64)
        zone = int(problem.zones.zone[home])
        while zone >= 0:
            total = total + self._plan.zone_price[zone, : len(total)]
            zone = int(problem.zones.parent[zone])
        return total

    def _pose_again(self, names: frozenset[str]) -> Posed:
        if names not in self._posed:
            self._posed[names] = self._pose(names)
        return self._posed[names]

    def _answer(self, names: frozenset[str], home: int) -> _Answer:
        key = (names, home)
        if key not in self._known:
            self._known[key] = self._solved(self._pose_again(names), home)
        return self._known[key]

    def _solved(self, posed: Posed, home: int) -> _Answer:
        runs = wanted_runs(posed.needs)
        if home != WHOLE:
            posed = replace(posed, problem=as_had(posed.problem, self._plan, runs))
        problem, held = _reduced(posed)
        rows, own = np.arange(len(problem.storage.home)), np.arange(len(runs))
        if home != WHOLE:
            rows = np.flatnonzero(problem.storage.home == home)
            own = np.flatnonzero(problem.runs.home == home)
            problem = home_alone(problem, home, self._limits(problem, home))
        found = scheduled(problem, Options(gap=GAP, nodes=NODES))
        plan = plan_of(found)
        net = self._plan.charge_wh - self._plan.discharge_wh
        net[rows] = plan.charge_wh - plan.discharge_wh
        if held is not None:
            net[rows] += (held.charge_wh - held.discharge_wh)[rows]
        starts = self._plan.run_start.copy()
        starts[runs[own]] = plan.run_start
        bounds = found.solution.lower_nano, found.solution.upper_nano
        return _Answer(self._net(net, starts), *map(float, bounds))

    def _net(self, storage_wh: Ints, run_start: Ints) -> Ints:
        """Put what storage and appliances take together [assets, slots], Wh."""
        runs, step = self._community.runs, self._community.step_s
        slot, first = np.arange(storage_wh.shape[1]), run_start[:, None]
        lasts = -(-runs.duration_s // step)[:, None]
        on = (first >= 0) & (first <= slot) & (slot < first + lasts)
        return np.concatenate([storage_wh, on * (runs.power_w * step // 3600)[:, None]])


def _reduced(posed: Posed) -> tuple[Problem, Held | None]:
    """Take what is held out of a problem's choices; return it as far as it can be held."""
    if posed.held is None:
        return posed.problem, None
    problem, around = hold(posed.problem, posed.held)
    return problem, around.held


def home_alone(problem: Problem, home: int, limits: Ints) -> Problem:
    """Cut a problem to a home, whose prices have those of ``limits`` [slots] µ¤/kWh added."""
    chosen = np.array([home])
    rows, own_runs = (
        np.flatnonzero(table.home == home) for table in (problem.storage, problem.runs)
    )
    storage, runs = rows_of(problem.storage, rows), rows_of(problem.runs, own_runs)
    firm = problem.firm
    none = np.zeros((0, problem.slots.count), np.int64)
    return replace(
        problem,
        load_wh=problem.load_wh[chosen],
        pv_wh=problem.pv_wh[chosen],
        position_wh=problem.position_wh[chosen],
        import_price=problem.import_price[chosen] + limits,
        export_price=problem.export_price[chosen] + limits,
        storage=replace(storage, home=np.zeros_like(storage.home)),
        runs=replace(runs, home=np.zeros_like(runs.home)),
        zones=ZoneColumns(np.array([-1]), np.zeros(0, np.int64), none, none),
        sums=tuple(
            _within(one, rows)
            for one in problem.sums
            if {*one.storage} & {*rows.tolist()} or one.zones == (len(problem.zones.parent) + home,)
        ),
        firm=None if firm is None else _firm_of(firm, rows, own_runs),
        wished=None if problem.wished is None else _wished_of(problem.wished, rows, own_runs),
        soft=tuple(_soft_within(problem.soft, rows, own_runs)),
    )


def _firm_of(firm: Firm, rows: Ints, runs: Ints) -> Firm:
    most = None if firm.most_wh is None else firm.most_wh[rows]
    return Firm(firm.state_wh[rows], firm.runs[runs], most)


def _wished_of(wished: Wished, rows: Ints, runs: Ints) -> Wished:
    return Wished(
        charge_max_wh=wished.charge_max_wh[rows],
        discharge_max_wh=wished.discharge_max_wh[rows],
        lo_wh=wished.lo_wh[rows],
        hi_wh=wished.hi_wh[rows],
        earliest=wished.earliest[runs],
        latest=wished.latest[runs],
    )


def _soft_within(soft: Iterable[Soft], rows: Ints, runs: Ints) -> Iterator[Soft]:
    """Yield soft bounds of one home, with its own rows."""
    for one in soft:
        own = runs if one.side == "run" else rows
        if one.total is not None and set(one.total.storage) & {*rows.tolist()}:
            yield replace(one, total=_within(one.total, rows))
        elif one.total is None and one.row in own:
            yield replace(one, row=int(np.searchsorted(own, one.row)))


def _within(one: Sum, rows: Ints) -> Sum:
    """A sum of one home, which is the only one of its problem."""
    storage = tuple(np.searchsorted(rows, one.storage).tolist())
    return replace(one, storage=storage, zones=(0,) if one.zones else ())
