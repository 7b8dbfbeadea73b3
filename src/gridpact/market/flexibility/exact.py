"""Exact selection: the cheapest flexibility that meets the needs, in whole watts.

Minimised is what is bought, at its prices, plus what remains unmet, at the procurers' limits; so a
need is met as far as relief costs less than it is worth, which can leave a fraction of a watt that
the next whole watt is too dear for. This is redispatch with linear sensitivities (coordinated
redispatching: Commission Regulation (EU) 2015/1222, article 35) as a mixed-integer programme for
HiGHS. Small tenders are proved within half a nano-¤ and larger ones within a millionth of the
cost. NP-hard with indivisible offers; where the search is cut short (thousands of offers, many of
them indivisible) the gap says by how much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.market.flexibility.cells import Cells, Effects, cells_of, checked, effects_of
from gridpact.market.flexibility.offers import Offers, Requests, Tender
from gridpact.market.flexibility.programme import Programme, Solved, build, solve
from gridpact.market.flexibility.selection import Selection, judged
from gridpact.market.flexibility.trimming import Watts, trimmed


def select(
    offers: Offers, requests: Requests, tender: Tender, preference: Floats | None = None
) -> Selection:
    """Select by cost and effect; ``gap_nano`` above the optimum at most, below 1 if small.

    ``preference`` [offers], where given, is a factor on each offer's price that counts in the
    choice alone; the bound is then 0, for the selection is not meant to be the cheapest. Raises
    ValueError for columns with faults, see
    :func:`gridpact.market.flexibility.refusals.offer_faults`.
    """
    checked(offers, requests, tender)
    rows, columns = np.argsort(offers.sequence), np.argsort(requests.sequence)
    case = _in_order(offers, requests, tender, preference)
    solved = solve(case.programme, whole=True)
    power, assigned = _watts(case, solved, (offers.count, requests.count), tender.window.count)
    back, across = np.argsort(rows), np.argsort(columns)
    power, assigned = power[back], assigned[back][:, across]
    power, assigned = trimmed(offers, requests, tender, Watts(power, assigned))
    bound = solved.bound if preference is None else 0.0
    return judged(offers, requests, tender, power, assigned, bound)


def least_cost_nano(offers: Offers, requests: Requests, tender: Tender) -> float:
    """A bound below which no selection costs: the programme in fractions of watts and offers."""
    checked(offers, requests, tender)
    return solve(_in_order(offers, requests, tender, None).programme, whole=False).bound


class _Case(NamedTuple):
    cells: Cells
    effects: Effects
    programme: Programme


def _in_order(
    offers: Offers, requests: Requests, tender: Tender, preference: Floats | None
) -> _Case:
    """The programme by sequence, so that the order of rows does not matter."""
    rows = np.argsort(offers.sequence)
    offers, requests = offers.take(rows), requests.take(np.argsort(requests.sequence))
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    if preference is not None:
        cells = cells._replace(rate=cells.rate * preference[rows][cells.offer])
    return _Case(cells, effects, build(offers, requests, cells, effects))


def _watts(case: _Case, solved: Solved, shape: tuple[int, int], slots: int) -> tuple[Ints, Ints]:
    """Whole watts of the solution: [offers, slots] and [offers, requests]."""
    watts = np.rint(solved.values).astype(np.int64)
    cells, at = case.cells, case.programme.exclusive
    power = np.zeros((shape[0], slots), dtype=np.int64)
    power[cells.offer, cells.slot] = watts[: cells.offer.size]
    assigned = np.zeros(shape, dtype=np.int64)
    place = cells.offer[case.effects.cell[at]], case.effects.request[at]
    assigned[place] = watts[cells.offer.size :][: at.size]
    return power, assigned
