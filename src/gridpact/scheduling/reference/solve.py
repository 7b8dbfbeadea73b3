"""Solve any fleet with HiGHS: the same seam as the engine's, slower, and for every shape.

What charge and discharge at once could gain is forbidden only where a solution would do it: the
programme without those binary columns is a relaxation, so an answer that does not need them is the
optimum; else the columns are added for the storage concerned, and the programme is solved again.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.first_penalty import first_penalty
from gridpact.scheduling.fleet.solution import (
    LimitPrices,
    Missed,
    Round,
    Solution,
    status_of,
)
from gridpact.scheduling.reference.highs import Search, minimise
from gridpact.scheduling.reference.limits import Limit
from gridpact.scheduling.reference.model import Model, Signals, build, no_modes
from gridpact.scheduling.reference.ordering import Ordered, in_order
from gridpact.scheduling.reference.parting import both_ways, parted
from gridpact.scheduling.reference.raising import MISSED, Solved, keeping
from gridpact.scheduling.reference.schedules import energies_of
from gridpact.scheduling.reference.unmet import refuse_unmet

NANO = 1e9


def solve(
    fleet: Fleet, prices: Prices, penalty: float | None = None, search: Search | None = None
) -> Solution:
    """Schedule a fleet at least cost by one linear or mixed-integer programme.

    ``penalty`` [µ¤/kWh] is what missing a shared limit costs: a limit that costs more to keep is
    missed. None: chosen from the prices and raised until no limit is missed that can be kept; what
    is still missed then is proven to be impossible to keep together.

    Raises
    ------
    BadInput
        What is wrong with the fleet or its prices, or assets whose own needs no plan meets.
    """
    refuse_faults(fleet, prices)
    search = search or Search()
    if penalty is None:
        return solve_raising(fleet, prices, first_penalty(fleet, prices), search)
    ordered = in_order(fleet)
    solved = _possible(ordered.fleet, prices, penalty * 1e-6, search)
    return _answer(ordered, solved, penalty * 1e-6, search)


def solve_raising(fleet: Fleet, prices: Prices, first: float, search: Search) -> Solution:
    """Keep all limits where a schedule can, for a fleet and prices known to be free of faults.

    ``first`` [µ¤/kWh] is the penalty to begin with. A cancelled search answers at that penalty.
    """
    ordered = in_order(fleet)
    solved = _possible(ordered.fleet, prices, first * 1e-6, search)
    if search.over:
        return _answer(ordered, solved, first * 1e-6, search)
    kept, price = keeping(
        solved,
        first * 1e-6,
        lambda penalty: optimum(ordered.fleet, prices, penalty, search),
        search.gap,
    )
    return _answer(ordered, kept, price, search)


def _possible(fleet: Fleet, prices: Prices, penalty: float, search: Search) -> Solved:
    solved = optimum(fleet, prices, penalty, search)
    if solved is None:
        search = msgspec.structs.replace(search, cancelled=None)
        refuse_unmet(fleet, search)
        solved = optimum(fleet, prices, penalty, search)  # a cancelled one may have found nothing
    if solved is None:
        raise RuntimeError("every asset can meet its needs alone, but not beside the others")
    return solved


def _answer(ordered: Ordered, solved: Solved, penalty: float, search: Search) -> Solution:
    found = solution_of(solved, penalty, search)
    restored = ordered.restored(energies_of(solved.model, solved.optimum.values))
    return msgspec.structs.replace(found, source=restored)


def optimum(
    fleet: Fleet,
    prices: Prices,
    penalty: float,
    search: Search,
    signals: Signals | None = None,
) -> Solved | None:
    """Solve a fleet without faults; None where no schedule keeps what must be kept.

    ``penalty`` [¤/kWh] may be infinite: then no shared limit may be missed.
    """
    modes = no_modes(fleet)
    while True:
        model = build(fleet, prices, penalty, modes, signals)
        found = minimise(model.arrays, search, model.constant)
        if found is None:
            return None
        conflict = both_ways(model, found.values)
        if not conflict.any():
            return Solved(model, found)
        cured = parted(model, found, search)
        if cured is not None:
            return Solved(model, cured)
        modes = modes | conflict.any(axis=1, keepdims=True)


def solution_of(solved: Solved, penalty: float, search: Search) -> Solution:
    """Put an optimum in the terms of the engine's answers."""
    model, found = solved.model, solved.optimum
    lower, upper = solved.bound * NANO, solved.cost * NANO
    missed = missed_limits(model, found.values)
    prices = limit_prices(model, found.row_dual)
    costs = _limit_costs(model, found.row_dual)
    return Solution(
        status=status_of((lower, upper), search.gap, missed),
        lower_nano=lower,
        upper_nano=upper,
        penalty=penalty * 1e6,
        net_wh=found.values[model.nets.net] * 1000,
        prices=prices,
        limit_cost_nano=costs[0],
        row_cost_nano=costs[1],
        missed=missed,
        rounds=(Round(1, lower, upper),),
        source=energies_of(model, found.values),
    )


def missed_limits(model: Model, values: Floats) -> tuple[Missed, ...]:
    """Limits that are not kept, in order of kind, row and slot."""
    found = []
    for limit in model.limits:
        over = np.where(limit.over >= 0, values[limit.over], 0.0)
        for at in np.flatnonzero(over > MISSED).tolist():
            row = int(limit.place[at, 0])
            slot = int(limit.place[at, 1]) if limit.place.shape[1] > 1 else _first(model, row)
            found.append(Missed(limit.kind, row, slot, float(over[at]) * 1000))
    return tuple(sorted(found))


def _first(model: Model, row: int) -> int:
    portfolio = model.fleet.portfolio
    return 0 if portfolio is None else int(portfolio.first[row])


def limit_prices(model: Model, row_dual: Floats) -> LimitPrices:
    """Prices of all limits [µ¤/kWh]."""
    shape = model.nets.net.shape
    rows = 0 if model.fleet.portfolio is None else len(model.fleet.portfolio.set_of_row)
    prices = {
        "import": np.zeros(shape),
        "export": np.zeros(shape),
        "lower": np.zeros(rows),
        "upper": np.zeros(rows),
    }
    for limit in model.limits:
        prices[limit.kind][tuple(limit.place.T)] = _price(limit, row_dual) * 1e6
    return LimitPrices(prices["import"], prices["export"], prices["lower"], prices["upper"])


def _price(limit: Limit, row_dual: Floats) -> Floats:
    """Price of each limit [¤/kWh], never negative."""
    return np.maximum(-row_dual[limit.row], 0.0) + 0.0


def _limit_costs(model: Model, row_dual: Floats) -> tuple[Floats, Floats]:
    """Limits at their prices, by zone and by portfolio row, nano-¤."""
    zones = np.zeros(len(model.fleet.zones.parent))
    rows = np.zeros(0 if model.fleet.portfolio is None else len(model.fleet.portfolio.set_of_row))
    for limit in model.limits:
        into = zones if limit.place.shape[1] > 1 else rows
        paid = _price(limit, row_dual) * model.arrays.row_upper[limit.row] * NANO
        np.add.at(into, limit.place[:, 0], paid)
    return zones, rows
