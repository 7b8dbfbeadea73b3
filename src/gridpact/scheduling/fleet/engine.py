"""Rounds of prices: hierarchical Dantzig–Wolfe decomposition over exact oracles.

Every round, prices of shared limits go down; each group of assets answers with its best plans; the
sums come up as columns of its cell's master, which mixes all answers so far under the limits of its
zone; the portfolio master mixes what the cells propose under the limits that couple them. The mix
bounds the least cost from above. The answers bound it from below (Lagrange): for any prices ≥ 0,
what assets would at least pay, less the limits at their prices.

Prices swing widely while masters know few answers. The masters' prices are therefore held within a
box around those of the best lower bound so far (R. E. Marsten et al., The boxstep method, 1975),
which narrows while the bound does not rise; assets are asked at prices between the two
(P. Wentges, 1997), of the masters' at the mean of a round. How far between follows from the last
answers: further out while the bound still rises there, less far where it falls (A. Pessoa et al.,
Automation and combination of linear-programming based stabilization techniques in column
generation, 2018). What a mix comes to that keeps all limits it can is worked out beside that, once
a round, at prices without a box.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.answers import Answered, ask
from gridpact.scheduling.fleet.focus import Focus
from gridpact.scheduling.fleet.groups import Block
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.pace import final, idle, stuck
from gridpact.scheduling.fleet.portfolio_master import (
    NO_PRICES,
    CouplingPrices,
    PortfolioMaster,
    Usage,
)
from gridpact.scheduling.fleet.prepare import (
    Case,
    Duals,
    GroupPrices,
    bought,
    coupling_prices,
    group_prices,
    no_prices,
    rent,
)
from gridpact.scheduling.fleet.quick import quick
from gridpact.scheduling.fleet.solution import Round, relative_gap
from gridpact.scheduling.fleet.whole_plans import Fixed
from gridpact.scheduling.fleet.zone_masters import ZoneMasters

INWARD, CHANGE = 0.3, 0.1
"""Share of the way from the masters' prices to those of the best bound at which to ask: at first,
and what it falls by where the bound still rises beyond, or grows by as a part of what is left."""
SHARE = 0.4
"""Share of the way to the portfolio master's prices that its prices move at once."""
QUICK_ASKS = 4
"""How often quick oracles are asked alone in a round."""
BOX, WIDER, NARROWER, LEAST = 0.06, 1.2, 0.85, 1e-5
"""Prices stay this close to those of the best bound, as a part of the penalty: at first, times what
after a better bound and after none, and at least."""
ROOM = 0.5
"""Part of the gap to close before indivisible assets are dealt; the rest is for dealing."""
UNASKED = 0
"""Round of answers that no prices were asked for: those of groups held fixed."""
SMALLEST = 1e-3
"""Energy [kWh] worth a pivot at the penalty, where nothing else costs anything."""
REMEMBER = 24
"""Rounds whose prices are kept, used or not."""
LAST_ASKS = 2
"""How often a cancelled solve asks all once more at most, while its mix misses limits."""
FINE = 1e-3
"""How much finer than the gap masters are solved."""


class Engine:
    """One solve: everything known so far. ``upper`` and ``lower`` are in ¤, fixed load included."""

    def __init__(self, case: Case, options: Options, penalty: float) -> None:
        self.case, self.options, self.penalty = case, options, penalty
        self.masters = ZoneMasters(case.groups, case.most, case.penalty, penalty)
        self.portfolio: PortfolioMaster | None = None
        if case.coupling.present:
            self.portfolio = self._proposing(np.zeros(len(case.groups.zone), np.bool_))
        self.duals = self.best = self._middle = no_prices(case)
        self._mixes = 0
        self.lower, self.upper = -np.inf, np.inf
        self.certified = -np.inf
        self.asked_at: dict[int, GroupPrices] = {}
        self.known = np.full(len(case.groups.cell), np.nan)
        self.focus: Focus | None = None
        self.rounds: list[Round] = []
        self.stopped, self._raised, self._width, self._inward = False, 0, BOX, INWARD
        self._begun = False
        self.fixed: Fixed | None = None
        self.proven = -np.inf
        self._blocks = case.groups.blocks
        self._quick = quick(self._blocks)
        self._opening, self._warm, self._remember = False, False, REMEMBER
        self.whole = all(one.divisible for one in self._blocks)
        self._asking = np.ones(len(case.groups.cell), np.bool_)

    def begin_at(self, best: Duals, width: float = BOX) -> None:
        """Begin near these prices of limits; the first mix is then free to keep all limits.

        A price above what missing a limit costs would prove nothing.
        """
        cells, most = np.minimum(best.cells, self.masters.penalty), self.penalty
        coupling = best.coupling
        rows, zones = np.minimum(coupling.rows, most), np.minimum(coupling.zones, most)
        self.duals = self.best = Duals(cells, CouplingPrices(rows, zones))
        self.masters.price[:] = cells
        self._width = width
        self._opening = self._warm = True

    def try_first(self, tried: Iterable[Duals]) -> None:
        """Ask all at some prices, and begin near those that prove the best bound."""
        if self.focus is None:
            for duals in tried:
                self._ask(duals, self._blocks)

    def look_at(self, focus: Focus) -> None:
        """Ask a part of the fleet alone, for as long as that helps."""
        self.focus, self._asking, self._blocks = focus, focus.groups, focus.blocks
        self._quick = quick(self._blocks)
        if self.portfolio is not None:
            self.portfolio = self._proposing(focus.cells)

    def look_up(self) -> None:
        """Ask the whole fleet from now on."""
        self.focus, self._blocks = None, self.case.groups.blocks
        self._quick = quick(self._blocks)
        self._asking = np.ones(len(self.case.groups.cell), np.bool_)
        self._raised, self._width = len(self.rounds), BOX

    def _proposing(self, alone: Bools) -> PortfolioMaster:
        return PortfolioMaster(self.case.coupling, self.penalty, alone)

    def run(self) -> None:
        """Go through rounds until the gap is proven, or cancelled, or out of rounds."""
        if not self._begun:
            self._begun = True
            self._ask(self.duals, self._blocks)
        while True:
            self._mix(free=self._opening)
            self._opening = False
            self._cover()
            self._report(len(self.rounds) + 1)
            if self._proven():
                return
            since = self.rounds[self._raised :]
            lost = self._warm and stuck(since, self.options.gap)
            if self.focus is not None and (lost or idle(since, self.options.gap)):
                self.look_up()
            elif lost:
                self._start_over()
            self.stopped = self._stops()
            if self.stopped:
                self._leave()
                return
            self._go_on()

    def _leave(self) -> None:
        """End without proof; once cancelled, first ask for answers by which less is missed."""
        for _ in range(LAST_ASKS if self.options.cancelled() and self.fixed is None else 0):
            if self._misses_nothing():
                break
            self.duals = self._mixed(self.penalty)
            self._ask(self.duals, self._blocks)
            self._cover()
        self.certify()

    def _misses_nothing(self) -> bool:
        """Whether the mix keeps all limits, but for those that have a price of their own."""
        usages, weight = self.proposals()
        energy = np.einsum("pc,pcst->cst", weight, np.array([one.energy for one in usages]))
        missed = [self.masters.missed(energy.sum(axis=1))[~self.masters.soft]]
        if self.portfolio is not None:
            missed += self.portfolio.missed(energy)
        return all(one.max(initial=0.0) < SMALLEST for one in missed)

    def _go_on(self) -> None:
        """Ask again: the quick oracles several times, then all.

        Around assets held fixed the bound is proven, and the mix is all that is wanted: each of
        these is a round by itself there.
        """
        since = len(self.rounds) - self._raised
        if self._few_asks() and since % (QUICK_ASKS + 1):
            self._ask(self.duals, self._quick)
            return
        if self.fixed is None and self._quick:
            for _ in range(QUICK_ASKS):
                self._ask(self.duals, self._quick)
                self._mix()
        self._look_out()
        self._mixes = 0

    def _few_asks(self) -> bool:
        """Whether rounds mostly ask the quick oracles alone."""
        return self.fixed is not None and len(self._quick) > 0

    def _start_over(self) -> None:
        """Search for prices from zero: those of the earlier solve led nowhere."""
        self.certify()
        self._warm, self.lower, self.best = False, -np.inf, no_prices(self.case)
        self._raised, self._width = len(self.rounds), BOX

    def _stops(self) -> bool:
        """Whether to stop without proof: cancelled, out of rounds, or no longer getting closer."""
        since = len(self.rounds) - self._raised
        if self.options.cancelled() or since >= self.options.rounds:
            return True
        return final(self.rounds, since, QUICK_ASKS + 1 if self._few_asks() else 1)

    def _report(self, number: int) -> None:
        lower = max(self.lower, self.certified) if self.fixed is None else self.proven
        now = Round(number, lower * 1e9, self.upper * 1e9)
        self.rounds.append(now)
        if self.options.progress is not None:
            self.options.progress(now)

    def _proven(self) -> bool:
        """Whether the gap is closed by a bound from exact answers."""
        if self.fixed is not None and relative_gap(self.proven, self.upper) <= self.options.gap:
            return True
        gap = self.options.gap * (1.0 if self.whole else ROOM)
        if relative_gap(max(self.lower, self.certified), self.upper) > gap:
            return False
        if self.fixed is None:  # beside what is held fixed the bound only tells when to stop
            self.certify()
        return relative_gap(self.lower, self.upper) <= gap

    def certify(self) -> None:
        """Replace the lower bound by what exact oracles answer to its prices."""
        blocks = tuple(
            msgspec.structs.replace(one, oracle=one.oracle.exact()) for one in self._blocks
        )
        answered = self._answers(group_prices(self.case, self.best), blocks)
        self.known = answered.value
        self.certified = max(self.certified, self._bound(answered, self.best))
        self.lower = self.certified

    def _ask(self, duals: Duals, blocks: tuple[Block, ...]) -> Answered:
        """Ask assets at these prices of limits, keep their answers and the bound they prove."""
        prices = group_prices(self.case, duals)
        answered = self._answers(prices, blocks)
        paid = bought(self.case, answered.energy)
        born = max(self.asked_at, default=-1) + 1
        self.asked_at[born] = prices
        rounds = np.full(len(paid), born)
        self.masters.append(answered.asked, answered.energy, answered.own_cost + paid, rounds)
        self._forget()
        if np.array_equal(answered.asked, self._asking):
            bound = self._bound(answered, duals)
            if bound > self.lower:
                self.lower, self.best = bound, duals
                self._width = min(self._width * WIDER, 1.0)
            else:
                self._width = self._tried(self._width)
        return answered

    def _tried(self, width: float) -> float:
        """Width of the box after no better bound was found in it.

        Prices of an earlier solve may lie outside: a limit or a price has changed since.
        """
        return min(width * WIDER, 1.0) if self._warm else max(width * NARROWER, LEAST)

    def _look_out(self) -> None:
        """Ask all between the masters' prices and the best, and learn how far out to ask next."""
        behind, ahead, groups = self.best, self._middle, self.case.groups
        answered = self._ask(ahead.towards(behind, self._inward), self._blocks)
        near, far = (group_prices(self.case, one).of(groups) for one in (behind, ahead))
        dearer = float(np.sum((far - near) * answered.energy))
        if dearer > rent(self.case, ahead) - rent(self.case, behind):
            self._inward = max(self._inward - CHANGE, 0.0)
        else:
            self._inward += CHANGE * (1.0 - self._inward)

    def _answers(self, prices: GroupPrices, blocks: tuple[Block, ...]) -> Answered:
        groups, options = self.case.groups, self.options
        at = prices.of(groups)
        answered = ask(groups, blocks, at, (options.executor, options.tasks))
        if self.fixed is not None:
            paid = self.fixed.own_cost + np.einsum("gt,gt->g", at, self.fixed.energy)
            answered.value[self.fixed.held] = paid[self.fixed.held]
        if self.focus is not None:
            answered.value[~self.focus.groups] = self.focus.value[~self.focus.groups]
        return answered

    def _forget(self) -> None:
        """Forget prices whose answers are in no master and no proposal any more."""
        if len(self.asked_at) < self._remember:
            return
        used = self.masters.rounds()
        if self.portfolio is not None:
            used |= self.portfolio.rounds()
        if self.fixed is not None:
            used |= self.fixed.rounds()
        self.asked_at = {born: asked for born, asked in self.asked_at.items() if born in used}
        self._remember = 2 * len(self.asked_at) + REMEMBER

    def _bound(self, answered: Answered, duals: Duals) -> float:
        return float(answered.value.sum()) - rent(self.case, duals) + self.case.fixed_cost

    def _mix(self, *, free: bool = False) -> None:
        """Let the masters mix all answers; their prices and the cost of the mix follow."""
        self._follow(self._mixed(self.penalty * (1.0 if free else self._width)))

    def _cover(self) -> None:
        """Let prices go as far as they must for the mix to keep all limits it can; ask no one."""
        self._mixed(self.penalty)

    def _mixed(self, width: float) -> Duals:
        """Mix all answers at prices within ``width`` of the best; the masters' prices."""
        tolerance = self._tolerance()
        self.masters.hold(self.best.cells, width)
        if self.portfolio is not None:
            self.portfolio.hold(self.best.coupling, width)
        prices = NO_PRICES
        if self.portfolio is not None:
            prices = coupling_prices(self.case, self.duals.coupling).of(self.case.groups)
        asked = self.focus.cells if self.focus else np.ones(len(tolerance), np.bool_)
        self.masters.solve(prices, tolerance, np.flatnonzero(asked))
        if self.portfolio is None:
            cost, found = self.masters.cost(), self.best.coupling
        else:
            self.portfolio.add(self.masters.usage(), asked)
            found = self.portfolio.solve(float(tolerance.sum()))
            cost = self.portfolio.cost()
        self.upper = min(self.upper, cost + self.case.fixed_cost)
        return Duals(self.masters.price.copy(), found)

    def _follow(self, ahead: Duals) -> None:
        """Take the masters' prices; the portfolio's move part of the way, or not in a focus.

        The mean of those that a round comes by is less extreme than any: all are asked there.
        """
        if self.focus is not None:
            self.duals = Duals(ahead.cells, self.best.coupling)
        else:
            few = self.portfolio is None or len(self.portfolio.proposals) <= 2
            moved = self.duals.towards(ahead, 1.0 if few else SHARE)
            self.duals = Duals(ahead.cells, moved.coupling)
        self._mixes += 1
        self._middle = self._middle.towards(self.duals, 1.0 / self._mixes)

    def proposals(self) -> tuple[list[Usage], Floats]:
        """What cells proposed, and the weight of each proposal in each cell [proposals, cells]."""
        if self.portfolio is not None:
            return list(self.portfolio.proposals.values()), self.portfolio.shares()
        return [self.masters.usage()], np.ones((1, len(self.masters.masters)))

    def hold(self, fixed: Fixed) -> None:
        """Hold groups fixed, and go on with the others from what is known; the bound is kept."""
        known, groups = self.masters, msgspec.structs.replace(self.case.groups, blocks=fixed.blocks)
        self.case = case = msgspec.structs.replace(self.case, groups=groups)
        self.proven, self.fixed = self.lower, fixed
        self.masters = ZoneMasters(case.groups, case.most, case.penalty, self.penalty)
        asked = fixed.held | fixed.eased
        own = np.where(asked, -1, np.arange(len(asked)))
        self.masters.keep(known, own, np.arange(len(case.groups.zone)))
        cost = fixed.own_cost + bought(case, fixed.energy)
        born = np.where(fixed.held, UNASKED, fixed.born)
        self.masters.append(asked, fixed.energy, cost, born)
        if self.portfolio is not None:
            self.portfolio = self._proposing(np.zeros(len(case.groups.zone), np.bool_))
        self.look_up()
        self._blocks = tuple(one for one in self._blocks if one.divisible)
        self._quick = quick(self._blocks)
        self._asking = ~fixed.held
        self.lower = self.certified = -np.inf
        self.upper = np.inf

    def raise_penalty(self, penalty: float) -> None:
        """Make missing a limit dearer, and go on from what is known."""
        self.penalty, self.upper = penalty, np.inf
        self._raised, self._width = len(self.rounds), BOX
        self.masters.raise_penalty(penalty)
        if self.portfolio is not None:
            self.portfolio.raise_penalty(penalty)

    def _tolerance(self) -> Floats:
        """Least gain worth a pivot in each cell [cells] ¤: a small part of the gap asked for."""
        return np.asarray(
            self.options.gap * FINE * np.maximum(self.masters.scale, self.penalty * SMALLEST)
        )
