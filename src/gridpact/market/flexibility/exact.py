"""Exact selection: the cheapest flexibility that meets the needs, in whole watts.

Minimised is what is bought, at its prices, plus what remains unmet, at the procurers' limits; so a
need is met as far as relief costs less than it is worth, which can leave a fraction of a watt that
the next whole watt is too dear for. This is the redispatch problem
with linear sensitivities (Commission Regulation (EU) 2015/1222, article 35, asks for it by cost
and effect), as a mixed-integer programme solved by HiGHS. NP-hard with indivisible offers; in
practice thousands of offers take seconds, and where the search is cut short the gap says so.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.flexibility.cells import cells_of, checked, effects_of
from gridpact.market.flexibility.offers import Offers, Requests, Tender
from gridpact.market.flexibility.programme import Programme, Solved, build, solve
from gridpact.market.flexibility.selection import Selection, judged


def select(offers: Offers, requests: Requests, tender: Tender) -> Selection:
    """Select by cost and effect; optimal where ``gap_nano`` is below a nano-¤.

    Raises ValueError for columns with faults, see
    :func:`gridpact.market.flexibility.refusals.offer_faults`.
    """
    checked(offers, requests, tender)
    programme, offers_at, requests_at = _in_order(offers, requests, tender)
    sorted_offers, sorted_requests = offers.take(offers_at), requests.take(requests_at)
    solved = solve(programme, whole=True)
    power, assigned = _columns(sorted_offers, sorted_requests, tender, programme, solved)
    back, across = np.argsort(offers_at), np.argsort(requests_at)
    power, assigned = power[back], assigned[back][:, across]
    return judged(offers, requests, tender, power, assigned, solved.bound)


def least_cost_nano(offers: Offers, requests: Requests, tender: Tender) -> float:
    """A bound below which no selection costs: the programme in fractions of watts and offers."""
    checked(offers, requests, tender)
    return solve(_in_order(offers, requests, tender)[0], whole=False).bound


def _in_order(offers: Offers, requests: Requests, tender: Tender) -> tuple[Programme, Ints, Ints]:
    """The programme by sequence, so that the order of rows does not matter."""
    offers_at, requests_at = np.argsort(offers.sequence), np.argsort(requests.sequence)
    offers, requests = offers.take(offers_at), requests.take(requests_at)
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    return build(offers, requests, cells, effects), offers_at, requests_at


def _columns(
    offers: Offers, requests: Requests, tender: Tender, programme: Programme, solved: Solved
) -> tuple[Ints, Ints]:
    """Whole watts of the solution: [offers, slots] and [offers, requests]."""
    watts = np.rint(solved.values).astype(np.int64)
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    power = np.zeros((offers.count, tender.window.count), dtype=np.int64)
    power[cells.offer, cells.slot] = watts[: cells.offer.size]
    assigned = np.zeros((offers.count, requests.count), dtype=np.int64)
    at = programme.exclusive
    mine = watts[cells.offer.size :][: at.size]
    assigned[cells.offer[effects.cell[at]], effects.request[at]] = mine
    return power, assigned
