"""What offers can do to requests, spread out: one row per offer and slot, one per effect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX, Floats, Ints
from gridpact.market.flexibility.offers import PPM, Offers, Requests, Tender


class Cells(NamedTuple):
    """Slots of every offer, columns [cells]: by offer row, then by slot.

    ``rate`` is what a watt costs [nano-¤ per W], reservation and expected activation together.
    """

    offer: Ints
    slot: Ints
    rate: Floats


class Effects(NamedTuple):
    """What a watt of a cell does to a request, columns [effects], ``ppm`` never 0.

    Rows are by cell, then by request.
    """

    cell: Ints
    request: Ints
    ppm: Ints


def cells_of(offers: Offers, tender: Tender) -> Cells:
    """Lay out the slots of every offer."""
    duration = offers.duration_slots
    offer = np.repeat(np.arange(offers.count), duration)
    begins = np.cumsum(duration) - duration
    slot = offers.first_slot[offer] + np.arange(offer.size) - begins[offer]
    energy = tender.called_ppm[slot] * (tender.window.step / (3600 * PPM))
    rate = offers.reservation_micro_per_kw[offer] + offers.activation_micro_per_kwh[offer] * energy
    return Cells(offer, slot, np.asarray(rate, dtype=np.float64))


def effects_of(cells: Cells, offers: Offers, requests: Requests, tender: Tender) -> Effects:
    """Join cells with the requests of their slots by sensitivity.

    To an ``exclusive`` request only helpful power can be assigned, so harm is left out there.
    """
    order = np.argsort(cells.slot, kind="stable")
    edges = np.searchsorted(cells.slot[order], np.stack([requests.slot, requests.slot + 1]))
    parts = [order[low:high] for low, high in edges.T.tolist()]
    cell = np.concatenate([np.empty(0, dtype=np.int64), *parts])
    request = np.repeat(np.arange(requests.count), [part.size for part in parts])
    offer = cells.offer[cell]
    ppm = tender.sensitivity_ppm[requests.constraint[request], offers.location[offer]]
    ppm = ppm * offers.direction[offer]
    kept = (ppm > 0) | ((ppm < 0) & ~requests.exclusive[request])
    cell, request, ppm = cell[kept], request[kept], ppm[kept]
    order = np.lexsort((request, cell))
    return Effects(cell[order], request[order], ppm[order])


def checked(offers: Offers, requests: Requests, tender: Tender) -> None:
    """Raise ValueError for columns that the refusals of a tender would not have let through.

    Raises NumberOverflow where the effects of all offers together might not fit 64 bits.
    """
    slots, (constraints, locations) = tender.window.count, tender.sensitivity_ppm.shape
    end = offers.first_slot + offers.duration_slots
    sound = (
        bool(np.all((offers.first_slot >= 0) & (offers.duration_slots >= 1) & (end <= slots)))
        and bool(np.all((offers.least_w >= 0) & (offers.least_w <= offers.power_w)))
        and bool(np.all((np.abs(offers.direction) == 1) & (offers.ramp_w >= 0)))
        and bool(np.all((offers.location >= 0) & (offers.location < locations)))
        and bool(np.all((requests.constraint >= 0) & (requests.constraint < constraints)))
        and np.unique(offers.sequence).size == offers.count
        and np.unique(requests.sequence).size == requests.count
        and bool(np.all((requests.slot >= 0) & (requests.slot < slots)))
        and tender.called_ppm.shape == (slots,)
        and not np.any((tender.called_ppm < 0) | (tender.called_ppm > PPM))
        and not np.any(np.abs(tender.sensitivity_ppm) > PPM)
    )
    if not sound:
        raise ValueError("offers, requests or tender are unsound: refuse their faults first")
    watts = int(np.sum(offers.power_w.astype(object) * offers.duration_slots.astype(object)))
    if PPM * watts * constraints > INT64_MAX:
        raise NumberOverflow("the effects of all offers together do not fit 64 bits")
