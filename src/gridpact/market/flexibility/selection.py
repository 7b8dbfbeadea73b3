"""What a tender selects, what remains unmet and why, and who pays whom."""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import Ints, checked_multiply, checked_sum
from gridpact.market.flexibility.cells import Cells, Effects, cells_of, effects_of
from gridpact.market.flexibility.offers import PPM, Offers, Requests, Tender


class Reason(IntEnum):
    """Why a request is not met in full."""

    MET = 0
    SCARCE = 1
    """Even all helpful offers together do not reach the need."""
    DEAR = 2
    """What is left over would help, but costs more than the procurer's limit."""
    BOUND = 3
    """What is left over is indivisible, ramps too slowly, or would harm another constraint."""


class Unmet(msgspec.Struct, frozen=True):
    """How each request fared, int64 [requests].

    ``lacking_w`` is the relief that is missing and ``attainable_w`` what all helpful offers
    together would give, both rounded so as never to flatter; ``reason`` is a :class:`Reason`.
    """

    lacking_w: Ints
    attainable_w: Ints
    reason: Ints


class Selection(msgspec.Struct, frozen=True):
    """The outcome of a tender, in the rows of its offers and requests.

    ``power_w`` [offers, slots] is what is bought, ``assigned_w`` [offers, requests] what of it is
    assigned to exclusive requests. ``cost_nano`` values the whole selection: what is bought at
    its prices, plus the unmet needs at their limits. No selection costs less than ``bound_nano``;
    both are valuations (floats), settled are the whole numbers of :func:`accounts`.
    """

    power_w: Ints
    assigned_w: Ints
    unmet: Unmet
    cost_nano: float
    bound_nano: float

    @property
    def gap_nano(self) -> float:
        """How much the selection may at most cost above the optimum."""
        return max(0.0, self.cost_nano - self.bound_nano)


class Accounts(msgspec.Struct, frozen=True):
    """Payments in nano-¤, int64; what procurers pay is what providers receive.

    ``reservation_nano`` and ``activation_nano`` [offers, slots] are earned by offers,
    ``energy_wh`` [offers, slots] is called; ``paid_nano`` [procurers, offers] is who pays it.
    """

    energy_wh: Ints
    reservation_nano: Ints
    activation_nano: Ints
    paid_nano: Ints

    def received_by(self, offers: Offers, providers: int) -> Ints:
        """Total received by each provider [nano-¤, providers]."""
        total = np.zeros(providers, dtype=np.int64)
        np.add.at(total, offers.provider, checked_sum(self.paid_nano, axis=0))
        return total


def accounts(
    offers: Offers, requests: Requests, tender: Tender, selection: Selection, procurers: int
) -> Accounts:
    """Turn a selection into payments.

    An offer's price is shared by the procurers whose requests it serves, in proportion to the
    relief it gives them, by cumulative rounding in whole nano-¤; relief that nobody asked for
    weighs nothing. Raises :class:`~gridpact.base.errors.NumberOverflow`.
    """
    power = selection.power_w
    energy = tender.energy_wh(power)
    reserved = checked_multiply(power, offers.reservation_micro_per_kw[:, None])
    activated = checked_multiply(energy, offers.activation_micro_per_kwh[:, None])
    total = checked_sum(reserved, axis=1) + checked_sum(activated, axis=1)
    weights = _served(offers, requests, tender, selection, procurers)
    return Accounts(energy, reserved, activated, _shares(total, weights))


def judged(
    offers: Offers,
    requests: Requests,
    tender: Tender,
    power_w: Ints,
    assigned_w: Ints,
    bound_nano: float,
) -> Selection:
    """Value a selection and explain what it leaves unmet, in exact arithmetic."""
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    relief = relief_ppm(cells, effects, requests, power_w, assigned_w)
    lacking = np.maximum(requests.need_w * PPM - relief, 0)
    cost = float(np.sum(cells.rate * power_w[cells.offer, cells.slot]))
    cost += float(np.sum(lacking / PPM * requests.limit_micro_per_kw))
    unmet = _explained(offers, requests, cells, effects, power_w, lacking)
    return Selection(power_w, assigned_w, unmet, cost, min(bound_nano, cost))


def relief_ppm(
    cells: Cells, effects: Effects, requests: Requests, power_w: Ints, assigned_w: Ints
) -> Ints:
    """Relief given to every request [W × ppm, requests]."""
    offer = cells.offer[effects.cell]
    used = np.where(
        requests.exclusive[effects.request],
        assigned_w[offer, effects.request],
        power_w[offer, cells.slot[effects.cell]],
    )
    relief = np.zeros(requests.count, dtype=np.int64)
    np.add.at(relief, effects.request, effects.ppm * used)
    return relief


def _explained(
    offers: Offers,
    requests: Requests,
    cells: Cells,
    effects: Effects,
    power_w: Ints,
    lacking: Ints,
) -> Unmet:
    helpful = effects.ppm > 0
    cell, request, ppm = (column[helpful] for column in effects)
    offer = cells.offer[cell]
    attainable = np.zeros(requests.count, dtype=np.int64)
    np.add.at(attainable, request, ppm * offers.power_w[offer])
    # the cheapest relief that is left over, per request, against what it is worth
    left = offers.power_w[offer] > power_w[offer, cells.slot[cell]]
    cheapest = np.full(requests.count, np.inf)
    np.minimum.at(cheapest, request[left], (cells.rate[cell] / ppm * PPM)[left])
    worth = requests.limit_micro_per_kw
    # a need below 0 that lacks is headroom overrun: there is nothing to be scarce of
    scarce = (attainable < requests.need_w * PPM) & (requests.need_w > 0)
    reason = np.select(
        [lacking == 0, scarce, cheapest > worth],
        [Reason.MET, Reason.SCARCE, Reason.DEAR],
        Reason.BOUND,
    )
    return Unmet(-(-lacking // PPM), attainable // PPM, reason.astype(np.int64))


def _served(
    offers: Offers, requests: Requests, tender: Tender, selection: Selection, procurers: int
) -> Ints:
    """Relief that each offer gives each procurer's needs [W × ppm, procurers × offers]."""
    cells = cells_of(offers, tender)
    effects = effects_of(cells, offers, requests, tender)
    wanted = (effects.ppm > 0) & (requests.need_w[effects.request] > 0)
    cell, request, ppm = (column[wanted] for column in effects)
    offer = cells.offer[cell]
    used = np.where(
        requests.exclusive[request],
        selection.assigned_w[offer, request],
        selection.power_w[offer, cells.slot[cell]],
    )
    weights = np.zeros((procurers, offers.count), dtype=np.int64)
    np.add.at(weights, (requests.procurer[request], offer), ppm * used)
    return weights


def _shares(total: Ints, weights: Ints) -> Ints:
    """Divide each offer's total [offers] by weights [procurers, offers], to the last nano-¤."""
    weights = weights + (weights.sum(axis=0) == 0)
    until = np.cumsum(weights, axis=0)
    upto = muldiv(np.broadcast_to(total, until.shape), until, until[-1:])
    return np.diff(upto, axis=0, prepend=np.int64(0))
