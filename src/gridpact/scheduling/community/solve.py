"""Solve a community's problem with the fleet engine, and round its answer to whole Wh."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from gridpact.base.units import Bools
from gridpact.scheduling.case import Case, Draft, empty_draft, prepare
from gridpact.scheduling.community.as_asked import as_asked
from gridpact.scheduling.community.giving_way import (
    Given,
    beside,
    given_alone,
    given_way,
    unsettled,
)
from gridpact.scheduling.community.limits_on_sums import zone_prices
from gridpact.scheduling.community.model import (
    CommunityFleet,
    community_fleet,
    gains_by_curtailing,
    limited_in_export,
)
from gridpact.scheduling.community.priced import solve_priced, worth_of
from gridpact.scheduling.community.tightest import clashing
from gridpact.scheduling.fleet.meters import meters_of
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Schedules, Solution, closed
from gridpact.scheduling.fleet.solve import solve as solve_fleet
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.whole_plan import whole_plan
from gridpact.scheduling.wishes import wished_sums

GAP = 1e-6
"""Gap to which a plan is proved unless another is asked for."""
PENALTY = 1000.0
"""Where limits must give way, energy above them costs this many times the highest price: so much
that none is exceeded to save money."""
SCARCE = 10
"""The zone price shown is at most this many times the highest price, also where a limit gives."""
PROVED, TOUCH = 1e2, 1e-9
"""Bounds count as one where they are apart by so many nano-¤ a home and this part of the cost."""
TOGETHER, ROUNDS = 10_000, 16
"""Assets × slots up to which homes of several assets are planned as one programme where so many
rounds of prices do not suffice: each of their answers takes a search of its own."""
NODES = 100
"""Nodes that a search for whole numbers explores unless other options are given. Where a kWh earns
more than it costs in most slots a proof can take for ever; the best answer found is taken then, and
what it may lack is reported."""


class Scheduled(msgspec.Struct, frozen=True):
    """A community's problem, the fleet made of it, and the answer in real numbers."""

    case: Case
    community: CommunityFleet
    solution: Solution


def solve(problem: Problem, options: Options | None = None) -> Plan:
    """Return a plan whose cost is within the gap of ``options`` (:data:`GAP`) of the cheapest.

    What is firm comes first, then limits of the grid, contracts, what owners need, and cost last:
    what cannot be kept is missed by as little as possible, then spread (see
    :mod:`gridpact.scheduling.community.giving_way`). The plan is in whole Wh, so each slot differs
    from the answer in real numbers by under a Wh or two an asset. ``unproved_nano`` is the distance
    of the two bounds that are proved, rounded up; 0 where it is that of rounding. No clock, no
    chance: equal problems give equal plans.

    Raises
    ------
    ValueError
        Zones form a circle.
    """
    if not problem.load_wh.size:
        case = prepare(problem)
        return whole_plan(case, empty_draft(problem))
    return plan_of(scheduled(problem, options or Options(gap=GAP, nodes=NODES)))


def scheduled(problem: Problem, options: Options | None = None) -> Scheduled:
    """Solve in real numbers.

    Plants give all they can at first. Only where an answer's prices of limits would make one give
    less, or a limit is missed, is curtailing left open and the problem solved again: at all other
    prices curtailing changes neither bound.
    """
    case = prepare(problem)
    options = options or Options()
    free = np.zeros((len(problem.zones.parent), case.shape[1]))
    alone = _given_alone(case, options)
    found = _solved(case, gains_by_curtailing(case, free), options, alone)
    prices = found.solution.prices
    zone_price = (prices.imports - prices.exports)[: len(free)]
    if problem.sums:
        zone_price = zone_price + zone_prices(
            problem, found.community.storage, (prices.lower, prices.upper)
        )
    curtailing = gains_by_curtailing(case, zone_price) | bool(found.solution.missed)
    curtailing &= limited_in_export(case)
    curtailing[found.community.solar] = False
    if curtailing.any() and not options.cancelled():
        curtailing[:] = limited_in_export(case)
        curtailing[found.community.solar] = True
        found = _solved(case, curtailing, options, alone)
    if found.solution.missed and options.penalty is None and not options.cancelled():
        return _giving_way(found, curtailing, options, alone)
    return found


def _given_alone(case: Case, options: Options) -> Given | None:
    """What wishes miss by themselves; None where all can be kept as far as that is looked at."""
    if case.problem.wished is None and not wished_sums(case.problem):
        return None
    homes = clashing(case)
    return given_alone(case, homes, options) if homes.any() else None


def _giving_way(
    found: Scheduled, curtailing: Bools, options: Options, alone: Given | None
) -> Scheduled:
    """Solve again where not all limits can be kept: what gives way is settled, then the cost."""
    case, asked = found.case, found.community.fleet
    curtailing = curtailing.copy()
    curtailing[found.community.solar] = True
    strict = msgspec.structs.replace(options, penalty=PENALTY * _highest_price(case.problem))
    missed = found.solution.missed
    given = given_way(case, curtailing, missed, options)
    if given is None:
        wishes = case.problem.wished is not None or wished_sums(case.problem)
        return _solved(case, curtailing, strict, unsettled(case) if wishes else None)
    given = beside(case, given, alone, missed)
    again = _solved(case, curtailing, strict, given)
    rows, solution = again.community, as_asked(again.solution, case, given, options.gap)
    fleet = msgspec.structs.replace(rows.fleet, zones=asked.zones, portfolio=asked.portfolio)
    return Scheduled(case, msgspec.structs.replace(rows, fleet=fleet), solution)


def _solved(
    case: Case, curtailing: Bools, options: Options, given: Given | None = None
) -> Scheduled:
    """Solve with plants of these homes free to give less [homes]."""
    community = community_fleet(case, curtailing, given)
    fleet, prices = community.fleet, community.prices
    if soft := worth_of(case.problem.soft):
        return Scheduled(case, community, solve_priced(community, soft, options))
    assets = len(community.storage) + len(community.runs) + len(community.solar)
    few = options.method == "auto" and assets * case.shape[1] <= TOGETHER
    if not (few and meters_of(fleet, prices).home.any()):
        return Scheduled(case, community, solve_fleet(fleet, prices, options))
    solution = solve_fleet(fleet, prices, msgspec.structs.replace(options, rounds=ROUNDS))
    bounds = solution.lower_nano, solution.upper_nano
    mixed = isinstance(solution.source, Mixture)  # else the reference has already answered
    if mixed and not closed(bounds, options.gap) and not options.cancelled():
        together = msgspec.structs.replace(options, method="reference")
        solution = solve_fleet(fleet, prices, together)
    return Scheduled(case, community, solution)


def _highest_price(problem: Problem) -> float:
    prices = (problem.import_price, problem.export_price)
    return float(max(1, *(int(np.abs(price).max(initial=0)) for price in prices)))


def plan_of(found: Scheduled) -> Plan:
    """Round an answer to whole Wh, by the rules of every plan."""
    solution, problem = found.solution, found.case.problem
    apart = solution.upper_nano - solution.lower_nano
    proved = PROVED * len(problem.load_wh) + TOUCH * abs(solution.upper_nano)
    unproved = math.ceil(apart) if apart > proved else 0
    plan = whole_plan(found.case, draft_of(found))
    return msgspec.structs.replace(plan, unproved_nano=unproved)


def draft_of(found: Scheduled) -> Draft:
    """Put schedules and prices of limits into the problem's own rows."""
    problem, rows = found.case.problem, found.community
    draft, schedules = empty_draft(problem), found.solution.schedules()
    most_in, most_out = problem.storage.charge_max_wh, problem.storage.discharge_max_wh
    if rows.storage.size:
        draft.charge[rows.storage] = schedules.charge_wh
        draft.discharge[rows.storage] = schedules.discharge_wh
    np.clip(draft.charge, 0, most_in, out=draft.charge)
    np.clip(draft.discharge, 0, most_out, out=draft.discharge)
    if rows.solar.size:
        pv = problem.pv_wh[rows.solar]
        draft.curtail[rows.solar] = np.clip(pv - schedules.output_wh, 0, pv)
    if rows.runs.size:
        draft.run_start[rows.runs] = _starts(found, schedules)
    zones, prices = len(problem.zones.parent), found.solution.prices
    most = SCARCE * _highest_price(problem)
    imports, exports = (np.minimum(one[:zones], most) for one in (prices.imports, prices.exports))
    draft.zone_price[:] = imports - exports
    return draft


def _starts(found: Scheduled, schedules: Schedules) -> np.ndarray:
    """First slots of runs; a run that takes no energy begins as early as it may."""
    on = schedules.runs_wh > 0.5 * schedules.runs_wh.max(axis=1, keepdims=True)
    earliest = found.case.first_start[found.community.runs]
    return np.where(on.any(axis=1), on.argmax(axis=1), earliest)
