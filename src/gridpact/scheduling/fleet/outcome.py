"""What a mix comes to: energy of every cell, its cost, and the limits it misses.

Where storage of a mix would charge and discharge at once, the schedules differ from the mix. That
saves money and keeps limits, except in tight slots: where a price is below zero, or feeding in is
limited. Cells with such slots are worked out again from their schedules; so are all cells of fleets
of :data:`FEW` storage, of which energy and cost are then exactly those of the schedules.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.fleet.limits import EXPORT, SIGN
from gridpact.scheduling.fleet.mixed_meters import mixed_feed_in, taken
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.net_metering import Meter, feed_in_cost
from gridpact.scheduling.fleet.portfolio_master import row_energy
from gridpact.scheduling.fleet.prepare import Case, Duals
from gridpact.scheduling.fleet.solution import Missed

MISSED = 1e-6
"""What is missed of a limit counts from this part of 1 kWh + the limit."""

FEW = 500
"""Storage up to which making all schedules takes a small part of a solve (some 20 µs each)."""


class Outcome(msgspec.Struct, frozen=True):
    """``energy`` [cells, signatures, slots] kWh and ``cost`` [¤] without what missed limits cost.

    ``cells`` [cells, kinds, slots], ``rows`` [portfolio limits] and ``zones`` [upper zones, kinds,
    slots] say by how much limits are exceeded [kWh]; the price spread of a meter is no limit.
    """

    energy: Floats
    cost: Floats
    cells: Floats
    rows: Floats
    zones: Floats


def tight_slots(fleet: Fleet, case: Case, duals: Duals) -> Bools:
    """Slots of cells in which drawing less may cost money or break a limit [cells, slots]."""
    tariff, place, rows = case.meters.tariff, case.meters.place, case.coupling.rows
    negative = (tariff.buy < 0) | (tariff.buy - tariff.spread < 0)
    by_zone = np.zeros(negative.shape, np.bool_)
    if negative.any():
        np.logical_or.at(by_zone, place, negative)
    tight = by_zone[case.groups.zone]
    if duals.cells.shape[1] > EXPORT:
        tight |= duals.cells[:, EXPORT] > 0
    upper = (duals.coupling.zones[:, EXPORT] > 0).astype(np.int64)
    tight |= case.coupling.inside.T.astype(np.int64) @ upper > 0
    for at in np.flatnonzero((rows.sign < 0) & (duals.coupling.rows > 0)).tolist():
        tight[:, rows.first[at] : rows.end[at]] = True
    return np.asarray(tight)


def mixed_outcome(case: Case, energy: Floats, cost: Floats) -> Outcome:
    """What the mix itself comes to; ``cost`` [cells] leaves out what missed limits cost."""
    coupling, total = case.coupling, energy.sum(axis=1)
    rows = coupling.rows
    within = coupling.inside.astype(np.float64) @ total
    kinds = case.most.shape[1]
    hard = ~np.isfinite(case.penalty)
    over = np.maximum(SIGN[:kinds, None] * total[:, None] - case.most, 0.0)
    return Outcome(
        energy=energy,
        cost=cost + (np.where(hard, 0.0, case.penalty) * over).sum(axis=(1, 2)),
        cells=np.where(hard, over, 0.0),
        rows=np.maximum(rows.sign * row_energy(rows, energy.sum(axis=0)) - rows.most, 0.0),
        zones=np.maximum(SIGN[:, None] * within[:, None] - coupling.most, 0.0),
    )


class Scheduled(msgspec.Struct, frozen=True):
    """What schedules come to beside the mix.

    ``energy`` [cells, signatures, slots] kWh; ``saved`` [cells] ¤ is what they cost less;
    ``joined`` [zones, slots] kWh is net energy of the assets of zones in the cell of another.
    """

    energy: Floats
    saved: Floats
    joined: Floats


def scheduled(mixture: Mixture, case: Case, energy: Floats) -> Scheduled:
    """What schedules come to; ``energy`` [cells, signatures, slots] is that of the mix."""
    meters, groups = case.meters, case.groups
    behind = meters.single | meters.home
    known = behind | (meters.place != np.arange(len(meters.place)))
    found = Scheduled(energy.copy(), np.zeros(len(groups.zone)), np.zeros(meters.load.shape))
    less = _separated(mixture, case, found)
    if not known.any():
        return found
    net = taken(mixture, known) - less
    before, after = mixed_feed_in(mixture), np.zeros(len(known))
    meter = Meter(meters.load[behind], meters.tariff.spread[behind])
    after[behind] = feed_in_cost(meter, net[behind]).sum(axis=1)
    cell = np.searchsorted(groups.zone, meters.place[behind])
    np.add.at(found.saved, cell, (before - after)[behind])
    joins = meters.place != np.arange(len(known))
    return msgspec.structs.replace(found, joined=np.where(joins[:, None], net, 0.0))


def _separated(mixture: Mixture, case: Case, found: Scheduled) -> Floats:
    """Count what storage draws less once separated [zones, slots] kWh, into ``found``, too."""
    fleet, groups, table = mixture.fleet, case.groups, mixture.fleet.storage
    drawn = np.zeros((len(case.meters.place), fleet.slots))
    if table is None:
        return drawn
    few = len(table.zone) <= FEW
    cells = np.flatnonzero(few | mixture.tight.any(axis=1))
    if not cells.size:
        return drawn
    wear = per_asset(table.wear, len(table.zone)) * 1e-9
    rows, before, after = mixture.storage_plans(groups.zone[cells])
    group = mixture.storage_group()[rows]
    cell = groups.cell[group]
    less = ((before[0] - before[1]) - (after[0] - after[1])) / 1000
    np.subtract.at(found.energy, (cell, groups.signature[group]), less)
    paid = np.einsum("st,st->s", case.buy[groups.tariff[group]], less)
    np.add.at(found.saved, cell, paid + wear[rows] * (before[1] - after[1]).sum(axis=1))
    np.add.at(drawn, np.asarray(table.zone)[rows], less)
    return drawn


def missed_limits(case: Case, outcome: Outcome) -> tuple[Missed, ...]:
    """Limits that are not kept, in order of kind, row and slot."""
    names, found = ("import", "export", "spread"), []
    rows = case.coupling.rows
    for at in np.flatnonzero(outcome.rows > MISSED * (1 + np.abs(rows.most))).tolist():
        kind = "upper" if rows.sign[at] > 0 else "lower"
        over = float(outcome.rows[at]) * 1000
        found.append(Missed(kind, int(rows.row[at]), int(rows.first[at]), over))
    for missing, most, zone in (
        (outcome.cells, case.most, case.groups.zone),
        (outcome.zones, case.coupling.most, np.array(case.upper, np.int64)),
    ):
        bound = MISSED * (1 + np.abs(np.where(missing > 0, most, 0.0)))
        for row, kind_at, slot in np.argwhere(missing > bound).tolist():
            amount = float(missing[row, kind_at, slot]) * 1000
            found.append(Missed(names[kind_at], int(zone[row]), slot, amount))
    return tuple(sorted(found))
