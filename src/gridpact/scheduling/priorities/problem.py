"""One fleet at given prices of levels: solved, read off, and what each level must miss proven."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices, per_asset
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.priorities.answer import MISSED_WH, ByLevels, runs_due, runs_missing
from gridpact.scheduling.priorities.elastic import (
    Elastic,
    elastic_fleet,
    elastic_prices,
)
from gridpact.scheduling.priorities.levels import Ladder, Level, LevelLoss
from gridpact.scheduling.priorities.needs import NOTHING, Asked, Needs
from gridpact.scheduling.priorities.timeline import FairShares, Timeline, timeline

Solver: TypeAlias = Callable[[Fleet, Prices, Options], Solution]
"""What solves an ordinary fleet: the engine, or a reference behind the same seam."""


class Problem(msgspec.Struct, frozen=True):
    """What is to be solved, again and again at other prices of levels."""

    fleet: Fleet
    prices: Prices
    needs: Needs
    asked: Asked
    options: Options
    solver: Solver

    def line(self, fair: FairShares | None) -> Timeline:
        """Make-up slots after each slot at whose end something is asked, and after the last one."""
        bounds, last = self.asked.any[:, :-1].any(axis=0), self.fleet.slots - 1
        wishes = bool(np.any(self.needs.wish_wh)) or bool((self.asked.wish > NOTHING).any())
        points = np.append(np.flatnonzero(bounds), last)
        return timeline(self.fleet.slots, points, wishes, fair)

    def proven(self, ladder: Ladder, near: Solution | None = None) -> ByLevels:
        """Solve at these prices of levels, and prove what each level must miss.

        ``near`` is the answer to a similar fleet to begin from.
        """
        answer = self.answer(ladder, near=near)
        missing = np.array([loss.missing_wh for loss in answer.losses])
        losses = tuple(
            msgspec.structs.replace(
                loss, least_wh=self._least(loss.level, missing, ladder, answer.solution)
            )
            for loss in answer.losses
        )
        return msgspec.structs.replace(answer, losses=losses)

    def answer(
        self, ladder: Ladder, fair: FairShares | None = None, near: Solution | None = None
    ) -> ByLevels:
        """Solve at these prices of levels; nothing is proven of what they must miss."""
        line = self.line(fair)
        elastic = elastic_fleet(self.fleet, self.needs, self.asked, line, ladder, fair)
        solution = self._solved(elastic, self.prices, ladder, near)
        missing = _missing(self.fleet, self.needs, elastic, solution)
        priced = _priced(self.fleet, self.needs, elastic, solution, ladder)
        return ByLevels(
            fleet=self.fleet,
            needs=self.needs,
            elastic=elastic,
            ladder=ladder,
            solution=solution,
            losses=tuple(
                LevelLoss(level, float(missing[level]), 0.0, float(ladder.price[level]))
                for level in Level
            ),
            cost_lower_nano=solution.lower_nano - priced,
            cost_upper_nano=solution.upper_nano - priced,
        )

    def _least(self, level: Level, missing: Floats, ladder: Ladder, near: Solution) -> float:
        """Prove what a level must miss if those before it miss no more than they do [Wh].

        ``near`` is the answer at the prices of all levels, and of energy: it is begun from.
        """
        if missing[level] <= MISSED_WH:
            return 0.0
        kept = np.where(np.arange(len(Level)) <= level, ladder.price, 0.0)
        first = Ladder(kept)
        costless = without_costs(self.fleet)
        elastic = elastic_fleet(costless, self.needs, self.asked, self.line(None), first)
        free = np.zeros(np.shape(self.prices.buy))
        found = self._solved(elastic, Prices(free), first, near)
        price = kept.copy()
        price[Level.GRID] = found.penalty
        due = runs_due(self.fleet)
        worth = found.lower_nano + float(_run_price(self.needs, first, len(due)) @ due)
        worth -= float(price[:level] @ missing[:level])
        return float(np.clip(worth / price[level], 0.0, missing[level]))

    def _solved(
        self, elastic: Elastic, prices: Prices, ladder: Ladder, near: Solution | None = None
    ) -> Solution:
        options = msgspec.structs.replace(self.options, penalty=float(ladder.price[Level.GRID]))
        priced = elastic_prices(prices, elastic, ladder)
        if self.solver is solve:  # any other solver begins from nothing
            return solve(elastic.fleet, priced, options, near)
        return self.solver(elastic.fleet, priced, options)


def without_costs(fleet: Fleet) -> Fleet:
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
