"""The grid operator as technical aggregator: its own grid assets first, then what it buys.

Own assets (a battery of the grid, a switchable capacitor bank's equivalent, a voltage-regulated
transformer's reach) are used at their cost before the market is asked, even where an offer would
be cheaper; what that order costs above a common selection is reported.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.cells import cells_of, checked, effects_of
from gridpact.market.flexibility.offers import PPM, Offers, Requests, Tender, joined
from gridpact.market.flexibility.selection import Selection, judged, relief_ppm


class OwnFirst(msgspec.Struct, frozen=True):
    """``selection`` has the own assets' rows first, then the offers'.

    ``own_nano`` and ``bought_nano`` are what each part costs; ``common_nano`` is what the whole
    costs when both compete, unmet needs at their limits included as in ``selection.cost_nano``.
    """

    selection: Selection
    own_nano: float
    bought_nano: float
    common_nano: float

    @property
    def premium_nano(self) -> float:
        """What it costs to prefer own assets."""
        return max(0.0, self.selection.cost_nano - self.common_nano)


def select_own_first(own: Offers, offers: Offers, requests: Requests, tender: Tender) -> OwnFirst:
    """Meet what can be met from own assets, at their cost, and the rest from offers.

    ``own`` and ``offers`` have sequences that do not repeat. An own asset is used where it gives
    relief, also where the procurer's limit is below its cost. What own assets harm elsewhere is
    added to what the offers have to meet.
    """
    both = joined(own, offers)
    checked(both, requests, tender)
    first = exact.select(own, _eager(own, requests, tender), tender)
    power, assigned = _completed(first, own, offers, requests, tender)
    common = exact.select(both, requests, tender)
    selection = judged(both, requests, tender, power, assigned, common.bound_nano)
    cells = cells_of(both, tender)
    cost = cells.rate * power[cells.offer, cells.slot]
    mine = cells.offer < own.count
    return OwnFirst(selection, float(cost[mine].sum()), float(cost[~mine].sum()), common.cost_nano)


def _eager(own: Offers, requests: Requests, tender: Tender) -> Requests:
    """The requests with limits at which every own asset is worth using for its whole window."""
    cells = cells_of(own, tender)
    effects = effects_of(cells, own, requests, tender)
    offer = cells.offer[effects.cell]
    window = np.zeros(own.count)
    np.add.at(window, cells.offer, cells.rate)
    price = window[offer] / np.maximum(effects.ppm, 1) * PPM
    highest = int(np.max(price[effects.ppm > 0], initial=0.0)) + 1
    limit = np.maximum(requests.limit_micro_per_kw, highest)
    return msgspec.structs.replace(requests, limit_micro_per_kw=limit)


def _completed(
    first: Selection, own: Offers, offers: Offers, requests: Requests, tender: Tender
) -> tuple[Ints, Ints]:
    """Select offers for what own assets leave over; return watts of both, own rows first."""
    cells = cells_of(own, tender)
    effects = effects_of(cells, own, requests, tender)
    relief = relief_ppm(cells, effects, requests, first.power_w, first.assigned_w)
    left = -((relief - requests.need_w * PPM) // PPM)
    left = np.where(requests.exclusive, np.maximum(left, 0), left)
    rest = exact.select(offers, msgspec.structs.replace(requests, need_w=left), tender)
    return (
        np.concatenate([first.power_w, rest.power_w]),
        np.concatenate([first.assigned_w, rest.assigned_w]),
    )
