"""Prices that prove by a balance of energy that a limit must be missed.

What arrives and is due between two slots has to come through a zone's import limit meanwhile. Where
it is more than the limit lets through, a price on the limit in just these slots proves so at once,
for which rounds of prices would take long to settle on the same stretch. (The energetic reasoning
of cumulative scheduling: J. Erschler and P. Lopez, 1990.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.fleet.limits import IMPORT
from gridpact.scheduling.fleet.portfolio_master import CouplingPrices
from gridpact.scheduling.fleet.prepare import Case, Duals, no_prices

MOST = 4
"""So many limits above cells are looked at, those that leave the least room first."""
LARGEST = 5_000_000
"""Cells × slots² beyond which nothing is looked at."""


class Scarce(NamedTuple):
    """How much more is due than a limit lets through [kWh], and the slots where that is most."""

    short: float
    slots: slice


def balances(fleet: Fleet, case: Case, penalty: float) -> Iterator[Duals]:
    """Yield prices of limits [¤/kWh] under which assets that only charge find too little room.

    First of all limits of cells together, each in its own slots; then of limits above cells. Each
    for assets that only charge, and once more for storage that could be filled before.
    """
    due = _due(fleet, case)
    if due is None:
        return
    none = no_prices(case)
    found = [_scarce(*one) for one in zip(due, case.most[:, IMPORT], strict=True)]
    for early in (False, True):
        cells = np.zeros(case.most.shape)
        for at, most in enumerate(case.most[:, IMPORT]):
            if found[at].short > 0:
                cells[at, IMPORT] = _price(found[at], most, early, penalty)
        if cells.any():
            yield Duals(cells, none.coupling)
    for at, one in _above(due, case):
        for early in (False, True):
            zones = np.zeros(case.coupling.most.shape)
            zones[at, IMPORT] = _price(one, case.coupling.most[at, IMPORT], early, penalty)
            yield Duals(none.cells, CouplingPrices(none.coupling.rows, zones))


def _price(scarce: Scarce, most: Floats, early: bool, penalty: float) -> Floats:
    """Price of a limit [slots]; ``early`` also before, so that storage cannot fill up for free."""
    price = np.zeros(len(most))
    price[slice(0, scarce.slots.stop) if early else scarce.slots] = penalty
    return np.where(np.isfinite(most), price, 0.0)


def _above(due: Floats, case: Case) -> Iterator[tuple[int, Scarce]]:
    """Rows of limits above cells that leave too little room."""
    limits = zip(case.coupling.inside, case.coupling.most, strict=True)
    found = [_scarce(due[inside].sum(axis=0), most[IMPORT]) for inside, most in limits]
    for at in sorted(range(len(found)), key=lambda one: -found[one].short)[:MOST]:
        if found[at].short > 0:
            yield at, found[at]


def _due(fleet: Fleet, case: Case) -> Floats | None:
    """Energy [kWh] of what arrives from a slot on and is due by another [cells, first, end]."""
    table, slots, cells = fleet.one_way, fleet.slots, len(case.groups.zone)
    if table is None or cells * (slots + 1) ** 2 > LARGEST:
        return None
    cell = np.searchsorted(case.groups.zone, case.meters.place[np.asarray(table.zone)])
    due = np.zeros((cells, slots + 1, slots + 1))
    energy = per_asset(table.energy_wh, len(table.zone)) / 1000
    np.add.at(due, (cell, np.asarray(table.arrive), np.asarray(table.leave)), energy)
    return np.asarray(due[:, ::-1].cumsum(axis=1)[:, ::-1].cumsum(axis=2))


def _scarce(due: Floats, most: Floats) -> Scarce:
    """Where a limit [slots] lets through least of what is due [first, end], if anywhere."""
    enough = float(due.max()) + 1.0
    room = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(most), most, enough))])
    short = np.triu(due - (room[None] - room[:, None]), 1)
    first, end = np.unravel_index(int(np.argmax(short)), short.shape)
    return Scarce(float(short[first, end]), slice(int(first), int(end)))
