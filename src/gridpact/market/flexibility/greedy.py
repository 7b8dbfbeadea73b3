"""Fast selection: offers taken once each, in order of cost per effect.

Every offer is priced by what its full power costs against what the relief it gives would be
worth, at the procurers' limits. From the cheapest on, an offer is taken at the least power that
serves the needs still open, if that is worth its price. One pass, O(n log n) and a little work
per offer, until every need is met; ``gap_nano`` tells what the selection may lack.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.flexibility.cells import Cells, Effects, cells_of, checked, effects_of
from gridpact.market.flexibility.exact import least_cost_nano
from gridpact.market.flexibility.offers import PPM, Offers, Requests, Tender
from gridpact.market.flexibility.selection import Selection, judged


class _Taken(NamedTuple):
    """What taking one offer would do: watts [slots of it], per effect [effects of it]."""

    power_w: Ints
    assigned_w: Ints
    relief_ppm: Ints
    gain_nano: float


class _State:
    """Needs still open [W × ppm, requests] and the columns of the tender by offer."""

    def __init__(self, offers: Offers, requests: Requests, cells: Cells, effects: Effects) -> None:
        self.offers, self.requests = offers, requests
        self.cells, self.effects = cells, effects
        self.open = requests.need_w * PPM
        self.worth = requests.limit_micro_per_kw / PPM
        self.cell_at = np.searchsorted(cells.offer, np.arange(offers.count + 1))
        self.effect_at = np.searchsorted(effects.cell, self.cell_at)


def select(offers: Offers, requests: Requests, tender: Tender, *, bound: bool = True) -> Selection:
    """Select greedily.

    With ``bound`` the linear relaxation is solved as well, so that ``gap_nano`` is proved;
    without it the bound is 0, below which nothing can cost. Raises ValueError for columns with
    faults.
    """
    checked(offers, requests, tender)
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    state = _State(offers, requests, cells, effects)
    power = np.zeros((offers.count, tender.window.count), dtype=np.int64)
    assigned = np.zeros((offers.count, requests.count), dtype=np.int64)
    for row in _by_cost_per_effect(state).tolist():
        if not np.any((state.open > 0) & (requests.limit_micro_per_kw > 0)):
            break
        taken = _taking(state, row)
        if taken is None or taken.gain_nano <= 0:
            continue
        own, effect = _rows(state, row)
        power[row, cells.slot[own]] = taken.power_w
        request = effects.request[effect]
        assigned[row, request] = np.where(requests.exclusive[request], taken.assigned_w, 0)
        state.open[request] -= taken.relief_ppm  # a request occurs once per cell: slots differ
    least = least_cost_nano(offers, requests, tender) if bound else 0.0
    return judged(offers, requests, tender, power, assigned, least)


def _rows(state: _State, row: int) -> tuple[slice, slice]:
    """Rows of an offer's cells and of its effects."""
    return (
        slice(int(state.cell_at[row]), int(state.cell_at[row + 1])),
        slice(int(state.effect_at[row]), int(state.effect_at[row + 1])),
    )


def _by_cost_per_effect(state: _State) -> Ints:
    """Offers that help, in order of cost per worth of relief, then of sequence."""
    cells, effects, offers = state.cells, state.effects, state.offers
    cost, worth = (np.zeros(offers.count) for _ in range(2))
    np.add.at(cost, cells.offer, cells.rate * offers.power_w[cells.offer])
    offer = cells.offer[effects.cell]
    relief = effects.ppm * offers.power_w[offer]
    useful = np.minimum(relief, np.maximum(state.open[effects.request], 0))
    np.add.at(worth, offer, useful * state.worth[effects.request])
    helps = np.flatnonzero(worth > 0)
    ratio: Floats = cost[helps] / worth[helps]
    return helps[np.lexsort((offers.sequence[helps], ratio))]


def _taking(state: _State, row: int) -> _Taken | None:
    """Work out what an offer would do at the least power that serves the needs still open."""
    own, effect = _rows(state, row)
    ppm, request = state.effects.ppm[effect], state.effects.request[effect]
    place = state.effects.cell[effect] - own.start
    open_ppm = np.maximum(state.open[request], 0)
    wish = np.where(ppm > 0, -(-open_ppm // np.maximum(ppm, 1)), 0)
    alone = state.requests.exclusive[request]
    wanted = np.zeros(own.stop - own.start, dtype=np.int64)
    np.maximum.at(wanted, place[~alone], wish[~alone])
    summed = np.zeros_like(wanted)
    np.add.at(summed, place[alone], wish[alone])
    power = _feasible(state.offers, row, np.maximum(wanted, summed))
    if not power.any():
        return None
    assigned = _assign(power, place, wish, alone)
    relief = ppm * np.where(alone, assigned, power[place])
    before = np.maximum(state.open[request], 0)
    after = np.maximum(state.open[request] - relief, 0)
    gain = float(np.sum((before - after) * state.worth[request]))
    return _Taken(power, assigned, relief, gain - float(np.sum(state.cells.rate[own] * power)))


def _feasible(offers: Offers, row: int, wanted: Ints) -> Ints:
    """The lowest profile at or above what is wanted that an offer can run, up to its power."""
    power, least, ramp = (
        int(column[row]) for column in (offers.power_w, offers.least_w, offers.ramp_w)
    )
    wanted = np.minimum(wanted, power)
    if not wanted.any():
        return wanted
    if ramp < power:
        at = np.arange(wanted.size)
        apart = np.abs(at[:, None] - at[None, :])
        wanted = np.asarray(np.max(wanted[None, :] - ramp * apart, axis=1), dtype=np.int64)
    return np.maximum(wanted, least)


def _assign(power: Ints, place: Ints, wish: Ints, alone: Bools) -> Ints:
    """Hand a cell's watts to its exclusive requests in order of request, each what it lacks."""
    asked = np.where(alone, wish, 0)
    upto = np.cumsum(asked)
    first = np.searchsorted(place, place)  # effects are by cell, so equal places lie together
    ahead = upto - asked - (upto - asked)[first]
    return np.asarray(np.clip(power[place] - ahead, 0, asked), dtype=np.int64)
