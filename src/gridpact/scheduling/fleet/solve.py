"""Solve a fleet: refuse what is wrong, let the engine go through its rounds, make the answer."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.balances import balances
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.engine import Engine
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.first_penalty import first_penalty
from gridpact.scheduling.fleet.limits import EXPORT, IMPORT
from gridpact.scheduling.fleet.meters import meters_of
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.outcome import (
    Outcome,
    missed_limits,
    mixed_outcome,
    scheduled,
    tight_slots,
)
from gridpact.scheduling.fleet.prepare import Case, Duals, net_of_zones, prepare
from gridpact.scheduling.fleet.scope import beyond, few, fixed, small, tiny
from gridpact.scheduling.fleet.shares import shares_of
from gridpact.scheduling.fleet.solution import (
    LimitPrices,
    Missed,
    Solution,
    Status,
    status_of,
)
from gridpact.scheduling.fleet.warm_start import begin_from
from gridpact.scheduling.fleet.whole_plans import deal_whole

LESS = 0.999
"""Part of what was missed that a higher penalty must bring it below to be raised again, where
nothing asks for a jump: no start to be paid, no plan to be had whole or not at all."""
TRIED = 4
"""Rounds to try with before the reference solves what it sooner solves."""


def solve(
    fleet: Fleet,
    prices: Prices,
    options: Options | None = None,
    warm: Solution | None = None,
    passed: int = 0,
) -> Solution:
    """Schedule a fleet at least cost under its limits, to a proven gap.

    ``warm`` is the answer to a similar fleet to begin from, of which ``passed`` slots have passed
    since; it changes the time, not the claim.

    Raises :class:`~gridpact.base.errors.BadInput` naming everything that is wrong with the fleet or
    its prices. What cannot be kept of shared limits is missed by little and named in the answer.
    """
    options = options or Options()
    refuse_faults(fleet, prices, options, warm, passed)
    first = first_penalty(fleet, prices) if options.penalty is None else options.penalty
    if options.method == "reference" or fixed(fleet) or (options.method == "auto" and tiny(fleet)):
        return _reference(fleet, prices, options, first)
    meters = meters_of(fleet, prices)
    missing = beyond(fleet, meters)
    if missing and options.method == "engine":
        raise BadInput(missing)
    if missing:
        return _reference(fleet, prices, options, first)
    case = prepare(fleet, meters, options.parts, options.gap)
    if options.executor is None:  # other processes cannot be told; their searches are bounded
        for home in case.groups.homes.programmes:
            home.end_when(options.cancelled)
    alone = options.method == "engine" or not small(fleet)
    tried = options if alone else _few_rounds(fleet, case, options)
    engine = Engine(case, tried, first * 1e-6)
    _begin(engine, fleet, warm, passed)
    solution = _engine(fleet, case, engine, options.raises if alone else 0)
    solution = _led_on(fleet, case, engine, solution) if alone and warm is None else solution
    if alone or options.cancelled() or solution.status is Status.OPTIMAL:
        return solution
    return _better(solution, _reference(fleet, prices, options, solution.penalty), options.gap)


def _begin(engine: Engine, fleet: Fleet, warm: Solution | None, passed: int) -> None:
    """Begin where an earlier answer or a balance of energy leads."""
    if warm is not None and isinstance(warm.source, Mixture) and not _hasty(warm.source):
        begin_from(engine, fleet, warm.source, passed)
    if engine.options.balances:
        engine.try_first(balances(fleet, engine.case, engine.penalty))


def _few_rounds(fleet: Fleet, case: Case, options: Options) -> Options:
    """Try few rounds where the reference soon knows better: few assets, homes that search."""
    if few(fleet) or any(one.searches for one in case.groups.homes.programmes):
        return msgspec.structs.replace(options, rounds=min(options.rounds, TRIED))
    return options


def _led_on(fleet: Fleet, case: Case, engine: Engine, solution: Solution) -> Solution:
    """Where rounds from nothing led no further, go on from there with new masters, once."""
    options, source = engine.options, solution.source
    early = not options.cancelled() and len(engine.rounds) < 2 * options.rounds
    stalled = early and solution.status is Status.STOPPED
    if not stalled or not isinstance(source, Mixture):
        return solution
    again = Engine(case, options, solution.penalty * 1e-6)
    begin_from(again, fleet, source, 0)
    return _better(_engine(fleet, case, again, options.raises), solution, options.gap)


def _hasty(mixture: Mixture) -> bool:
    """Whether a cancelled solve has cut homes' answers short: they would answer otherwise now."""
    return any(one.hasty for one in mixture.groups.homes.programmes)


def _better(mixed: Solution, whole: Solution, gap: float) -> Solution:
    """The cheaper of the engine's answer and the reference's, with the higher bound of both.

    The reference begins from the engine's penalty and only raises it, so that both bounds hold at
    its own. Where the engine misses limits, only the reference tells whether that has to be.
    """
    cheaper = mixed.upper_nano < whole.upper_nano - _rounding(mixed)
    better = mixed if not mixed.missed and (whole.missed or cheaper) else whole
    lower = min(max(mixed.lower_nano, whole.lower_nano), better.upper_nano)
    status = status_of((lower, better.upper_nano), gap, better.missed)
    return msgspec.structs.replace(better, status=status, lower_nano=lower, penalty=whole.penalty)


def _rounding(solution: Solution) -> float:
    """Difference of costs that counts as none [nano-¤]."""
    return 1.0 + 1e-9 * abs(solution.upper_nano)


def _reference(fleet: Fleet, prices: Prices, options: Options, first: float) -> Solution:
    from gridpact.scheduling.reference.highs import Search
    from gridpact.scheduling.reference.solve import solve_raising

    return solve_raising(
        fleet, prices, first, Search(options.gap, options.nodes, cancelled=options.cancelled)
    )


def _engine(fleet: Fleet, case: Case, engine: Engine, raises: int) -> Solution:
    engine.run()
    answer = _answer(fleet, case, engine)
    jumps = fleet.generators is not None or not engine.whole
    for _ in range(raises):
        before = answer.missing_wh
        if not before or engine.stopped:
            break
        engine.raise_penalty(engine.penalty * 10)
        engine.run()
        answer = _answer(fleet, case, engine)
        if answer.missing_wh > LESS * before and not jumps:
            break
    if not engine.whole:
        engine.hold(deal_whole(case.groups, answer.mixture.shares, engine.asked_at))
        answer = _beside_dealt(fleet, engine, raises)
    return _solution(fleet, engine.case, engine, answer)


def _beside_dealt(fleet: Fleet, engine: Engine, raises: int) -> _Answer:
    """Schedule the others beside what was dealt whole, missing no limit that they can keep.

    The bound was proven before, at a lower penalty, and holds at a higher one.
    """
    engine.run()
    answer = _answer(fleet, engine.case, engine)
    for _ in range(raises):
        if not answer.missing_wh or engine.options.cancelled():
            break
        engine.raise_penalty(engine.penalty * 10)
        engine.run()
        answer = _answer(fleet, engine.case, engine)
    return answer


class _Answer(msgspec.Struct, frozen=True):
    """What the engine's last mix comes to once storage is separated."""

    mixture: Mixture
    outcome: Outcome
    missed: tuple[Missed, ...]
    joined: Floats

    @property
    def missing_wh(self) -> float:
        """All that is missed of limits [Wh]."""
        return sum(one.missing_wh for one in self.missed)


def _answer(fleet: Fleet, case: Case, engine: Engine) -> _Answer:
    usages, weight = engine.proposals()
    energy, cost = np.zeros(usages[0].energy.shape), np.zeros(len(case.groups.zone))
    for share, usage in zip(weight, usages, strict=True):
        energy += share[:, None, None] * usage.energy
        cost += share * usage.own_cost
    shares = shares_of(case.groups, usages, weight)
    dealt = engine.fixed.dealt if engine.fixed else tuple(None for _ in case.groups.blocks)
    tight = tight_slots(fleet, case, engine.duals)
    mixture = Mixture(
        fleet, case.meters, case.groups, engine.asked_at, shares, tight, dealt, engine
    )
    if not engine.whole and engine.fixed is None:  # a mix to deal whole plans by, and no more
        outcome = mixed_outcome(case, energy, cost)
        return _Answer(mixture, outcome, missed_limits(case, outcome), case.meters.load)
    made = scheduled(mixture, case, energy)
    outcome = mixed_outcome(case, made.energy, cost - made.saved)
    return _Answer(mixture, outcome, missed_limits(case, outcome), made.joined)


def _solution(fleet: Fleet, case: Case, engine: Engine, answer: _Answer) -> Solution:
    outcome, penalty = answer.outcome, engine.penalty
    over = float(outcome.cells.sum() + outcome.rows.sum() + outcome.zones.sum())
    upper = float(outcome.cost.sum()) + case.fixed_cost + penalty * over
    lower = min(engine.lower if engine.fixed is None else engine.proven, upper)
    prices = _limit_prices(fleet, case, engine.best)
    bounds = lower * 1e9, upper * 1e9
    return Solution(
        status=status_of(bounds, engine.options.gap, answer.missed),
        lower_nano=bounds[0],
        upper_nano=bounds[1],
        penalty=penalty * 1e6,
        net_wh=net_of_zones(case, outcome.energy.sum(axis=1), answer.joined) * 1000,
        prices=prices,
        limit_cost_nano=_limit_cost(case, engine.best, len(fleet.zones.parent)),
        row_cost_nano=_row_cost(fleet, case, engine.best),
        missed=answer.missed,
        rounds=tuple(engine.rounds),
        source=answer.mixture,
    )


def _limit_prices(fleet: Fleet, case: Case, duals: Duals) -> LimitPrices:
    """Prices of all limits in the caller's rows [µ¤/kWh]."""
    shape = (len(fleet.zones.parent), fleet.slots)
    by_kind = {IMPORT: np.zeros(shape), EXPORT: np.zeros(shape)}
    for kind, prices in by_kind.items():
        if kind < duals.cells.shape[1]:
            prices[case.groups.zone] = duals.cells[:, kind] * 1e6
        prices[list(case.upper)] = duals.coupling.zones[:, kind] * 1e6
    rows, count = case.coupling.rows, _row_count(fleet)
    sides = {1.0: np.zeros(count), -1.0: np.zeros(count)}
    for sign, side in sides.items():
        own = rows.sign == sign
        side[rows.row[own]] = duals.coupling.rows[own] * 1e6
    return LimitPrices(by_kind[IMPORT], by_kind[EXPORT], lower=sides[-1.0], upper=sides[1.0])


def _row_count(fleet: Fleet) -> int:
    return 0 if fleet.portfolio is None else len(fleet.portfolio.set_of_row)


def _limit_cost(case: Case, duals: Duals, zones: int) -> Floats:
    """Import and export limits at their prices [zones] nano-¤."""
    cost = np.zeros(zones)
    for price, most, zone in (
        (duals.cells, case.most, case.groups.zone),
        (duals.coupling.zones, case.coupling.most, np.array(case.upper, np.int64)),
    ):
        kinds = slice(0, EXPORT + 1)
        finite = np.where(np.isfinite(most[:, kinds]), most[:, kinds], 0.0)
        cost[zone] += (price[:, kinds] * finite).sum(axis=(1, 2)) * 1e9
    return cost


def _row_cost(fleet: Fleet, case: Case, duals: Duals) -> Floats:
    """Portfolio bounds at their prices [rows] nano-¤."""
    cost, rows = np.zeros(_row_count(fleet)), case.coupling.rows
    np.add.at(cost, rows.row, duals.coupling.rows * rows.most * 1e9)
    return cost
