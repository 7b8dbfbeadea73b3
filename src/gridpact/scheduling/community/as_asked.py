"""A solution found beside what gives way, told as one of the limits that were asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.elastic import NOTHING_WH
from gridpact.scheduling.community.giving_way import Given
from gridpact.scheduling.community.limits_on_sums import totals
from gridpact.scheduling.fleet.solution import LimitPrices, Missed, Solution, status_of


def as_asked(solution: Solution, case: Case, given: Given, gap: float) -> Solution:
    """Say what a solution misses of limits; where they are exceeded, energy costs its penalty."""
    missed = tuple(sorted((*_of_zones(solution, case), *_of_rows(solution, case, given))))
    return replace(
        solution,
        missed=missed,
        status=status_of((solution.lower_nano, solution.upper_nano), gap, missed),
        prices=_prices(solution, case, given),
    )


def _of_zones(solution: Solution, case: Case) -> Iterator[Missed]:
    imports, exports = case.problem.zones.borne()
    net = solution.net_wh[: len(imports)]
    for kind, flow, limit in (("import", net, imports), ("export", -net, exports)):
        over = np.where(limit >= 0, flow - limit, 0.0)
        for zone, slot in np.argwhere(over > NOTHING_WH).tolist():
            yield Missed(kind, zone, slot, float(over[zone, slot]))


def _of_rows(solution: Solution, case: Case, given: Given) -> Iterator[Missed]:
    more = {(one.kind, one.row): one.missing_wh for one in solution.missed}
    for at, row in enumerate(_rows(case)):
        for kind, side in (("lower", given.sums.lower), ("upper", given.sums.upper)):
            over = side.get(row, 0.0) + more.get((kind, at), 0.0)
            if over > NOTHING_WH:
                yield Missed(kind, at, case.problem.sums[row].first, over)


def _rows(case: Case) -> list[int]:
    return totals(case.problem, np.flatnonzero(case.active))


def _prices(solution: Solution, case: Case, given: Given) -> LimitPrices:
    found, penalty = solution.prices, solution.penalty
    sides = (given.sums.lower, given.sums.upper)
    lower, upper = (
        np.array([side.get(row, 0.0) > 0 for row in _rows(case)], np.bool_) for side in sides
    )
    return LimitPrices(
        imports=_raised(found.imports, given.import_wh, penalty),
        exports=_raised(found.exports, given.export_wh, penalty),
        lower=np.where(lower, penalty, found.lower),
        upper=np.where(upper, penalty, found.upper),
    )


def _raised(prices: Floats, over_wh: Floats, penalty: float) -> Floats:
    """Prices [zones + homes, slots] with the penalty where a zone exceeds its limit."""
    found: Floats = prices.copy()
    count = len(over_wh)
    found[:count] = np.where(over_wh > 0, penalty, found[:count])
    return found
