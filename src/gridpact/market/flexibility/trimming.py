"""Free power is bought no further than it helps: what costs nothing may still cost its provider."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.flexibility.cells import Cells, Effects, cells_of, effects_of
from gridpact.market.flexibility.offers import PPM, Offers, Requests, Tender
from gridpact.market.flexibility.selection import relief_ppm


class Watts(NamedTuple):
    """Power bought [offers, slots] and what of it is assigned [offers, requests]."""

    power_w: Ints
    assigned_w: Ints


def trimmed(offers: Offers, requests: Requests, tender: Tender, watts: Watts) -> Watts:
    """Take back watts without a price that no request lacks when they are gone.

    The latest sequence goes first, then the latest slot; power that has a price, a least or a
    ramp is left as it is.
    """
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    spare = relief_ppm(cells, effects, requests, *watts) - requests.need_w * PPM
    left = Watts(watts.power_w.copy(), watts.assigned_w.copy())
    # a watt that did harm is gone: what made that good may go as well
    while _pass(offers, requests, cells, effects, spare, left):
        pass
    return left


def _pass(
    offers: Offers, requests: Requests, cells: Cells, effects: Effects, spare: Ints, left: Watts
) -> bool:
    """Take back what can go from every offer once, in place; return whether anything could."""
    begins = np.searchsorted(effects.cell, np.arange(cells.offer.size + 1))
    total = 0
    for cell in _free(offers, cells, left.power_w).tolist():
        row, slot = cells.offer[cell], cells.slot[cell]
        mine = slice(int(begins[cell]), int(begins[cell + 1]))
        here = Effects(*(column[mine] for column in effects))
        alone = requests.exclusive[here.request]
        _release(left.assigned_w[row], spare, here.request[alone], here.ppm[alone])
        unbound = int(left.power_w[row, slot] - left.assigned_w[row, here.request[alone]].sum())
        back = _taken_back(spare, here.request[~alone], here.ppm[~alone], unbound)
        left.power_w[row, slot] -= back
        total += back
    return total > 0


def _release(assigned_w: Ints, spare: Ints, request: Ints, ppm: Ints) -> None:
    """Take what exclusive requests have beyond their needs off an offer, in place."""
    over = np.minimum(assigned_w[request], np.maximum(spare[request], 0) // ppm)
    assigned_w[request] -= over
    spare[request] -= ppm * over


def _taken_back(spare: Ints, request: Ints, ppm: Ints, most: int) -> int:
    """Watts of a cell that its shared requests can spare, up to ``most``; lowers ``spare``."""
    helps = ppm > 0
    over = np.maximum(spare[request[helps]], 0) // ppm[helps]
    back = int(over.min(initial=most))
    spare[request] -= ppm * back
    return back


def _free(offers: Offers, cells: Cells, power_w: Ints) -> Ints:
    """Cells in use that cost nothing and are bound to no other, in the order of going."""
    loose = (offers.least_w == 0) & (offers.ramp_w >= offers.power_w)
    used = power_w[cells.offer, cells.slot] > 0
    free = np.flatnonzero(used & loose[cells.offer] & (cells.rate == 0))
    order = np.lexsort((cells.slot[free], offers.sequence[cells.offer[free]]))
    return np.asarray(free[order][::-1], dtype=np.int64)
