"""The grid operator as technical aggregator: its own grid assets first, then what it buys.

Own assets (a battery of the grid, a switchable capacitor bank's equivalent, a voltage-regulated
transformer's reach) are used at their cost before the market is asked, even where an offer would
be cheaper; what that order costs above a common selection is reported.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.market.flexibility import exact
from gridpact.market.flexibility.cells import cells_of
from gridpact.market.flexibility.offers import Offers, Requests, Tender, joined
from gridpact.market.flexibility.selection import Selection

OWN_COST = 0.001
"""Part of its cost at which an own asset competes: small, yet the cheaper own asset goes first."""


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

    ``own`` and ``offers`` have sequences that do not repeat. In the choice an own asset counts
    :data:`OWN_COST` of its cost, so that it goes before any offer and any unmet need that costs
    more than that; offers may also put right what own assets harm elsewhere.
    """
    both = joined(own, offers)
    preference = np.where(np.arange(both.count) < own.count, OWN_COST, 1.0)
    chosen = exact.select(both, requests, tender, preference)
    common = exact.select(both, requests, tender)
    bound = min(common.bound_nano, chosen.cost_nano)
    selection = msgspec.structs.replace(chosen, bound_nano=bound)
    cells = cells_of(both, tender)
    cost = cells.rate * selection.power_w[cells.offer, cells.slot]
    mine = cells.offer < own.count
    return OwnFirst(selection, float(cost[mine].sum()), float(cost[~mine].sum()), common.cost_nano)
