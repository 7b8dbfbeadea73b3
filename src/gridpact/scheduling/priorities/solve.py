"""Solve by levels: each level's loss is least before the next is looked at, and cost comes last.

Every level is priced so far above the next that no saving there pays for missing more here: one
solve does for all levels (exact penalties, O. L. Mangasarian, SIAM J. Control Optim. 23, 1985;
how far is far enough: H. D. Sherali, Naval Research Logistics 29, 1982). Whether the prices were
far enough apart is then proven, level by level and only where something is missing: with costs and
the later levels left out, the engine's lower bound says what must be missing at least. Where more
is, the levels up to that one are raised and all is solved again. Freezing what a level misses and
solving for the next would say the same, but makes the shared limits degenerate and the bounds slow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices, per_asset
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.priorities.answer import MISSED_WH, ByLevels, runs_due, runs_missing
from gridpact.scheduling.priorities.elastic import (
    Elastic,
    FairShares,
    elastic_fleet,
    elastic_prices,
)
from gridpact.scheduling.priorities.levels import Ladder, Level, LevelLoss, ladder_of
from gridpact.scheduling.priorities.needs import NOTHING, Asked, Needs, asked_of, refuse_needs
from gridpact.scheduling.priorities.refusals import refuse_unmade
from gridpact.scheduling.priorities.timeline import Timeline, timeline

RAISES = 3
"""How often levels are raised above those after them, where they miss more than they must."""

Solver: TypeAlias = Callable[[Fleet, Prices, Options], Solution]
"""What solves an ordinary fleet: the engine, or a reference behind the same seam."""


def solve_by_levels(
    fleet: Fleet,
    prices: Prices,
    needs: Needs | None = None,
    options: Options | None = None,
    *,
    fair: FairShares | None = None,
    solver: Solver = solve,
) -> ByLevels:
    """Schedule a fleet whose limits, contracts, needs and wishes may have to give, in this order.

    Each level misses as little as possible, then each next one, then the cost is least; all within
    the gap of ``options``, whose ``penalty`` is not used. ``fair`` says whose share is dearer to
    go beyond within one level.

    Raises
    ------
    BadInput
        What is wrong with the fleet, its prices or what is asked.
    """
    needs, options = needs or Needs(), options or Options()
    refuse_faults(_without_dues(fleet), prices)
    refuse_needs(fleet, needs)
    asked = asked_of(fleet, needs)
    problem = _Problem(fleet, prices, needs, asked, options, solver)
    line = _line(fleet, needs, asked, fair)
    refuse_unmade(fleet, asked, line)
    ladder = ladder_of(fleet, prices)
    for _ in range(RAISES + 1):
        answer = problem.answer(ladder, line, fair)
        short = _too_much(answer, options.gap)
        if short is None:
            break
        ladder = ladder.steeper(short)
    return answer


class _Problem(msgspec.Struct, frozen=True):
    """What is to be solved, again and again at other prices of levels."""

    fleet: Fleet
    prices: Prices
    needs: Needs
    asked: Asked
    options: Options
    solver: Solver

    def answer(self, ladder: Ladder, line: Timeline, fair: FairShares | None) -> ByLevels:
        """Solve at these prices of levels, and prove what each level must miss."""
        elastic = elastic_fleet(self.fleet, self.needs, self.asked, line, ladder, fair)
        solution = self._solved(elastic, self.prices, ladder)
        missing = _missing(self.fleet, self.needs, elastic, solution)
        priced = _priced(self.fleet, self.needs, elastic, solution, ladder)
        plain = msgspec.structs.replace(line, beyond=np.zeros_like(line.beyond))
        return ByLevels(
            fleet=self.fleet,
            needs=self.needs,
            elastic=elastic,
            ladder=ladder,
            solution=solution,
            losses=tuple(
                LevelLoss(
                    level,
                    float(missing[level]),
                    self._least(level, missing, ladder, plain),
                    float(ladder.price[level]),
                )
                for level in Level
            ),
            cost_lower_nano=solution.lower_nano - priced,
            cost_upper_nano=solution.upper_nano - priced,
        )

    def _least(self, level: Level, missing: Floats, ladder: Ladder, line: Timeline) -> float:
        """Prove what a level must miss if those before it miss no more than they do [Wh]."""
        if missing[level] <= MISSED_WH:
            return 0.0
        kept = np.where(np.arange(len(Level)) <= level, ladder.price, 0.0)
        first = Ladder(kept)
        costless = _without_costs(self.fleet)
        elastic = elastic_fleet(costless, self.needs, self.asked, line, first)
        free = np.zeros(np.shape(self.prices.buy))
        found = self._solved(elastic, Prices(free), first)
        price = kept.copy()
        price[Level.GRID] = found.penalty
        due = runs_due(self.fleet)
        worth = found.lower_nano + float(_run_price(self.needs, first, len(due)) @ due)
        worth -= float(price[:level] @ missing[:level])
        return float(np.clip(worth / price[level], 0.0, missing[level]))

    def _solved(self, elastic: Elastic, prices: Prices, ladder: Ladder) -> Solution:
        options = msgspec.structs.replace(self.options, penalty=float(ladder.price[Level.GRID]))
        return self.solver(elastic.fleet, elastic_prices(prices, elastic, ladder), options)


def _line(fleet: Fleet, needs: Needs, asked: Asked, fair: FairShares | None) -> Timeline:
    """Make-up slots after each slot at whose end something is asked, and after the last one."""
    points = np.append(np.flatnonzero(asked.any[:, :-1].any(axis=0)), fleet.slots - 1)
    wishes = bool(np.any(needs.wish_wh)) or bool((asked.wish > NOTHING).any())
    return timeline(fleet.slots, points, wishes, None if fair is None else fair.level)


def _without_dues(fleet: Fleet) -> Fleet:
    """The fleet with no energy due, so that only what is no number or no window is refused."""
    cars = fleet.one_way
    if cars is None or np.asarray(cars.energy_wh).dtype.kind not in "iuf":
        return fleet
    none = msgspec.structs.replace(cars, energy_wh=np.minimum(cars.energy_wh, 0.0))
    return msgspec.structs.replace(fleet, one_way=none)


def _without_costs(fleet: Fleet) -> Fleet:
    """The fleet with nothing but energy and levels to pay for."""
    costs = {
        "storage": ("wear",),
        "curtailable": ("cost",),
        "generators": ("fuel", "idle_cost", "start_cost"),
    }
    tables = {
        name: msgspec.structs.replace(table, **dict.fromkeys(columns, 0.0))
        for name, columns in costs.items()
        if (table := getattr(fleet, name)) is not None
    }
    if fleet.runs is not None:
        value = per_asset(fleet.runs.value, len(fleet.runs.zone))
        free = np.where(np.isinf(value), value, 0.0)
        tables["runs"] = msgspec.structs.replace(fleet.runs, value=free)
    return msgspec.structs.replace(fleet, **tables)


def _own_made(elastic: Elastic, solution: Solution) -> Floats:
    """Energy in make-up slots over the whole fleet [points, tiers] Wh."""
    zones = elastic.contracts.zones
    tops = np.flatnonzero(np.asarray(elastic.fleet.zones.parent)[:zones] < 0)
    return np.asarray(solution.net_wh[tops].sum(axis=0)[elastic.line.made])


def _contracts_missing(elastic: Elastic, solution: Solution) -> float:
    contracts, line = elastic.contracts, elastic.line
    if not contracts.present:
        return 0.0
    short = solution.net_wh[contracts.short_zone, line.real].sum()
    return float(short + solution.net_wh[contracts.over_zone, line.made].sum())


def _missing(fleet: Fleet, needs: Needs, elastic: Elastic, solution: Solution) -> Floats:
    """What goes missing at each level [levels] Wh."""
    made = _own_made(elastic, solution).sum(axis=0)
    missing = np.bincount(elastic.line.level, weights=made, minlength=len(Level))
    missing[Level.GRID] += sum(one.missing_wh for one in solution.missed)
    missing[Level.CONTRACTS] += _contracts_missing(elastic, solution)
    if fleet.runs is not None:
        runs = runs_missing(fleet, solution.schedules())
        np.add.at(missing, np.broadcast_to(np.asarray(needs.run_level), runs.shape), runs)
    return np.asarray(missing)


def _priced(
    fleet: Fleet, needs: Needs, elastic: Elastic, solution: Solution, ladder: Ladder
) -> float:
    """What the prices of levels add to the cost [nano-¤]."""
    made = _own_made(elastic, solution).sum(axis=0) @ elastic.line.price(ladder.price)
    grid = solution.penalty * sum(one.missing_wh for one in solution.missed)
    contract = ladder.price[Level.CONTRACTS] * _contracts_missing(elastic, solution)
    gone = runs_missing(fleet, solution.schedules()) if fleet.runs is not None else np.zeros(0)
    runs = float(_run_price(needs, ladder, len(gone)) @ (gone - runs_due(fleet)))
    return float(made + grid + contract + runs)


def _run_price(needs: Needs, ladder: Ladder, runs: int) -> Floats:
    """Price of the level of each run [runs] µ¤/kWh."""
    return np.asarray(ladder.price[np.broadcast_to(np.asarray(needs.run_level), (runs,))])


def _too_much(answer: ByLevels, gap: float) -> int | None:
    """The first level that misses more than it must by more than the solves' gaps allow."""
    open_nano = answer.solution.upper_nano - answer.solution.lower_nano
    for loss in answer.losses:
        before = sum(one.missing_wh * one.price for one in answer.losses[: loss.level + 1])
        touch = MISSED_WH + 2 * (open_nano + gap * before) / loss.price
        if loss.missing_wh > loss.least_wh + touch:
            return int(loss.level)
    return None
